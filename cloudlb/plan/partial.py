"""The part of a plan that only adds: what shared resources get before those who need it run.

Shared resources grow first, so that nobody's new traffic meets a shut door, and shrink last, so that nobody's old
traffic does. The full plan, made anew after the growth, is the second half.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

from cloudlb.plan.change import Action, Change, FieldChange, Plan, Reason
from cloudlb.plan.resource import Found, Key, Resource, exclusive_values


def growth(plan: Plan) -> Plan:
    """Return what a plan adds.

    | change                                   | in growth                                              |
    |------------------------------------------|--------------------------------------------------------|
    | create                                   | the same, unless it takes what somebody else still holds |
    | update that adds members                 | an update to the union of old and new members          |
    | any other update                         | nothing: a setting changes for those who use it now    |
    | replace beside the old object            | create; the old object stays                           |
    | replace that must delete first           | nothing                                                |
    | delete                                   | nothing                                                |

    What depends on something that is left out for now is left out as well. Objects that stay are in `kept`.
    """
    depends = dict(plan.depends)
    held = frozenset(
        value for change in plan if change.found is not None for value in _held(change.found.value)
    )
    late = frozenset(
        change.key for change in plan if change.interrupts or not held.isdisjoint(_taken(change))
    )
    changes = tuple(
        grown
        for change in plan
        if change.key not in late and late.isdisjoint(depends.get(change.key, frozenset()))
        for grown in _grown(change)
    )
    keys = frozenset(change.key for change in changes)
    return Plan(
        changes=changes,
        kept=(*plan.kept, *_staying(plan, changes)),
        depends=tuple(_among(keys, depends)),
    )


def _held(resource: Resource) -> Iterator[tuple[str, object]]:
    for value in exclusive_values(resource):
        yield resource.KIND, value


def _taken(change: Change) -> Iterator[tuple[str, object]]:
    """Yield what the creation in a change needs for itself alone."""
    if change.desired is not None and change.action in (Action.CREATE, Action.REPLACE):
        yield from _held(change.desired)


def _grown(change: Change) -> Iterator[Change]:
    match change.action, change.found, change.desired:
        case Action.CREATE, _, _:
            yield change
        case Action.REPLACE, _, _:
            yield dataclasses.replace(
                change,
                action=Action.CREATE,
                found=None,
                fields=(),
                reason=Reason.MISSING,
                moves_address=False,
                absorbed=False,
            )
        case Action.UPDATE, Found() as found, Resource():
            fields = tuple(_additions(change))
            if fields:
                unions = {each.field: each.new for each in fields}
                desired = dataclasses.replace(found.value, **unions)
                yield dataclasses.replace(change, desired=desired, fields=fields)


def _additions(change: Change) -> Iterator[FieldChange]:
    for each in change.fields:
        if each.members and isinstance(each.old, frozenset) and isinstance(each.new, frozenset):
            union = each.old | each.new
            if union != each.old:
                yield dataclasses.replace(each, new=union)


def _staying(plan: Plan, changes: tuple[Change, ...]) -> Iterator[Found[Any]]:
    updated = {id(change.found) for change in changes if change.found is not None}
    for change in plan:
        if change.found is not None and id(change.found) not in updated:
            yield change.found


def _among(
    keys: frozenset[Key], depends: dict[Key, frozenset[Key]]
) -> Iterator[tuple[Key, frozenset[Key]]]:
    for key, needed in depends.items():
        if key in keys:
            yield key, needed & keys
