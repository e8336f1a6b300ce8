"""Ports: as a forwarding rule has them, and as firewall rules have them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from cloudlb.model import Listener, Protocol
from cloudlb_gcp.limits import PORTS_A_FIREWALL, PORTS_A_RULE


@dataclass(frozen=True, slots=True, kw_only=True)
class Wider:
    """A range of a firewall rule that opens so many further ports than was asked for."""

    protocol: str
    ports: str
    further: int


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
    """Return (protocol, ports) of a firewall rule: neighbours merged to ranges, and more where there are too many."""
    return tuple((protocol, merged(ports)) for protocol, ports in _by_protocol(wanted))


def widened(wanted: Iterable[tuple[Protocol, int]]) -> Iterator[Wider]:
    """Yield the ranges of a firewall rule that open more than is wanted, because there are too many."""
    for protocol, ports in _by_protocol(wanted):
        asked = frozenset(ports)
        for low, high in _fitted(asked):
            further = high - low + 1 - len(asked.intersection(range(low, high + 1)))
            if further:
                yield Wider(protocol=protocol, ports=_written(low, high), further=further)


def _by_protocol(wanted: Iterable[tuple[Protocol, int]]) -> list[tuple[str, set[int]]]:
    spoken = {Protocol.TCP: ("tcp",), Protocol.UDP: ("udp",), Protocol.TCP_UDP: ("tcp", "udp")}
    ports: dict[str, set[int]] = {}
    for protocol, number in wanted:
        for name in spoken[protocol]:
            ports.setdefault(name, set()).add(number)
    return sorted(ports.items())


def merged(ports: Iterable[int]) -> str:
    """Write ports as `80,8000-8010`."""
    return ",".join(_written(low, high) for low, high in _fitted(ports))


def _written(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}-{high}"


def _fitted(ports: Iterable[int]) -> list[tuple[int, int]]:
    """Return ranges that are no more than a firewall rule takes: exact, or merged where that opens the fewest ports."""
    numbers = sorted(set(ports))
    gaps = sorted((after - before, before) for before, after in pairwise(numbers))
    apart = sum(width > 1 for width, _ in gaps)
    excess = max(0, apart + 1 - PORTS_A_FIREWALL)
    joined = {before for _, before in gaps[: len(gaps) - apart + excess]}
    ranges: list[tuple[int, int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] in joined:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges
