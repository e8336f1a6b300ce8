"""Plans as a person wants to read them before a change: one block an object, then what it comes to.

Pure: gives lines with a style each, which the caller colours where there is a terminal. `document` has the same as JSON.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cloudlb.model import Problem, Severity, errors
from cloudlb.plan.change import UNCHANGED, Action, Change, Plan, Reason
from cloudlb.plan.details import Detail, details, facts
from cloudlb.plan.links import Links
from cloudlb.plan.values import escaped, listed

WIDTH = 100
"""Columns within which facts are wrapped."""
_WIDEST_KEY = 40
_FIELD_INDENT = "      "


class Style(StrEnum):
    """What a line is, for its colour."""

    OBJECT = "object"
    NOTE = "note"
    ERROR = "error"
    WARNING = "warning"
    REMEDY = "remedy"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    FIELD = "field"
    ADDED = "added"
    REMOVED = "removed"
    BLANK = "blank"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class Line:
    """One line, indentation and sign included, without escape codes."""

    style: Style
    text: str

    def __str__(self) -> str:
        """Return the text."""
        return self.text


def one_call(change: Change) -> int:
    """Count one call for each object made, changed or deleted."""
    return 2 if change.action is Action.REPLACE and not change.absorbed else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One object's block: its plan and what a person should know about it.

    `cost` counts the API calls of a change, and is not asked for what costs none (`Change.absorbed` deletions). `note`
    says in words why there is nothing to do.
    """

    owner_path: str
    plan: Plan = UNCHANGED
    problems: tuple[Problem, ...] = ()
    cost: Callable[[Change], int] = one_call
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What plans come to: objects of the cloud by action (those that go with their whole included), and API calls."""

    create: int = 0
    update: int = 0
    replace: int = 0
    delete: int = 0
    api_calls: int = 0

    def __bool__(self) -> bool:
        """Tell whether there is anything to do."""
        return bool(self.create or self.update or self.replace or self.delete)

    def __add__(self, other: "Totals") -> "Totals":
        """Sum up."""
        return Totals(
            create=self.create + other.create,
            update=self.update + other.update,
            replace=self.replace + other.replace,
            delete=self.delete + other.delete,
            api_calls=self.api_calls + other.api_calls,
        )

    def __str__(self) -> str:
        """`6 to create, 1 to delete`, or `nothing to do`."""
        counts = (
            (self.create, "create"),
            (self.update, "update"),
            (self.replace, "replace"),
            (self.delete, "delete"),
        )
        return ", ".join(f"{count} to {verb}" for count, verb in counts if count) or "nothing to do"


def totals(section: Section) -> Totals:
    """Count what one plan comes to."""
    counts: dict[str, int] = defaultdict(int)
    for change in section.plan:
        counts[change.action.value] += 1
        counts["api_calls"] += calls(section, change)
    return Totals(**counts)


def calls(section: Section, change: Change) -> int:
    """Count the API calls of one change."""
    free = change.absorbed and change.action is Action.DELETE
    return 0 if free else section.cost(change)


def lines(sections: Iterable[Section], *, verbose: bool = False) -> tuple[Line, ...]:
    """Return all blocks, a blank line after each, and the closing line."""
    given = tuple(sections)
    found: list[Line] = []
    for section in given:
        found += block(section, verbose=verbose)
        found.append(Line(Style.BLANK, ""))
    return (*found, closing(given))


def closing(sections: Sequence[Section]) -> Line:
    """Return the last line: what all plans come to."""
    total = sum(map(totals, sections), Totals())
    broken = sum(bool(errors(section.problems)) for section in sections)
    refused = f"{_objects(broken)} can not be provisioned as {'it stands' if broken == 1 else 'they stand'}"
    if not total:
        return Line(Style.SUMMARY, f"No changes: {refused}." if broken else "Nothing to do.")
    concerned = sum(bool(section.plan) for section in sections)
    said = f"Plan: {total} in {_objects(concerned)}; {_api_calls(total.api_calls)}."
    return Line(Style.SUMMARY, f"{said} {refused}." if broken else said)


def _objects(count: int) -> str:
    return "1 object" if count == 1 else f"{count} objects"


def _api_calls(count: int) -> str:
    return "1 API call" if count == 1 else f"{count} API calls"


def block(section: Section, *, verbose: bool = False) -> Iterator[Line]:
    """Yield the lines of one object."""
    yield Line(Style.OBJECT, f"{escaped(section.owner_path)}: {_headline(section)}")
    for problem in section.problems:
        yield from _problem(problem)
    yield from _Changes(section.plan, verbose=verbose).lines()


def _headline(section: Section) -> str:
    total = totals(section)
    if total:
        return str(total)
    if errors(section.problems):
        return "can not be provisioned as it stands"
    return escaped(section.note) or str(total)


def _problem(problem: Problem) -> Iterator[Line]:
    is_error = problem.severity is Severity.ERROR
    label, style = ("error", Style.ERROR) if is_error else ("warning", Style.WARNING)
    yield Line(style, f"  ! {label}: {escaped(problem.path)}: {escaped(problem.message)}")
    if problem.remedy:
        yield Line(Style.REMEDY, f"    → {escaped(problem.remedy)}")


class _Changes:
    """Lays out the changes of one plan, with their keys in one column."""

    def __init__(self, plan: Plan, *, verbose: bool) -> None:
        self._parts = _parts(plan)
        told = {id(part) for parts in self._parts.values() for part in parts}
        self._changes = [change for change in plan if id(change) not in told]
        self._verbose = verbose
        widest = max((len(escaped(change.key)) for change in self._changes), default=0)
        self._column = min(widest, _WIDEST_KEY)

    def lines(self) -> Iterator[Line]:
        for change in self._changes:
            match change.action:
                case Action.CREATE:
                    yield from self._created(change)
                case Action.UPDATE:
                    yield Line(Style.UPDATE, self._headed("~", change, _disturbance(change)))
                    yield from self._fields(change)
                case Action.REPLACE:
                    yield Line(Style.REPLACE, self._headed("±", change, self._why(change)))
                    yield from self._fields(change)
                case Action.DELETE:
                    yield Line(Style.DELETE, self._headed("-", change, self._why(change)))

    def _headed(self, sign: str, change: Change, rest: str = "") -> str:
        return f"  {sign} {escaped(change.key):<{self._column}}  {rest}".rstrip()

    def _created(self, change: Change) -> Iterator[Line]:
        said = [] if change.desired is None else [*facts(change.desired, verbose=self._verbose)]
        if change.interrupts:
            said.insert(0, f"({self._why(change)})")
        indent = " " * len(self._headed("+", change, "x")[:-1])
        first, *others = _wrapped(said, WIDTH - len(indent)) or [""]
        yield Line(Style.CREATE, self._headed("+", change, first))
        yield from (Line(Style.CREATE, indent + each) for each in others)

    def _fields(self, change: Change) -> Iterator[Line]:
        found = list(details(change, verbose=self._verbose))
        column = min(max((len(each.label) for each in found), default=0), _WIDEST_KEY)
        yield from (_field(each, column) for each in found)

    def _why(self, change: Change) -> str:
        said = [] if change.reason == Reason.UNWANTED else [change.reason]
        if change.interrupts:
            said.append("interrupts traffic")
        if change.moves_address:
            said.append("the address changes")
        parts = [str(part.key) for part in self._parts.get(id(change), ())]
        if parts:
            said.append(f"with {listed(parts, len(parts))}")
        return escaped(" — ".join(filter(None, said)))


def _disturbance(change: Change) -> str:
    """Say what an update does to traffic, if anything."""
    if not change.interrupts:
        return ""
    held = change.desired is not None and change.desired.HOLDS_ADDRESS
    meanwhile = "; its address is held meanwhile" if held else ""
    return f"interrupts traffic: it is made anew{meanwhile}"


def _parts(plan: Plan) -> dict[int, list[Change]]:
    """Find the deletions that need no line of their own, by the change (its `id`) that they go along with."""
    going = {
        id(change.found): change
        for change in plan
        if change.found is not None and change.action in (Action.DELETE, Action.REPLACE)
    }
    links = Links(change.found for change in going.values() if change.found is not None)
    parts: dict[int, list[Change]] = defaultdict(list)
    for change in going.values():
        if change.absorbed and change.action is Action.DELETE:
            whole = _whole(change, going, links)
            if whole is not change:
                parts[id(whole)].append(change)
    return parts


def _whole(change: Change, going: Mapping[int, Change], links: Links) -> Change:
    """Return what a deletion goes along with, whole by whole, up to one that has a line of its own."""
    seen = [change]
    while change.absorbed and change.action is Action.DELETE and change.found is not None:
        wholes = (going[id(found)] for found in links.wholes(change.found))
        change = next((each for each in wholes if each not in seen), change)
        if change in seen:
            break
        seen.append(change)
    return change


def _field(detail: Detail, column: int) -> Line:
    style = {"+": Style.ADDED, "-": Style.REMOVED}.get(detail.sign, Style.FIELD)
    said = f"{detail.sign} {detail.text}" if detail.sign else detail.text
    return Line(style, f"{_FIELD_INDENT}{escaped(detail.label):<{column}}  {said}")


def _wrapped(parts: Iterable[str], room: int) -> list[str]:
    """Join parts with two spaces, in as many lines as it takes; a part is never broken."""
    found: list[str] = []
    for part in parts:
        if found and len(found[-1]) + 2 + len(part) <= room:
            found[-1] += f"  {part}"
        else:
            found.append(part)
    return found
