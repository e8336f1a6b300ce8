"""Which nodes take traffic, where there are more than a load balancer takes: always the same ones, and no zone left out.

Each zone gets its share; within a zone nodes are ranked by a hash of their name and the owner's uid, so that one node
more or less changes one member at most, and load balancers do not all choose the same nodes.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from cloudlb_gcp.landscape import Instance


def chosen(instances: Iterable[Instance], most: int, salt: str) -> tuple[Instance, ...]:
    """Return at most `most` instances, sorted."""
    by_zone: dict[str, list[Instance]] = {}
    for each in instances:
        by_zone.setdefault(each.id.zone, []).append(each)
    shares = _shares({zone: len(found) for zone, found in by_zone.items()}, most)
    picked = [
        each for zone, found in by_zone.items() for each in _ranked(found, salt)[: shares[zone]]
    ]
    return tuple(sorted(picked, key=lambda each: each.id))


def _ranked(instances: Sequence[Instance], salt: str) -> list[Instance]:
    return sorted(
        instances,
        key=lambda each: hashlib.sha256(f"{each.id.name}\0{salt}".encode()).digest(),
    )


def _shares(sizes: Mapping[str, int], most: int) -> dict[str, int]:
    """Split a number over zones evenly; what a small zone does not use goes to those that come after it."""
    left, shares = most, {}
    by_size = sorted(sizes, key=lambda zone: (sizes[zone], zone))
    for place, zone in enumerate(by_size):
        shares[zone] = min(sizes[zone], left // (len(by_size) - place))
        left -= shares[zone]
    return shares
