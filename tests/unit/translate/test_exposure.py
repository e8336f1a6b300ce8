"""Node ports that are to be opened: which Services ask for it, and what they ask for."""

from typing import Any

import pytest

from cloudlb.model import Exposure, LoadBalancer, Protocol, Severity
from cloudlb.translate.exposure import KEY
from cloudlb.translate.service import Translation, wanted

from .things import NODES, SETTINGS, port, service, translated

NETWORK = {KEY: "192.0.2.0/24"}


def balancer(found: Translation) -> LoadBalancer:
    assert found.load_balancer is not None, found.problems
    return found.load_balancer


def node_port(*ports: dict[str, Any], sources: str | None = "192.0.2.0/24", **spec: Any) -> Any:
    annotations = {} if sources is None else {KEY: sources}
    return service(*ports, type="NodePort", annotations=annotations, **spec)


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        pytest.param(node_port(), True, id="asks"),
        pytest.param(node_port(sources=""), True, id="asks in a way that can not be"),
        pytest.param(node_port(sources=None), False, id="does not ask"),
        pytest.param(service(type="ClusterIP", annotations=NETWORK), False, id="has no node ports"),
    ],
)
def test_which_services_are_ours_for_their_node_ports(of: Any, expected: bool) -> None:
    assert wanted(of, SETTINGS) is expected


def test_a_node_port_service_is_an_exposure_and_no_load_balancer() -> None:
    found = balancer(
        translated(
            node_port(
                port(80), port(53, "UDP"), port(99, "SCTP"), sources="2001:db8::1/32, 192.0.2.9/24"
            )
        )
    )

    assert (found.listeners, found.backends) == ((), ())
    assert found.exposure == Exposure(
        ports=((Protocol.TCP, 30080), (Protocol.UDP, 30053)),
        sources=("192.0.2.0/24", "2001:db8::/32"),
        nodes=NODES.select(()),
    )


def test_a_load_balancer_may_have_one_beside() -> None:
    found = balancer(translated(service(annotations=NETWORK)))

    assert found.listeners
    assert found.exposure is not None
    assert found.exposure.ports == ((Protocol.TCP, 30080),)


def test_nodes_are_chosen_as_for_a_load_balancer() -> None:
    labels = {**NETWORK, "cloudlb.io/target-node-labels": "pool=gold"}
    found = balancer(translated(service(type="NodePort", annotations=labels)))

    assert found.exposure is not None
    assert [node.name for node in found.exposure.nodes] == ["n2"]


@pytest.mark.parametrize(
    ("of", "reason"),
    [
        pytest.param(node_port(sources=" "), "InvalidAnnotation", id="nobody named"),
        pytest.param(node_port(sources="everybody"), "InvalidAnnotation", id="no network"),
        pytest.param(node_port(port(99, "SCTP")), "NoNodePort", id="nothing that can be opened"),
        pytest.param(
            service(port(80, nodePort=0), annotations=NETWORK), "NoNodePort", id="no node port"
        ),
    ],
)
def test_what_can_not_be_opened_is_an_error(of: Any, reason: str) -> None:
    found = translated(of)

    assert found.load_balancer is None
    first = next(each for each in found.problems if each.severity is Severity.ERROR)
    assert first.reason == reason
    assert first.remedy


@pytest.mark.parametrize("everybody", ["0.0.0.0/0", "::/0", "10.0.0.0/8,0.0.0.0/0"])
def test_everybody_is_warned_of(everybody: str) -> None:
    (problem,) = translated(node_port(sources=everybody)).problems

    assert (problem.severity, problem.reason) == (Severity.WARNING, "OpenToEverybody")
    assert "30080/TCP" in problem.message
