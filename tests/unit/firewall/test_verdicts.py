"""The verdict on every kind of rule, and the rule of trust: what a live Service needs is never called dead."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlb.firewall.living import Living, Need
from cloudlb.firewall.made import OURS, Origin
from cloudlb.firewall.rules import Opening, Rule
from cloudlb.firewall.verdicts import Court, Verdict
from cloudlb.model import Owner, OwnerKind

ORIGIN = {each.name for each in dataclasses.fields(Origin)}
HERE, ELSEWHERE = "cluster-1", "cluster-2"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
CLUSTER = Living(
    cluster=HERE,
    owned={"uid-web": "service/default/web"},
    uids={"service/default/web": "uid-web", "service/default/plain": "uid-plain"},
    needs=(
        Need("service/default/web", "TCP", 30080, owned=True),
        Need("service/default/plain", "TCP", 30123, owned=False),
    ),
)


def owner(uid: str = "uid-web", name: str = "web", cluster: str = HERE) -> Owner:
    return Owner(cluster=cluster, kind=OwnerKind.SERVICE, namespace="default", name=name, uid=uid)


def rule(id_: str = "r-1", **fields: object) -> Rule:
    opening = Opening(
        str(fields.pop("protocol", "tcp")),
        int(fields.pop("from_port", 30080)),
        int(fields.pop("to_port", 30080)),
    )
    known = {name: fields.pop(name) for name in ORIGIN & fields.keys()}
    given = {
        "id": id_,
        "origin": Origin(**known),
        "place": "sg-1",
        "place_name": "nodes",
        "openings": (opening,),
        "sources": (str(fields.pop("source", "sg-2")),),
    }
    return Rule(**(given | fields))


def ours(of: Owner | None, **fields: object) -> Rule:
    return rule(maker=OURS, owner=of, **fields)


TABLE = [
    pytest.param(ours(owner()), Verdict.LIVE, "exists", id="ours, its Service lives"),
    pytest.param(
        ours(owner("uid-old")), Verdict.ORPHAN, "another one", id="ours, its Service was made anew"
    ),
    pytest.param(
        ours(owner("uid-x", "gone")),
        Verdict.ORPHAN,
        "no Service of that name",
        id="ours, its Service has gone",
    ),
    pytest.param(
        ours(owner("uid-plain", "plain")),
        Verdict.ORPHAN,
        "not one that cloudlb works for",
        id="ours, its Service is no longer ours",
    ),
    pytest.param(
        ours(owner(cluster=ELSEWHERE)), Verdict.FOREIGN, "not read", id="ours, of another cluster"
    ),
    pytest.param(ours(None), Verdict.UNKNOWN, "not all of them", id="ours, with marks missing"),
    pytest.param(
        ours(Owner.of_cluster(HERE)), Verdict.LIVE, "uses tcp 30080", id="shared, and in use"
    ),
    pytest.param(
        ours(Owner.of_cluster(HERE), from_port=30000, to_port=30100),
        Verdict.LIVE,
        "uses tcp 30080",
        id="shared, merged, in use",
    ),
    pytest.param(
        ours(Owner.of_cluster(HERE), from_port=30123, to_port=30123),
        Verdict.ORPHAN,
        "none of the 1",
        id="shared, used by others only",
    ),
    pytest.param(
        ours(Owner.of_cluster(HERE), protocol="udp"),
        Verdict.ORPHAN,
        "none of the 1",
        id="shared, another protocol",
    ),
    pytest.param(
        ours(Owner.of_cluster(ELSEWHERE)),
        Verdict.FOREIGN,
        "not read",
        id="shared, of another cluster",
    ),
    pytest.param(
        rule(maker="other", gone=True, facts=("dead",)),
        Verdict.LEFTOVER,
        "dead",
        id="another controller's, gone",
    ),
    pytest.param(
        rule(maker="other", facts=("alive",)),
        Verdict.LIVE,
        "alive",
        id="another controller's, there",
    ),
    pytest.param(rule(), Verdict.UNKNOWN, "nothing on it", id="nobody's"),
    pytest.param(
        rule(source="0.0.0.0/0"),
        Verdict.WIDE,
        "service/default/web uses tcp 30080",
        id="a node port to everybody",
    ),
    pytest.param(
        rule(source="::/0", protocol="all", from_port=-1, to_port=-1),
        Verdict.WIDE,
        "to everybody",
        id="everything to everybody",
    ),
    pytest.param(
        rule(source="0.0.0.0/0", from_port=22, to_port=22),
        Verdict.UNKNOWN,
        "nothing",
        id="SSH is none of ours",
    ),
    pytest.param(
        rule(source="10.0.0.0/8"), Verdict.UNKNOWN, "nothing", id="a node port to a network"
    ),
]


TABLE += [
    pytest.param(
        rule(expires=NOW - timedelta(hours=1)),
        Verdict.EXPIRED,
        "that is past",
        id="made to end, past",
    ),
    pytest.param(rule(expires=NOW), Verdict.EXPIRED, "that is past", id="made to end now"),
    pytest.param(
        rule(expires=NOW + timedelta(hours=1)),
        Verdict.LIVE,
        "that is to come",
        id="made to end, later",
    ),
    pytest.param(
        rule(maker="another", gone=True, named="service/default/plain"),
        Verdict.LIVE,
        "which exists in a cluster that was read",
        id="another's, gone in the cloud, but its Service lives",
    ),
    pytest.param(
        rule(maker="another", gone=True, named="service/default/no-more"),
        Verdict.LEFTOVER,
        "",
        id="another's, gone, and so has its Service",
    ),
    pytest.param(
        rule(source="0.0.0.0/0", allows=False),
        Verdict.UNKNOWN,
        "nothing",
        id="a denial is not wide",
    ),
]


@pytest.mark.parametrize(("given_rule", "verdict", "fact"), TABLE)
def test_the_verdict_and_the_fact_that_decides(given_rule, verdict, fact):
    (judged,) = Court(CLUSTER, NOW).rules([given_rule])
    assert judged.verdict is verdict
    assert fact in "; ".join(judged.facts)


def test_a_rule_that_another_one_covers_is_shadowed_and_the_other_is_not():
    wide = rule("wide", source="10.0.0.0/8", from_port=30000, to_port=32767)
    inner = rule("inner", source="10.1.0.0/16")
    found = {each.rule.id: each for each in Court(CLUSTER, NOW).rules([inner, wide])}
    assert found["inner"].verdict is Verdict.SHADOWED
    assert "wide lets in all that it does" in found["inner"].facts[1]
    assert found["wide"].verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"place": "sg-9"}, id="another place"),
        pytest.param({"protocol": "udp"}, id="another protocol"),
        pytest.param({"source": "11.0.0.0/8"}, id="another network"),
        pytest.param({"source": "::/0"}, id="another family"),
        pytest.param({"from_port": 30081}, id="not all ports"),
        pytest.param({"source": "sg-7"}, id="a group"),
    ],
)
def test_what_does_not_cover_does_not_shadow(other):
    inner = rule("inner", source="10.1.0.0/16")
    wide = rule("wide", **({"source": "10.0.0.0/8", "from_port": 30000, "to_port": 32767} | other))
    found = {each.rule.id: each.verdict for each in Court(CLUSTER, NOW).rules([inner, wide])}
    assert found["inner"] is Verdict.UNKNOWN


PORT = st.integers(30000, 30010)
NEEDS = st.builds(
    Need,
    st.sampled_from(["service/a/a", "service/b/b"]),
    st.sampled_from(["TCP", "UDP"]),
    PORT,
    owned=st.just(True),
)
RULES = st.builds(
    lambda number, protocol, one, other, source, maker: rule(
        f"r-{number}",
        protocol=protocol,
        from_port=min(one, other),
        to_port=max(one, other),
        source=source,
        maker=maker,
        owner=Owner.of_cluster(HERE) if maker else None,
    ),
    st.integers(0, 99),
    st.sampled_from(["tcp", "udp", "all"]),
    PORT,
    PORT,
    st.sampled_from(["sg-2", "0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16"]),
    st.sampled_from(["", OURS]),
)


@given(st.lists(RULES, max_size=12), st.lists(NEEDS, max_size=8).map(tuple))
def test_no_rule_that_a_live_service_needs_is_called_dead(rules, needs):
    alive = Living(cluster=HERE, owned={"1": "service/a/a", "2": "service/b/b"}, needs=needs)
    for each in Court(alive, NOW).rules(rules):
        needed = [need for need in needs if each.rule.opens(need.protocol, need.port)]
        if each.rule.origin.maker == OURS and needed:
            assert each.verdict is Verdict.LIVE


@given(st.lists(RULES, max_size=12, unique_by=lambda each: each.id), st.randoms())
def test_the_order_of_the_rules_does_not_matter(rules, dice):
    mixed = list(rules)
    dice.shuffle(mixed)
    assert {each.rule.id: each.verdict for each in Court(CLUSTER, NOW).rules(mixed)} == {
        each.rule.id: each.verdict for each in Court(CLUSTER, NOW).rules(rules)
    }


FARAWAY = Living(
    cluster=ELSEWHERE,
    owned={"uid-far": "service/default/far"},
    uids={"service/default/far": "uid-far"},
    needs=(Need("service/default/far", "TCP", 30500, owned=True),),
)


@pytest.mark.parametrize(
    ("given_rule", "alone", "together"),
    [
        pytest.param(
            ours(owner("uid-far", "far", ELSEWHERE)),
            Verdict.FOREIGN,
            Verdict.LIVE,
            id="lives there",
        ),
        pytest.param(
            ours(owner("uid-web", "web", ELSEWHERE)),
            Verdict.FOREIGN,
            Verdict.ORPHAN,
            id="lives here, and was made for there",
        ),
        pytest.param(
            ours(Owner.of_cluster(ELSEWHERE), from_port=30500, to_port=30500),
            Verdict.FOREIGN,
            Verdict.LIVE,
            id="shared there, and needed there",
        ),
        pytest.param(
            ours(Owner.of_cluster(ELSEWHERE)),
            Verdict.FOREIGN,
            Verdict.ORPHAN,
            id="needed here only",
        ),
        pytest.param(
            rule(maker="another", gone=True, named="service/default/far"),
            Verdict.LEFTOVER,
            Verdict.LIVE,
            id="another's, and names what lives there",
        ),
    ],
)
def test_a_second_cluster_is_judged_by_itself(given_rule, alone, together):
    (by_one,) = Court(CLUSTER, NOW).rules([given_rule])
    (by_both,) = Court(CLUSTER, NOW, [FARAWAY]).rules([given_rule])

    assert (by_one.verdict, by_both.verdict) == (alone, together)
