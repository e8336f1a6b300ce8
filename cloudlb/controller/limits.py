"""Keeping to rates of calls: our own limit, and those that the cloud lets one find out."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Bucket:
    """`rate` tokens a second, at most `burst` of them saved up; a rate of 0 is no limit. Safe to use from several threads."""

    rate: float
    burst: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _tokens: float = field(init=False)
    _at: float = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Begin full."""
        self._tokens = self.burst
        self._at = self.clock()

    def take(self, _what: str = "") -> None:
        """Take a token, waiting for it as long as it takes."""
        if self.rate <= 0:
            return
        with self._lock:
            now = self.clock()
            self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
            self._at = now
            self._tokens -= 1
            wait = -self._tokens / self.rate
        if wait > 0:
            self.sleep(wait)


_FIRST, _WIDEST, _NARROWEST = 0.2, 4.0, 0.05
_GROW, _SHRINK = 1.5, 0.985


@dataclass(slots=True)
class _Slots:
    """The pace of one operation: a call every `gap` seconds, the next one not before `free`."""

    gap: float
    widened: float
    free: float = 0.0


@dataclass(slots=True)
class Spacing:
    """Spaces the calls of an operation that the cloud throttles, as far apart as it seems to take.

    Without it, every worker that waits to try again would find the same empty bucket. The gap grows by half with a throttle,
    at most once a second, and shrinks a little with every call that passes. Safe to use from several threads.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _slots: dict[str, _Slots] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, operation: str) -> None:
        """Wait for a slot, if the operation has to be spaced."""
        with self._lock:
            slots = self._slots.get(operation)
            if slots is None:
                return
            now = self.clock()
            start = max(now, slots.free)
            slots.free = start + slots.gap
        if start > now:
            self.sleep(start - now)

    def learn(self, operation: str, *, throttled: bool) -> None:
        """Take in how a call went."""
        with self._lock:
            slots, now = self._slots.get(operation), self.clock()
            if throttled and slots is None:
                self._slots[operation] = _Slots(_FIRST, now, now + _FIRST)
            elif throttled and slots is not None and now - slots.widened >= 1.0:
                slots.gap, slots.widened = min(_WIDEST, slots.gap * _GROW), now
            elif not throttled and slots is not None:
                slots.gap *= _SHRINK
                if slots.gap < _NARROWEST:
                    del self._slots[operation]
