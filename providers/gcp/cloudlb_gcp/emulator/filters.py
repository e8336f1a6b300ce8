"""The `filter` of list calls, in both dialects (gcp.md 5.5).

Regex dialect: `name eq k8s-.*`, several in parentheses, all must match whole. AIP-160: `name = "x"`, `labels.k:*`,
`AND`, `OR`, `NOT`, comparison operators. One filter can not mix them.
"""

import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from cloudlb_gcp.emulator.errors import GceError, bad_parameter

Test = Callable[[Mapping[str, Any]], bool]

_ORDERS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}

_OLD = re.compile(
    r"""\s*(?:
        \(\s*(?P<inner>[\w.]+)\s+(?P<inner_op>eq|ne)\s+(?P<inner_value>(?:[^()]|\([^()]*\))+?)\s*\)
        |(?P<field>[\w.]+)\s+(?P<op>eq|ne)\s+(?P<value>"[^"]*"|'[^']*'|\S+)
    )\s*(?:AND\b)?""",
    re.VERBOSE,
)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_TOKEN = re.compile(
    r"""\s*(?:(?P<paren>[()])|(?P<word>AND|OR|NOT)\b|(?P<term>
        (?P<minus>-)?(?P<field>[\w.\-]+)\s*(?P<op>!=|<=|>=|=|<|>|:)\s*
        (?P<value>"[^"]*"|'[^']*'|[^\s()]+)))""",
    re.VERBOSE,
)


def parse(text: str, known: frozenset[str]) -> Test:
    """Make a test of a filter. `known` are the fields that the resources may have. Raises GceError: invalid."""
    if not text.strip():
        return lambda _resource: True
    if re.search(r"\s(eq|ne)\s", _QUOTED.sub("", text)):
        return _regex_dialect(text, known)
    return _Aip(text, known).parsed()


def _bad(text: str) -> GceError:
    return bad_parameter("filter", text, "Invalid list filter expression.")


def _regex_dialect(text: str, known: frozenset[str]) -> Test:
    tests: list[Test] = []
    at = 0
    while at < len(text):
        found = _OLD.match(text, at)
        if found is None:
            raise _bad(text)
        field, op, value = (
            found[word] or found[f"inner_{word}" if word != "field" else "inner"]
            for word in ("field", "op", "value")
        )
        _check_known(field, known, text)
        tests.append(_matches(field, value.strip("\"'"), text, negate=op == "ne"))
        at = found.end()
    return lambda resource: all(test(resource) for test in tests)


def _matches(field: str, pattern: str, text: str, *, negate: bool) -> Test:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise _bad(text) from error

    def test(resource: Mapping[str, Any]) -> bool:
        value = _value(resource, field)
        found = value is not None and compiled.fullmatch(_text(value)) is not None
        return found != negate

    return test


class _Aip:
    """A recursive-descent parser of AIP-160: OR binds tighter than AND, and neighbours without a word are ANDed."""

    def __init__(self, text: str, known: frozenset[str]) -> None:
        self._text = text
        self._known = known
        self._at = 0

    def parsed(self) -> Test:
        test = self._every()
        if self._text[self._at :].strip():
            raise _bad(self._text)
        return test

    def _every(self) -> Test:
        tests = [self._any()]
        while self._take("AND") or self._more():
            tests.append(self._any())
        return lambda resource: all(test(resource) for test in tests)

    def _any(self) -> Test:
        tests = [self._one()]
        while self._take("OR"):
            tests.append(self._one())
        return lambda resource: any(test(resource) for test in tests)

    def _more(self) -> bool:
        """Tell whether another term follows, rather than the end of the text or of a parenthesis."""
        found = self._peek()
        return found is not None and found["paren"] != ")"

    def _one(self) -> Test:
        if self._take("NOT"):
            inner = self._one()
            return lambda resource: not inner(resource)
        if self._take("("):
            inner = self._every()
            if not self._take(")"):
                raise _bad(self._text)
            return inner
        found = self._peek()
        if found is None or not found["term"]:
            raise _bad(self._text)
        self._at = found.end()
        _check_known(found["field"], self._known, self._text)
        test = _compares(found["field"], found["op"], found["value"].strip("\"'"))
        return (lambda resource: not test(resource)) if found["minus"] else test

    def _peek(self) -> re.Match[str] | None:
        return _TOKEN.match(self._text, self._at)

    def _take(self, word: str) -> bool:
        found = self._peek()
        if found is None or word not in (found["paren"], found["word"]):
            return False
        self._at = found.end()
        return True


def _compares(field: str, op: str, wanted: str) -> Test:
    def test(resource: Mapping[str, Any]) -> bool:
        value = _value(resource, field)
        if op == ":":
            return value is not None and (wanted == "*" or _has(value, wanted))
        if op in {"=", "!="}:
            same = value is not None and _equal(value, wanted)
            return same == (op == "=")
        return value is not None and _ordered(value, op, wanted)

    return test


def _equal(value: object, wanted: str) -> bool:
    if "*" in wanted:
        pattern = ".*".join(map(re.escape, wanted.split("*")))
        return re.fullmatch(pattern, _text(value)) is not None
    return _text(value) == wanted


def _has(value: object, wanted: str) -> bool:
    if isinstance(value, list):
        return any(wanted in _text(each) for each in value)
    return wanted.strip("*") in _text(value)


def _ordered(value: object, op: str, wanted: str) -> bool:
    for read in (float, _moment, str):
        try:
            left, right = read(_text(value)), read(wanted)
        except ValueError:
            continue
        # Both are of one type, whichever it is.
        return bool(_ORDERS[op](left, right))
    return False


def _moment(text: str) -> datetime:
    """Read a time; one without a zone is in UTC. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _check_known(field: str, known: frozenset[str], text: str) -> None:
    if field.partition(".")[0] not in known:
        raise _bad(text)


def _value(resource: Mapping[str, Any], field: str) -> object:
    value: Any = resource
    for part in field.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    found: object = value
    return found


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
