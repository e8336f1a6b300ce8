"""A clock that tests move by hand, in place of `time.monotonic`."""

import threading


class ManualClock:
    """Stands still until told to move. Callable like `time.monotonic`; safe to share between threads."""

    def __init__(self, start: float = 0.0) -> None:
        """Begin at a time, in seconds."""
        self._now = start
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """Return the time in seconds."""
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> None:
        """Move forward. ValueError for a negative number."""
        if seconds < 0:
            message = f"a clock only moves forward, not by {seconds} seconds"
            raise ValueError(message)
        with self._lock:
            self._now += seconds
