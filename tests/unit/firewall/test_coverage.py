"""The index of rules finds who hides a rule exactly as a comparison of each with each does."""

from hypothesis import given
from hypothesis import strategies as st

from cloudlb.firewall.coverage import Coverage
from cloudlb.firewall.rules import Opening, Rule

OPENINGS = st.sampled_from(
    [
        Opening("tcp", 80, 80),
        Opening("tcp", 79, 81),
        Opening("tcp"),
        Opening("udp", 80, 80),
        Opening("all"),
        Opening("icmp"),
    ]
)
SOURCES = st.sampled_from(
    [
        "0.0.0.0/0",
        "10.0.0.0/8",
        "10.1.0.0/16",
        "10.1.2.3/32",
        "10.1.2.3",
        "::/0",
        "2001:db8::/32",
        "sg-1",
    ]
)
RULES = st.lists(
    st.builds(
        Rule,
        id=st.integers(0, 10**6).map(str),
        place=st.sampled_from(["n-1", "n-2"]),
        place_name=st.just("n"),
        openings=st.lists(OPENINGS, min_size=1, max_size=3).map(tuple),
        sources=st.lists(SOURCES, min_size=1, max_size=3).map(tuple),
        targets=st.frozensets(st.sampled_from(["a", "b", "c"]), max_size=2),
        destinations=st.frozensets(st.sampled_from(["192.0.2.1/32"]), max_size=1),
        allows=st.booleans(),
        disabled=st.just(False),
    ),
    max_size=12,
    unique_by=lambda each: each.id,
)


@given(RULES)
def test_it_finds_what_a_comparison_of_each_with_each_finds(rules):
    coverage = Coverage(rules)

    for rule in rules:
        hiding = [each.id for each in rules if each.covers(rule) and not rule.covers(each)]
        found = coverage.hiding(rule)
        assert (found is not None) == bool(hiding)
        assert found is None or found.id in hiding


@given(RULES, st.randoms())
def test_the_order_of_the_rules_does_not_matter(rules, dice):
    mixed = list(rules)
    dice.shuffle(mixed)
    one, other = Coverage(rules), Coverage(mixed)

    assert [one.hiding(each) for each in rules] == [other.hiding(each) for each in rules]


def test_rules_without_sources_or_openings_are_hidden_by_nothing():
    bare = Rule(id="r", place="n", place_name="n", openings=(), sources=())

    assert Coverage([bare]).hiding(bare) is None
