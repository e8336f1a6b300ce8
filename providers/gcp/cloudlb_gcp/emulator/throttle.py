"""Compute Engine's rate limits: a bucket of tokens for each group of methods, refilled all the time.

A project has 1,500 calls a minute in each group and region unless it has asked for more (Compute Engine documentation,
"Rate quotas"); what does not count by region is taken as one.
"""

from collections.abc import Callable
from wsgiref.types import WSGIApplication

from cloudlb.testing.buckets import Buckets
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


class Throttle(Layer):
    """Refuses calls for which there is no token, while the setting `throttle` says so."""

    def __init__(self, app: WSGIApplication, settings: Callable[[], EmulatorSettings]) -> None:
        """Stand around an application."""
        super().__init__(app)
        self._settings = settings
        self._buckets = Buckets()

    def reset(self) -> None:
        """Fill all buckets."""
        self._buckets.reset()

    def handle(self, request: Request) -> Response:
        """Take a token and pass the request on, or refuse it."""
        if self._settings().throttle == "off":
            return self.forward(request)
        group = group_of(identified(request, identify))
        if self._buckets.take(group, burst=BURST, rate=PER_SECOND, now=self._settings().clock()):
            return self.forward(request)
        return rate_limited().response()
