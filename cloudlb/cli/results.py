"""How a run ended: addresses, failures with their objects, and the same as JSON."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from cloudlb.cli import overview, tables
from cloudlb.cli.options import Output
from cloudlb.cli.overview import Row, row_of
from cloudlb.cli.screen import Screen
from cloudlb.controller.verdicts import Round, Verdict
from cloudlb.errors import CloudlbError, Fenced
from cloudlb.kube.objects import Service
from cloudlb.kube.refusal import Refusal
from cloudlb.kube.status import describe, reason_of
from cloudlb.model import errors
from cloudlb.plan.outcome import Result, State

FORMAT = "cloudlb.io/result/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a run came to. `services` are the objects with the statuses that were published."""

    round: Round
    services: tuple[Service, ...]
    refusals: tuple[Refusal, ...]

    @property
    def ok(self) -> bool:
        """Tell whether the cloud is as asked, and every object could be read."""
        return self.round.ok and not self.refusals

    @property
    def steps(self) -> tuple[Result, ...]:
        """Return the steps of all owners' last plans."""
        return tuple(step for each in self.round.verdicts for step in each.outcome.results)

    def rows(self) -> tuple[Row, ...]:
        """Return a row for each object that is to have a load balancer."""
        by_uid = {each.metadata.uid: each for each in self.services}
        return tuple(
            row_of(by_uid[verdict.owner.uid], verdict.owner.path)
            for verdict in self.round.verdicts
            if verdict.intent.wanted and verdict.owner.uid in by_uid
        )


def write(done: Done, screen: Screen, output: Output) -> None:
    """Write how a run ended."""
    if output is Output.JSON:
        screen.json(as_json(done))
    elif rows := done.rows():
        screen.line()
        screen.table(tables.address_table(rows))
    for text in complaints(done):
        screen.error(text)


def complaints(done: Done) -> list[str]:
    """Return every failure as one line, with the object that it belongs to."""
    lines = [
        f"{verdict.owner}: {problem}"
        for verdict in done.round.verdicts
        for problem in errors(verdict.intent.problems)
    ]
    for verdict in done.round.verdicts:
        lines += [f"{verdict.owner}: {text}" for text in _failures(verdict)]
    lines += [f"cluster: {describe(each)}" for each in done.round.shared_errors if _counts(each)]
    return list(dict.fromkeys((*lines, *map(str, done.refusals))))


def _failures(verdict: Verdict) -> list[str]:
    """Return the errors of one object; those of steps say which resource it was."""
    steps = [each for each in verdict.outcome.results if each.error is not None]
    told = [
        f"{each.step.verb} {each.step.key}: {describe(each.error)}"
        for each in steps
        if each.error and _counts(each.error)
    ]
    known = [each.error for each in steps]
    return told + [describe(each) for each in verdict.errors if each not in known and _counts(each)]


def _counts(error: CloudlbError) -> bool:
    """Tell whether an error is news: that a run was stopped on request is said once, elsewhere."""
    return not isinstance(error, Fenced)


def tell_interruption(done: Done, screen: Screen) -> None:
    """Say what state things are in after a run was stopped."""
    states = Counter(each.state for each in done.steps)
    made, total = states[State.DONE], sum(states.values())
    screen.note(
        f"Stopped after {made} of {total} steps. What was made carries its owner's marks, so nothing "
        "is lost: run `cloudlb apply` again to go on, or `cloudlb delete` to remove it."
    )


def as_json(done: Done) -> dict[str, Any]:
    """Return the result as plain data (docs/cli-json.md)."""
    rows = {each.owner: each for each in done.rows()}
    return {
        "format": FORMAT,
        "ok": done.ok,
        "objects": [_object(verdict, rows) for verdict in done.round.verdicts],
        "shared": {"errors": [_error(each) for each in done.round.shared_errors]},
        "refused": overview.refusals_json(done.refusals),
    }


def _object(verdict: Verdict, rows: dict[str, Row]) -> dict[str, Any]:
    path = verdict.owner.path
    shown = overview.as_json([rows[path]])[0] if path in rows else {}
    return {
        "object": path,
        "wanted": verdict.intent.wanted,
        "ok": verdict.ok,
        "addresses": shown.get("addresses", []),
        "conditions": shown.get("conditions", []),
        "problems": [
            {
                "severity": each.severity.value,
                "reason": each.reason,
                "path": each.path,
                "message": each.message,
                "remedy": each.remedy,
            }
            for each in verdict.intent.problems
        ],
        "steps": [
            {
                "verb": each.step.verb.value,
                "resource": each.step.key,
                "state": each.state.value,
                "error": _error(each.error) if each.error else None,
            }
            for each in verdict.outcome.results
        ],
        "errors": [_error(each) for each in verdict.errors],
    }


def _error(error: CloudlbError) -> dict[str, str]:
    return {
        "reason": reason_of(error),
        "message": str(error),
        "operation": getattr(error, "operation", ""),
        "code": getattr(error, "code", ""),
    }
