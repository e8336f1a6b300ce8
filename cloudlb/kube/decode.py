"""From JSON bytes or plain data to wire objects, with an error that says where the data is wrong."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from cloudlb.errors import CloudlbError

T = TypeVar("T")

_AT = re.compile(r"^(?P<message>.*) - at `\$(?P<path>.*)`$", re.DOTALL)
_STRING_MAPS = (
    ("metadata", "labels"),
    ("metadata", "annotations"),
    ("spec", "selector"),
)
_QUOTE = "quote the value: YAML reads it as something other than text"


class DecodeError(CloudlbError):
    """The data is not an object of the kind asked for. `path` is where, as a user writes it; empty at the top."""

    def __init__(self, path: str, message: str, remedy: str = "") -> None:
        """Keep the parts; the text joins place and message."""
        self.path = path
        self.message = message
        self.remedy = remedy
        super().__init__(f"{path}: {message}" if path else message)


def decode(data: bytes, kind: type[T]) -> T:
    """Decode JSON as an API server sends it. Raises DecodeError."""
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError as error:
        raise _translate(error) from error


def convert(data: object, kind: type[T]) -> T:
    """Make an object of plain data (dicts and lists, as a manifest holds them). Raises DecodeError.

    A null counts as absent, except as the value of a label or an annotation, where it is the empty string: that is
    what the API server makes of it.
    """
    if not isinstance(data, Mapping):
        raise DecodeError("", f"expected an object, got {json_type(data)}")
    try:
        return msgspec.convert(_without_nulls(_with_text_maps(data)), type=kind)
    except msgspec.ValidationError as error:
        raise _translate(error) from error
    except RecursionError as error:
        raise DecodeError("", "nested too deeply") from error


def json_type(value: object) -> str:
    """Name a value's type as JSON does, with its article (`a string`, `an object`)."""
    if value is None:
        return "null"
    for types, name in (
        (bool, "a boolean"),
        (int | float, "a number"),
        (str, "a string"),
        (Mapping, "an object"),
    ):
        if isinstance(value, types):
            return name
    return "a list"


def _with_text_maps(data: Mapping[str, Any]) -> dict[str, Any]:
    # msgspec's message would not name the key, and the key is what the user looks for.
    checked = dict(data)
    for outer, inner in _STRING_MAPS:
        parent = checked.get(outer)
        entries = parent.get(inner) if isinstance(parent, Mapping) else None
        if isinstance(parent, Mapping) and isinstance(entries, Mapping):
            path = f"{outer}.{inner}"
            texts = {key: _text(value, f"{path}[{key}]") for key, value in entries.items()}
            checked[outer] = {**parent, inner: texts}
    return checked


def _text(value: object, path: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    nested = isinstance(value, Mapping | list | tuple)
    raise DecodeError(
        path,
        f"expected a string, got {json_type(value)}",
        "write it as one quoted string" if nested else _QUOTE,
    )


def _without_nulls(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(item) for item in value]
    return value


def _translate(error: msgspec.DecodeError) -> DecodeError:
    found = _AT.match(str(error))
    message, path = (found["message"], found["path"]) if found else (str(error), "")
    message = message.replace("Expected", "expected", 1).replace("Object", "object", 1)
    remedy = ""
    if "got `str`" in message and ("`int`" in message or "`bool`" in message):
        remedy = "take the quotes away: the API expects a bare value here"
    return DecodeError(path.removeprefix("."), message.replace("`", ""), remedy)
