"""Token buckets: how emulated clouds limit calls, each in its own classes and sizes."""

import threading
from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float


class Buckets:
    """Buckets by key, full at first. Safe to use from several threads."""

    def __init__(self) -> None:
        """Have none yet."""
        self._lock = threading.Lock()
        self._buckets: dict[Hashable, _Bucket] = {}

    def reset(self) -> None:
        """Fill all of them."""
        with self._lock:
            self._buckets.clear()

    def take(self, key: Hashable, *, burst: float, rate: float, now: float) -> bool:
        """Take a token at a time in seconds, if there is one; `rate` comes in a second, up to `burst`."""
        with self._lock:
            bucket = self._buckets.setdefault(key, _Bucket(burst, now))
            grown = bucket.tokens + (now - bucket.filled) * rate
            bucket.tokens, bucket.filled = min(burst, grown), now
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True
