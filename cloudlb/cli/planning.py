"""What would change, for `plan`, `apply` and `delete` alike: the forecast, as text and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from cloudlb.cli.options import Output
from cloudlb.cli.overview import refusals_json, why_nothing
from cloudlb.cli.screen import Screen
from cloudlb.cli.session import Session
from cloudlb.controller.intent import Intent
from cloudlb.controller.verdicts import Forecast, Preview
from cloudlb.kube.refusal import Refusal
from cloudlb.model import Owner, errors
from cloudlb.plan.document import document
from cloudlb.plan.render import Line, Section, Style, Totals, block, closing, totals
from cloudlb.provider import Provider

_STYLES = {
    Style.OBJECT: "bold",
    Style.NOTE: "dim",
    Style.ERROR: "bold red",
    Style.WARNING: "yellow",
    Style.REMEDY: "dim",
    Style.CREATE: "green",
    Style.UPDATE: "yellow",
    Style.REPLACE: "magenta",
    Style.DELETE: "red",
    Style.FIELD: "",
    Style.ADDED: "green",
    Style.REMOVED: "red",
    Style.BLANK: "",
    Style.SUMMARY: "bold",
}


_NAMED = 6
"""Objects that a line names, of many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A forecast with what it takes to show it. `intents` are what it was made from."""

    intents: tuple[Intent, ...]
    sections: tuple[Section, ...]
    strangers: tuple[Owner, ...]
    refusals: tuple[Refusal, ...]
    place: str
    """Where the objects are, in words."""
    verbose: bool

    @property
    def changes(self) -> int:
        """Count the objects of the cloud that would change."""
        total = sum(map(totals, self.sections), Totals())
        return total.create + total.update + total.replace + total.delete

    @property
    def ok(self) -> bool:
        """Tell whether every object could be read, and can be provisioned."""
        return not self.refusals and not any(errors(each.problems) for each in self.sections)

    def write(self, screen: Screen, output: Output) -> None:
        """Write the plan as asked for."""
        if output is Output.JSON:
            found = dict(document(self.sections))
            found["strangers"] = [each.path for each in self.strangers]
            found["refused"] = refusals_json(self.refusals)
            screen.json(found)
        else:
            self.show(screen)

    def show(self, screen: Screen) -> None:
        """Print one block an object that there is something to say of, a line on the others, and what it comes to."""
        for section in self.sections:
            if self.verbose or not _quiet(section):
                for line in block(section, verbose=self.verbose):
                    screen.line(_styled(line))
                screen.line()
        if remarks := tuple(self._remarks()):
            for remark in remarks:
                screen.line(Text(remark, style="dim"))
            screen.line()
        if self.sections or self.refusals:
            screen.line(_styled(closing(self.sections)))
        else:
            screen.line(Text(f"Nothing to do: there is no Service in {self.place}.", style="bold"))
        for refusal in self.refusals:
            screen.error(str(refusal))

    def _remarks(self) -> Iterator[str]:
        """Say what of there is no block, and why."""
        quiet = () if self.verbose else tuple(filter(_quiet, self.sections))
        kept = [each.owner_path for each in quiet if not each.note]
        others = [each.owner_path for each in quiet if each.note]
        if kept:
            yield f"As it should be: {_listed(kept)}."
        if others:
            yield f"No load balancer needed: {_listed(others)} (--verbose says why)."
        if self.strangers:
            yield (
                f"Not in {self.place}, and left as it is for now: "
                f"{_listed([each.path for each in self.strangers])}. "
                "While that is so, nothing that all share is taken away."
            )


def plan(session: Session, intents: tuple[Intent, ...]) -> Planned:
    """Find out what would change. Reads only; raises CloudlbErrors of reading."""
    forecast = session.reconciler.preview(intents)
    return Planned(
        intents=intents,
        sections=_sections(forecast, session.provider, session.reconciler.cluster_owner),
        strangers=forecast.strangers,
        refusals=session.refusals,
        place=session.source.place,
        verbose=session.options.verbose,
    )


def _sections(forecast: Forecast, provider: Provider, cluster: Owner) -> tuple[Section, ...]:
    own = tuple(_section(preview, provider) for preview in forecast.previews)
    if not forecast.shared and not forecast.shared_problems:
        return own
    shared = Section(
        owner_path=cluster.path,
        plan=forecast.shared,
        problems=forecast.shared_problems,
        cost=provider.cost,
    )
    return (*own, shared)


def _section(preview: Preview, provider: Provider) -> Section:
    intent = preview.intent
    return Section(
        owner_path=intent.owner.path,
        plan=preview.plan,
        problems=intent.problems,
        cost=provider.cost,
        note="" if intent.wanted or preview.plan else why_nothing(intent.service),
    )


def _quiet(section: Section) -> bool:
    """Tell whether there is nothing to do for an object and nothing to complain of."""
    return not section.plan and not section.problems


def _listed(paths: Sequence[str]) -> str:
    """Name the first few."""
    named = ", ".join(paths[:_NAMED])
    return named if len(paths) <= _NAMED else f"{named} and {len(paths) - _NAMED} more"


def _styled(line: Line) -> Text:
    return Text(line.text, style=_STYLES[line.style])
