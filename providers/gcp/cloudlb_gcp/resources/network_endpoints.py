"""The endpoints of a network endpoint group: membership, apart from the group itself."""

from dataclasses import dataclass
from typing import ClassVar

from cloudlb.plan.resource import Ref, Resource, attribute


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkEndpoints(Resource):
    """The nodes in a group, by instance name. Attributes for refs: `group`, the path of the group, once it is filled."""

    KIND: ClassVar[str] = "network-endpoints"
    HOLDS_TARGETS: ClassVar[bool] = True

    group: Ref | str = attribute(part_of=True, immutable=True)
    members: frozenset[str] = attribute(members=True)
