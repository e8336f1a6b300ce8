"""Values of resources' fields as text for people and as plain data for JSON.

Whatever the value, nothing here raises: a plan must be readable above all when something in it is odd. Sets come out
sorted, control characters escaped, what is too long shortened in the middle.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from cloudlb.plan.resource import Ref

UNKNOWN = "(known after apply)"
HIDDEN = "(secret)"
NOTHING = "(none)"

LONGEST = 100
"""Characters of one value, at most."""
FEW = 5
"""Items of a collection that is shown within a line, at most."""
_DEEPEST = 8


def text(value: object, *, longest: int = LONGEST) -> str:
    """Return a value as a person reads it, on one line."""
    return shortened(_text(value, _DEEPEST), longest)


def escaped(raw: str) -> str:
    """Write characters that do not print (control characters, marks that turn text around) as escapes."""
    if raw.isprintable():
        return raw
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in raw
    )


def shortened(raw: str, longest: int = LONGEST) -> str:
    """Cut from the middle of a text what is too long: ids often differ at their ends."""
    if len(raw) <= longest:
        return raw
    head = (longest - 1) // 2
    tail = longest - 1 - head
    return f"{raw[:head]}…{raw[len(raw) - tail :]}"


def listed(parts: Iterable[str], most: int = FEW) -> str:
    """Join parts with commas; of many, show the first and count the others."""
    shown = list(parts)
    more = len(shown) - most
    return ", ".join(shown if more <= 0 else [*shown[:most], f"and {more} more"])


def in_order(items: Iterable[Any]) -> list[Any]:
    """Sort the items of a set: as they sort themselves, else by what they look like."""
    found = list(items)
    try:
        return sorted(found)
    except Exception:  # noqa: BLE001  (a value's own comparison may raise anything)
        return sorted(found, key=lambda each: (type(each).__name__, _text(each, _DEEPEST)))


def holds_ref(value: object) -> bool:
    """Tell whether a value, or anything in it, is not known before the apply."""
    if isinstance(value, Ref):
        return True
    return isinstance(value, tuple | frozenset) and any(map(holds_ref, value))


def is_empty(value: object) -> bool:
    """Tell whether a value says nothing: None, an empty text, an empty collection."""
    return value is None or (isinstance(value, str | tuple | frozenset) and not value)


def struct_of(value: object) -> dict[str, object] | None:
    """Return the fields of a struct; None for what is none."""
    if isinstance(value, type):
        return None
    if dataclasses.is_dataclass(value):
        return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
    names = getattr(type(value), "__struct_fields__", None)
    return None if names is None else {name: getattr(value, name) for name in names}


def plain(value: object) -> Any:  # noqa: ANN401  (JSON)
    """Return a value as JSON has it: refs as `{"ref": …}`, structs as objects, sets as sorted lists."""
    try:
        return _plain(value, _DEEPEST)
    except Exception:  # noqa: BLE001  (see the module's docstring)
        return _foreign(value)


def plain_pairs(value: object) -> Any:  # noqa: ANN401
    """Return a tuple of (name, value) pairs as a JSON object."""
    try:
        return {str(name): plain(each) for name, each in value}  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001  (see the module's docstring)
        return plain(value)


def _text(value: object, depth: int) -> str:
    try:
        return _known_text(value, depth) if depth else "…"
    except Exception:  # noqa: BLE001  (see the module's docstring)
        return _foreign(value)


def _known_text(value: object, depth: int) -> str:  # noqa: PLR0911  (one return a kind of value)
    match value:
        case None:
            return NOTHING
        case bool():
            return "true" if value else "false"
        case Enum():
            return _text(value.value, depth - 1)
        case str():
            return _quoted(value)
        case tuple() | list():
            return f"[{listed(_text(each, depth - 1) for each in value)}]"
        case frozenset() | set():
            return f"{{{listed(_text(each, depth - 1) for each in in_order(value))}}}"
        case Mapping():
            return _fields_text(value, depth)
    fields = struct_of(value)
    if fields is not None and type(value).__str__ is object.__str__:
        return _fields_text(fields, depth)
    return escaped(str(value))


def _quoted(value: str) -> str:
    if value and not any(each.isspace() or each in "\"'()=," for each in value):
        return escaped(value)
    return f'"{escaped(value)}"'


def _fields_text(fields: Mapping[Any, object], depth: int) -> str:
    pairs = (
        f"{escaped(str(name))}={_text(value, depth - 1)}"
        for name, value in fields.items()
        if not is_empty(value)
    )
    return f"({' '.join(pairs)})"


def _foreign(value: object) -> str:
    return f"<{type(value).__name__}>"


def _plain(value: object, depth: int) -> Any:  # noqa: ANN401, PLR0911  (one return a kind of value)
    if depth == 0:
        return "…"
    match value:
        case None | bool():
            return value
        case Ref():
            key, name = str(value.key), value.attribute
            return {"ref": {"key": key, "attribute": name, "shared": value.shared}}
        case Enum():
            return _plain(value.value, depth - 1)
        case str() | int():
            return value
        case tuple() | list():
            return [_plain(each, depth - 1) for each in value]
        case frozenset() | set():
            items = [_plain(each, depth - 1) for each in value]
            return sorted(items, key=lambda each: json.dumps(each, sort_keys=True))
    fields = value if isinstance(value, Mapping) else struct_of(value)
    if fields is None:
        return str(value)
    return {str(name): _plain(each, depth - 1) for name, each in fields.items()}
