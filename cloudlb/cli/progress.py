"""Telling how an apply gets on: a live block on a terminal, plain lines elsewhere, each step once.

What is waited for is said once, with the reason that the cloud gave. Reports arrive from several threads.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from cloudlb.cli.screen import Screen
from cloudlb.errors import CloudlbError, Fenced
from cloudlb.kube.status import describe
from cloudlb.model import Owner
from cloudlb.plan.order import Step, Verb
from cloudlb.plan.outcome import Progress, Report, State

_MARKS = {Verb.CREATE: ("+", "green"), Verb.UPDATE: ("~", "yellow"), Verb.DELETE: ("-", "red")}
_PAST = {Verb.CREATE: "created", Verb.UPDATE: "updated", Verb.DELETE: "deleted"}
_MOST_SHOWN = 12

Place = tuple[str, int]
"""The owner's path and the step's index."""


@dataclass(slots=True)
class _Row:
    owner: Owner
    step: Step
    since: float
    waits_for: str = ""
    spinner: Spinner = field(default_factory=lambda: Spinner("dots"))


class Teller:
    """Tells on the screen what an apply does."""

    def __init__(self, screen: Screen, clock: Callable[[], float] = time.monotonic) -> None:
        self._screen = screen
        self._clock = clock
        self._lock = Lock()
        self._rows: dict[Place, _Row] = {}
        self._live: Live | None = None

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Keep the live block on the screen while the work runs."""
        if not self._screen.live:
            yield
            return
        with Live(
            get_renderable=self._block,
            console=self._screen.err,
            refresh_per_second=8,
            transient=True,
        ) as live:
            self._live = live
            try:
                yield
            finally:
                self._live = None

    def report(self, owner: Owner) -> Report:
        """Return who to tell about an owner's steps."""
        return lambda progress: self._hear(owner, progress)

    def _hear(self, owner: Owner, progress: Progress) -> None:
        place = (owner.path, progress.step.index)
        with self._lock:
            if progress.state is State.RUNNING:
                self._rows[place] = _Row(owner=owner, step=progress.step, since=self._clock())
            elif progress.state is State.WAITING:
                self._wait(owner, progress)
            else:
                self._rows.pop(place, None)
                self._screen.note(_ending(owner, progress))

    def _wait(self, owner: Owner, progress: Progress) -> None:
        row = self._rows.get((owner.path, progress.step.index))
        reason = _reason(progress.error)
        if row is None or row.waits_for == reason:
            return
        row.waits_for = reason
        if self._live is None:
            self._screen.note(_line(owner, progress.step, f"waits: {reason}", "yellow"))

    def _block(self) -> Table:
        table = Table.grid(padding=(0, 1))
        with self._lock:
            rows = list(self._rows.values())
        now = self._clock()
        for row in rows[:_MOST_SHOWN]:
            seconds = Text(f"{now - row.since:3.0f} s", style="dim")
            waits = Text(f"waits: {row.waits_for}", style="yellow") if row.waits_for else Text("")
            table.add_row(row.spinner, Text(row.owner.path), _named(row.step), seconds, waits)
        if len(rows) > _MOST_SHOWN:
            table.add_row("", Text(f"and {len(rows) - _MOST_SHOWN} more", style="dim"))
        return table


def _reason(error: CloudlbError | None) -> str:
    return describe(error) if error is not None else ""


def _ending(owner: Owner, progress: Progress) -> Text:
    step = progress.step
    if isinstance(progress.error, Fenced):
        return _line(owner, step, "not done: stopped on request", "yellow")
    if progress.state is State.FAILED:
        return _line(owner, step, f"failed: {_reason(progress.error)}", "bold red")
    if step.absorbed:
        return _line(owner, step, "gone with what it was part of", "dim")
    return _line(owner, step, _PAST[step.verb], "dim")


def _line(owner: Owner, step: Step, ending: str, style: str) -> Text:
    return Text.assemble(f"{owner.path}  ", _named(step), "  ", (ending, style))


def _named(step: Step) -> Text:
    mark, style = _MARKS[step.verb]
    return Text.assemble((mark, style), f" {step.key}")
