"""What `firewall list` and `firewall urls` do: read the cluster and the rules, judge, and print."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from cloudlb.cli import log
from cloudlb.cli.firewall import Form
from cloudlb.cli.options import ClusterOptions
from cloudlb.cli.screen import Screen
from cloudlb.cli.source import Source, open_source
from cloudlb.controller.states import is_owned
from cloudlb.errors import UsageError
from cloudlb.firewall.living import Living, living
from cloudlb.firewall.made import Made
from cloudlb.firewall.rules import Around, Firewall, Quota, Told, load, untold
from cloudlb.firewall.verdicts import Court, Judged, JudgedDependent, Verdict, is_wide
from cloudlb.kube.objects import Node, Service
from cloudlb.model import Node as TargetNode
from cloudlb.plan.pace import PACE
from cloudlb.translate.nodes import EligibleNodes

FORMAT = "cloudlb.io/firewall/v1"

_STYLES = {
    Verdict.LIVE: "green",
    Verdict.ORPHAN: "red",
    Verdict.LEFTOVER: "red",
    Verdict.EXPIRED: "red",
    Verdict.SHADOWED: "yellow",
    Verdict.WIDE: "bold yellow",
    Verdict.FOREIGN: "dim",
    Verdict.UNKNOWN: "dim",
}

_ORDER = (
    Verdict.UNKNOWN,
    Verdict.FOREIGN,
    Verdict.LIVE,
    Verdict.SHADOWED,
    Verdict.WIDE,
    Verdict.EXPIRED,
    Verdict.LEFTOVER,
    Verdict.ORPHAN,
)
"""What needs no attention first: a terminal shows the end."""


@dataclass(frozen=True, slots=True)
class Findings:
    """All rules around a cluster, and what hangs together with them, each with its verdict."""

    rules: tuple[Judged, ...]
    dependents: tuple[JudgedDependent, ...] = ()


@dataclass(frozen=True, slots=True)
class Ground:
    """A cluster and the firewall around it, and further clusters around the same network."""

    source: Source
    firewall: Firewall
    others: tuple[Source, ...] = ()

    @property
    def home(self) -> str:
        """The id of the cluster of the first context."""
        return self.source.cluster.cluster_id

    def findings(
        self, *, everything: bool = False, dependents: bool = False, told: Told = untold
    ) -> Findings:
        """Read the rules and the clusters, completely, and judge every rule. Raises CloudlbErrors."""
        around = Around(
            nodes=_nodes(self.source),
            further=tuple(node for each in self.others for node in _nodes(each)),
            everything=everything,
        )
        # Rules first: whoever needs one of them was there before it, and is seen afterwards.
        found = self.firewall.rules(around, told)
        hanging = self.firewall.dependents(found) if dependents else ()
        home, *others = map(_alive, (self.source, *self.others))
        court = Court(home, datetime.now(UTC), others)
        return Findings(court.rules(found), court.dependents(hanging))

    def judged(self, *, everything: bool = False, told: Told = untold) -> tuple[Judged, ...]:
        """Judge every rule, and nothing else. Raises CloudlbErrors."""
        return self.findings(everything=everything, told=told).rules


def _nodes(source: Source) -> Sequence[TargetNode]:
    return EligibleNodes(source.cluster.nodes()).select(())


def _alive(source: Source) -> Living:
    return living(
        source.cluster, lambda service: is_owned(service, source.settings), source.ingresses()
    )


def ground(options: ClusterOptions, screen: Screen, contexts: Sequence[str] = ()) -> Ground:
    """Open the cluster and the firewall; `contexts` are those of further clusters. Raises CloudlbErrors."""
    log.configure(verbose=options.verbose, color=screen.err.is_terminal and not options.no_color)
    source = open_source(options, screen, whole=True)
    others = tuple(
        open_source(replace(options, context=each), screen, whole=True) for each in contexts
    )
    return Ground(source, load(source.provider.name)(source.cloud, PACE), others)


def show(rules: Sequence[Judged], form: Form, screen: Screen, quotas: Iterable[Quota] = ()) -> None:
    """Print all rules, and what they use up."""
    if form is Form.JSON:
        used = [{"what": each.what, "used": each.used, "limit": each.limit} for each in quotas]
        screen.json({"format": FORMAT, "rules": [plain(each) for each in rules], "quotas": used})
    elif form is Form.CSV:
        screen.line(_csv(rules).rstrip("\n"))
    elif not rules:
        screen.line("There is no rule around these nodes.")
    else:
        screen.table(table(rules, wide=form is Form.WIDE))
        screen.line()
        screen.line(Text(_totals(rules), style="bold"))
        for each in quotas:
            screen.line(f"{each.used} of {each.limit} {each.what}.")


def explain(rules: Iterable[Judged], wanted: str, screen: Screen) -> None:
    """Print how the verdict on one rule was reached. Raises UsageError for a rule that is not there."""
    for each in rules:
        if each.rule.id == wanted:
            rule = each.rule
            screen.line(f"{rule.id}: {each.verdict}")
            deed = "lets in" if rule.allows else "keeps out"
            to = f" to {rule.to}" if rule.to else ""
            screen.line(
                f"  {deed} {rule.what.removeprefix('not ')} from {rule.source}{to},"
                f" at {rule.place} ({rule.place_name})"
            )
            for fact in each.facts:
                screen.line(f"  · {fact}")
            return
    message = f"there is no rule {wanted} around these nodes; --all looks at the whole network"
    raise UsageError(message)


def urls(options: ClusterOptions, screen: Screen, wanted: str) -> Iterator[str]:
    """Yield `http://<node address>:<node port>` for every node. Raises CloudlbErrors, UsageError for no such Service."""
    log.configure(verbose=options.verbose, color=screen.err.is_terminal and not options.no_color)
    source = open_source(options, screen)
    found = service(source, wanted)
    if not any(each.node_port for each in found.spec.ports):
        message = f"{wanted} has no node port: its type is {found.spec.type}"
        raise UsageError(message)
    yield from addresses_of(source, found)


def addresses_of(source: Source, found: Service) -> Iterator[str]:
    """Yield `http://<node address>:<node port>` for every node and node port of a Service, external addresses first."""
    ports = [each for each in found.spec.ports if each.node_port]
    nodes = source.cluster.nodes()
    for kind in ("ExternalIP", "InternalIP"):
        for node in nodes:
            for address in _addresses(node, kind):
                yield from (f"http://{address}:{each.node_port}" for each in ports)


def service(source: Source, wanted: str) -> Service:
    """Find a Service by NAME or NAMESPACE/NAME. Raises UsageError."""
    namespace, _, name = wanted.rpartition("/")
    for each in source.cluster.services():
        if (each.metadata.namespace, each.metadata.name) == (namespace or "default", name):
            return each
    message = f"there is no Service {namespace or 'default'}/{name} in {source.place}"
    raise UsageError(message)


def _addresses(node: Node, kind: str) -> Iterator[str]:
    for each in node.status.addresses:
        if each.type == kind:
            yield f"[{each.address}]" if ":" in each.address else each.address


def table(rules: Iterable[Judged], *, wide: bool) -> Table:
    """Lay rules out for a person, grouped by verdict; `wide` with the facts and descriptions."""
    made = _table("RULE", "AT", "TO", "PORTS", "FROM", "AGE", "WHOSE", "VERDICT", wide=wide)
    by_verdict = sorted(rules, key=lambda each: _ORDER.index(each.verdict))
    for number, each in enumerate(by_verdict):
        if number and by_verdict[number - 1].verdict is not each.verdict:
            made.add_section()
        rule = each.rule
        cells = (rule.id, _at(rule, wide=wide), rule.to, rule.what, rule.source)
        made.add_row(*_cells(*cells), *_ends(each, wide=wide))
    return made


def dependents_table(dependents: Iterable[JudgedDependent]) -> Table:
    """Lay out what hangs together with rules, in the order in which it is deleted."""
    made = _table("DEPENDENT", "AT", "KIND", "AGE", "WHOSE", "VERDICT", wide=True)
    for each in dependents:
        found = each.dependent
        made.add_row(*_cells(found.id, _at(found, wide=True), found.kind), *_ends(each, wide=True))
    return made


def _table(*columns: str, wide: bool) -> Table:
    made = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in (*columns, *(["WHY", "DESCRIPTION"] if wide else [])):
        made.add_column(column, overflow="fold")
    return made


def _at(made: Made, *, wide: bool) -> str:
    return f"{made.place_name} ({made.place})" if wide else made.place_name


def _cells(*texts: str) -> Iterator[Text]:
    """Names and descriptions are what they are: brackets in them are no mark-up."""
    return map(Text, texts)


def _ends(each: Judged | JudgedDependent, *, wide: bool) -> Iterator[Text]:
    """Yield the cells that are the same for rules and dependents."""
    yield from _cells(age(each.made), each.whose)
    yield Text(each.verdict, style=_STYLES[each.verdict])
    if wide:
        yield from _cells("; ".join(each.facts), each.made.description)


def age(made: Made) -> str:
    """Return how long something has been there, in the largest unit; empty where nobody knows."""
    if made.created is None:
        return ""
    seconds = int((datetime.now(UTC) - made.created).total_seconds())
    for letter, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{letter}"
    return f"{max(seconds, 0)}s"


def _totals(rules: Sequence[Judged]) -> str:
    counts = Counter(each.verdict for each in rules)
    parts = ", ".join(f"{counts[each]} {each}" for each in _ORDER if counts[each])
    return f"{len(rules)} rule{'' if len(rules) == 1 else 's'}: {parts}."


def plain(each: Judged) -> dict[str, Any]:
    """Return a rule as plain data (docs/cli-json.md)."""
    rule = each.rule
    return {
        "rule": rule.id,
        "place": rule.place,
        "placeName": rule.place_name,
        "allows": rule.allows,
        "disabled": rule.disabled,
        "openings": [
            {
                "protocol": opening.protocol,
                "fromPort": None if opening.from_port < 0 else opening.from_port,
                "toPort": None if opening.to_port < 0 else opening.to_port,
            }
            for opening in rule.openings
        ],
        "sources": list(rule.sources),
        "targets": sorted(rule.targets),
        "destinations": sorted(rule.destinations),
        "wide": is_wide(rule),
        **_of_anything(each),
    }


def plain_dependent(each: JudgedDependent) -> dict[str, Any]:
    """Return a dependent as plain data (docs/cli-json.md)."""
    found = each.dependent
    return {
        "dependent": found.id,
        "kind": found.kind,
        "place": found.place,
        "placeName": found.place_name,
        **_of_anything(each),
    }


def _of_anything(each: Judged | JudgedDependent) -> dict[str, Any]:
    made = each.made
    return {
        "created": made.created.isoformat() if made.created else None,
        "expires": made.expires.isoformat() if made.expires else None,
        "description": made.description,
        "maker": made.origin.maker,
        "whose": each.whose,
        "verdict": each.verdict.value,
        "facts": list(each.facts),
    }


def _csv(rules: Iterable[Judged]) -> str:
    text = io.StringIO()
    writer: Any = None
    for each in rules:
        row = plain(each) | {
            "openings": each.rule.what,
            "sources": each.rule.source,
            "targets": ", ".join(sorted(each.rule.targets)),
            "destinations": ", ".join(sorted(each.rule.destinations)),
            "facts": "; ".join(each.facts),
        }
        if writer is None:
            writer = csv.DictWriter(text, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow(row)
    return text.getvalue()
