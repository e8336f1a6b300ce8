"""ELBv2 target groups: the pool of targets that a listener forwards to, and how their health is asked for."""

from dataclasses import dataclass
from typing import ClassVar

from cloudlb.plan.resource import Resource, attribute, only


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """Settings of the health check, defaults written out. Times in seconds.

    `port` is a number or `traffic-port`; `path` and `matcher` are empty for TCP.
    """

    protocol: str
    port: str
    path: str
    matcher: str
    interval: int
    timeout: int
    healthy_threshold: int
    unhealthy_threshold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGroup(Resource):
    """A group without its members. Attribute for refs: `arn`.

    `port` only counts for targets that are registered without one, so it is never compared: a new node port does not
    need a new group. `generation` tells the load balancers of one owner apart, and is kept in a tag: AWS lets a group
    serve one load balancer only, so a load balancer that is replaced needs new groups. `options` are target group
    attributes by AWS's own keys, sorted, every key that we know with its default included.
    """

    KIND: ClassVar[str] = "target-group"

    name: str = attribute(create_only=True, exclusive=only)
    vpc_id: str = attribute(immutable=True)
    protocol: str = attribute(immutable=True)
    target_type: str = attribute(immutable=True)
    ip_address_type: str = attribute(immutable=True)
    generation: str = attribute(immutable=True)
    port: int = attribute(create_only=True)
    health_check: HealthCheck
    options: tuple[tuple[str, str], ...] = attribute(overlay=True, default=())
    tags: tuple[tuple[str, str], ...] = attribute(default=())
