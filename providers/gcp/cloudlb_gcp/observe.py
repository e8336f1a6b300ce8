"""What exists of an owner, whole, in the terms of its resources.

Found by name: all names of an owner begin alike, and the API lists by them, at once and completely. An object with a
name of ours and without our marks is NotOwned.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cloudlb.errors import NotFound
from cloudlb.model import Owner, OwnerKind
from cloudlb.plan.resource import Found, Observed, Stack
from cloudlb_gcp import names, ownership
from cloudlb_gcp.collections import (
    ADDRESSES,
    BACKEND_SERVICES,
    FORWARDING_RULES,
    HEALTH_CHECKS,
    NETWORK_ENDPOINT_GROUPS,
)
from cloudlb_gcp.drivers.context import not_owned
from cloudlb_gcp.reading import (
    backend_service,
    firewall,
    forwarding_rule,
    health_check,
    network_endpoint_group,
)
from cloudlb_gcp.reading.common import Json, marks, path
from cloudlb_gcp.session import Place, Session

_TRIES = 3
"""How often a reading is begun anew because something went away in the middle of it."""

Where = tuple[str, str, str]
"""Project, region, and the network's project."""

Listed = Callable[[str, str], Iterable[Json]]
"""Lists the firewall rules of a project by a filter of names, as far as they are ours to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where to read: `firewalls` lists rules in the network's project."""

    session: Session
    where: Where
    firewalls: Listed


def observe(source: Source, owner: Owner, *, known: bool, expected: Stack = Stack()) -> Observed:
    """Read what exists of an owner. Raises CloudErrors; NotOwned where a name of the owner is taken by another.

    `known` says that a sweep listed something of the owner. If it did not, and a stack is expected, one look at the
    forwarding rules is enough: whatever else is there is adopted when it is met.
    """
    for attempt in range(_TRIES):
        reading = _Reading(source, owner)
        try:
            if owner.kind is OwnerKind.CLUSTER:
                return Observed(tuple(reading.shared()))
            if not known and expected and not reading.has_rules():
                return Observed()
            return Observed((*reading.rules(), *reading.behind()))
        except NotFound:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError


class _Reading:
    """One observation of one owner."""

    def __init__(self, source: Source, owner: Owner) -> None:
        self._session = source.session
        self._owner = owner
        project, region, self._host = source.where
        self._project = project
        self._here = Place(project=project, within=region)
        self._firewalls = source.firewalls
        self._filter = names.listing_filter(owner)

    def has_rules(self) -> bool:
        """Tell whether any forwarding rule has a name of the owner: one look, where a sweep has listed nothing."""
        found = self._session.pages(FORWARDING_RULES, self._here, self._filter)
        return any(True for _ in self._ours(found))

    def rules(self) -> Iterator[Found[Any]]:
        """Yield forwarding rules, and those that were taken down in the middle of their renewal."""
        listed = [*self._ours(self._session.pages(FORWARDING_RULES, self._here, self._filter))]
        held = {
            str(each["name"]): each
            for each in self._ours(self._session.pages(ADDRESSES, self._here, self._filter))
        }
        for each in listed:
            mine = held.pop(str(each["name"]), None)
            yield forwarding_rule.read(each, held=mine is not None)
        for address in held.values():
            yield forwarding_rule.taken_down(address)

    def behind(self) -> Iterator[Found[Any]]:
        """Yield everything that is not a forwarding rule."""
        session = self._session
        for each in self._ours(session.pages(BACKEND_SERVICES, self._here, self._filter)):
            yield backend_service.read(each)
        for each in self._ours(
            session.everywhere(NETWORK_ENDPOINT_GROUPS, self._project, self._filter)
        ):
            group = network_endpoint_group.read(each)
            yield group
            listed = session.endpoints(NETWORK_ENDPOINT_GROUPS, group.id)
            yield network_endpoint_group.read_endpoints(listed, group.id, group.value.id)
        yield from self.shared()

    def shared(self) -> Iterator[Found[Any]]:
        """Yield health checks and firewall rules: all that a cluster's shared stack has."""
        for each in self._ours(self._session.pages(HEALTH_CHECKS, self._here, self._filter)):
            yield health_check.read(each)
        for each in self._ours(self._firewalls(self._host, self._filter)):
            yield firewall.read(each)

    def _ours(self, listed: Iterable[Json]) -> Iterator[Json]:
        for each in listed:
            if not ownership.is_ours(marks(each), self._owner):
                raise not_owned(path(each), self._owner)
            yield each
