"""Ports: as a forwarding rule has them, and as firewall rules have them."""

from collections.abc import Iterable

from cloudlb.model import Listener, Protocol
from cloudlb_gcp.limits import PORTS_A_FIREWALL, PORTS_A_RULE

ALL = "all"
_L3 = "L3_DEFAULT"


def protocol_of(listeners: Iterable[Listener]) -> str:
    """Return the protocol of a forwarding rule: one that takes all of them where there are several."""
    spoken = {each.protocol for each in listeners}
    return spoken.pop().value if len(spoken) == 1 and Protocol.TCP_UDP not in spoken else _L3


def rule_ports(listeners: Iterable[Listener], *, internal: bool) -> str:
    """Return the ports of a forwarding rule: up to five as they are; more as one range, or all of an internal one.

    What a range or `all` has too much is shut out by the firewall rule, which has the exact ports.
    """
    served = tuple(listeners)
    ports = sorted({each.port for each in served})
    if protocol_of(served) == _L3:
        return ALL
    if len(ports) <= PORTS_A_RULE:
        return ",".join(map(str, ports))
    return ALL if internal else f"{ports[0]}-{ports[-1]}"


def firewall_protocols(listeners: Iterable[Listener]) -> tuple[tuple[str, str], ...]:
    """Return (protocol, ports) of the firewall rule for listeners."""
    return protocols_of((each.protocol, each.port) for each in listeners)


def protocols_of(wanted: Iterable[tuple[Protocol, int]]) -> tuple[tuple[str, str], ...]:
    """Return (protocol, ports) of a firewall rule: neighbours merged to ranges; one range where there are too many."""
    spoken = {Protocol.TCP: ("tcp",), Protocol.UDP: ("udp",), Protocol.TCP_UDP: ("tcp", "udp")}
    ports: dict[str, set[int]] = {}
    for protocol, number in wanted:
        for name in spoken[protocol]:
            ports.setdefault(name, set()).add(number)
    return tuple((protocol, merged(found)) for protocol, found in sorted(ports.items()))


def merged(ports: Iterable[int]) -> str:
    """Write ports as `80,8000-8010`."""
    ranges: list[tuple[int, int]] = []
    for port in sorted(set(ports)):
        if ranges and ranges[-1][1] == port - 1:
            ranges[-1] = (ranges[-1][0], port)
        else:
            ranges.append((port, port))
    if len(ranges) > PORTS_A_FIREWALL:
        ranges = [(ranges[0][0], ranges[-1][1])]
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)
