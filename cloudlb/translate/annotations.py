"""Annotations: one table that drives parsing, validation, suggestions for misspelt keys, and the docs page.

A provider builds its `Table` from `CORE_ROWS` and rows of its own. Values that core words name are handled by
`translate`; all others go into the provider's own options.
"""

import difflib
import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from cloudlb.model import Problem, Protocol, Scheme, TargetKind

T = TypeVar("T")
Parser = Callable[[str], Any]

CORE = frozenset(
    {"scheme", "target_kind", "source_ranges", "node_selector", "dual_stack", "exposed_to"}
)
"""Fields that translate handles itself, besides those that start with `health_check.`."""

HEALTH = "health_check."

UNSET = object()
"""What a row's `parse` returns for a value that is allowed and says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One annotation.

    `field` is a core word or a field of the provider's options. `parse` raises ValueError with what was given and what
    is allowed. With `per_port`, keys are `<key>.<suffix>` and values are collected in a mapping suffix → value.
    `type`, `default` and `doc` are for the docs page. `deprecated` names the key to use instead; `aliases` are other
    keys that mean the same and are fine to use.
    """

    key: str
    field: str
    parse: Parser
    type: str
    doc: str
    default: str = ""
    applies_to: str = "Service"
    per_port: bool = False
    deprecated: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What the annotations of one object say: values by field, and the key that each came from."""

    values: Mapping[str, Any] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def path(self, name: str) -> str:
        """Return where a field was written, as a problem's path."""
        return path_of(self.keys.get(name, name))


def path_of(key: str) -> str:
    """Return the path of an annotation in an object."""
    return f"metadata.annotations[{key}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The annotations that a provider understands, in order of precedence.

    `prefixes` are those under which an unknown key is worth a warning. `options` makes the provider's own struct of the
    values that are not core words. `unsupported` has keys that people know from elsewhere and that do nothing here, each
    with what to do instead. `classes` are load balancer classes of others, with the scheme that their name says.
    """

    rows: tuple[Row, ...]
    prefixes: tuple[str, ...]
    options: Callable[[Mapping[str, Any]], object]
    unsupported: Mapping[str, str] = field(default_factory=dict, hash=False)
    classes: Mapping[str, Scheme] = field(default_factory=dict, hash=False)
    _index: dict[tuple[str, bool], tuple[int, Row]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Index the rows, in the order of precedence. Raises ValueError if two rows share a key."""
        for row in self.rows:
            for key in (row.key, *row.aliases):
                if (key, row.per_port) in self._index:
                    message = f"two rows for annotation {key}"
                    raise ValueError(message)
                self._index[key, row.per_port] = (len(self._index), row)

    def parse(self, annotations: Mapping[str, str]) -> Parsed:
        """Parse the annotations of one object. Never raises for what a user wrote."""
        reading = _Reading(self)
        for key in sorted(annotations):
            reading.take(key, annotations[key])
        return reading.done()

    def find(self, key: str) -> tuple[int, Row, str] | None:
        """Find the row of a key: its rank (lower wins), the row, and the suffix where the row has one a port."""
        plain = self._index.get((key, False))
        if plain is not None:
            return (*plain, "")
        stem, _, suffix = key.rpartition(".")
        ported = self._index.get((stem, True))
        return (*ported, suffix) if ported is not None and suffix else None

    def resembling(self, key: str) -> str:
        """Return the known key that looks most like an unknown one, empty if none does."""
        known = [name for name, _ in self._index]
        return next(iter(difflib.get_close_matches(key, known, n=1, cutoff=0.6)), "")


class _Reading:
    """Collects values, row by row, and what is wrong with them."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._given: dict[tuple[str, str], list[tuple[int, str, Any]]] = {}
        self._problems: list[Problem] = []

    def take(self, key: str, text: str) -> None:
        found = self._table.find(key)
        if found is None:
            self._unknown(key)
            return
        rank, row, suffix = found
        if row.deprecated:
            self._problems.append(
                Problem.warning(
                    path_of(key),
                    "is deprecated",
                    f"use {row.deprecated} instead",
                    reason="DeprecatedAnnotation",
                )
            )
        try:
            value = row.parse(text.strip())
        except ValueError as error:
            self._problems.append(
                Problem.error(path_of(key), str(error), _allowed(row), reason="InvalidAnnotation")
            )
            return
        if value is UNSET:
            return
        self._given.setdefault((row.field, suffix), []).append((rank, key, value))

    def done(self) -> Parsed:
        values: dict[str, Any] = {}
        keys: dict[str, str] = {}
        ported: dict[str, dict[str, Any]] = {}
        for (name, suffix), given in self._given.items():
            (_, key, value), *others = sorted(given, key=lambda each: each[0])
            keys.setdefault(name, key)
            if suffix:
                ported.setdefault(name, {})[suffix] = value
            else:
                values[name] = value
            for _, other, ignored in others:
                if ignored != value:
                    self._problems.append(_outvoted(key, other))
        values |= {name: tuple(sorted(suffixed.items())) for name, suffixed in ported.items()}
        return Parsed(values=values, keys=keys, problems=tuple(self._problems))

    def _unknown(self, key: str) -> None:
        for unsupported, instead in self._table.unsupported.items():
            if key == unsupported or key.startswith(f"{unsupported}."):
                self._warn(key, "is not supported, and does nothing", instead)
                return
        if key.startswith(self._table.prefixes):
            nearest = self._table.resembling(key)
            remedy = f"did you mean {nearest}?" if nearest else "remove it"
            self._warn(key, "is not an annotation that cloudlb knows, and does nothing", remedy)

    def _warn(self, key: str, message: str, remedy: str) -> None:
        self._problems.append(
            Problem.warning(path_of(key), message, remedy, reason="UnknownAnnotation")
        )


def _allowed(row: Row) -> str:
    return f"allowed: {row.type}"


def _outvoted(key: str, other: str) -> Problem:
    return Problem.warning(
        path_of(other),
        f"says something else than {key}, which counts",
        "remove one of the two",
        reason="ConflictingAnnotations",
    )


# Parsers. Each takes the trimmed text and raises ValueError.


def text(value: str) -> str:
    """Take any text but none."""
    if not value:
        raise ValueError("is empty")
    return value


def boolean(value: str) -> bool:
    """Take true or false, in any case."""
    match value.lower():
        case "true":
            return True
        case "false":
            return False
    raise ValueError(f"{value!r} is neither true nor false")


def integer(low: int, high: int) -> Callable[[str], int]:
    """Take a whole number from low to high."""

    def parse(value: str) -> int:
        if not value.isascii() or not value.isdecimal():
            raise ValueError(f"{value!r} is not a whole number from {low} to {high}")
        digits = value.lstrip("0") or "0"
        # Python refuses to convert very long texts, in words that would help nobody here.
        if len(digits) > len(str(high)) or not low <= int(digits) <= high:
            raise ValueError(f"{value} is not from {low} to {high}")
        return int(digits)

    return parse


def choice(words: Mapping[str, T]) -> Callable[[str], T]:
    """Take one of some words, in any case."""

    def parse(value: str) -> T:
        try:
            return words[value.lower()]
        except KeyError:
            raise ValueError(f"{value!r} is not one of {', '.join(words)}") from None

    return parse


def one_of(*words: str) -> Callable[[str], str]:
    """Take one of some words, written as here but for case."""
    return choice({word.lower(): word for word in words})


def csv(item: Callable[[str], T] = text) -> Callable[[str], tuple[T, ...]]:  # type: ignore[assignment]
    """Take a list with commas; empty items are left out, an empty list is refused."""

    def parse(value: str) -> tuple[T, ...]:
        items = tuple(item(part.strip()) for part in value.split(",") if part.strip())
        if not items:
            raise ValueError(f"{value!r} is an empty list")
        return items

    return parse


def pairs(value: str) -> tuple[tuple[str, str], ...]:
    """Take `key=value,key=value`, sorted by key. A key given twice is refused."""
    found: dict[str, str] = {}
    for part in filter(None, (each.strip() for each in value.split(","))):
        key, equals, content = (each.strip() for each in part.partition("="))
        if not equals or not key:
            raise ValueError(f"{part!r} is not key=value")
        if key in found:
            raise ValueError(f"{key!r} is given twice")
        found[key] = content
    if not found:
        raise ValueError(f"{value!r} is an empty list")
    return tuple(sorted(found.items()))


def cidr(value: str) -> str:
    """Take a CIDR of either family; bits of the host are zeroed."""
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        raise ValueError(f"{value!r} is not a CIDR such as 10.0.0.0/24") from None


def path(value: str) -> str:
    """Take a URL path."""
    if not value.startswith("/") or any(letter.isspace() for letter in value):
        raise ValueError(f"{value!r} is not a path that begins with /")
    return value


def port_or_name(value: str) -> int | str:
    """Take a port's number, its name, or traffic-port, which is 0."""
    if value.lower() == "traffic-port":
        return 0
    return integer(1, 65_535)(value) if value.isdecimal() else text(value)


_SCHEMES = {
    "internet": Scheme.INTERNET,
    "internet-facing": Scheme.INTERNET,
    "internal": Scheme.INTERNAL,
}
_KINDS = {
    "node": TargetKind.NODE,
    "instance": TargetKind.NODE,
    "pod": TargetKind.POD,
    "ip": TargetKind.POD,
}
_CHECKS = {"tcp": Protocol.TCP, "http": Protocol.HTTP, "https": Protocol.HTTPS}

PREFIX = "cloudlb.io/"


def _core(name: str, field_: str, parse: Parser, type_: str, doc: str, default: str = "") -> Row:  # noqa: PLR0913, PLR0917
    return Row(key=PREFIX + name, field=field_, parse=parse, type=type_, doc=doc, default=default)


CORE_ROWS = (
    _core(
        "scheme",
        "scheme",
        choice(_SCHEMES),
        "internet | internal",
        "Who can reach the address: everyone, or only the network that the nodes are in.",
        "internet, or --default-scheme",
    ),
    _core(
        "target-type",
        "target_kind",
        choice(_KINDS),
        "node | pod",
        "What traffic is sent to: node ports, or pods directly.",
        "node, or --default-target-type",
    ),
    _core(
        "source-ranges",
        "source_ranges",
        csv(cidr),
        "CIDRs, separated by commas",
        "Who may connect. `spec.loadBalancerSourceRanges` wins.",
        "everyone",
    ),
    _core(
        "target-node-labels",
        "node_selector",
        pairs,
        "label=value, separated by commas",
        "Only nodes with these labels become targets.",
        "all nodes",
    ),
    _core(
        "expose-node-ports",
        "exposed_to",
        csv(cidr),
        "CIDRs, separated by commas",
        "Opens the Service's node ports on all nodes to these sources. Also for Services of type NodePort, which then"
        " get nothing but that. Everybody is 0.0.0.0/0 (and ::/0), and has to be written out.",
        "not opened",
    ),
    _core(
        "health-check-protocol",
        "health_check.protocol",
        choice(_CHECKS),
        "tcp | http | https",
        "How targets are asked for their health.",
        "tcp; http with externalTrafficPolicy: Local",
    ),
    _core(
        "health-check-port",
        "health_check.port",
        port_or_name,
        "a number, a port's name, or traffic-port",
        "Where targets are asked.",
        "traffic-port; the health-check node port with externalTrafficPolicy: Local",
    ),
    _core(
        "health-check-path",
        "health_check.path",
        path,
        "a path",
        "What is asked for, with http and https.",
        "/, or /healthz with externalTrafficPolicy: Local",
    ),
    _core(
        "health-check-interval",
        "health_check.interval",
        integer(1, 300),
        "seconds",
        "Time between two checks.",
        "the provider's",
    ),
    _core(
        "health-check-timeout",
        "health_check.timeout",
        integer(1, 300),
        "seconds",
        "How long an answer may take.",
        "the provider's",
    ),
    _core(
        "health-check-healthy-threshold",
        "health_check.healthy_threshold",
        integer(1, 10),
        "1 to 10",
        "Good answers in a row that make a target healthy.",
        "the provider's",
    ),
    _core(
        "health-check-unhealthy-threshold",
        "health_check.unhealthy_threshold",
        integer(1, 10),
        "1 to 10",
        "Bad answers in a row that make it unhealthy.",
        "the provider's",
    ),
    _core(
        "health-check-success-codes",
        "health_check.success_codes",
        text,
        "HTTP codes, such as 200-399",
        "Which answers are good, with http and https.",
        "the provider's",
    ),
)


def markdown(rows: Iterable[Row], *, aliases: bool = True) -> str:
    """Render rows as the docs page has them. Without `aliases`, the page has said how the other keys are made."""
    lines = ["| annotation | values | default | meaning |", "|---|---|---|---|"]
    for row in rows:
        keys = (row.key, *(row.aliases if aliases else ()))
        key = " or ".join(f"`{each}.PORT`" if row.per_port else f"`{each}`" for each in keys)
        doc = f"Deprecated: use `{row.deprecated}`. {row.doc}" if row.deprecated else row.doc
        cells = (key, _cell(row.type), _cell(row.default), _cell(doc))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


def settings(rows: Iterable[Row]) -> tuple[str, ...]:
    """Return the fields that rows set and translate does not handle itself."""
    return tuple(
        dict.fromkeys(
            row.field for row in rows if row.field not in CORE and not row.field.startswith(HEALTH)
        )
    )
