"""Members of a target group: instances at node ports, or addresses of pods."""

from dataclasses import dataclass
from typing import ClassVar

from cloudlb.plan.resource import Ref, Resource, attribute


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Target:
    """One registration. `id` is an instance id or an IP address; `zone` is empty, or `all` for addresses outside the VPC."""

    id: str
    port: int
    zone: str = ""

    def __str__(self) -> str:
        """`i-0123:30080`, `10.0.0.7:8080`, `[2001:db8::7]:8080`; with the zone where it is stated."""
        host = f"[{self.id}]" if ":" in self.id else self.id
        return f"{host}:{self.port}" + (f" (zone {self.zone})" if self.zone else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets(Resource):
    """Who is registered in a group. Attribute for refs: `target_group_arn`, the ARN of a group that has its members."""

    KIND: ClassVar[str] = "targets"
    HOLDS_TARGETS: ClassVar[bool] = True

    group: Ref | str = attribute(immutable=True, part_of=True)
    members: frozenset[Target] = attribute(members=True)
