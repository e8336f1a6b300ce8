"""What the API lists of objects with names like ours, kind by kind: for all owners at once, or for one.

A sweep lists all that an observation needs but for the endpoints of groups. So each owner's part of a sweep is kept until
he is observed, once, and not for long: whoever is observed again is listed anew.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from cloudlb.model import Owner
from cloudlb_gcp import names, ownership
from cloudlb_gcp.collections import (
    ADDRESSES,
    BACKEND_SERVICES,
    FIREWALLS,
    FORWARDING_RULES,
    HEALTH_CHECKS,
    NETWORK_ENDPOINT_GROUPS,
    Collection,
)
from cloudlb_gcp.reading.common import marks
from cloudlb_gcp.rights import Rights
from cloudlb_gcp.session import Json, Place, Session

KEPT_SECONDS = 300.0
"""How long an owner's part of a sweep is good enough: a large cluster is observed at a bounded rate."""

BRIEFLY = (FORWARDING_RULES, ADDRESSES)
"""What holds addresses."""

SHARED = (HEALTH_CHECKS, FIREWALLS)
"""All that a cluster's shared stack has."""

EVERYTHING = (*BRIEFLY, BACKEND_SERVICES, NETWORK_ENDPOINT_GROUPS, *SHARED)

Where = tuple[str, str, str]
"""Project, region, and the network's project."""

Listed = Mapping[str, Sequence[Json]]
"""Objects as the API shows them, by their collection's word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lister:
    """Lists one kind after the other, in one place. Its methods raise CloudErrors."""

    session: Session
    where: Where
    rights: Rights

    def list(self, kinds: Sequence[Collection], wanted: str) -> Listed:
        """List what a filter finds of some kinds."""
        return {kind.service: tuple(self.pages(kind, wanted)) for kind in kinds}

    def pages(self, kind: Collection, wanted: str) -> Iterator[Json]:
        """Yield what a filter finds of one kind: as many calls as there are pages, as they are needed."""
        project, region, host = self.where
        if kind is NETWORK_ENDPOINT_GROUPS:
            return self.session.everywhere(kind, project, wanted)
        if kind is FIREWALLS:
            return iter(self.rights.listed(self.session, host, wanted))
        return self.session.pages(kind, Place(project=project, within=region), wanted)


class Recent:
    """The parts of sweeps that nobody has used yet, by owner. Safe to use from several threads."""

    def __init__(self, cluster: str, clock: Callable[[], float]) -> None:
        """Keep nothing yet. `clock` counts seconds."""
        self._cluster = cluster
        self._clock = clock
        self._lock = Lock()
        self._parts: dict[str, tuple[float, Listed]] = {}
        self._rest: Listed = {}
        self._all_at: float | None = None
        self._spent: set[str] = set()

    def keep(self, listed: Listed, owner: Owner | None = None) -> None:
        """Keep a listing of everything, or of all that an owner has."""
        now = self._clock()
        with self._lock:
            if owner is not None:
                self._parts[names.prefix(owner)] = (now, listed)
                self._spent.add(names.prefix(owner))
                return
            parts, self._rest = self._sorted(listed)
            self._parts = {prefix: (now, part) for prefix, part in parts.items()}
            self._all_at, self._spent = now, set()

    def take(self, owner: Owner) -> Listed | None:
        """Return what was listed of an owner, and keep it no more; None where nobody has listed him lately."""
        prefix = names.prefix(owner)
        with self._lock:
            self._expire()
            at, part = self._parts.pop(prefix, (-math.inf, {}))
            of_all = self._all_at is not None and prefix not in self._spent
            self._spent.add(prefix)
            if of_all:
                return _joined(part, _of(owner, self._rest))
            return part if at > self._clock() - KEPT_SECONDS else None

    def spend(self, owner: Owner) -> None:
        """Forget what was listed of an owner: it changes."""
        prefix = names.prefix(owner)
        with self._lock:
            self._parts.pop(prefix, None)
            self._spent.add(prefix)

    def drop(self) -> None:
        """Forget everything."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        self._parts, self._rest, self._all_at, self._spent = {}, {}, None, set()

    def _expire(self) -> None:
        if self._all_at is not None and self._all_at <= self._clock() - KEPT_SECONDS:
            self._drop()

    def _sorted(self, listed: Listed) -> tuple[Mapping[str, Listed], Listed]:
        """Sort a listing by owner; the rest is whatever is not marked as ours under a name of its owner."""
        parts: dict[str, dict[str, list[Json]]] = {}
        rest: dict[str, list[Json]] = {}
        for kind, found in listed.items():
            for each in found:
                owner = ownership.owner_of(marks(each), self._cluster)
                own = owner is not None and names.is_of(owner, str(each["name"]))
                part = parts.setdefault(names.prefix(owner), {}) if owner and own else rest
                part.setdefault(kind, []).append(each)
        return parts, rest


def _of(owner: Owner, listed: Listed) -> Listed:
    return {
        kind: [each for each in found if names.is_of(owner, str(each["name"]))]
        for kind, found in listed.items()
    }


def _joined(one: Listed, other: Listed) -> Listed:
    return {kind: [*one.get(kind, ()), *other.get(kind, ())] for kind in one.keys() | other.keys()}
