"""The addresses of a load balancer in its subnets, where the user chose them."""

import ipaddress
from collections.abc import Iterator

from cloudlb_aws.design.work import Work, annotation
from cloudlb_aws.landscape import Subnet
from cloudlb_aws.resources.load_balancer import SubnetMapping


def map_subnets(work: Work, subnets: tuple[Subnet, ...]) -> tuple[SubnetMapping, ...]:
    """Return a mapping for each subnet, sorted. Notes what does not go together."""
    if not subnets:
        return ()
    options = work.options
    allocations = _in_order(work, "eip-allocations", options.eip_allocations, subnets)
    private = _by_range(work, "private-ipv4-addresses", options.private_ipv4_addresses, subnets)
    ipv6 = _by_range(work, "ipv6-addresses", options.ipv6_addresses, subnets)
    if options.eip_allocations and work.internal:
        _wrong_kind(work, "eip-allocations", "internal", "internet-facing")
    if options.private_ipv4_addresses and not work.internal:
        _wrong_kind(work, "private-ipv4-addresses", "internet-facing", "internal")
    if options.ipv6_addresses and not work.dual_stack:
        _wrong_kind(work, "ipv6-addresses", "ipv4 only", "dualstack")
    return tuple(
        sorted(
            SubnetMapping(
                subnet_id=subnet.id,
                allocation_id=allocations.get(subnet.id, ""),
                private_ipv4=private.get(subnet.id, ""),
                ipv6=ipv6.get(subnet.id, ""),
            )
            for subnet in subnets
        )
    )


def asked_for(mappings: tuple[SubnetMapping, ...]) -> tuple[str, ...]:
    """Return the addresses that the user chose, each with its subnet: what can not change in place."""
    return tuple(
        f"{each.subnet_id} {address}"
        for each in mappings
        for address in (each.allocation_id, each.private_ipv4, each.ipv6)
        if address
    )


def _wrong_kind(work: Work, suffix: str, given: str, needed: str) -> None:
    work.error(
        annotation(suffix),
        f"is for load balancers that are {needed}; this one is {given}",
        "remove the annotation, or change the other",
        reason="ConflictingAnnotations",
    )


def _count(work: Work, suffix: str, given: int, subnets: tuple[Subnet, ...]) -> bool:
    if given == len(subnets):
        return True
    zones = ", ".join(f"{each.id} ({each.zone})" for each in subnets)
    work.error(
        annotation(suffix),
        f"has {given} for {len(subnets)} subnets: {zones}",
        f"give exactly {len(subnets)}, or name the subnets in {annotation('subnets')}",
        reason="WrongCount",
    )
    return False


def _in_order(
    work: Work, suffix: str, given: tuple[str, ...], subnets: tuple[Subnet, ...]
) -> dict[str, str]:
    if not given or not _count(work, suffix, len(given), subnets):
        return {}
    if len(set(given)) != len(given):
        work.error(
            annotation(suffix),
            "names one allocation twice",
            "give each subnet its own",
            reason="InvalidAnnotation",
        )
        return {}
    return {subnet.id: each for subnet, each in zip(subnets, given, strict=True)}


def _by_range(
    work: Work, suffix: str, given: tuple[str, ...], subnets: tuple[Subnet, ...]
) -> dict[str, str]:
    if not given or not _count(work, suffix, len(given), subnets):
        return {}
    found: dict[str, str] = {}
    for address in given:
        home = next((each for each in subnets if address in _Ranges(each)), None)
        if home is None or home.id in found:
            work.error(
                annotation(suffix),
                f"{address} is in the range of no subnet that is still free ({_ranges(subnets)})",
                "give one address in each subnet",
                reason="AddressOutsideSubnet",
            )
        else:
            found[home.id] = address
    return found


class _Ranges:
    """The ranges of a subnet, of both families."""

    def __init__(self, subnet: Subnet) -> None:
        self._networks = [ipaddress.ip_network(each) for each in (subnet.cidr, *subnet.ipv6_cidrs)]

    def __contains__(self, address: str) -> bool:
        return any(ipaddress.ip_address(address) in each for each in self._networks)

    def __iter__(self) -> Iterator[str]:
        return (str(each) for each in self._networks)


def _ranges(subnets: tuple[Subnet, ...]) -> str:
    return ", ".join(f"{each.id} {' '.join(_Ranges(each))}" for each in subnets)
