"""EC2 security groups: the front door of a load balancer, and the cluster's backend group that marks its traffic."""

from dataclasses import dataclass
from typing import ClassVar

from cloudlb.plan.resource import Resource, attribute, only


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup(Resource):
    """A group without its rules. Attribute for refs: `group_id`."""

    KIND: ClassVar[str] = "security-group"

    name: str = attribute(create_only=True, exclusive=only)
    description: str = attribute(create_only=True)
    vpc_id: str = attribute(immutable=True)
    tags: tuple[tuple[str, str], ...] = attribute(default=())
