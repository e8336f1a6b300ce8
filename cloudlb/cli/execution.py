"""What `apply` and `delete` do: plan, ask, carry out with progress, and tell how it ended."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import typer

from cloudlb.cli import planning, results
from cloudlb.cli.exits import Exit
from cloudlb.cli.interrupt import Interruption, stopping_between_writes
from cloudlb.cli.options import Options, Output
from cloudlb.cli.planning import Planned
from cloudlb.cli.progress import Teller
from cloudlb.cli.results import Done
from cloudlb.cli.screen import Screen
from cloudlb.cli.session import Session, session
from cloudlb.controller.intent import Intent, departure
from cloudlb.controller.publish import publish
from cloudlb.controller.reconciler import Way
from cloudlb.plan.apply import PACE

Turn = Callable[[Intent], Intent]
"""From what an object asks for to what is to be done about it."""


def _as_asked(intent: Intent) -> Intent:
    return intent


class Execution:
    """One run of a command that changes the cloud. Its methods return the exit code."""

    def __init__(self, options: Options, screen: Screen, *, ask: bool) -> None:
        self._options = options
        self._screen = screen
        self._ask = ask
        self._interruption = Interruption()
        self._teller = Teller(screen)

    def apply(self) -> Exit:
        """Bring the cloud to what the objects ask for."""
        return self._run(_as_asked, "Apply")

    def delete(self) -> Exit:
        """Remove what was made for the objects."""
        return self._run(departure, "Delete")

    def show_departure(self) -> Exit:
        """Show what deleting the objects would remove."""
        with session(self._options, self._screen) as opened:
            planned = _planned(opened, departure)
            planned.write(self._screen, self._options.output)
        return Exit.OK if planned.ok else Exit.ERROR

    def _run(self, turn: Turn, verb: str) -> Exit:
        way = Way(
            fence=self._interruption.fence,
            report=self._teller.report,
            pace=replace(PACE, sleep=self._interruption.sleep),
        )
        with session(self._options, self._screen, way) as opened:
            planned = _planned(opened, turn)
            if self._options.output is Output.TEXT:
                planned.show(self._screen)
            if planned.changes and not self._agreed(planned, verb):
                return Exit.ERROR
            return self._carried_out(opened, planned)

    def _carried_out(self, opened: Session, planned: Planned) -> Exit:
        with (
            stopping_between_writes(self._interruption, self._screen),
            self._teller.telling(),
        ):
            ended = opened.reconciler.reconcile_all(planned.intents)
        services = publish(opened.written, ended.verdicts, lambda: datetime.now(UTC))
        done = Done(round=ended, services=services, refusals=opened.refusals)
        results.write(done, self._screen, self._options.output)
        if self._interruption.asked:
            results.tell_interruption(done, self._screen)
            return Exit.INTERRUPTED
        return Exit.OK if done.ok else Exit.ERROR

    def _agreed(self, planned: Planned, verb: str) -> bool:
        """Ask whether to go on; True without a question where none is wanted."""
        if not self._ask:
            return True
        count = "1 change" if planned.changes == 1 else f"{planned.changes} changes"
        if not self._screen.can_ask:
            self._screen.error(
                f"{count} would be made, and nobody is there to ask: add --yes to make them"
            )
            return False
        if typer.confirm(f"{verb} {count}?", default=False, err=True):
            return True
        self._screen.note("Nothing was changed.")
        return False


def _planned(opened: Session, turn: Turn) -> Planned:
    return planning.plan(opened, tuple(turn(each) for each in opened.intents()))
