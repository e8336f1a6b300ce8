"""Ingress rules of a load balancer's own security group: who may open connections to which listener."""

from dataclasses import dataclass
from typing import ClassVar

from cloudlb.plan.resource import Ref, Resource, attribute


def ports(protocol: str, from_port: int, to_port: int) -> str:
    """Write ports for people: `tcp 80`, `udp 5000-5010`."""
    last = "" if to_port == from_port else f"-{to_port}"
    return f"{protocol} {from_port}{last}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class IngressRule:
    """One rule. `protocol` is tcp, udp, icmp or icmpv6 (then the ports are ICMP type and code, as EC2 has it).

    `source` is a canonical CIDR of either family, or the id of a prefix list (`pl-…`).
    """

    protocol: str
    from_port: int
    to_port: int
    source: str

    def __str__(self) -> str:
        """`tcp 80 from 192.0.2.0/24`; of ICMP, type and code."""
        if self.protocol.startswith("icmp"):
            return f"{self.protocol} {self.from_port}/{self.to_port} from {self.source}"
        return f"{ports(self.protocol, self.from_port, self.to_port)} from {self.source}"


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressRules(Resource):
    """All ingress rules of a group that is ours. Attribute for refs: `group_id`, the id of an opened group."""

    KIND: ClassVar[str] = "ingress-rules"

    group: Ref | str = attribute(immutable=True, part_of=True)
    rules: frozenset[IngressRule] = attribute(members=True)
