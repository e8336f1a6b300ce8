"""What exists, taken that it is as a stack says: for changes of members, which need no more than ids.

After a restart most owners are as they were left. Who knows the ids of their objects can register a member without a
look at anything else; every other change wants a real look first.
"""

from collections.abc import Mapping
from typing import Any

from cloudlb.plan.change import Action, Plan
from cloudlb.plan.ref import Ref
from cloudlb.plan.resource import CloudId, Found, Key, Observed, Stack, resolve

Known = Mapping[Key, tuple[CloudId, Mapping[str, str]]]
"""The id and the attributes of objects; empty where they are not known."""


def assumed(stack: Stack, known: Known, shared: Observed) -> Observed:
    """Return a stack's resources as if they had been found, with what is known of them."""
    found: dict[Key, Found[Any]] = {}

    def attribute(ref: Ref) -> str | None:
        other = next(iter(shared.of(ref.key)), None) if ref.shared else found.get(ref.key)
        return None if other is None else other.attributes.get(ref.attribute)

    for each in stack.order:
        identity, attributes = known[each.key]
        found[each.key] = Found(id=identity, value=resolve(each, attribute), attributes=attributes)
    return Observed(tuple(found.values()))


def changes_members_only(plan: Plan) -> bool:
    """Tell whether a plan does nothing but let members of objects with known ids come and go."""
    return all(
        change.action is Action.UPDATE
        and change.found is not None
        and change.found.id
        and all(each.members for each in change.fields)
        for change in plan
    )
