"""Whether firewall rules of others do already what a rule of ours would do.

As the network does it: rules count by priority, and a denial before what is allowed at the same one. What is wanted is
cut into rectangles of sources and ports, for each kind of node and each protocol; allowing rules take away what they
let in, until nothing is left, or a denial meets what is left.
"""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cloudlb_gcp.landscape import Instance, Rule
from cloudlb_gcp.resources.firewall import Firewall

_NUMBERS = {"6": "tcp", "17": "udp"}
_ALL_PORTS = (0, 65_535)

Interval = tuple[int, int]
"""First and last."""


@dataclass(frozen=True, slots=True)
class _Area:
    """Sources and ports."""

    sources: Interval
    ports: Interval

    def meets(self, other: "_Area") -> bool:
        return _meet(self.sources, other.sources) and _meet(self.ports, other.ports)

    def without(self, other: "_Area") -> Iterator["_Area"]:
        """Yield what is left of it."""
        if not self.meets(other):
            yield self
            return
        for rest in _rest(self.sources, other.sources):
            yield _Area(rest, self.ports)
        common = max(self.sources[0], other.sources[0]), min(self.sources[1], other.sources[1])
        for rest in _rest(self.ports, other.ports):
            yield _Area(common, rest)


def covered(wanted: Firewall, rules: Iterable[Rule], nodes: Iterable[Instance]) -> bool:
    """Tell whether rules of others, alone or together, do all that a rule would do, for all nodes.

    Our own rules come and go with what they were made for: they let nothing in here, but shut out as any others.
    """
    denies = wanted.action == "deny"
    counted = sorted(
        (
            each
            for each in rules
            if each.enabled
            and (not each.allows and each.priority <= wanted.priority if denies else True)
            and not (each.ours and (each.allows or denies))
        ),
        key=lambda each: (each.priority, each.allows),
    )
    kinds = {(frozenset(each.tags), each.service_account) for each in nodes}
    return bool(kinds) and all(
        _all_done(wanted, protocol, ports, [e for e in counted if _is_for(e, tags, account)])
        for tags, account in kinds
        for protocol, ports in wanted.protocols
    )


def _all_done(wanted: Firewall, protocol: str, ports: str, rules: Iterable[Rule]) -> bool:
    """Tell whether rules for one kind of node do all that is wanted of one protocol."""
    version = 6 if any(":" in each for each in wanted.sources) else 4
    left = [
        _Area(source, each)
        for source in _intervals(wanted.sources, version)
        for each in _ports(ports.split(",") if ports else ())
    ]
    for rule in rules:
        areas = list(_areas(rule, protocol, version))
        if rule.allows == (wanted.action == "allow"):
            if _surely_for_address(rule, wanted):
                for area in areas:
                    left = [rest for each in left for rest in each.without(area)]
        elif _maybe_for_address(rule, wanted) and any(
            each.meets(area) for each in left for area in areas
        ):
            return False
        if not left:
            return True
    return False


def _areas(rule: Rule, protocol: str, version: int) -> Iterator[_Area]:
    """Yield what a rule decides about a protocol."""
    for name, ports in rule.protocols:
        if name == "all" or _NUMBERS.get(name, name) == protocol:
            for source in _intervals(rule.sources, version):
                for each in _ports(ports):
                    yield _Area(source, each)


def _is_for(rule: Rule, tags: frozenset[str], account: str) -> bool:
    if not rule.target_tags and not rule.target_accounts:
        return True
    return not tags.isdisjoint(rule.target_tags) or account in rule.target_accounts


def _surely_for_address(rule: Rule, wanted: Firewall) -> bool:
    """Tell whether an address that is wanted, though it may not be known yet, is surely one that a rule is for."""
    if not rule.destinations:
        return True
    known = [each for each in wanted.destinations if isinstance(each, str)]
    return (
        bool(known)
        and len(known) == len(wanted.destinations)
        and all(
            any(_contains(outer, inner) for outer in _intervals(rule.destinations, version))
            for version in (4, 6)
            for inner in _intervals(known, version)
        )
    )


def _maybe_for_address(rule: Rule, wanted: Firewall) -> bool:
    """Tell whether a rule may be for the address. One that nobody has yet is none that rules name already."""
    if not rule.destinations or not wanted.destinations:
        return True
    known = [each for each in wanted.destinations if isinstance(each, str)]
    return any(
        _meet(one, other)
        for version in (4, 6)
        for one in _intervals(rule.destinations, version)
        for other in _intervals(known, version)
    )


def _intervals(ranges: Iterable[str], version: int) -> Iterator[Interval]:
    for each in ranges:
        network = ipaddress.ip_network(each)
        if network.version == version:
            yield int(network.network_address), int(network.broadcast_address)


def _ports(texts: Iterable[str]) -> Iterator[Interval]:
    """Yield ranges of ports: all of them where none are named."""
    named = False
    for each in texts:
        named = True
        low, _, high = each.partition("-")
        yield int(low), int(high or low)
    if not named:
        yield _ALL_PORTS


def _meet(one: Interval, other: Interval) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _contains(outer: Interval, inner: Interval) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _rest(whole: Interval, taken: Interval) -> Iterator[Interval]:
    """Yield what of an interval is before and after another one that meets it."""
    if whole[0] < taken[0]:
        yield whole[0], taken[0] - 1
    if taken[1] < whole[1]:
        yield taken[1] + 1, whole[1]
