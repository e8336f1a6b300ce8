"""AWS's throttling: a bucket of tokens for each class of operations, refilled all the time.

ELBv2's figures for Describe*, Modify*, Register and Deregister are those its users have measured and configure their
own limits by (aws-load-balancer-controller, aws.md 3.5); EC2 documents buckets of this shape with larger figures for
most calls. Those for ELBv2's other writes and for the tagging API are guesses on the careful side.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from wsgiref.types import WSGIApplication

from cloudlb.testing.buckets import Buckets
from cloudlb.testing.wsgi import Layer, Operation, Request, Response, identified
from cloudlb_aws.emulator.errors import AwsError
from cloudlb_aws.emulator.request import identify, render_error
from cloudlb_aws.emulator.settings import EmulatorSettings


@dataclass(frozen=True, slots=True)
class Limit:
    """A class of operations: a service, a pattern of names, the bucket's size, tokens a second."""

    service: str
    pattern: re.Pattern[str]
    burst: float
    rate: float


LIMITS = (
    Limit("elbv2", re.compile(r"Describe"), 40, 10),
    Limit("elbv2", re.compile(r"(Der|R)egisterTargets"), 20, 4),
    Limit("elbv2", re.compile(r"Modify|Set"), 20, 3),
    Limit("elbv2", re.compile(r""), 10, 3),
    Limit("ec2", re.compile(r"Describe|Get"), 100, 20),
    Limit("ec2", re.compile(r""), 50, 5),
    Limit("resourcegroupstaggingapi", re.compile(r""), 15, 15),
)
"""The first that fits counts."""


def refused(operation: Operation) -> AwsError:
    """Make the answer of a service to too many calls."""
    if operation.service == "ec2":
        return AwsError("RequestLimitExceeded", "Request limit exceeded.", status=503)
    code = "Throttling" if operation.service == "elbv2" else "ThrottlingException"
    return AwsError(code, "Rate exceeded")


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
        operation = identified(request, identify)
        if self._take(operation):
            return self.forward(request)
        return render_error(operation, refused(operation))

    def _take(self, operation: Operation) -> bool:
        limit = next((each for each in LIMITS if _fits(each, operation)), None)
        if limit is None:
            return True
        now = self._settings().clock()
        return self._buckets.take(limit, burst=limit.burst, rate=limit.rate, now=now)


def _fits(limit: Limit, operation: Operation) -> bool:
    return limit.service == operation.service and bool(limit.pattern.match(operation.name))
