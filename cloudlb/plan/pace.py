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
class Pace:
    """How hard to try. Seconds throughout.

    A throttled or passing failure is tried `attempts` times in a row with full jitter up to `longest`; a server's own
    Retry-After is honoured. What is not ready yet (a deletion held by something else) is asked again until `patience`
    is used up.
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


def persistently(call: Callable[[], T], pace: Pace, tell: Tell) -> T:
    """Call again and again as long as the class of the error allows it. Raises the last error."""
    tries = _Tries(pace)

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

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._started = pace.clock()
        self._failures = 0

    def counted(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except NotReady:
            self._failures = 0
            raise
        except CloudlbError:
            self._failures += 1
            raise

    def exhausted(self, state: RetryCallState) -> bool:
        if isinstance(_error(state), NotReady):
            return self._pace.clock() - self._started >= self._pace.patience
        return self._failures >= self._pace.attempts

    def pause(self, state: RetryCallState) -> float:
        """Full jitter under an exponential ceiling, never shorter than what the server asked for.

        Source: M. Brooker, "Exponential Backoff And Jitter" (2015).
        """
        error, pace = _error(state), self._pace
        if isinstance(error, NotReady):
            return error.after
        ceiling = min(pace.longest, pace.shortest * 2.0 ** max(self._failures - 1, 0))
        asked = error.after if isinstance(error, Throttled) and error.after is not None else 0.0
        return asked + pace.jitter(0.0, ceiling)


def _error(state: RetryCallState) -> CloudlbError | None:
    error = state.outcome.exception() if state.outcome is not None else None
    return error if isinstance(error, CloudlbError) else None
