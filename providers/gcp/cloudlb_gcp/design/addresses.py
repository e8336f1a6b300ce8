"""Which address each family answers on, and in which subnetwork: asked for by name or by number, or any."""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cloudlb.model import Family
from cloudlb_gcp import names
from cloudlb_gcp.design.subnets import subnet_around, subnet_of
from cloudlb_gcp.design.work import Work, annotation
from cloudlb_gcp.landscape import Front, Reserved
from cloudlb_gcp.links import name_of

VERSIONS = {Family.IPV4: "IPV4", Family.IPV6: "IPV6"}
_ROLES = {Family.IPV4: "fr4", Family.IPV6: "fr6"}
_ASKED = "load-balancer-ip-addresses"
_BY_NUMBER = "spec.loadBalancerIP"
_NO_OTHER = "no other address is ever taken in its place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a family answers. `address` is empty for any, `subnetwork` (a path) where the address is from none."""

    address: str = ""
    subnetwork: str = ""


def places(work: Work) -> Mapping[Family, Place]:
    """Return the place of each family of the load balancer; names count before spec.loadBalancerIP."""
    asked = _asked_for(work)
    return {
        family: asked.get(family) or Place(subnetwork=subnet_of(work, family))
        for family in work.families
    }


def rule_name(work: Work, family: Family, place: Place) -> str:
    """Return the name of a family's rule. It holds what can not change, so that a successor can stand beside it."""
    network = work.landscape.network if work.internal else ""
    fixed = (work.scheme, work.tier, network, place.subnetwork, place.address)
    return names.generated(work.load_balancer.owner, _ROLES[family], *fixed)


def _asked_for(work: Work) -> Mapping[Family, Place]:
    found: dict[Family, Place] = {}
    missing = []
    for name in work.options.addresses:
        reserved = work.landscape.reserved(name)
        if reserved is None:
            missing.append(name)
            continue
        family = Family.IPV6 if reserved.version == "IPV6" else Family.IPV4
        if family in found:
            work.miss(
                annotation(_ASKED),
                f"{name!r} is one {family} address too many",
                "name one address of each family",
                reason="AddressDoesNotFit",
            )
        elif _fits(work, family, reserved, annotation(_ASKED)):
            found[family] = _place_of(work, family, reserved, annotation(_ASKED))
    found |= _kept(work, missing, found)
    for address in work.load_balancer.requested_addresses:
        found |= _by_number(work, address, found)
    return found


def _kept(work: Work, missing: list[str], found: Mapping[Family, Place]) -> dict[Family, Place]:
    """Return the places of rules that answer on addresses which are reserved no more; note names that nothing has.

    A rule keeps its address when somebody deletes the reservation, and must not lose it for that.
    """
    if not missing:
        return {}
    standing = {**dict(_made_for_an_address(work)), **found}
    left = iter(family for family in standing if family not in found)
    kept = {}
    for name in missing:
        region = work.landscape.region
        message = f"there is no reserved address {name!r} in region {region} of project {work.landscape.project}"
        create = f"gcloud compute addresses create {name} --region {region}"
        family = next(left, None)
        if family is None:
            work.miss(
                annotation(_ASKED),
                message,
                f"reserve it: {create}{_within(work.subnet) if work.internal else ''}",
                reason="AddressNotFound",
            )
            continue
        place = kept[family] = standing[family]
        work.warn(
            annotation(_ASKED),
            f"{message} any more: the load balancer keeps the one that it has, {place.address}",
            f"reserve that one: {create} --addresses {place.address}{_within(name_of(place.subnetwork))}",
            reason="AddressNotReserved",
        )
    return kept


def _within(subnet: str) -> str:
    """Return what a gcloud command needs besides for an address of a subnetwork."""
    return f" --subnet {subnet}" if subnet else ""


def _made_for_an_address(work: Work) -> Iterator[tuple[Family, Place]]:
    """Yield the places of the load balancer's rules that were made for an address which nobody reserves now."""
    for each in work.landscape.fronts_of(work.load_balancer.owner):
        family, place = _family_of(each.address), _place_at(each)
        unreserved = work.landscape.holder_of(each.address, work.scheme) is None
        if family in work.families and unreserved and each.name == rule_name(work, family, place):
            yield family, place


def _by_number(work: Work, given: str, found: Mapping[Family, Place]) -> Mapping[Family, Place]:
    """Return the place of an address given as a number, unless its family has one by name."""
    try:
        address = str(ipaddress.ip_address(given))
    except ValueError:
        work.error(
            _BY_NUMBER, f"{given!r} is not an IP address", "give one", reason="InvalidAddress"
        )
        return {}
    family = _family_of(address)
    place = None if family in found else _place_by_number(work, family, address)
    return {} if place is None else {family: place}


def _place_by_number(work: Work, family: Family, address: str) -> Place | None:
    """Return the place of a reserved address, of an internal one, or of one that is the load balancer's own already."""
    reserved = work.landscape.holder_of(address, work.scheme)
    if reserved is not None:
        fits = _fits(work, family, reserved, _BY_NUMBER)
        return _place_of(work, family, reserved, _BY_NUMBER) if fits else None
    if not _is_of_the_families(work, family, address, _BY_NUMBER):
        return None
    if work.internal:
        return Place(address=address, subnetwork=subnet_around(work, family, address))
    for each in work.landscape.fronts_of(work.load_balancer.owner):
        if each.address == address:
            return _place_at(each)
    work.miss(
        _BY_NUMBER,
        f"{address} is no reserved address in region {work.landscape.region} of project"
        f" {work.landscape.project}, and not the load balancer's own",
        f"reserve an address first, and give that one: {_NO_OTHER}",
        reason="AddressNotFound",
    )
    return None


def _place_at(front: Front) -> Place:
    return Place(address=front.address, subnetwork=front.subnetwork)


def _place_of(work: Work, family: Family, reserved: Reserved, path: str) -> Place:
    """Return the place of a reserved address: with the subnetwork that it is from, unless another one was named."""
    if not reserved.subnetwork:
        return Place(address=reserved.address, subnetwork=subnet_of(work, family))
    home = work.landscape.subnet(reserved.subnetwork)
    if home is None or work.subnet not in ("", home.name):
        named = f"{work.subnet!r} is named" if work.subnet else "the nodes are in another network"
        work.miss(
            path,
            f"reserved address {reserved.name} is of {reserved.subnetwork}, and {named}",
            f"name its subnetwork in {annotation('load-balancer-subnet')}, or another address",
            reason="AddressDoesNotFit",
        )
    return Place(address=reserved.address, subnetwork=reserved.subnetwork)


def _fits(work: Work, family: Family, found: Reserved, path: str) -> bool:
    label = f"reserved address {found.name} ({found.address})"
    if not _is_of_the_families(work, family, label, path):
        return False
    if found.type != work.scheme:
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


def _is_of_the_families(work: Work, family: Family, label: str, path: str) -> bool:
    if family in work.families:
        return True
    work.miss(
        path,
        f"{label} is an {family} address, and the Service has none of that family",
        "add the family to spec.ipFamilies, or name another address",
        reason="AddressDoesNotFit",
    )
    return False


def _family_of(address: str) -> Family:
    return Family.IPV6 if ":" in address else Family.IPV4
