"""What came of applying a plan: every step's result, and what exists now."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from cloudlb.errors import CloudlbError, Conflict
from cloudlb.plan.order import Step
from cloudlb.plan.resource import NOTHING, Observed


class State(StrEnum):
    """Where a step stands. `WAITING` is between two tries; `PENDING` was never started."""

    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    PENDING = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One thing that happened during an apply. `wait` is in seconds, `error` says what is waited for or what failed."""

    step: Step
    state: State
    error: CloudlbError | None = None
    wait: float = 0.0


Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one step ended: done, failed with `error`, or pending because something that it needs was not done."""

    step: Step
    state: State
    error: CloudlbError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a plan. `observed` is what exists now as far as we know; with failures, it is a guess."""

    results: tuple[Result, ...] = ()
    observed: Observed = NOTHING

    @property
    def ok(self) -> bool:
        """Tell whether every step was done."""
        return all(result.state is State.DONE for result in self.results)

    @property
    def errors(self) -> tuple[CloudlbError, ...]:
        """Return the errors, in the order of steps."""
        return tuple(result.error for result in self.results if result.error is not None)

    @property
    def stale(self) -> bool:
        """Tell whether the cloud was not as the plan thought, so that a new plan may well succeed at once."""
        return any(isinstance(error, Conflict) for error in self.errors)
