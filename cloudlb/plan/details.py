"""What is to be said below a change: the facts of what is made, and old → new of what differs.

Pure text without indentation or colour; `render` lays it out.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cloudlb.plan.change import Action, Change, FieldChange
from cloudlb.plan.resource import Ref, Resource, meanings, pair_fields
from cloudlb.plan.values import (
    HIDDEN,
    NOTHING,
    UNKNOWN,
    holds_ref,
    in_order,
    is_empty,
    listed,
    struct_of,
    text,
)

MANY = 10
"""Members added, or removed, that are shown one a line."""
_SWITCHED_OFF = frozenset({"", "0", "false", "off", "none", "disabled"})


@dataclass(frozen=True, slots=True)
class Detail:
    """One line: what it is about (empty if the line above says it), a sign (`+`, `-` or none), and the rest."""

    label: str
    sign: str
    text: str


def facts(resource: Resource, *, verbose: bool) -> Iterator[str]:
    """Yield `field=value` for what a person wants to know of an object that is to be made.

    What is empty, ordinary, at its default or switched off is left out, and what it is a part of, unless `verbose`.
    """
    ordinary = {} if verbose else resource.ordinary()
    pairs = pair_fields(type(resource))
    defaults = {each.name: each.default for each in dataclasses.fields(resource)}
    for name, meaning in meanings(type(resource)).items():
        value = getattr(resource, name)
        if not verbose and (meaning.part_of or is_empty(value) or _equal(value, defaults[name])):
            continue
        if meaning.secret:
            yield f"{name}={HIDDEN}"
        elif name in pairs:
            said = _pairs(ordinary.get(name, ()))
            yield from _pair_facts(name, value, said, verbose=verbose)
        elif name in ordinary and _equal(value, ordinary[name]):
            continue
        elif meaning.members and isinstance(value, tuple | frozenset):
            yield f"{name}={_counted(value, verbose=verbose)}"
        else:
            yield f"{name}={text(value)}"


def _equal(value: object, default: object) -> bool:
    """Compare with a default; a bool is never boring because it equals a number."""
    return type(value) is type(default) and value == default


def _pair_facts(
    name: str, value: object, ordinary: Mapping[str, object], *, verbose: bool
) -> Iterator[str]:
    for key, each in _pairs(value).items():
        if key in ordinary and ordinary[key] == each:
            continue
        if verbose or not _is_off(each):
            yield f"{name}.{key}={text(each)}"


def _is_off(value: object) -> bool:
    simple = value is None or isinstance(value, str | int)
    return simple and str(value).lower() in _SWITCHED_OFF


def _counted(value: Any, *, verbose: bool) -> str:  # noqa: ANN401
    most = len(value) if verbose else 3
    return f"{len(value)} ({listed((text(each) for each in in_order(value)), most)})"


def details(change: Change, *, verbose: bool = False) -> Iterator[Detail]:
    """Yield what differs, in the order of the fields.

    Of a replacement, that it turns to other new objects goes without saying, unless `verbose`.
    """
    pairs = frozenset() if change.desired is None else pair_fields(type(change.desired))
    for each in change.fields:
        if change.action is Action.REPLACE and isinstance(each.new, Ref) and not verbose:
            continue
        yield from _field_details(each, as_pairs=each.field in pairs)


def _field_details(change: FieldChange, *, as_pairs: bool) -> Iterator[Detail]:
    old, new = change.old, change.new
    if change.secret:
        yield Detail(change.field, "", f"{HIDDEN} → {HIDDEN}, another one")
        return
    if as_pairs:
        yield from _by_name(change.field, _pairs(old), _pairs(new))
    elif _is_set(old) and _is_set(new):
        yield from _members(change.field, old, new)
    elif (fields := _both_structs(old, new)) is not None:
        yield from _by_name(change.field, *fields)
    else:
        yield Detail(change.field, "", f"{text(old)} → {_new(new)}")


def _is_set(value: object) -> bool:
    """Tell whether order does not matter to a reader: sets, and tuples of structs."""
    if isinstance(value, frozenset):
        return True
    return isinstance(value, tuple) and all(struct_of(each) is not None for each in value)


def _both_structs(
    old: object, new: object
) -> tuple[Mapping[str, object], Mapping[str, object]] | None:
    if type(old) is not type(new):
        return None
    before, after = struct_of(old), struct_of(new)
    return None if before is None or after is None else (before, after)


def _by_name(field: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[Detail]:
    for name in dict.fromkeys((*old, *new)):
        if name not in old:
            yield Detail(f"{field}.{name}", "", f"{NOTHING} → {_new(new[name])}")
        elif name not in new:
            yield Detail(f"{field}.{name}", "", f"{text(old[name])} → {NOTHING}")
        elif old[name] != new[name]:
            yield Detail(f"{field}.{name}", "", f"{text(old[name])} → {_new(new[name])}")


def _members(field: str, old: Any, new: Any) -> Iterator[Detail]:  # noqa: ANN401
    added = [each for each in in_order(new) if each not in old]
    removed = [each for each in in_order(old) if each not in new]
    if not added and not removed:
        yield Detail(field, "", f"{text(old)} → {_new(new)}")
        return
    label = field
    for sign, items in (("+", added), ("-", removed)):
        for each in items[:MANY]:
            yield Detail(label, sign, _new(each))
            label = ""
        if len(items) > MANY:
            yield Detail("", sign, f"and {len(items) - MANY} more")


def _new(value: object) -> str:
    return f"{text(value)} {UNKNOWN}" if holds_ref(value) else text(value)


def _pairs(value: object) -> dict[str, object]:
    """Read (name, value) pairs; what is none of these is kept whole, under its place."""
    found: dict[str, object] = {}
    for place, each in enumerate(value if isinstance(value, tuple | frozenset) else (value,)):
        match each:
            case (name, content):
                found[text(name)] = content
            case _:
                found[str(place)] = each
    return found
