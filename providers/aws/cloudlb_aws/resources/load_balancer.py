"""ELBv2 load balancers (Network Load Balancers today)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from cloudlb.plan.resource import Ref, Resource, attribute, only
from cloudlb_aws import options


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SubnetMapping:
    """One subnet (one zone) of a load balancer, with the addresses asked for in it; empty where AWS chooses."""

    subnet_id: str
    allocation_id: str = ""
    private_ipv4: str = ""
    ipv6: str = ""

    def __str__(self) -> str:
        """`subnet-0123`, with the addresses asked for in it."""
        asked = ", ".join(filter(None, (self.allocation_id, self.private_ipv4, self.ipv6)))
        return f"{self.subnet_id} ({asked})" if asked else self.subnet_id


def moved(old: tuple[SubnetMapping, ...], new: tuple[SubnetMapping, ...]) -> bool:
    """Tell whether a subnet that stays would change its addresses, which AWS can not do in place."""
    before = {each.subnet_id: each for each in old}
    return any(before.get(each.subnet_id, each) != each for each in new)


def held_addresses(mappings: tuple[SubnetMapping, ...]) -> Iterable[str]:
    """List the addresses that only one load balancer can hold at a time."""
    for each in mappings:
        yield from filter(None, (each.allocation_id, each.private_ipv4, each.ipv6))


def gains_or_loses_groups(old: frozenset[Ref | str], new: frozenset[Ref | str]) -> bool:
    """Tell whether the load balancer goes from no security group to some or back: AWS wants a new one for that."""
    return bool(old) != bool(new)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancer(Resource):
    """A Network Load Balancer. Attributes for refs: `arn`, `dns_name`, `name`.

    `scheme` is internet-facing or internal; `ip_address_type` is ipv4 or dualstack; `private_link_rules` is on, off, or
    empty without security groups. `mappings` are sorted. `options` are load balancer attributes by AWS's own keys,
    sorted, every key that we know with its default included. `also_fit` are (subnet, the one of its zone in
    `mappings`, or empty): not chosen for a new load balancer, and no reason to move one that is in them already.
    """

    KIND: ClassVar[str] = "load-balancer"
    HOLDS_ADDRESS: ClassVar[bool] = True

    name: str = attribute(create_only=True, exclusive=only)
    type: str = attribute(immutable=True)
    scheme: str = attribute(immutable=True)
    ip_address_type: str
    mappings: tuple[SubnetMapping, ...] = attribute(replace_when=moved, exclusive=held_addresses)
    security_groups: frozenset[Ref | str] = attribute(
        reference=True, replace_when=gains_or_loses_groups
    )
    private_link_rules: str = ""
    ipv6_source_nat: str = ""
    also_fit: tuple[tuple[str, str], ...] = attribute(create_only=True, default=())
    options: tuple[tuple[str, str], ...] = attribute(overlay=True, default=())
    tags: tuple[tuple[str, str], ...] = attribute(default=())

    def settled(self, found: "LoadBalancer") -> "LoadBalancer":
        """Leave a load balancer in the subnets that it is in, while they are fit."""
        there = {each.subnet_id: each for each in found.mappings}
        stays = {subnet: other for subnet, other in self.also_fit if subnet in there}
        if not stays:
            return self
        spared = frozenset(stays.values())
        others = [each for each in self.mappings if each.subnet_id not in spared]
        return replace(self, mappings=tuple(sorted({*others, *(there[each] for each in stays)})))

    def ordinary(self) -> Mapping[str, object]:
        """Return what AWS gives a new load balancer."""
        return {
            "type": options.NETWORK,
            "ip_address_type": "ipv4",
            "private_link_rules": "on",
            "ipv6_source_nat": "off",
            "also_fit": self.also_fit,
            "options": options.load_balancer_defaults(self.type),
        }
