"""Which nodes may be targets (kubernetes.md 1.8), and what is kept of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlb.kube.objects import Node as NodeObject
from cloudlb.model import Node
from cloudlb.translate.nodes import EXCLUDED, GOING, EligibleNodes, Labels, eligible

from .things import node

ZONE = "topology.kubernetes.io/zone"
OLD_ZONE = "failure-domain.beta.kubernetes.io/zone"
UNINITIALIZED = {"key": "node.cloudprovider.kubernetes.io/uninitialized", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        pytest.param("true", False, id="true"),
        pytest.param("True", False, id="true, capitalised"),
        pytest.param("1", False, id="one"),
        pytest.param("", False, id="empty is not parsable"),
        pytest.param("no", False, id="a word is not parsable"),
        pytest.param("fAlse", False, id="mixed case is not parsable"),
        pytest.param(" false", False, id="a space is not parsable"),
        pytest.param("false", True, id="false"),
        pytest.param("False", True, id="false, capitalised"),
        pytest.param("FALSE", True, id="false, in capitals"),
        pytest.param("f", True, id="f"),
        pytest.param("F", True, id="F"),
        pytest.param("0", True, id="zero"),
    ],
)
def test_the_exclusion_label_is_read_as_go_reads_a_boolean(value: str, kept: bool) -> None:
    assert eligible(node(**{EXCLUDED: value})) is kept


@pytest.mark.parametrize("effect", ["NoSchedule", "PreferNoSchedule", "NoExecute", ""])
def test_a_node_that_the_autoscaler_takes_away_is_out_whatever_the_effect(effect: str) -> None:
    assert not eligible(node(spec={"taints": [{"key": GOING, "effect": effect}]}))


def test_a_node_on_its_way_out_is_out() -> None:
    assert not eligible(node(metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"spec": {"unschedulable": True}}, id="a cordon"),
        pytest.param(
            {"spec": {"taints": [{"key": "node.kubernetes.io/unschedulable"}]}}, id="its taint"
        ),
        pytest.param(
            {"spec": {"taints": [{"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}]}},
            id="the taint of a node that is not ready",
        ),
        pytest.param({"spec": {"taints": [UNINITIALIZED]}}, id="the taint of a new node"),
        pytest.param({"node-role.kubernetes.io/control-plane": ""}, id="the control plane's role"),
        pytest.param({"node-role.kubernetes.io/master": "true"}, id="its old name"),
        pytest.param({"spec": {"providerID": ""}}, id="no provider's id"),
    ],
)
def test_what_the_health_check_or_the_provider_answers_for_is_no_predicate(
    changes: dict[str, Any],
) -> None:
    assert eligible(node(**changes))


@pytest.mark.parametrize("status", ["True", "False", "Unknown"])
def test_readiness_is_no_predicate(status: str) -> None:
    assert eligible(node(status={"conditions": [{"type": "Ready", "status": status}]}))


def test_nodes_come_sorted_by_name_and_the_ineligible_are_missing() -> None:
    nodes = EligibleNodes([node("c"), node("b", **{EXCLUDED: "true"}), node("a")])

    assert [each.name for each in nodes.select(())] == ["a", "c"]


def test_what_is_kept_of_a_node() -> None:
    addresses = [
        {"type": "Hostname", "address": "n1"},
        {"type": "ExternalIP", "address": "192.0.2.1"},
        {"type": "InternalIP", "address": "10.0.0.1"},
        {"type": "InternalDNS", "address": "n1.internal"},
        {"type": "InternalIP", "address": "fd00::1"},
    ]
    nodes = EligibleNodes([node("n1", status={"addresses": addresses})])

    assert nodes.select(()) == (
        Node(
            name="n1",
            provider_id="cloud:///n1",
            zone="z1",
            addresses=("10.0.0.1", "fd00::1", "192.0.2.1"),
        ),
    )


def test_a_node_without_the_id_of_its_provider_is_handed_on_for_the_provider_to_name() -> None:
    nodes = EligibleNodes([node("n1", spec={"providerID": ""}), node("n2")])

    assert [(each.name, each.provider_id) for each in nodes.select(())] == [
        ("n1", ""),
        ("n2", "cloud:///n2"),
    ]


def test_a_node_without_addresses_has_none() -> None:
    (kept,) = EligibleNodes([node(status={"addresses": []})]).select(())

    assert kept.addresses == ()


@pytest.mark.parametrize(
    ("labels", "zone"),
    [
        pytest.param({ZONE: "z9"}, "z9", id="today's label"),
        pytest.param({ZONE: "", OLD_ZONE: "old"}, "old", id="the label of before 1.17"),
        pytest.param({ZONE: "z9", OLD_ZONE: "old"}, "z9", id="today's before the old one"),
        pytest.param({ZONE: ""}, "", id="neither"),
    ],
)
def test_the_zone_comes_from_a_label(labels: dict[str, str], zone: str) -> None:
    (kept,) = EligibleNodes([node(metadata={"labels": labels})]).select(())

    assert kept.zone == zone


LABELLED = (
    node("n1", pool="gold", disk="ssd"),
    node("n2", pool="gold"),
    node("n3", pool="silver", disk="ssd"),
    node("n4"),
    node("n5", pool="gold", disk="ssd", **{EXCLUDED: "true"}),
    node("n6", pool=""),
)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        pytest.param((), ["n1", "n2", "n3", "n4", "n6"], id="no labels select all"),
        pytest.param((("pool", "gold"),), ["n1", "n2"], id="one label"),
        pytest.param((("disk", "ssd"), ("pool", "gold")), ["n1"], id="all of two labels"),
        pytest.param((("pool", "Gold"),), [], id="case counts"),
        pytest.param((("pool", ""),), ["n6"], id="an empty value is a value, not an absent label"),
        pytest.param((("colour", "red"),), [], id="a label that no node has"),
    ],
)
def test_labels_select_among_the_eligible(labels: Labels, names: list[str]) -> None:
    assert [each.name for each in EligibleNodes(LABELLED).select(labels)] == names


@pytest.mark.parametrize("labels", [(), (("pool", "gold"),), (("colour", "red"),)])
def test_many_services_share_one_selection(labels: Labels) -> None:
    nodes = EligibleNodes(LABELLED)

    assert nodes.select(labels) is nodes.select(tuple(labels))


def test_of_two_nodes_with_one_name_there_is_one() -> None:
    twice = EligibleNodes([node("n1", spec={"providerID": "first"}), node("n1")])

    assert [each.provider_id for each in twice.select(())] == ["first"]


def test_a_cluster_without_nodes_selects_none() -> None:
    assert EligibleNodes([]).select(()) == ()


@given(st.permutations(LABELLED))
def test_the_order_of_nodes_does_not_matter(nodes: list[NodeObject]) -> None:
    shuffled, ordered = EligibleNodes(nodes), EligibleNodes(LABELLED)

    assert shuffled.select(()) == ordered.select(())
    assert shuffled.select((("pool", "gold"),)) == ordered.select((("pool", "gold"),))
