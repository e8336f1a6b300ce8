"""ELBv2 target groups: the pool of targets that a listener forwards to, and how their health is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from cloudlb.plan.resource import Resource, attribute, only
from cloudlb_aws import options


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

    def __str__(self) -> str:
        """`HTTP /healthz on 32000 every 10 s, timeout 6 s, healthy after 2, unhealthy after 2`."""
        asked = " ".join(filter(None, (self.protocol, self.path)))
        codes = f" for {self.matcher}" if self.matcher else ""
        return (
            f"{asked}{codes} on {self.port} every {self.interval} s, timeout {self.timeout} s,"
            f" healthy after {self.healthy_threshold}, unhealthy after {self.unhealthy_threshold}"
        )


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
    generation: str = attribute(
        immutable=True, because="a target group serves one load balancer, and that one is replaced"
    )
    port: int = attribute(create_only=True)
    health_check: HealthCheck
    options: tuple[tuple[str, str], ...] = attribute(overlay=True, default=())
    tags: tuple[tuple[str, str], ...] = attribute(default=())

    def ordinary(self) -> Mapping[str, object]:
        """Return what AWS gives a new target group, and what only keeps objects apart."""
        return {
            "generation": self.generation,
            "port": self.port,
            "ip_address_type": "ipv4",
            "options": options.target_group_defaults(self.protocol, self.target_type),
        }
