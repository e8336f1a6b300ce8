"""Calls to the endpoint: its refusals become errors of `cloudlb.errors` here and nowhere else; reads are tried again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from cloudlb.errors import CloudlbError, Conflict, NotFound, NotReady, Rejected, Throttled
from cloudlb.plan.pace import Pace, persistently
from cloudlb.testing.memory.account import Refused

T = TypeVar("T")

BUSY_SECONDS = 1.0
"""When to ask again for the deletion of what something still uses."""


@contextmanager
def translated(operation: str) -> Iterator[None]:
    """Raise the account's refusals as CloudErrors."""
    try:
        yield
    except Refused as error:
        raise _translation(error, operation) from error


def _translation(error: Refused, operation: str) -> CloudlbError:
    said, code = str(error), error.code
    match code:
        case "slow":
            return Throttled(said, operation=operation, code=code)
        case "missing":
            return NotFound(said, operation=operation, code=code)
        case "busy":
            return NotReady(said, after=BUSY_SECONDS, operation=operation, code=code)
        case "invalid":
            # What is mentioned was there when it was read: look again.
            return Conflict(said, operation=operation, code=code)
    return Rejected(said, operation=operation, code=code)


def read(pace: Pace, operation: str, call: Callable[[], T]) -> T:
    """Read, as often as it takes within reason."""

    def once() -> T:
        with translated(operation):
            return call()

    return persistently(once, pace, _tell_nobody, pace.read)


def _tell_nobody(_error: CloudlbError | None, _seconds: float) -> None:
    """Single reads are not worth a word."""
