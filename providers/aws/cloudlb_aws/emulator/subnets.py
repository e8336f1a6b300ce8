"""Subnets of a load balancer: which sets of them AWS accepts, and the addresses that can be asked for in them."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cloudlb_aws.emulator import finding
from cloudlb_aws.emulator.context import Context
from cloudlb_aws.emulator.errors import AwsError, configuration, validation
from cloudlb_aws.emulator.ledger import Mapping
from cloudlb_aws.emulator.moto import Json, Subnet

_FREE_ADDRESSES = 8


def read(params: Json) -> tuple[Mapping, ...]:
    """Read `Subnets` or `SubnetMappings`, of which exactly one must be given."""
    subnets, mappings = params.get("Subnets") or [], params.get("SubnetMappings") or []
    if bool(subnets) == bool(mappings):
        raise validation("You must specify either subnets or subnet mappings, but not both")
    if subnets:
        return tuple(Mapping(subnet_id=each) for each in subnets)
    return tuple(
        Mapping(
            subnet_id=each.get("SubnetId", ""),
            allocation_id=each.get("AllocationId", ""),
            private_ipv4=each.get("PrivateIPv4Address", ""),
            ipv6=each.get("IPv6Address", ""),
            source_nat_prefix=each.get("SourceNatIpv6Prefix", ""),
        )
        for each in mappings
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What the subnets are for: a load balancer of this kind. `held` are the subnets it is in already."""

    kind: str
    scheme: str
    ip_address_type: str
    held: frozenset[str] = frozenset()


def check(context: Context, mappings: Sequence[Mapping], use: Use) -> list[Subnet]:
    """Refuse a set of subnets that a load balancer can not have; return them."""
    subnets = [finding.subnet(context, each.subnet_id) for each in mappings]
    _check_zones(subnets, use.kind)
    if len({each.vpc_id for each in subnets}) > 1:
        raise configuration("All subnets must belong to the same VPC")
    new = [each for each in subnets if each.id not in use.held]
    for subnet in new:
        _check_room(subnet)
    if use.ip_address_type != "ipv4":
        _check_ipv6(subnets)
    if use.scheme == "internet-facing":
        _check_gateway(context, subnets[0].vpc_id)
    for mapping, subnet in zip(mappings, subnets, strict=True):
        _check_addresses(mapping, use)
        if subnet in new:
            _check_free(context, mapping, subnet)
    return subnets


def _check_zones(subnets: Sequence[Subnet], kind: str) -> None:
    zones = [each.availability_zone for each in subnets]
    if len(set(zones)) < len(zones):
        raise configuration(
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
        )
    if kind == "application" and len(zones) < 2:
        raise validation(
            "At least two subnets in two different Availability Zones must be specified"
        )


def _check_room(subnet: Subnet) -> None:
    if subnet.available_ip_address_count < _FREE_ADDRESSES:
        message = f"Not enough IP space available in {subnet.id}. ELB requires at least {_FREE_ADDRESSES} free IP addresses in each subnet."
        raise AwsError("InvalidSubnet", message)


def _check_ipv6(subnets: Iterable[Subnet]) -> None:
    for subnet in subnets:
        if not subnet.ipv6_cidr_block_associations:
            raise configuration(
                f"You must specify subnets with an associated IPv6 CIDR block: {subnet.id} has none"
            )


def _check_gateway(context: Context, vpc_id: str) -> None:
    gateways = context.ec2.internet_gateways.values()
    if not any(gateway.vpc and gateway.vpc.id == vpc_id for gateway in gateways):
        raise AwsError("InvalidSubnet", f"VPC {vpc_id} has no internet gateway")


def _check_addresses(mapping: Mapping, use: Use) -> None:
    fixed = mapping.allocation_id or mapping.private_ipv4 or mapping.ipv6
    if fixed and use.kind != "network":
        raise configuration(
            f"Addresses cannot be specified for load balancers of type '{use.kind}'"
        )
    for given, fits, what in (
        (mapping.allocation_id, use.scheme == "internet-facing", "Elastic IP: internet-facing"),
        (mapping.private_ipv4, use.scheme == "internal", "private IPv4: internal"),
        (mapping.ipv6, use.ip_address_type == "dualstack", "IPv6: dualstack"),
    ):
        if given and not fits:
            kind, _, wanted = what.partition(": ")
            raise configuration(
                f"You can only specify {kind} addresses for {wanted} load balancers: '{given}'"
            )


def _check_free(context: Context, mapping: Mapping, subnet: Subnet) -> None:
    if mapping.allocation_id:
        _check_allocation(context, mapping.allocation_id)
    if mapping.private_ipv4:
        _check_inside(mapping.private_ipv4, [subnet.cidr_block], subnet)
        # The code for an address that is taken is a guess; the others are AWS's own.
        if mapping.private_ipv4 in subnet._subnet_ips:  # noqa: SLF001
            raise configuration(f"The private IP address {mapping.private_ipv4} is already in use")
    if mapping.ipv6:
        blocks = subnet.ipv6_cidr_block_associations.values()
        _check_inside(mapping.ipv6, [each["ipv6CidrBlock"] for each in blocks], subnet)


def _check_allocation(context: Context, allocation_id: str) -> None:
    allocations = {each.allocation_id: each for each in context.ec2.addresses}
    if allocation_id not in allocations:
        raise AwsError(
            "AllocationIdNotFound",
            f"The allocation IDs '{allocation_id}' are not available for use",
        )
    if allocations[allocation_id].association_id is not None:
        raise AwsError("ResourceInUse", "The allocation IDs are not available for use")


def _check_inside(address: str, blocks: Iterable[str], subnet: Subnet) -> None:
    try:
        wanted = ipaddress.ip_address(address)
    except ValueError:
        raise validation(f"'{address}' is not a valid IP address") from None
    if not any(wanted in ipaddress.ip_network(block) for block in blocks):
        raise configuration(f"The address {address} is not in the CIDR of subnet {subnet.id}")
