"""Which address each family answers on: one that was asked for by name or by number, or any."""

import ipaddress
from collections.abc import Iterator

from cloudlb.model import Family
from cloudlb_gcp.design.work import Work, annotation
from cloudlb_gcp.landscape import Reserved, Subnet

VERSIONS = {Family.IPV4: "IPV4", Family.IPV6: "IPV6"}
_ASKED = "load-balancer-ip-addresses"


def asked_for(work: Work) -> dict[Family, str]:
    """Return the address of each family for which one was asked; names count before spec.loadBalancerIP."""
    found = dict(_by_name(work))
    for number, address in enumerate(work.load_balancer.requested_addresses):
        family = Family.IPV6 if ":" in address else Family.IPV4
        if family not in found and _usable(work, family, address, number):
            found[family] = str(ipaddress.ip_address(address))
    return found


def subnet_of(work: Work, family: Family) -> str:
    """Return the path of the subnetwork that an address of a family is from; empty where it is from none."""
    if not work.internal and family is Family.IPV4:
        return ""
    found = _named_subnet(work)
    if found is None:
        return ""
    if family is Family.IPV6 and found.ipv6_access != work.scheme:
        kind = "an internal" if work.internal else "an external"
        work.miss(
            "spec.ipFamilies",
            f"subnetwork {found.name} has no range for {kind} IPv6 address",
            f"name one that has in {annotation('load-balancer-subnet')}, or use IPv4 only",
            reason="NoIPv6Subnet",
        )
    return found.path


def _named_subnet(work: Work) -> Subnet | None:
    name = work.options.subnet
    if name:
        found = work.landscape.subnet(name)
        if found is None:
            known = ", ".join(sorted(each.name for each in work.landscape.subnets)) or "none"
            work.miss(
                annotation("load-balancer-subnet"),
                f"there is no subnetwork {name!r} of the cluster's network in {work.landscape.region} (there: {known})",
                "name one of these",
                reason="SubnetNotFound",
            )
        return found
    homes = sorted({each.subnetwork for each in work.instances()})
    fallback = [
        each.path for each in work.landscape.subnets if each.network == work.landscape.network
    ]
    for path in (*homes, *sorted(fallback)):
        if found := work.landscape.subnet(path):
            return found
    work.miss(
        annotation("load-balancer-subnet"),
        f"the cluster's network has no subnetwork in {work.landscape.region}",
        "make one, and name it here",
        reason="SubnetNotFound",
    )
    return None


def _by_name(work: Work) -> Iterator[tuple[Family, str]]:
    for name in work.options.addresses:
        found = work.landscape.reserved(name)
        if found is None:
            work.miss(
                annotation(_ASKED),
                f"there is no reserved address {name!r} in region {work.landscape.region} of project"
                f" {work.landscape.project}",
                f"reserve it: gcloud compute addresses create {name} --region {work.landscape.region}",
                reason="AddressNotFound",
            )
            continue
        family = Family.IPV6 if found.version == "IPV6" else Family.IPV4
        if _fits(work, family, found, annotation(_ASKED)):
            yield family, found.address


def _usable(work: Work, family: Family, address: str, number: int) -> bool:
    """Tell whether an address given as a number can be had: a reserved one, or for internal ones any of the subnetwork."""
    del number
    path = "spec.loadBalancerIP"
    try:
        ipaddress.ip_address(address)
    except ValueError:
        work.error(path, f"{address!r} is not an IP address", "give one", reason="InvalidAddress")
        return False
    held = work.landscape.holder_of(address, work.scheme)
    if held is not None:
        return _fits(work, family, held, path)
    if not work.internal:
        work.miss(
            path,
            f"{address} is no reserved address in region {work.landscape.region} of project {work.landscape.project}",
            "reserve an address first, and give that one: no other is ever taken in its place",
            reason="AddressNotFound",
        )
        return False
    return True


def _fits(work: Work, family: Family, found: Reserved, path: str) -> bool:
    label = f"reserved address {found.name} ({found.address})"
    if family not in work.families:
        work.miss(
            path,
            f"{label} is of a family that the Service does not have",
            "add the family to spec.ipFamilies, or name another address",
            reason="AddressDoesNotFit",
        )
    elif found.type != work.scheme:
        work.miss(
            path,
            f"{label} is {found.type}, and the load balancer {work.scheme}",
            "name an address of the same kind",
            reason="AddressDoesNotFit",
        )
    elif found.tier and work.tier and found.tier != work.tier:
        work.miss(
            path,
            f"{label} is of the network tier {found.tier}, and the load balancer of {work.tier}",
            "set cloud.google.com/network-tier to the address's tier, or name another address",
            reason="AddressDoesNotFit",
        )
    else:
        return True
    return False
