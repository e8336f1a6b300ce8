"""Fitting port ranges into a quota: exact while they fit, else merged where that opens the fewest further ports.

Ranges of one protocol are merged with their neighbours, cheapest gap first. Gaps do not depend on each other, so taking
the smallest ones is the best there is for one protocol; over several protocols too, because the count is common.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from cloudlb_aws.resources.node_rules import PortRange


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """Ranges that fit, and those of them that open more than was asked for, with how many further ports each."""

    ranges: frozenset[PortRange]
    wider: tuple[tuple[PortRange, int], ...] = ()


class DoesNotFit(Exception):
    """More protocols than rules: no merging helps."""


def fit(asked: Iterable[PortRange], quota: int) -> Merged:
    """Return ranges that cover all that is asked and are at most `quota`. Raises DoesNotFit.

    Deterministic. What is asked comes back as it is when it fits.
    """
    exact = frozenset(asked)
    if len(exact) <= quota:
        return Merged(ranges=exact)
    apart = [
        each
        for protocol in sorted({e.protocol for e in exact})
        for each in _united(exact, protocol)
    ]
    excess = len(apart) - quota
    gaps = sorted(
        (second.from_port - first.to_port - 1, first.protocol, first.from_port)
        for first, second in pairwise(apart)
        if first.protocol == second.protocol
    )
    if excess > len(gaps):
        message = f"{quota} rules can not hold {len(apart) - len(gaps)} protocols"
        raise DoesNotFit(message)
    bridged = {(protocol, start) for _, protocol, start in gaps[: max(0, excess)]}
    ranges = _bridge(apart, bridged)
    return Merged(ranges=frozenset(ranges), wider=_wider(ranges, exact))


def _united(ranges: Iterable[PortRange], protocol: str) -> list[PortRange]:
    """Unite what overlaps or touches: that opens nothing."""
    united: list[PortRange] = []
    for each in sorted(each for each in ranges if each.protocol == protocol):
        if united and each.from_port <= united[-1].to_port + 1:
            united[-1] = _spanning(united[-1], each)
        else:
            united.append(each)
    return united


def _bridge(apart: list[PortRange], bridged: set[tuple[str, int]]) -> list[PortRange]:
    made: list[PortRange] = []
    joining = False
    for each in apart:
        if joining:
            made[-1] = _spanning(made[-1], each)
        else:
            made.append(each)
        joining = (each.protocol, each.from_port) in bridged
    return made


def _spanning(first: PortRange, second: PortRange) -> PortRange:
    return PortRange(
        protocol=first.protocol,
        from_port=first.from_port,
        to_port=max(first.to_port, second.to_port),
    )


def _wider(
    ranges: Iterable[PortRange], exact: frozenset[PortRange]
) -> tuple[tuple[PortRange, int], ...]:
    found = []
    for each in sorted(ranges):
        inside = {
            port
            for one in exact
            if one.protocol == each.protocol and each.from_port <= one.from_port <= each.to_port
            for port in range(one.from_port, one.to_port + 1)
        }
        further = each.to_port - each.from_port + 1 - len(inside)
        if further:
            found.append((each, further))
    return tuple(found)
