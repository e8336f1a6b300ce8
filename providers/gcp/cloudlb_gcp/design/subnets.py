"""The subnetwork that an address is from: as annotated, that of the nodes, or the one around a given address."""

import ipaddress

from cloudlb.model import Family
from cloudlb_gcp.design.work import Work, annotation
from cloudlb_gcp.landscape import Subnet


def subnet_of(work: Work, family: Family) -> str:
    """Return the path of the subnetwork that an address of a family is from; empty where it is from none."""
    if not work.internal and family is Family.IPV4:
        return ""
    found = _named(work) if work.subnet else _usual(work)
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


def subnet_around(work: Work, family: Family, address: str) -> str:
    """Return the path of the subnetwork that an internal address is in, which has to be the annotated one if any is."""
    if family is Family.IPV6:  # whose ranges are not known here
        return subnet_of(work, family)
    named = [_named(work)] if work.subnet else list(work.landscape.subnets)
    known = [each for each in named if each and each.network == work.landscape.network]
    for each in known:
        if each.cidr and ipaddress.ip_address(address) in ipaddress.ip_network(each.cidr):
            return each.path
    if known:
        ranges = ", ".join(f"{each.name} {each.cidr}" for each in known)
        work.miss(
            "spec.loadBalancerIP",
            f"{address} is in no subnetwork that it could be from ({ranges})",
            f"give an address of one of these, and name it in {annotation('load-balancer-subnet')}",
            reason="AddressDoesNotFit",
        )
    return ""


def _named(work: Work) -> Subnet | None:
    found = work.landscape.subnet(work.subnet)
    if found is None:
        known = ", ".join(sorted(each.name for each in work.landscape.subnets)) or "none"
        word = "load-balancer-subnet" if work.options.subnet else "internal-load-balancer-subnet"
        work.miss(
            annotation(word),
            f"there is no subnetwork {work.subnet!r} of the cluster's network in {work.landscape.region}"
            f" (there: {known})",
            "name one of these",
            reason="SubnetNotFound",
        )
    return found


def _usual(work: Work) -> Subnet | None:
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
