"""Which ports get a listener, which do not, and what the status says of those."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlb.model import Endpoint, NodeTargets, PodTargets, PortError, Protocol, Severity
from cloudlb.model import TargetKind as Kind
from cloudlb.translate.ports import MIXED, NO_NODE_PORT, NO_PROTOCOL, Ground, Served, judge

from .things import ALL, NODES, POOR, ground, piece, port, service

DNS = (port(53, nodePort=30053), port(53, "UDP", nodePort=30053))
SCTP = port(99, "SCTP")


def ports_of(*ports: dict[str, Any]) -> Any:
    return service(*ports).spec.ports if ports else ()


def served(on: Ground, *ports: dict[str, Any]) -> list[str]:
    return [each.name for each in judge(ports_of(*ports), on)[0]]


def refused(on: Ground, *ports: dict[str, Any]) -> list[tuple[int, str, str]]:
    told = [each.error for each in judge(ports_of(*ports), on)[1]]
    return [(each.port, each.protocol, each.reason) for each in told]


def both_ways(*numbers: int, udp: tuple[int, ...] = ()) -> tuple[Any, ...]:
    """Make a slice for each number that TCP is resolved to, with the number of UDP at the same place."""
    return tuple(
        piece(
            f"10.1.0.{place}",
            ports=[
                {"name": "tcp-53", "port": number, "protocol": "TCP"},
                {"name": "udp-53", "port": other, "protocol": "UDP"},
            ],
        )
        for place, (number, other) in enumerate(zip(numbers, udp or numbers, strict=True), start=1)
    )


@pytest.mark.parametrize(
    ("ports", "names", "errors"),
    [
        pytest.param([port(80)], ["tcp-80"], [], id="one"),
        pytest.param([port(443), port(80)], ["tcp-80", "tcp-443"], [], id="two, by number"),
        pytest.param([port(53, "UDP")], ["udp-53"], [], id="UDP"),
        pytest.param(
            [port(53, "UDP"), port(80)], ["udp-53", "tcp-80"], [], id="TCP and UDP on two numbers"
        ),
        pytest.param(
            [port(1), port(65535)], ["tcp-1", "tcp-65535"], [], id="the ends of the range"
        ),
        pytest.param([port(80, name="")], ["tcp-80"], [], id="without a name"),
        pytest.param([port(80, name="n" * 63)], ["tcp-80"], [], id="a name of 63 characters"),
        pytest.param([DNS[0], DNS[1]], ["tcp-udp-53"], [], id="TCP and UDP on one number"),
        pytest.param([DNS[1], DNS[0]], ["tcp-udp-53"], [], id="the same, UDP first"),
        pytest.param(
            [*DNS, port(80)], ["tcp-udp-53", "tcp-80"], [], id="a shared number and another"
        ),
        pytest.param([SCTP], [], [(99, "SCTP", NO_PROTOCOL)], id="SCTP"),
        pytest.param(
            [SCTP, port(80)],
            ["tcp-80"],
            [(99, "SCTP", NO_PROTOCOL)],
            id="SCTP leaves the others alone",
        ),
        pytest.param(
            [port(80, nodePort=0), port(81)],
            ["tcp-81"],
            [(80, "TCP", NO_NODE_PORT)],
            id="no node port",
        ),
        pytest.param(
            [port(99, "SCTP", nodePort=0)],
            [],
            [(99, "SCTP", NO_PROTOCOL)],
            id="SCTP without a node port is told once, for what no edit mends",
        ),
        pytest.param(
            [port(53), port(53, "UDP", nodePort=0)],
            ["tcp-53"],
            [(53, "UDP", NO_NODE_PORT)],
            id="TCP has a listener of its own where UDP has no node port",
        ),
        pytest.param(
            [port(53, nodePort=0), port(53, "UDP")],
            ["udp-53"],
            [(53, "TCP", NO_NODE_PORT)],
            id="and the other way round",
        ),
        pytest.param(
            [port(53, nodePort=30001), port(53, "UDP", nodePort=30002)],
            ["tcp-53"],
            [(53, "UDP", MIXED)],
            id="one number, two node ports",
        ),
        pytest.param(
            [*DNS, port(53, "SCTP")],
            ["tcp-udp-53"],
            [(53, "SCTP", NO_PROTOCOL)],
            id="all three protocols on one number",
        ),
        pytest.param(
            [port(80), port(81, nodePort=30080)], ["tcp-80", "tcp-81"], [], id="two to one"
        ),
    ],
)
def test_ports_that_lead_to_nodes(
    ports: list[dict[str, Any]], names: list[str], errors: list[Any]
) -> None:
    assert served(ground(), *ports) == names
    assert refused(ground(), *ports) == errors


def test_a_service_without_ports_has_none() -> None:
    assert judge((), ground()) == ((), ())


@pytest.mark.parametrize(
    ("slices", "targets", "names"),
    [
        pytest.param(both_ways(8053), (8053, 8053), ["tcp-udp-53"], id="equal numbers"),
        pytest.param((), (8053, 8053), ["tcp-udp-53"], id="equal numbers, no endpoints yet"),
        pytest.param(both_ways(1, udp=(2,)), (1, 2), ["tcp-53"], id="two numbers"),
        pytest.param((), (1, 2), ["tcp-53"], id="two numbers, no endpoints yet"),
        pytest.param(
            both_ways(8053, 9053), ("dns", "dns"), ["tcp-udp-53"], id="a name, pod by pod the same"
        ),
        pytest.param(
            both_ways(8053, 9053),
            ("dns-tcp", "dns"),
            ["tcp-udp-53"],
            id="two names for equal numbers",
        ),
        pytest.param(
            both_ways(8053, 9053, udp=(8053, 1)), ("a", "b"), ["tcp-53"], id="one pod differs"
        ),
    ],
)
def test_tcp_and_udp_on_one_number_that_lead_to_pods(
    slices: tuple[Any, ...], targets: tuple[int | str, ...], names: list[str]
) -> None:
    tcp, udp = targets
    ports = (port(53, targetPort=tcp), port(53, "UDP", targetPort=udp))
    on = ground(Kind.POD, *slices)

    assert served(on, *ports) == names
    assert refused(on, *ports) == ([] if names == ["tcp-udp-53"] else [(53, "UDP", MIXED)])


def test_pods_need_no_node_port() -> None:
    assert served(ground(Kind.POD), port(80, nodePort=0)) == ["tcp-80"]
    assert refused(ground(Kind.POD), port(80, nodePort=0)) == []


def test_equal_node_ports_do_not_matter_to_pods() -> None:
    ports = (port(53, targetPort=1, nodePort=30001), port(53, "UDP", targetPort=1, nodePort=30002))

    assert served(ground(Kind.POD), *ports) == ["tcp-udp-53"]


def test_a_provider_without_such_listeners_serves_tcp_alone() -> None:
    on = ground(capabilities=POOR)

    assert served(on, *DNS) == ["tcp-53"]
    assert refused(on, *DNS) == [(53, "UDP", MIXED)]
    assert served(on, DNS[1]) == ["udp-53"], "UDP alone is no trouble"


def only_message(on: Ground, *ports: dict[str, Any]) -> tuple[str, str]:
    (each,) = judge(ports_of(*ports), on)[1]
    return each.message, each.remedy


@pytest.mark.parametrize(
    ("on", "ports", "message", "remedy"),
    [
        pytest.param(
            ground(),
            [SCTP],
            "protocol SCTP can not be balanced by this provider (TCP and UDP can)",
            "remove the port, or expose it in another way",
            id="protocol",
        ),
        pytest.param(
            ground(),
            [port(80, nodePort=0)],
            "has no node port, so nodes can not be its targets",
            "set spec.allocateLoadBalancerNodePorts to true, or the annotation cloudlb.io/target-type to pod",
            id="node port",
        ),
        pytest.param(
            ground(capabilities=POOR),
            DNS,
            "this provider can not listen on 53 for TCP and for UDP at once",
            "use another number for one of the two, or two Services",
            id="no shared listener",
        ),
        pytest.param(
            ground(),
            [port(53, nodePort=30001), port(53, "UDP", nodePort=30002)],
            "TCP and UDP on 53 share one listener, which needs equal node ports; here TCP leads to 30001"
            " and UDP to 30002",
            "give both the same node port, or use two Services",
            id="two node ports",
        ),
        pytest.param(
            ground(Kind.POD),
            [port(53, targetPort=1), port(53, "UDP", targetPort=2)],
            "TCP and UDP on 53 share one listener, which needs equal target ports; here TCP leads to 1"
            " and UDP to 2",
            "give both the same target port, or use two Services",
            id="two target ports",
        ),
        pytest.param(
            ground(Kind.POD, *both_ways(9, 10, udp=(9, 8))),
            [port(53, targetPort="a"), port(53, "UDP", targetPort="b")],
            "TCP and UDP on 53 share one listener, which needs equal target ports; here TCP leads to"
            " a (9, 10) and UDP to b (8, 9)",
            "give both the same target port, or use two Services",
            id="two names, with their numbers",
        ),
        pytest.param(
            ground(Kind.POD),
            [port(53, targetPort=53), port(53, "UDP", targetPort="dns")],
            "TCP and UDP on 53 share one listener, which needs equal target ports; here TCP leads to 53"
            " and UDP to dns",
            "give both the same target port, or use two Services",
            id="a number and a name",
        ),
    ],
)
def test_a_refused_port_says_what_is_wrong_and_what_to_do(
    on: Ground, ports: list[dict[str, Any]], message: str, remedy: str
) -> None:
    assert only_message(on, *ports) == (message, remedy)


def test_a_refused_port_is_a_warning_at_its_place_and_an_entry_of_the_status() -> None:
    _, (each,) = judge(ports_of(port(80), port(81), SCTP), ground())

    assert (each.problem.severity, each.problem.path) == (Severity.WARNING, "spec.ports[2]")
    assert each.error == PortError(port=99, protocol="SCTP", reason=NO_PROTOCOL)


def test_what_a_listener_of_two_ports_stands_for() -> None:
    ((each,), _) = judge(ports_of(DNS[1], DNS[0]), ground())

    assert (each.protocol, each.port.protocol, each.path) == (
        Protocol.TCP_UDP,
        "TCP",
        "spec.ports[1]",
    )
    assert each.targets == NodeTargets(node_port=30053, nodes=NODES.select(()))


def test_what_ports_lead_to() -> None:
    slices = (piece("10.1.0.2", number=8080), piece("10.1.0.1", number=9090))

    assert ground().targets(ports_of(port())[0]) == NodeTargets(
        node_port=30080, nodes=NODES.select(())
    )
    assert ground(labels=(("pool", "gold"),)).targets(ports_of(port())[0]) == NodeTargets(
        node_port=30080, nodes=NODES.select((("pool", "gold"),))
    )
    named = PodTargets(
        port=0,
        endpoints=(
            Endpoint(address="10.1.0.1", port=9090),
            Endpoint(address="10.1.0.2", port=8080),
        ),
    )
    assert ground(Kind.POD, *slices).targets(ports_of(port(targetPort="http"))[0]) == named
    numbered = ground(Kind.POD).targets(ports_of(port(targetPort=8080))[0])
    assert numbered == PodTargets(port=8080, endpoints=())


PORTS = st.lists(
    st.builds(
        port,
        st.sampled_from([53, 80, 443]),
        st.sampled_from(["TCP", "UDP", "SCTP"]),
        nodePort=st.sampled_from([0, 30001, 30002]),
    ),
    unique_by=lambda each: (each["port"], each["protocol"]),
    max_size=9,
)


@given(PORTS, st.sampled_from(Kind), st.sampled_from([ALL, POOR]), st.data())
def test_every_port_is_served_or_refused_once_in_whatever_order_they_come(
    ports: list[dict[str, Any]], kind: Kind, capabilities: Any, data: st.DataObject
) -> None:
    on = ground(kind, capabilities=capabilities)
    kept, out = judge(ports_of(*ports), on)
    shuffled = data.draw(st.permutations(ports))

    accounted = [(each.port.port, protocol) for each in kept for protocol in protocols(each)]
    accounted += [(each.port.port, each.port.protocol) for each in out]
    assert sorted(accounted) == sorted((each["port"], each["protocol"]) for each in ports)
    assert len({each.name for each in kept}) == len(kept)
    assert served(on, *shuffled) == [each.name for each in kept]
    assert refused(on, *shuffled) == refused(on, *ports)


def protocols(each: Served) -> list[str]:
    return ["TCP", "UDP"] if each.protocol is Protocol.TCP_UDP else [each.port.protocol]


APART = replace(ALL, protocols_apart=True, node_ports=False)


def test_where_protocols_are_apart_both_have_a_listener_of_their_own() -> None:
    on = ground(capabilities=APART)

    assert served(on, port(53, nodePort=30053), port(53, "UDP", nodePort=30054)) == [
        "tcp-53",
        "udp-53",
    ]
    assert refused(on, port(53, nodePort=30053), port(53, "UDP", nodePort=30054)) == []


def test_where_traffic_keeps_its_destination_no_node_port_is_needed() -> None:
    without = port(80, nodePort=0)

    assert served(ground(capabilities=APART), without) == ["tcp-80"]
    assert refused(ground(), without) == [(80, "TCP", NO_NODE_PORT)]
