"""Carrying a plan out: dependency order, bounded parallelism, retries by class of error.

A step that fails leaves the steps that wait for it pending, and stops nothing else. The fence is asked before every
write. Being killed anywhere is safe: what was made carries its owner's marks, and the next observation finds it.
"""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from cloudlb.errors import CloudlbError, Fenced, NotReady, Throttled, Transient
from cloudlb.plan.change import Plan
from cloudlb.plan.driver import Driver, Fence
from cloudlb.plan.order import Step, Verb, steps
from cloudlb.plan.outcome import Outcome, Progress, Report, Result, State
from cloudlb.plan.resource import Found, Key, Observed, Ref, Resource, references, resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How hard to try. Seconds throughout.

    A throttled or passing failure is tried `attempts` times with full jitter up to `longest`; a server's own Retry-After
    is honoured. What is not ready yet (a deletion held by something else) is asked again until `patience` is used up.
    """

    workers: int = 8
    attempts: int = 10
    shortest: float = 0.25
    longest: float = 20.0
    patience: float = 600.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[float, float], float] = random.uniform


PACE = Pace()


def unfenced() -> None:
    """Let every write pass: the fence of a process that shares its cloud with no other writer."""


def quiet(_progress: Progress) -> None:
    """Report nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What an apply works with besides the plan."""

    driver: Driver
    shared: Observed = Observed()
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
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return execution.outcome(todo)


@dataclass(slots=True)
class _Execution:
    """The state of one apply; only the thread that called `apply` changes it."""

    plan: Plan
    run: Run
    results: dict[int, Result] = field(default_factory=dict)
    standing: dict[Key, Found[Any]] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)
    fenced: bool = False

    def __post_init__(self) -> None:
        for found in self.plan.kept:
            self.standing[found.key] = found
        for change in self.plan.changes:
            if change.found is not None and change.desired is not None:
                self.standing.setdefault(change.key, change.found)

    def drain(self, todo: tuple[Step, ...], pool: ThreadPoolExecutor) -> None:
        """Start every step as soon as what it waits for is done, until nothing more can start."""
        running: dict[Future[Found[Any] | None], Step] = {}
        waiting = list(todo)
        while True:
            for step in self._startable(waiting):
                waiting.remove(step)
                running[pool.submit(self._perform, step)] = step
            if not running:
                return
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in sorted(finished, key=lambda each: running[each].index):
                self._settle(running.pop(future), future)

    def outcome(self, todo: tuple[Step, ...]) -> Outcome:
        """Sum up."""
        gone = self.removed
        before = [
            change.found
            for change in self.plan.changes
            if change.found is not None and id(change.found) not in gone
        ]
        observed = Observed(tuple(self.plan.kept)).with_found(*before)
        return Outcome(
            results=tuple(
                self.results.get(step.index, Result(step=step, state=State.PENDING))
                for step in todo
            ),
            observed=observed.with_found(*self._made()),
        )

    def _made(self) -> Iterator[Found[Any]]:
        for result in self.results.values():
            if result.state is State.DONE and result.step.verb is not Verb.DELETE:
                yield self.standing[result.step.key]

    def _startable(self, waiting: list[Step]) -> list[Step]:
        if self.fenced:
            return []
        done = {index for index, result in self.results.items() if result.state is State.DONE}
        return [step for step in waiting if step.after <= done]

    def _settle(self, step: Step, future: Future[Found[Any] | None]) -> None:
        try:
            made = future.result()
        except CloudlbError as error:
            self.fenced = self.fenced or isinstance(error, Fenced)
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
        self.run.report(Progress(step=step, state=State.RUNNING))
        return _persistently(self.run, step)(lambda: self._call(step))

    def _call(self, step: Step) -> Found[Any] | None:
        driver, fence, change = self.run.driver, self.run.fence, step.change
        fence()
        if step.verb is Verb.DELETE:
            if change.found is not None:
                driver.delete(change.found, fence)
            return None
        if change.desired is None:
            message = f"{step.verb} of {step.key} without a desired resource"
            raise AssertionError(message)
        desired = self._resolved(change.desired)
        if step.verb is Verb.CREATE:
            return driver.create(desired, fence)
        return driver.update(change, desired, fence)

    def _resolved(self, resource: Resource) -> Resource:
        resolved = resolve(resource, self._attribute)
        unknown = next(references(resolved), None)
        if unknown is not None:
            message = f"{resource.key}.{unknown[0]} needs {unknown[1]}, which nothing provides"
            raise AssertionError(message)
        return resolved

    def _attribute(self, ref: Ref) -> str | None:
        if ref.shared:
            found = next(iter(self.run.shared.of(ref.key)), None)
        else:
            found = self.standing.get(ref.key)
        return None if found is None else found.attributes.get(ref.attribute)


Call = Callable[[], Found[Any] | None]


def _persistently(run: Run, step: Step) -> Callable[[Call], Found[Any] | None]:
    """Return a caller that tries again as long as the class of the error allows it."""
    pace = run.pace
    started = pace.clock()

    def give_up(state: RetryCallState) -> bool:
        error = _error(state)
        if isinstance(error, NotReady):
            return pace.clock() - started >= pace.patience
        return state.attempt_number >= pace.attempts

    def pause(state: RetryCallState) -> float:
        return _pause(pace, state)

    def tell(state: RetryCallState) -> None:
        error, seconds = _error(state), state.upcoming_sleep
        run.report(Progress(step=step, state=State.WAITING, error=error, wait=seconds))

    return Retrying(
        retry=retry_if_exception_type((NotReady, Throttled, Transient)),
        stop=give_up,
        wait=pause,
        sleep=pace.sleep,
        before_sleep=tell,
        reraise=True,
    )


def _error(state: RetryCallState) -> CloudlbError | None:
    error = state.outcome.exception() if state.outcome is not None else None
    return error if isinstance(error, CloudlbError) else None


def _pause(pace: Pace, state: RetryCallState) -> float:
    """Full jitter under an exponential ceiling, never shorter than what the server asked for.

    Source: M. Brooker, "Exponential Backoff And Jitter" (2015).
    """
    error = _error(state)
    if isinstance(error, NotReady):
        return error.after
    ceiling = min(pace.longest, pace.shortest * 2**state.attempt_number)
    asked = error.after if isinstance(error, Throttled) and error.after is not None else 0.0
    return asked + pace.jitter(0.0, ceiling)
