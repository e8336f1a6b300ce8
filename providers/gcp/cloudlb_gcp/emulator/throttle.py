"""Compute Engine's rate limits: a bucket of tokens for each group of methods, refilled all the time.

A project has 1,500 calls a minute in each group and region unless it has asked for more (Compute Engine documentation,
"Rate quotas"); what does not count by region is taken as one.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from wsgiref.types import WSGIApplication

from cloudlb.testing.wsgi import Layer, Operation, Request, Response, identified
from cloudlb_gcp.emulator.errors import rate_limited
from cloudlb_gcp.emulator.routes import identify
from cloudlb_gcp.emulator.settings import EmulatorSettings

PER_SECOND = 25.0
BURST = 250.0
"""The API counts by minutes; a burst of ten seconds' worth is about what it forgives in between."""


def group_of(operation: Operation) -> str:
    """Return the group of methods whose calls are counted together."""
    if operation.service.endswith("Operations"):
        return "operation reads"
    if operation.write:
        return "mutations"
    return "lists" if operation.name.endswith(("list", "List", "Endpoints")) else "reads"


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float


class Throttle(Layer):
    """Refuses calls for which there is no token, while the setting `throttle` says so."""

    def __init__(self, app: WSGIApplication, settings: Callable[[], EmulatorSettings]) -> None:
        """Stand around an application."""
        super().__init__(app)
        self._settings = settings
        self._lock = threading.Lock()
        self._buckets: dict[str, _Bucket] = {}

    def reset(self) -> None:
        """Fill all buckets."""
        with self._lock:
            self._buckets.clear()

    def handle(self, request: Request) -> Response:
        """Take a token and pass the request on, or refuse it."""
        if self._settings().throttle == "off":
            return self.forward(request)
        if self._take(group_of(identified(request, identify))):
            return self.forward(request)
        return rate_limited().response()

    def _take(self, group: str) -> bool:
        now = self._settings().clock()
        with self._lock:
            bucket = self._buckets.setdefault(group, _Bucket(BURST, now))
            grown = bucket.tokens + (now - bucket.filled) * PER_SECOND
            bucket.tokens, bucket.filled = min(BURST, grown), now
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True
