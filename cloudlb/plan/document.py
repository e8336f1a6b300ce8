"""Plans as JSON, for other programs: the same as `render` says, in a form that stays (docs/plan-json.md)."""

import json
from collections.abc import Iterable
from typing import Any

from cloudlb.model import Problem
from cloudlb.plan.change import Action, Change, FieldChange
from cloudlb.plan.render import Section, Totals, calls, totals
from cloudlb.plan.resource import Resource, meanings, pair_fields
from cloudlb.plan.values import holds_ref, plain, plain_pairs

FORMAT = "cloudlb.io/plan/v1"
"""Changes when a program that reads the document would have to change."""

Json = dict[str, Any]


def document(sections: Iterable[Section]) -> Json:
    """Return plans as plain data, the same for the same plans."""
    given = tuple(sections)
    return {
        "format": FORMAT,
        "objects": [_object(section) for section in given],
        "summary": _summary(sum(map(totals, given), Totals())),
    }


def dumps(sections: Iterable[Section]) -> str:
    """Return plans as the text of a JSON document."""
    return json.dumps(document(sections), indent=2, allow_nan=False)


def _object(section: Section) -> Json:
    return {
        "owner": section.owner_path,
        "note": section.note,
        "problems": [_problem(each) for each in section.problems],
        "changes": [_change(section, each) for each in section.plan],
        "summary": _summary(totals(section)),
    }


def _problem(problem: Problem) -> Json:
    return {
        "severity": problem.severity.value,
        "reason": problem.reason,
        "path": problem.path,
        "message": problem.message,
        "remedy": problem.remedy,
    }


def _change(section: Section, change: Change) -> Json:
    return {
        "action": change.action.value,
        "key": str(change.key),
        "id": None if change.found is None else str(change.found.id),
        "reason": str(change.reason),
        "interrupts": change.interrupts,
        "movesAddress": change.moves_address,
        "absorbed": change.absorbed,
        "apiCalls": calls(section, change),
        "fields": _fields(change),
    }


def _fields(change: Change) -> list[Json]:
    if change.desired is None:
        return []
    pairs = pair_fields(type(change.desired))
    fields = _made(change.desired) if change.action is Action.CREATE else change.fields
    return [_field(each, as_pairs=each.field in pairs) for each in fields]


def _made(desired: Resource) -> Iterable[FieldChange]:
    """Return every field of an object that is to be made, as if it differed from nothing."""
    for name, meaning in meanings(type(desired)).items():
        yield FieldChange(name, None, getattr(desired, name), secret=meaning.secret)


def _field(change: FieldChange, *, as_pairs: bool) -> Json:
    old, new = (
        None if change.secret or value is None else plain_pairs(value) if as_pairs else plain(value)
        for value in (change.old, change.new)
    )
    return {
        "field": change.field,
        "old": old,
        "new": new,
        "knownAfterApply": holds_ref(change.new),
        "sensitive": change.secret,
    }


def _summary(total: Totals) -> dict[str, int]:
    return {
        "create": total.create,
        "update": total.update,
        "replace": total.replace,
        "delete": total.delete,
        "apiCalls": total.api_calls,
    }
