"""JSON as plain data: one value, or several one after the other, as kubectl accepts."""

import json
from typing import Any, NoReturn

from cloudlb.kube.yaml_reader import YamlDocument, YamlError


def read(text: str) -> list[YamlDocument]:
    """Return the values of a JSON text. Raises YamlError, whose line and column are those of the fault."""
    found = []
    at = _skip_space(text, 0)
    while at < len(text):
        try:
            value, end = _DECODER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise YamlError(error.msg, line=error.lineno, column=error.colno) from error
        except (ValueError, RecursionError) as error:
            raise _fault(_reason(error), text, at) from error
        found.append(YamlDocument(value=value, line=text.count("\n", 0, at) + 1))
        at = _skip_space(text, end)
    return found


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error)


def _fault(message: str, text: str, at: int) -> YamlError:
    line = text.count("\n", 0, at) + 1
    return YamlError(message, line=line, column=at - text.rfind("\n", 0, at))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} is there twice")
    return result


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)
