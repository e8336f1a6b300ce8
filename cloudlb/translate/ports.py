"""The ports of a Service: which of them get a listener, and which do not and why.

A listener's key is (port, protocol). TCP and UDP on one number are two listeners where the provider keeps protocols
apart; else they become one where the provider has such a thing and both lead to the same place; else the UDP port is
refused, and says so in the status.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cloudlb.kube.objects import EndpointSlice, ServicePort
from cloudlb.model import (
    Family,
    NodeTargets,
    PodTargets,
    PortError,
    Problem,
    Protocol,
    TargetKind,
    Targets,
)
from cloudlb.provider import Capabilities
from cloudlb.translate.endpoints import endpoints_of
from cloudlb.translate.nodes import EligibleNodes, Labels

MIXED = "LoadBalancerMixedProtocolNotSupported"
"""The reason that the API itself defines (core/v1, LoadBalancerMixedProtocolNotSupported)."""
NO_NODE_PORT = "cloudlb.io/NoNodePort"
NO_PROTOCOL = "cloudlb.io/ProtocolNotSupported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What ports are judged on: the kind of targets and where these come from."""

    kind: TargetKind
    family: Family
    capabilities: Capabilities
    nodes: EligibleNodes
    labels: Labels
    slices: tuple[EndpointSlice, ...]

    def targets(self, port: ServicePort) -> Targets:
        """Return what a port leads to."""
        if self.kind is TargetKind.NODE:
            return NodeTargets(node_port=port.node_port, nodes=self.nodes.select(self.labels))
        number = port.target_port if isinstance(port.target_port, int) else 0
        return PodTargets(port=number, endpoints=endpoints_of(port, self.slices, self.family))


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A port that gets a listener. `place` is its index in the Service; TCP_UDP stands for two of its ports."""

    place: int
    port: ServicePort
    protocol: Protocol
    targets: Targets

    @property
    def name(self) -> str:
        """The name of its backend: `tcp-80`, `udp-53`, `tcp-udp-53`."""
        return f"{self.protocol.lower().replace('_', '-')}-{self.port.port}"

    @property
    def path(self) -> str:
        """Where the user wrote it."""
        return path_of(self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A port that gets none."""

    place: int
    port: ServicePort
    reason: str
    message: str
    remedy: str

    @property
    def error(self) -> PortError:
        """What its entry in the status says."""
        return PortError(port=self.port.port, protocol=self.port.protocol, reason=self.reason)

    @property
    def problem(self) -> Problem:
        """What a person is told. A warning, because the other ports work."""
        return Problem.warning(path_of(self.place), self.message, self.remedy, reason="PortRefused")


def path_of(place: int) -> str:
    """Return the path of a port in its Service."""
    return f"spec.ports[{place}]"


def judge(
    ports: Iterable[ServicePort], ground: Ground
) -> tuple[tuple[Served, ...], tuple[Refused, ...]]:
    """Decide which ports get a listener. Both results are sorted by (port, protocol), whatever the order given."""
    served: list[Served] = []
    refused: list[Refused] = []
    for place, port in enumerate(ports):
        verdict = _alone(place, port, ground)
        (served if isinstance(verdict, Served) else refused).append(verdict)  # type: ignore[arg-type]
    kept: list[Served] = []
    for verdict in _together(served, ground):
        (kept if isinstance(verdict, Served) else refused).append(verdict)  # type: ignore[arg-type]
    return (
        tuple(sorted(kept, key=_place)),
        tuple(sorted(refused, key=_place)),
    )


def _place(each: Served | Refused) -> tuple[int, str]:
    return (each.port.port, each.port.protocol)


def _alone(place: int, port: ServicePort, ground: Ground) -> Served | Refused:
    if port.protocol not in ground.capabilities.protocols:
        allowed = " and ".join(sorted(ground.capabilities.protocols))
        return Refused(
            place=place,
            port=port,
            reason=NO_PROTOCOL,
            message=f"protocol {port.protocol} can not be balanced by this provider ({allowed} can)",
            remedy="remove the port, or expose it in another way",
        )
    needs_one = ground.kind is TargetKind.NODE and ground.capabilities.node_ports
    if needs_one and not port.node_port:
        return Refused(
            place=place,
            port=port,
            reason=NO_NODE_PORT,
            message="has no node port, so nodes can not be its targets",
            remedy="set spec.allocateLoadBalancerNodePorts to true, or the annotation cloudlb.io/target-type to pod",
        )
    return Served(
        place=place, port=port, protocol=Protocol(port.protocol), targets=ground.targets(port)
    )


def _together(served: list[Served], ground: Ground) -> Iterator[Served | Refused]:
    by_number: dict[int, dict[Protocol, Served]] = {}
    for each in served:
        by_number.setdefault(each.port.port, {})[each.protocol] = each
    for found in by_number.values():
        tcp, udp = found.get(Protocol.TCP), found.get(Protocol.UDP)
        if tcp is None or udp is None or ground.capabilities.protocols_apart:
            yield from found.values()
        elif _lead_to_one_place(tcp, udp, ground):
            yield Served(
                place=tcp.place, port=tcp.port, protocol=Protocol.TCP_UDP, targets=tcp.targets
            )
        else:
            yield tcp
            yield _not_both(tcp, udp, ground)


def _lead_to_one_place(tcp: Served, udp: Served, ground: Ground) -> bool:
    return ground.capabilities.same_port_tcp_udp and tcp.targets == udp.targets


def _not_both(tcp: Served, udp: Served, ground: Ground) -> Refused:
    number = tcp.port.port
    if not ground.capabilities.same_port_tcp_udp:
        message = f"this provider can not listen on {number} for TCP and for UDP at once"
        remedy = "use another number for one of the two, or two Services"
    else:
        kind = "node ports" if ground.kind is TargetKind.NODE else "target ports"
        message = (
            f"TCP and UDP on {number} share one listener, which needs equal {kind}; here TCP leads to"
            f" {_place_of(tcp)} and UDP to {_place_of(udp)}"
        )
        remedy = f"give both the same {kind[:-1]}, or use two Services"
    return Refused(place=udp.place, port=udp.port, reason=MIXED, message=message, remedy=remedy)


def _place_of(served: Served) -> str:
    if isinstance(served.targets, NodeTargets):
        return str(served.targets.node_port)
    target = served.port.target_port
    numbers = sorted({each.port for each in served.targets.endpoints})
    if isinstance(target, int) or not numbers:
        return str(target)
    return f"{target} ({', '.join(map(str, numbers))})"
