"""How hard to try: which errors are worth another try, after which wait, for how long."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from cloudlb.errors import CloudlbError, NotReady, Throttled, Transient

T = TypeVar("T")

Tell = Callable[[CloudlbError | None, float], None]
"""Is told the error and the seconds before the next try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many failures in a row end it, by class; whether "not ready" is waited for at all."""

    throttled: int
    transient: int
    waits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How hard to try. Seconds throughout.

    A throttled call is tried `attempts` times in a row, one that failed for a passing fault `faults` times, with full
    jitter up to `longest`; a server's own Retry-After is honoured. What is not ready yet (a deletion held by something else) is asked again until `patience`
    is used up.
    """

    workers: int = 8
    attempts: int = 10
    faults: int = 10
    shortest: float = 0.25
    longest: float = 20.0
    patience: float = 600.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[float, float], float] = random.uniform

    @property
    def step(self) -> Limits:
        """For a whole step of a plan."""
        return Limits(throttled=self.attempts, transient=self.faults, waits=True)

    @property
    def read(self) -> Limits:
        """For a single read: many passing faults are an outage, which waiting would only hide."""
        return Limits(throttled=self.attempts, transient=min(4, self.faults))

    @property
    def write(self) -> Limits:
        """For a single write within a step: a few throttles, then the step tells of it.

        Never after a passing fault: what it did is unknown, and the whole step looks before it writes again.
        """
        return Limits(throttled=min(3, self.attempts), transient=1)


PACE = Pace()

_LONGER, _LONGEST_WAIT = 1.6, 30.0
"""Each wait for what is not ready is longer than the last, up to this many seconds: every question is a call."""


def persistently(call: Callable[[], T], pace: Pace, tell: Tell, limits: Limits | None = None) -> T:
    """Call again and again as long as the class of the error allows it, by default as for a step. Raises the last error."""
    tries = _Tries(pace, limits or pace.step)

    def before_sleep(state: RetryCallState) -> None:
        tell(_error(state), state.upcoming_sleep)

    retrying = Retrying(
        retry=retry_if_exception_type((NotReady, Throttled, Transient)),
        stop=tries.exhausted,
        wait=tries.pause,
        sleep=pace.sleep,
        before_sleep=before_sleep,
        reraise=True,
    )
    result: T = retrying(tries.counted, call)
    return result


class _Tries:
    """Counts the failures of one call that came in a row; "not ready" is an answer, and ends a row."""

    def __init__(self, pace: Pace, limits: Limits) -> None:
        self._pace = pace
        self._limits = limits
        self._started = pace.clock()
        self._failures = 0
        self._waits = 0

    def counted(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except NotReady:
            self._failures = 0
            self._waits += 1
            raise
        except CloudlbError:
            self._failures += 1
            raise

    def exhausted(self, state: RetryCallState) -> bool:
        error, limits = _error(state), self._limits
        if isinstance(error, NotReady):
            waited = self._pace.clock() - self._started
            return not limits.waits or waited >= self._pace.patience
        limit = limits.throttled if isinstance(error, Throttled) else limits.transient
        return self._failures >= limit

    def pause(self, state: RetryCallState) -> float:
        """Full jitter under an exponential ceiling, never shorter than what the server asked for.

        Source: M. Brooker, "Exponential Backoff And Jitter" (2015).
        """
        error, pace = _error(state), self._pace
        if isinstance(error, NotReady):
            longer = error.after * _LONGER ** (self._waits - 1)
            return min(longer, max(error.after, _LONGEST_WAIT))
        ceiling = min(pace.longest, pace.shortest * 2.0 ** max(self._failures - 1, 0))
        asked = error.after if isinstance(error, Throttled) and error.after is not None else 0.0
        return asked + pace.jitter(0.0, ceiling)


def _error(state: RetryCallState) -> CloudlbError | None:
    error = state.outcome.exception() if state.outcome is not None else None
    return error if isinstance(error, CloudlbError) else None
