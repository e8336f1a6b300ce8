"""Carrying a plan out: dependency order, bounded parallelism, retries by class of error.

A step that fails leaves the steps that wait for it pending, and stops nothing else. The fence is asked before every
write. Being killed anywhere is safe: what was made carries its owner's marks, and the next observation finds it.
"""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from cloudlb.errors import CloudlbError, Conflict, Fenced
from cloudlb.plan.change import Action, Plan
from cloudlb.plan.driver import Driver, Fence
from cloudlb.plan.order import Step, Verb, steps
from cloudlb.plan.outcome import Outcome, Progress, Report, Result, State
from cloudlb.plan.pace import PACE, Pace, persistently
from cloudlb.plan.resource import (
    NOTHING,
    Found,
    Key,
    Observed,
    Ref,
    Resource,
    references,
    resolve,
)

__all__ = ["PACE", "Pace", "Run", "apply", "quiet", "unfenced"]


def unfenced() -> None:
    """Let every write pass: the fence of a process that shares its cloud with no other writer."""


def quiet(_progress: Progress) -> None:
    """Report nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What an apply works with besides the plan."""

    driver: Driver
    shared: Observed = NOTHING
    fence: Fence = unfenced
    report: Report = quiet
    pace: Pace = PACE


def apply(plan: Plan, run: Run) -> Outcome:
    """Carry out a plan and tell what came of it.

    Raises only what is no `CloudlbError`: a defect, or the end of the process.
    """
    todo = steps(plan)
    if not todo:
        return Outcome(observed=Observed(plan.kept))
    execution = _Execution(plan, run)
    pool = ThreadPoolExecutor(max_workers=run.pace.workers, thread_name_prefix="apply")
    try:
        execution.drain(todo, pool)
    except BaseException:
        execution.stopped.set()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return execution.outcome(todo)


@dataclass(slots=True)
class _Execution:
    """The state of one apply. Workers read it; only the thread that called `apply` changes it, but for `stopped`."""

    plan: Plan
    run: Run
    results: dict[int, Result] = field(default_factory=dict)
    standing: dict[Key, Found[Any]] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)
    stopped: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        """Note what stands already."""
        for found in self.plan.kept:
            self.standing.setdefault(found.key, found)
        for change in self.plan.changes:
            if change.action is Action.UPDATE and change.found is not None:
                self.standing[change.key] = change.found

    def drain(self, todo: tuple[Step, ...], pool: ThreadPoolExecutor) -> None:
        """Start every step as soon as what it waits for is done, until nothing more can start."""
        running: dict[Future[Found[Any] | None], Step] = {}
        waiting = list(todo)
        while True:
            for step in self._startable(waiting)[: self.run.pace.workers - len(running)]:
                waiting.remove(step)
                running[pool.submit(self._perform, step)] = step
            if not running:
                return
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in sorted(finished, key=lambda each: running[each].index):
                self._settle(running.pop(future), future)

    def outcome(self, todo: tuple[Step, ...]) -> Outcome:
        """Sum up."""
        before = [
            change.found
            for change in self.plan.changes
            if change.found is not None and id(change.found) not in self.removed
        ]
        there = Observed(self.plan.kept).with_found(*before)
        return Outcome(
            results=tuple(
                self.results.get(step.index, Result(step=step, state=State.PENDING))
                for step in todo
            ),
            observed=there.with_found(*self._made()),
        )

    def _made(self) -> Iterator[Found[Any]]:
        for result in self.results.values():
            if result.state is State.DONE and result.step.verb is not Verb.DELETE:
                yield self.standing[result.step.key]

    def _startable(self, waiting: list[Step]) -> list[Step]:
        if self.stopped.is_set():
            return []
        done = {index for index, result in self.results.items() if result.state is State.DONE}
        return [step for step in waiting if step.after <= done]

    def _settle(self, step: Step, future: Future[Found[Any] | None]) -> None:
        try:
            made = future.result()
        except CloudlbError as error:
            self.results[step.index] = Result(step=step, state=State.FAILED, error=error)
            self.run.report(Progress(step=step, state=State.FAILED, error=error))
            return
        if made is not None:
            self.standing[step.key] = made
        if step.verb is Verb.DELETE:
            self.removed.add(id(step.change.found))
        self.results[step.index] = Result(step=step, state=State.DONE)
        self.run.report(Progress(step=step, state=State.DONE))

    def _perform(self, step: Step) -> Found[Any] | None:
        if step.absorbed:
            return None
        report = self.run.report
        report(Progress(step=step, state=State.RUNNING))
        return persistently(
            lambda: self._call(step),
            self.run.pace,
            lambda error, seconds: report(
                Progress(step=step, state=State.WAITING, error=error, wait=seconds)
            ),
        )

    def _call(self, step: Step) -> Found[Any] | None:
        driver, change = self.run.driver, step.change
        self._fence()
        match step.verb, change.found, change.desired:
            case Verb.DELETE, Found() as found, _:
                driver.delete(found, self._fence)
                return None
            case Verb.CREATE, _, Resource() as desired:
                return driver.create(self._resolved(desired), self._fence)
            case Verb.UPDATE, Found(), Resource() as desired:
                return driver.update(change, self._resolved(desired), self._fence)
        message = f"{step.verb} of {step.key} is not a whole change: {change}"
        raise AssertionError(message)

    def _fence(self) -> None:
        """Let a write pass, unless one of this apply was stopped already: then no other may start."""
        if self.stopped.is_set():
            message = "stopped, as another step of the same plan was"
            raise Fenced(message)
        try:
            self.run.fence()
        except BaseException:
            self.stopped.set()
            raise

    def _resolved(self, resource: Resource) -> Resource:
        resolved = resolve(resource, self._attribute)
        for name, ref in references(resolved):
            message = f"{resource.key}.{name} needs {ref}, which does not exist"
            raise Conflict(message)
        return resolved

    def _attribute(self, ref: Ref) -> str | None:
        if ref.shared:
            found = next(iter(self.run.shared.of(ref.key)), None)
        else:
            found = self.standing.get(ref.key)
        return None if found is None else found.attributes.get(ref.attribute)
