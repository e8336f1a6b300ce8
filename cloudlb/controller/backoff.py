"""When to try a key again: by what went wrong, and how often in a row.

| error                                   | seconds until the next try                                |
|-----------------------------------------|-----------------------------------------------------------|
| not ready                               | what it says                                              |
| throttled                               | what the server asks for, else 5 doubled up to 300        |
| the cloud or the API server is away     | 5 doubled up to 300                                       |
| the cloud was not as thought            | 2 doubled up to 300                                       |
| a quota, a missing right                | 60 doubled up to 900                                      |
| refused, not ours                       | 300 doubled up to 3600                                    |
| something that the object names is away | 60 doubled up to 900                                      |
| the object is invalid                   | never: it has to change                                   |

With jitter of a fifth, so that many that failed together do not come back together.
"""

import random
import threading
from collections.abc import Callable, Hashable, Iterable

from cloudlb.errors import (
    CloudlbError,
    Conflict,
    Denied,
    InvalidObject,
    NotOwned,
    NotReady,
    QuotaExceeded,
    Rejected,
    Throttled,
)

_MOST = 30
"""Failures in a row that are told apart."""

_LADDERS: tuple[tuple[type[CloudlbError], float, float], ...] = (
    (Conflict, 2.0, 300.0),
    (QuotaExceeded, 60.0, 900.0),
    (Denied, 60.0, 900.0),
    (Rejected, 300.0, 3600.0),
    (NotOwned, 300.0, 3600.0),
)
_OTHERS = (5.0, 300.0)
_LOOKS = (60.0, 900.0)


class Backoff:
    """Counts the failures of every key. Safe to use from several threads."""

    def __init__(self, jitter: Callable[[float, float], float] = random.uniform) -> None:
        """Know of no failure."""
        self._jitter = jitter
        self._failures: dict[Hashable, int] = {}
        self._lock = threading.Lock()

    def after(self, key: Hashable, errors: Iterable[CloudlbError]) -> float | None:
        """Count a failure, and return the seconds until the next try; None if only a change helps."""
        failures = self._count(key)
        waits = [wait for each in errors if (wait := _wait(each, failures)) is not None]
        return min(waits) * self._jitter(0.9, 1.1) if waits else None

    def after_a_look(self, key: Hashable) -> float:
        """Count a look that did not find what an object names, and return the seconds until the next one."""
        first, last = _LOOKS
        return min(last, first * 2.0 ** (self._count(key) - 1)) * self._jitter(0.9, 1.1)

    def _count(self, key: Hashable) -> int:
        with self._lock:
            failures = self._failures[key] = min(self._failures.get(key, 0) + 1, _MOST)
        return failures

    def success(self, key: Hashable) -> None:
        """Forget a key's failures."""
        with self._lock:
            self._failures.pop(key, None)


def _wait(error: CloudlbError, failures: int) -> float | None:
    if isinstance(error, InvalidObject):
        return None
    if isinstance(error, NotReady):
        return error.after
    first, last = next(
        ((low, high) for kind, low, high in _LADDERS if isinstance(error, kind)), _OTHERS
    )
    wait = min(last, first * 2.0 ** (failures - 1))
    asked = error.after if isinstance(error, Throttled) else None
    return wait if asked is None else max(asked, wait)
