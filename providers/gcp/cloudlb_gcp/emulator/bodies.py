"""Request bodies: read, checked field by field against the client library's own messages, and brought into one form.

The library's parser sees to types and to names that are no fields at all. It is laxer than the API in three ways, which
are mended here: it takes Python's names for fields, it takes any word where the API has a list of words, and it takes
numbers written as text.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import ParseError

from cloudlb.testing.wsgi import Request
from cloudlb_gcp.emulator import errors
from cloudlb_gcp.emulator.errors import GceError
from cloudlb_gcp.emulator.routes import LEGACY_CHECKS, Route

Json = dict[str, Any]

_LEGACY_CHECK: Mapping[str, type] = {
    "checkIntervalSec": int,
    "creationTimestamp": str,
    "description": str,
    "healthyThreshold": int,
    "host": str,
    "id": str,
    "kind": str,
    "name": str,
    "port": int,
    "requestPath": str,
    "selfLink": str,
    "timeoutSec": int,
    "unhealthyThreshold": int,
}
_NO_WORDS = ("INVALID", "UNDEFINED_")
"""What the library's enumerations have for what is none of their words."""
_SMALL = frozenset(
    {FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_SINT32}
)
_LARGE = frozenset(
    {FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_UINT64, FieldDescriptor.TYPE_SINT64}
)
_FRACTIONS = frozenset({FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE})


def body_of(route: Route, request: Request) -> Json:
    """Read a request's body. Raises GceError: no JSON, an unknown field, a wrong type, a word that is none of a list.

    null stands for a field that is not given, except in a PATCH, where it takes one back.
    """
    if not request.body:
        return {}
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise _parse_error() from error
    if not isinstance(body, dict):
        raise _parse_error()
    body = _checked(route, request.body, body)
    return body if route.method == "patch" else without_nulls(body)


def without_nulls(value: Any) -> Any:  # noqa: ANN401  (any JSON)
    """Return JSON without the members that are null, at any depth."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [without_nulls(each) for each in value]
    return value


def _checked(route: Route, raw: bytes, body: Json) -> Json:
    if route.service == LEGACY_CHECKS:
        return _checked_legacy(body)
    if route.message is None:
        return body
    try:
        route.message.from_json(raw, ignore_unknown_fields=False)
    except ParseError as error:
        raise _malformed(str(error)) from error
    return _read(route.message.meta.pb.DESCRIPTOR, body, "")


def _checked_legacy(body: Json) -> Json:
    for name, value in sorted(body.items()):
        if name not in _LEGACY_CHECK:
            raise _unknown_field(name, "")
        if value is not None and type(value) is not _LEGACY_CHECK[name]:
            raise _wrong_type(name)
    return body


def _read(message: Any, body: Mapping[str, Any], at: str) -> Json:  # noqa: ANN401  (a descriptor)
    """Read a message's members; `at` is where it is in the body: empty, or ending in a dot."""
    fields = _fields(message)
    found: Json = {}
    for name, value in body.items():
        if name not in fields:
            raise _unknown_field(name, at.removesuffix("."))
        found[name] = None if value is None else _member(fields[name], value, at + name)
    return found


def _member(field: Any, value: Any, at: str) -> Any:  # noqa: ANN401  (a descriptor and any JSON)
    # The library's parser takes any empty value for a message, a list or a map.
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return _of_type(dict, value, at)
    if field.is_repeated:
        _of_type(list, value, at)
        return [
            without_nulls(_single(field, each, f"{at}[{number}]"))
            for number, each in enumerate(value)
        ]
    return _single(field, value, at)


def _single(field: Any, value: Any, at: str) -> Any:  # noqa: ANN401  (a descriptor and any JSON)
    if field.message_type is not None:
        return _read(field.message_type, _of_type(dict, value, at), at + ".")
    words = _words(field)
    if words and value not in words:
        raise errors.invalid(at, value, f"Must be one of {', '.join(words)}.")
    if field.type in _SMALL:
        return int(value)
    if field.type in _LARGE:
        return str(int(value))
    return float(value) if field.type in _FRACTIONS else value


def _of_type(kind: type, value: Any, at: str) -> Any:  # noqa: ANN401  (any JSON)
    if not isinstance(value, kind):
        raise _wrong_type(at)
    return value


@cache
def _fields(message: Any) -> Mapping[str, Any]:  # noqa: ANN401  (a descriptor)
    return {field.json_name: field for field in message.fields}


@cache
def _words(field: Any) -> tuple[str, ...]:  # noqa: ANN401  (a descriptor)
    """Return the words that a field of text may have; none where it may have any.

    The library's messages have strings there, and beside each an enumeration that is named after the field.
    """
    name = "".join(part[:1].upper() + part[1:] for part in field.name.split("_"))
    there = field.containing_type.enum_types_by_name
    for each in (name, f"{field.json_name}Enum", name.removesuffix("s")):
        if each in there:
            words = (value.name for value in there[each].values)
            return tuple(word for word in words if not word.startswith(_NO_WORDS))
    return ()


def _malformed(said: str) -> GceError:
    """Translate what the library's parser says."""
    if (name := _quoted(said, 'has no field named "')) is not None:
        return _unknown_field(name, "")
    if said.startswith("Failed to parse "):
        return _wrong_type(said.split()[3])
    return errors.bad_request("Invalid JSON payload received. A field has the wrong type.")


def _quoted(text: str, before: str) -> str | None:
    _, found, rest = text.partition(before)
    return rest.partition('"')[0] if found else None


def _wrong_type(name: str) -> GceError:
    return errors.bad_request(f"Invalid value at 'resource.{name}': wrong type")


def _unknown_field(name: str, at: str) -> GceError:
    where = f"resource.{at}" if at else "resource"
    return errors.bad_request(
        f"Invalid JSON payload received. Unknown name \"{name}\" at '{where}': Cannot find field."
    )


def _parse_error() -> GceError:
    return GceError(400, "parseError", "Parse Error")
