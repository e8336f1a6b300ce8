"""YAML 1.2 as plain data: dicts, lists, str, int, float, bool and None, with the line of every entry.

The syntax is ruamel.yaml's (its C parser where the platform has it); what a scalar means is decided here by the core
schema of YAML 1.2: `yes`, `on` and dates are text, `0123` is the number 123, only `true` and `false` are booleans.
Merge keys (`<<`) work, as users of kubectl expect. Nothing here knows Kubernetes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

MAX_DEPTH = 100
MAX_NODES = 2_000_000
"""Nodes of one stream, with every alias counted as what it stands for: a guard against documents that explode."""

Scalar = None | bool | int | float | str

# ruamel.yaml's events have attributes that their types do not tell.
_Event = Any

_TAG = "tag:yaml.org,2002:"
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class YamlError(Exception):
    """The text is not YAML, or says something that has no meaning as data. `line` and `column` count from 1."""

    def __init__(self, message: str, *, line: int, column: int) -> None:
        """Keep the parts; the text joins them."""
        self.message = message
        self.line = line
        self.column = column
        super().__init__(f"line {line}, column {column}: {message}")


class YamlMap(dict[str, Any]):
    """A mapping that knows the line of each of its keys."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self.lines: dict[str, int] = {}


class YamlList(list[Any]):
    """A sequence that knows the line of each of its items."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self.lines: list[int] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlDocument:
    """One document of a stream: its value, and the line it begins at."""

    value: Any
    line: int


def read(text: str) -> Iterator[YamlDocument]:
    """Yield the documents of a YAML stream, the empty ones as None. Raises YamlError.

    What precedes a fault is yielded first.
    """
    try:
        yield from _Reader(text).documents()
    except MarkedYAMLError as error:
        raise _translate(error, text) from error
    except (YAMLError, UnicodeError) as error:
        raise _unreadable(text) from error


def scalar(text: str) -> Scalar:
    """Return what a plain scalar means by the core schema (YAML 1.2.2, section 10.3.2)."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _SPECIAL_FLOAT.fullmatch(text):
        return float(text.replace(".", ""))
    return text


class _Reader:
    """Builds values from parser events, one document after the other."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[_Event] = iter(YAML(typ="safe").parse(text))
        self._anchors: dict[str, tuple[object, int]] = {}
        self._nodes = 0

    def documents(self) -> Iterator[YamlDocument]:
        for event in self._events:
            if isinstance(event, StreamEndEvent):
                return
            if isinstance(event, DocumentStartEvent):
                self._anchors.clear()
                first = next(self._events)
                yield YamlDocument(value=self._node(first, depth=0), line=_line(first))

    def _node(self, event: _Event, *, depth: int) -> object:
        before = self._nodes
        self._count(1, event)
        if isinstance(event, AliasEvent):
            return self._alias(event)
        if depth > MAX_DEPTH:
            raise _fault(f"nested deeper than {MAX_DEPTH} levels", event)
        if isinstance(event, ScalarEvent):
            value: object = _scalar_value(event)
        elif isinstance(event, SequenceStartEvent):
            value = self._sequence(event, depth)
        else:
            value = self._mapping(event, depth)
        if event.anchor:
            self._anchors[event.anchor] = (value, self._nodes - before)
        return value

    def _alias(self, event: AliasEvent) -> object:
        if event.anchor not in self._anchors:
            raise _fault(
                f"the alias *{event.anchor} has no anchor &{event.anchor} before it", event
            )
        value, size = self._anchors[event.anchor]
        self._count(size, event)
        return value

    def _count(self, nodes: int, event: Event) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise _fault("the aliases expand to too much data", event)

    def _sequence(self, start: _Event, depth: int) -> YamlList:
        _check_tag(start, "seq")
        result = YamlList()
        while not _ends(event := next(self._events)):
            result.lines.append(_line(event))
            result.append(self._node(event, depth=depth + 1))
        return result

    def _mapping(self, start: _Event, depth: int) -> YamlMap:
        _check_tag(start, "map")
        result = YamlMap()
        merged: list[object] = []
        while not _ends(event := next(self._events)):
            key = _key(event)
            if key in result:
                raise _fault(f"the key {key!r} is there twice", event)
            value = self._node(next(self._events), depth=depth + 1)
            if key == "<<" and event.implicit[0]:
                merged.extend(value if isinstance(value, list) else [value])
                continue
            result[key] = value
            result.lines[key] = _line(event)
        for source in merged:
            _merge(result, source, start)
        return result


def _merge(into: YamlMap, source: object, start: Event) -> None:
    if not isinstance(source, YamlMap):
        raise _fault("a merge key (<<) takes a mapping or a list of mappings", start)
    for key, value in source.items():
        if key not in into:
            into[key] = value
            into.lines[key] = source.lines[key]


def _ends(event: Event) -> bool:
    return type(event).__name__.endswith("EndEvent")


def _key(event: Event) -> str:
    if not isinstance(event, ScalarEvent):
        raise _fault("a key must be plain text", event)
    return str(event.value)


def _scalar_value(event: ScalarEvent) -> Scalar:
    text = str(event.value)
    tag = event.tag
    if tag is None:
        return _plain(text, event) if event.implicit[0] else text
    kind = tag.removeprefix(_TAG)
    if kind in ("!", "str"):
        return text
    value = _plain(text, event)
    expected: dict[str, tuple[type, ...]] = {
        "null": (type(None),),
        "bool": (bool,),
        "int": (int,),
        "float": (float, int),
    }
    if kind not in expected:
        raise _fault(f"the tag {tag.replace(_TAG, '!!')} has no meaning here", event)
    if type(value) not in expected[kind]:
        raise _fault(f"{text!r} is not of the type that its tag !!{kind} says", event)
    return value


def _plain(text: str, event: Event) -> Scalar:
    try:
        return scalar(text)
    except ValueError as error:
        raise _fault("a number with too many digits", event) from error


def _integer(text: str) -> int:
    if text.startswith("0o"):
        return int(text, 8)
    return int(text, 16) if text.startswith("0x") else int(text)


def _check_tag(event: _Event, expected: str) -> None:
    if event.tag not in (None, "!", _TAG + expected):
        raise _fault(f"the tag {event.tag.replace(_TAG, '!!')} has no meaning here", event)


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1


def _fault(message: str, event: Event) -> YamlError:
    return YamlError(message, line=_line(event), column=int(event.start_mark.column) + 1)


def _unreadable(text: str) -> YamlError:
    found = _UNPRINTABLE.search(text)
    if found is None:
        return YamlError("not YAML", line=1, column=1)
    at = found.start()
    return YamlError(
        f"the character U+{ord(found[0]):04X} is not allowed",
        line=text.count("\n", 0, at) + 1,
        column=at - text.rfind("\n", 0, at),
    )


def _translate(error: MarkedYAMLError, text: str) -> YamlError:
    mark = error.problem_mark or error.context_mark
    # The C parser leaves either of the two empty, depending on the fault.
    message = ", ".join(part for part in (error.context, error.problem) if part)
    message = message or str(error).splitlines()[0]
    if mark is None:
        return YamlError(message, line=1, column=1)
    lines = text.splitlines()[mark.line : mark.line + 1]
    if any("\t" in line[: len(line) - len(line.lstrip())] for line in lines):
        message += " (indent with spaces, not tabs)"
    return YamlError(message, line=mark.line + 1, column=mark.column + 1)
