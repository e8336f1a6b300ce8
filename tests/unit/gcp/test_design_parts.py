"""The parts of a design that are small functions: ports, subsets, firewall targets, rules that cover others."""

import dataclasses
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudlb.model import Listener, Owner, OwnerKind, Protocol
from cloudlb.plan.resource import Key, Ref
from cloudlb_gcp import names
from cloudlb_gcp.design import commands
from cloudlb_gcp.design.covering import covered
from cloudlb_gcp.design.ports import firewall_protocols, merged, protocol_of, rule_ports, widened
from cloudlb_gcp.design.subset import chosen
from cloudlb_gcp.design.targets import Targets, targets_of
from cloudlb_gcp.landscape import Instance, Rule
from cloudlb_gcp.links import InstanceId
from cloudlb_gcp.resources.firewall import Firewall


def listeners(*wanted: tuple[int, str]) -> tuple[Listener, ...]:
    return tuple(
        Listener(port=port, protocol=Protocol(protocol), backend=f"{protocol}-{port}")
        for port, protocol in wanted
    )


@pytest.mark.parametrize(
    ("wanted", "internal", "protocol", "ports"),
    [
        ([(80, "TCP")], False, "TCP", "80"),
        ([(443, "TCP"), (80, "TCP")], False, "TCP", "80,443"),
        ([(n, "TCP") for n in range(1, 6)], True, "TCP", "1,2,3,4,5"),
        ([(n, "TCP") for n in range(1, 7)], False, "TCP", "1-6"),
        ([(n, "TCP") for n in range(1, 7)], True, "TCP", "all"),
        ([(53, "UDP")], False, "UDP", "53"),
        ([(53, "TCP"), (53, "UDP")], False, "L3_DEFAULT", "all"),
        ([(53, "TCP_UDP")], False, "L3_DEFAULT", "all"),
    ],
)
def test_what_a_forwarding_rule_answers_on(wanted, internal, protocol, ports):
    found = listeners(*wanted)

    assert (protocol_of(found), rule_ports(found, internal=internal)) == (protocol, ports)


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ([80], "80"),
        ([80, 81, 82], "80-82"),
        ([82, 80, 81, 80], "80-82"),
        ([80, 443, 444, 8080], "80,443-444,8080"),
        ([1, 65535], "1,65535"),
    ],
)
def test_ports_are_merged_to_ranges(ports, expected):
    assert merged(ports) == expected


def opened(shown: str) -> set[int]:
    ranges = [part.partition("-") for part in shown.split(",")]
    return {n for low, _, high in ranges for n in range(int(low), int(high or low) + 1)}


@given(st.sets(st.integers(1, 2000), min_size=1, max_size=300))
def test_merged_ports_are_at_most_a_hundred_ranges_and_open_the_fewest_further_ports(ports):
    shown = merged(ports)
    numbers = sorted(ports)
    gaps = sorted(b - a - 1 for a, b in itertools.pairwise(numbers) if b > a + 1)

    assert opened(shown) >= ports
    assert shown.count(",") < 100
    assert len(opened(shown) - ports) == sum(gaps[: max(0, len(gaps) + 1 - 100)])
    assert sum(each.further for each in widened((Protocol.TCP, n) for n in ports)) == len(
        opened(shown) - ports
    )


@given(st.sets(st.integers(1, 300), min_size=1, max_size=90))
def test_merged_ports_are_the_same_ports_while_they_fit(ports):
    assert opened(merged(ports)) == ports


def test_a_firewall_rule_has_both_protocols_of_a_shared_port():
    assert firewall_protocols(listeners((53, "TCP_UDP"), (80, "TCP"))) == (
        ("tcp", "53,80"),
        ("udp", "53"),
    )


def instance(name: str, zone: str = "r-a", **fields: object) -> Instance:
    return Instance(id=InstanceId("p", zone, name), network="n", subnetwork="s", **fields)


fleets = st.lists(
    st.tuples(st.sampled_from(["r-a", "r-b", "r-c"]), st.integers(0, 500)), unique=True, max_size=80
)


@settings(max_examples=60)
@given(fleet=fleets, most=st.integers(3, 40), salt=st.text(max_size=5))
def test_a_choice_is_as_large_as_can_be_and_leaves_no_zone_out(fleet, most, salt):
    nodes = [instance(f"n-{number}", zone) for zone, number in fleet]

    found = chosen(nodes, most, salt)

    assert len(found) == min(most, len(nodes))
    assert {each.id.zone for each in found} == {each.id.zone for each in nodes}
    assert chosen(reversed(nodes), most, salt) == found


@settings(max_examples=60)
@given(fleet=fleets, most=st.integers(3, 40))
def test_a_node_more_in_a_full_zone_changes_one_member_at_most(fleet, most):
    nodes = [instance(f"n-{number}", "r-a") for _, number in set(fleet)]
    more = instance("another", "r-a")

    before, after = set(chosen(nodes, most, "x")), set(chosen([*nodes, more], most, "x"))

    assert len(after - before) <= 1
    assert len(before - after) <= 1


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        pytest.param(
            [("gke-a-1", ("gke-a", "web"), "")], Targets(tags=frozenset({"gke-a"})), id="its-own"
        ),
        pytest.param(
            [("gke-a-1", ("gke", "gke-a"), "")],
            Targets(tags=frozenset({"gke-a"})),
            id="the-longest",
        ),
        pytest.param(
            [("gke-a-1", ("gke-a",), ""), ("gke-b-1", ("gke-b",), "")],
            Targets(tags=frozenset({"gke-a", "gke-b"})),
            id="one-a-pool",
        ),
        pytest.param(
            [("n-1", ("k8s", "x"), ""), ("n-2", ("k8s", "y"), "")],
            Targets(tags=frozenset({"k8s"})),
            id="what-all-have",
        ),
        pytest.param(
            [("n-1", (), "a@p"), ("n-2", ("t",), "b@p")],
            Targets(accounts=frozenset({"a@p", "b@p"})),
            id="accounts-where-a-tag-is-missing",
        ),
        pytest.param([("n-1", (), "")], Targets(), id="nothing"),
        pytest.param([], Targets(), id="nobody"),
    ],
)
def test_what_a_firewall_knows_the_nodes_by(nodes, expected):
    found = [instance(name, tags=tags, service_account=account) for name, tags, account in nodes]

    assert targets_of(found) == expected


WANTED = Firewall(
    id="ipv4",
    name="clb-x-fw4",
    network="projects/host/global/networks/vpc",
    sources=frozenset({"192.0.2.0/24"}),
    protocols=(("tcp", "80,443"), ("udp", "53")),
    target_tags=frozenset({"gke-a"}),
)
NODES = (instance("n-1", tags=("gke-a",)),)
WIDE = Rule(
    name="wide",
    priority=1000,
    allows=True,
    sources=frozenset({"0.0.0.0/0"}),
    protocols=(("all", ()),),
)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({}, True, id="all-to-everybody"),
        pytest.param({"allows": False}, False, id="a-denial"),
        pytest.param({"destinations": frozenset({"10.0.0.0/8"})}, False, id="only-some-addresses"),
        pytest.param({"sources": frozenset({"192.0.2.0/25"})}, False, id="half-the-sources"),
        pytest.param({"sources": frozenset({"::/0"})}, False, id="the-other-family"),
        pytest.param({"protocols": (("tcp", ()),)}, False, id="tcp-only"),
        pytest.param({"protocols": (("tcp", ("1-443",)), ("udp", ()))}, True, id="ranges"),
        pytest.param({"protocols": (("tcp", ("80",)), ("udp", ()))}, False, id="a-port-missing"),
        pytest.param({"target_tags": frozenset({"gke-a", "b"})}, True, id="our-tag-among-others"),
        pytest.param({"target_tags": frozenset({"b"})}, False, id="another-tag"),
        pytest.param({"target_accounts": frozenset({"a@p"})}, False, id="accounts"),
    ],
)
def test_whether_a_rule_of_others_is_enough(change, expected):
    assert covered(WANTED, [dataclasses.replace(WIDE, **change)], NODES) is expected


ADDRESSED = dataclasses.replace(WANTED, destinations=frozenset({"203.0.113.5"}))
UNKNOWN = dataclasses.replace(
    WANTED, destinations=frozenset({Ref(Key("forwarding-rule/ipv4"), "range")})
)
SHUT = Rule(
    name="shut",
    priority=1000,
    allows=False,
    sources=frozenset({"0.0.0.0/0"}),
    protocols=(("all", ()),),
)


def like(rule: Rule, **change: object) -> Rule:
    return dataclasses.replace(rule, **change)


@pytest.mark.parametrize(
    ("wanted", "rules", "expected"),
    [
        pytest.param(
            ADDRESSED, [like(WIDE, destinations=frozenset({"203.0.113.0/24"}))], True, id="around"
        ),
        pytest.param(
            ADDRESSED, [like(WIDE, destinations=frozenset({"203.0.113.5/32"}))], True, id="exactly"
        ),
        pytest.param(
            ADDRESSED, [like(WIDE, destinations=frozenset({"203.0.113.6/32"}))], False, id="beside"
        ),
        pytest.param(
            UNKNOWN, [like(WIDE, destinations=frozenset({"0.0.0.0/0"}))], False, id="not-known"
        ),
        pytest.param(UNKNOWN, [WIDE], True, id="any-address"),
        pytest.param(
            WANTED,
            [
                like(WIDE, sources=frozenset({"192.0.2.0/25"})),
                like(WIDE, sources=frozenset({"192.0.2.128/25"})),
            ],
            True,
            id="two-halves",
        ),
        pytest.param(
            WANTED,
            [like(WIDE, sources=frozenset({"192.0.2.0/25", "192.0.2.128/25"}))],
            True,
            id="halves-in-one-rule",
        ),
        pytest.param(
            WANTED,
            [
                like(WIDE, protocols=(("tcp", ("80",)),)),
                like(WIDE, protocols=(("6", ("443",)), ("17", ("53",)))),
            ],
            True,
            id="a-rule-a-port",
        ),
        pytest.param(
            WANTED,
            [like(WIDE, protocols=(("tcp", ("80", "443")),))],
            False,
            id="a-protocol-missing",
        ),
        pytest.param(WANTED, [WIDE, SHUT], False, id="denied-at-the-same-priority"),
        pytest.param(WANTED, [WIDE, like(SHUT, priority=999)], False, id="denied-before"),
        pytest.param(WANTED, [WIDE, like(SHUT, priority=1001)], True, id="denied-after"),
        pytest.param(
            WANTED,
            [WIDE, like(SHUT, priority=1, sources=frozenset({"192.0.2.7/32"}))],
            False,
            id="one-source-denied",
        ),
        pytest.param(
            WANTED,
            [WIDE, like(SHUT, priority=1, protocols=(("tcp", ("81-442",)),))],
            True,
            id="other-ports-denied",
        ),
        pytest.param(
            WANTED,
            [WIDE, like(SHUT, priority=1, target_tags=frozenset({"b"}))],
            True,
            id="others-denied",
        ),
        pytest.param(
            ADDRESSED,
            [WIDE, like(SHUT, priority=1, destinations=frozenset({"203.0.113.6/32"}))],
            True,
            id="another-address-denied",
        ),
        pytest.param(
            ADDRESSED,
            [WIDE, like(SHUT, priority=1, destinations=frozenset({"203.0.113.5/32"}))],
            False,
            id="the-address-denied",
        ),
        pytest.param(WANTED, [like(WIDE, enabled=False)], False, id="disabled"),
        pytest.param(WANTED, [WIDE, like(SHUT, enabled=False)], True, id="a-disabled-denial"),
        pytest.param(WANTED, [like(WIDE, ours=True)], False, id="our-own"),
        pytest.param(WANTED, [WIDE, like(SHUT, ours=True)], False, id="denied-by-our-own"),
        pytest.param(dataclasses.replace(WANTED, action="deny"), [SHUT], True, id="a-denial"),
        pytest.param(
            dataclasses.replace(WANTED, action="deny"),
            [like(SHUT, priority=1001)],
            False,
            id="a-denial-too-late",
        ),
        pytest.param(dataclasses.replace(WANTED, action="deny"), [WIDE], False, id="no-denial"),
    ],
)
def test_rules_of_others_count_as_the_network_counts_them(wanted, rules, expected):
    assert covered(wanted, rules, NODES) is expected


def test_rules_count_for_every_node():
    nodes = (*NODES, instance("n-2", service_account="a@p"))
    by_tag = like(WIDE, target_tags=frozenset({"gke-a"}))
    by_account = like(WIDE, target_accounts=frozenset({"a@p"}))

    assert not covered(WANTED, [by_tag], nodes)
    assert covered(WANTED, [by_tag, by_account], nodes)


def test_the_commands_are_what_an_administrator_types():
    assert commands.creation("allow-x-fw4", UNKNOWN) == (
        "gcloud compute firewall-rules create allow-x-fw4 --project=host --network=vpc --direction=INGRESS"
        " --action=ALLOW --priority=1000 --rules=tcp:80,tcp:443,udp:53 --source-ranges=192.0.2.0/24"
        " --target-tags=gke-a"
    )
    assert commands.creation("allow-x-fw4", ADDRESSED).endswith(
        " --target-tags=gke-a --destination-ranges=203.0.113.5"
    )
    assert commands.change("clb-x-fw4", ADDRESSED, enabled=False) == (
        "gcloud compute firewall-rules update clb-x-fw4 --project=host --priority=1000"
        " --rules=tcp:80,tcp:443,udp:53 --source-ranges=192.0.2.0/24 --target-tags=gke-a"
        " --destination-ranges=203.0.113.5 --no-disabled"
    )
    assert commands.deletion(WANTED) == (
        "gcloud compute firewall-rules delete clb-x-fw4 --project=host"
    )


def test_what_a_person_makes_has_a_name_that_fits_and_is_none_of_ours():
    owner = Owner(
        cluster="c" * 63, kind=OwnerKind.SERVICE, namespace="n" * 63, name="s" * 63, uid="u" * 36
    )

    for role, action in (("hc-fw6-sa", "allow"), ("fw4-deny-sa", "deny")):
        name = names.by_hand(names.generated(owner, role), action)
        assert len(name) <= names.LONGEST
        assert not names.is_of(owner, name)
