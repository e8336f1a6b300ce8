"""Regional health checks."""

from dataclasses import dataclass
from typing import ClassVar

from cloudlb.plan.resource import Resource, attribute, only


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck(Resource):
    """A health check. Attributes for refs: `path`. `type` is HTTP, HTTPS or TCP; times are seconds.

    `request_path` and `host` are empty for TCP.
    """

    KIND: ClassVar[str] = "health-check"

    name: str = attribute(create_only=True, exclusive=only)
    type: str
    port: int
    request_path: str = ""
    interval: int
    timeout: int
    healthy_threshold: int
    unhealthy_threshold: int
