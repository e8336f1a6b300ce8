"""Keeping to a rate of calls: a token bucket that makes callers wait."""

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
