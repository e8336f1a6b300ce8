"""Every annotation on GCP: what it takes, what it refuses, which key wins."""

import pytest

from cloudlb.model import Scheme
from cloudlb.translate.annotations import settings
from cloudlb_gcp.annotations import CLOUD, GKE, TABLE, Options

EXAMPLES = {
    f"{GKE}load-balancer-type": ("Internal", "scheme", Scheme.INTERNAL, None),
    f"{CLOUD}load-balancer-type": ("internal", "scheme", Scheme.INTERNAL, None),
    f"{CLOUD}network-tier": ("Standard", "tier", "STANDARD", "gold"),
    f"{GKE}internal-load-balancer-allow-global-access": ("true", "global_access", True, "yes"),
    f"{GKE}load-balancer-subnet": ("a-subnet", "subnet", "a-subnet", "A Subnet"),
    f"{GKE}internal-load-balancer-subnet": ("a-subnet", "internal_subnet", "a-subnet", "-"),
    f"{GKE}load-balancer-ip-addresses": ("one, two", "addresses", ("one", "two"), "a,b,c"),
    f"{GKE}weighted-load-balancing": ("pods-per-node", "weighted", True, "true"),
    f"{GKE}l4-strong-session-affinity": ("enabled", "strong_affinity", True, "true"),
    "service.beta.kubernetes.io/load-balancer-source-ranges": (
        "192.0.2.0/24",
        "source_ranges",
        ("192.0.2.0/24",),
        "everybody",
    ),
    "cloudlb.io/deny-others": ("true", "deny_others", True, "on"),
    "cloudlb.io/manage-firewall": ("false", "manage_firewall", False, "no"),
}


@pytest.mark.parametrize("key", EXAMPLES)
def test_a_good_value_is_taken(key):
    text, field, expected, _ = EXAMPLES[key]

    assert TABLE.parse({key: text}).values == {field: expected}


@pytest.mark.parametrize("key", [key for key, example in EXAMPLES.items() if example[3]])
def test_a_bad_value_is_refused_at_its_place(key):
    bad = EXAMPLES[key][3]

    problems = TABLE.parse({key: bad}).problems

    assert any(each.path == f"metadata.annotations[{key}]" and each.remedy for each in problems)


def test_every_row_has_an_example():
    rows = {row.key for row in TABLE.rows if not row.key.startswith("cloudlb.io/")}
    assert rows - EXAMPLES.keys() == {f"{CLOUD}l4-rbs"}


@pytest.mark.parametrize("key", [f"{GKE}load-balancer-type", f"{CLOUD}load-balancer-type"])
@pytest.mark.parametrize("value", ["External", "Foo", ""])
def test_every_other_type_is_external_as_the_incumbents_have_it(key, value):
    parsed = TABLE.parse({key: value})

    assert parsed.values == {"scheme": Scheme.INTERNET}
    assert [each for each in parsed.problems if each.reason != "DeprecatedAnnotation"] == []


def test_an_empty_newer_type_wins_over_an_older_one():
    types = {f"{GKE}load-balancer-type": "", f"{CLOUD}load-balancer-type": "Internal"}

    assert TABLE.parse(types).values == {"scheme": Scheme.INTERNET}


def test_backend_services_are_what_everybody_gets():
    for value in ("enabled", "false", ""):
        parsed = TABLE.parse({f"{CLOUD}l4-rbs": value})
        assert (parsed.values, parsed.problems) == ({}, ())


def test_the_newer_key_wins_and_the_older_one_is_said_to_be_old():
    parsed = TABLE.parse(
        {f"{CLOUD}load-balancer-type": "External", f"{GKE}load-balancer-type": "Internal"}
    )

    assert parsed.values["scheme"] is Scheme.INTERNAL
    assert sorted(each.reason for each in parsed.problems) == [
        "ConflictingAnnotations",
        "DeprecatedAnnotation",
    ]


def test_one_address_twice_is_refused():
    assert TABLE.parse({f"{GKE}load-balancer-ip-addresses": "a,a"}).problems


@pytest.mark.parametrize("key", TABLE.unsupported)
def test_what_does_nothing_says_what_to_do_instead(key):
    (problem,) = TABLE.parse({key: "x"}).problems

    assert "does nothing" in problem.message
    assert problem.remedy == TABLE.unsupported[key]


def test_a_slip_of_the_pen_is_noticed():
    (problem,) = TABLE.parse({f"{GKE}load-balancer-typ": "Internal"}).problems

    assert problem.remedy == f"did you mean {GKE}load-balancer-type?"


@pytest.mark.parametrize(
    "key", [f"{CLOUD}neg", f"{CLOUD}backend-config", "example.com/load-balancer-type"]
)
def test_annotations_of_other_things_are_nobody_s_business(key):
    assert TABLE.parse({key: "x"}).problems == ()


def test_all_options_have_a_row_and_all_rows_a_place():
    fields = {row.field for row in TABLE.rows}
    assert set(Options.__slots__) <= fields
    assert set(settings(TABLE.rows)) - {"rbs"} == set(Options.__slots__)
    assert TABLE.options({}) == Options()
