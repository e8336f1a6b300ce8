"""Rules on a security group of the nodes (not ours): the cluster's backend group may reach these ports.

The resource is the set of rules that carry our tags; the group's other rules are nobody's business here.
"""

from dataclasses import dataclass
from typing import ClassVar

from cloudlb.plan.resource import Ref, Resource, attribute
from cloudlb_aws.resources.ingress_rules import ports


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PortRange:
    """Ports of one protocol (tcp, udp), both ends included."""

    protocol: str
    from_port: int
    to_port: int

    def __str__(self) -> str:
        """`tcp 30080`, `tcp 30080-30090`."""
        return ports(self.protocol, self.from_port, self.to_port)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRules(Resource):
    """What the backend group, or a range of addresses, may reach behind one group of the nodes.

    `id` is that group's id, with the range where it is one. `marked_by` is the backend group also then: as long as it is
    there, somebody looks for rules. Attribute for refs: `group_id`.
    """

    KIND: ClassVar[str] = "node-rules"

    group: str = attribute(immutable=True)
    source: Ref | str = attribute(immutable=True, reference=True)
    ports: frozenset[PortRange] = attribute(members=True)
    marked_by: Ref | str = attribute(reference=True, create_only=True, default="")


def exposure_id(group: str, source: str) -> str:
    """Return the id of the rules that open node ports behind a group to a source that is no group."""
    return f"{group}-from-{source}"
