"""What exists of an owner, whole, in the terms of its resources.

Found by name: all names of an owner begin alike, and the API lists by them, at once and completely. An object with a
name of ours and without our marks is NotOwned.
"""

from collections.abc import Iterator
from typing import Any

from cloudlb.errors import NotFound
from cloudlb.model import Owner, OwnerKind
from cloudlb.plan.resource import Found, Observed, Stack
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
from cloudlb_gcp.drivers.context import not_owned
from cloudlb_gcp.listing import Listed, Lister
from cloudlb_gcp.reading import (
    backend_service,
    firewall,
    forwarding_rule,
    health_check,
    network_endpoint_group,
)
from cloudlb_gcp.reading.common import Json, marks, path

_TRIES = 3
"""How often a reading is begun anew because something went away in the middle of it."""


def observe(
    lister: Lister, owner: Owner, listed: Listed | None, *, known: bool, expected: Stack = Stack()
) -> Observed:
    """Read what exists of an owner. Raises CloudErrors; NotOwned where a name of the owner is taken by another.

    `listed` is what a sweep has just listed of the owner, if one has: then only endpoints are read. `known` says that a
    sweep, whenever it was, listed something. If none did, and a stack is expected, one look at the forwarding rules is
    enough: whatever else is there is adopted when it is met.
    """
    for attempt in range(_TRIES):
        reading = _Reading(lister, owner, listed if attempt == 0 else None)
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

    def __init__(self, lister: Lister, owner: Owner, listed: Listed | None) -> None:
        self._lister = lister
        self._owner = owner
        self._listed = listed
        self._filter = names.listing_filter(owner)

    def has_rules(self) -> bool:
        """Tell whether any forwarding rule has a name of the owner: one look, where a sweep has listed nothing."""
        return any(True for _ in self._ours(FORWARDING_RULES))

    def rules(self) -> Iterator[Found[Any]]:
        """Yield forwarding rules, and those that were taken down in the middle of their renewal."""
        listed = [*self._ours(FORWARDING_RULES)]
        held = {str(each["name"]): each for each in self._ours(ADDRESSES)}
        for each in listed:
            mine = held.pop(str(each["name"]), None)
            yield forwarding_rule.read(each, held=mine is not None)
        for address in held.values():
            yield forwarding_rule.taken_down(address)

    def behind(self) -> Iterator[Found[Any]]:
        """Yield everything that is not a forwarding rule."""
        for each in self._ours(BACKEND_SERVICES):
            yield backend_service.read(each)
        for each in self._ours(NETWORK_ENDPOINT_GROUPS):
            group = network_endpoint_group.read(each)
            yield group
            listed = self._lister.session.endpoints(NETWORK_ENDPOINT_GROUPS, group.id)
            yield network_endpoint_group.read_endpoints(listed, group.id, group.value.id)
        yield from self.shared()

    def shared(self) -> Iterator[Found[Any]]:
        """Yield health checks and firewall rules: all that a cluster's shared stack has."""
        for each in self._ours(HEALTH_CHECKS):
            yield health_check.read(each)
        for each in self._ours(FIREWALLS):
            yield firewall.read(each)

    def _ours(self, kind: Collection) -> Iterator[Json]:
        """Yield what there is of a kind under names of the owner. Raises NotOwned where it is another's."""
        listed = self._listed
        for each in (
            self._lister.pages(kind, self._filter)
            if listed is None
            else listed.get(kind.service, ())
        ):
            if not ownership.is_ours(marks(each), self._owner):
                raise not_owned(path(each), self._owner)
            yield each
