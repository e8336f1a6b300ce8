"""The part of a plan that only adds: for what many owners share, which grows before an owner changes and shrinks after."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cloudlb.plan.change import Action, Change, FieldChange, Plan
from cloudlb.plan.resource import Found


def growth(plan: Plan) -> Plan:
    """Return what a plan adds: creations, and members that come. Nothing is removed, replaced or set otherwise."""
    changes = tuple(_growing(plan))
    changed = frozenset(change.key for change in changes)
    return Plan(
        changes=changes,
        kept=(*plan.kept, *_left_alone(plan, changes)),
        depends=tuple((key, needed & changed) for key, needed in plan.depends if key in changed),
    )


def _growing(plan: Plan) -> Iterator[Change]:
    for change in plan:
        if change.action is Action.CREATE:
            yield change
        elif change.action is Action.UPDATE:
            grown = _grown(change)
            if grown.fields:
                yield grown


def _grown(change: Change) -> Change:
    """Let members come and none go; leave every other field as it is."""
    fields = tuple(
        FieldChange(each.field, each.old, each.old | each.new, each.secret, each.members)
        for each in change.fields
        if each.members
        and isinstance(each.old, frozenset)
        and isinstance(each.new, frozenset)
        and not each.new <= each.old
    )
    if change.found is None:
        return change
    desired = replace(change.found.value, **{each.field: each.new for each in fields})
    return replace(change, fields=fields, desired=desired)


def _left_alone(plan: Plan, changes: tuple[Change, ...]) -> Iterator[Found[Any]]:
    """Yield what exists and is not touched now: refs may still lead to it."""
    touched = {id(change.found) for change in changes}
    for change in plan:
        if change.found is not None and id(change.found) not in touched:
            yield change.found
