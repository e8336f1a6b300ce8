"""The address of a forwarding rule: a free one, a reserved one, and what else is on it."""

from collections.abc import Mapping
from typing import Any

from cloudlb_gcp.emulator import addressing, errors, links
from cloudlb_gcp.emulator.check import port_range
from cloudlb_gcp.emulator.errors import GceError
from cloudlb_gcp.emulator.kinds import addresses
from cloudlb_gcp.emulator.kinds.addresses import claimed, reserved, rules_with, taken, wrong_tier
from cloudlb_gcp.emulator.links import Scope
from cloudlb_gcp.emulator.project import Project

Json = dict[str, Any]

_IN_USE = "Specified IP address is in-use and would result in a conflict."
_EVERY_PORT = (1, 65_535)


def version_of(project: Project, wanted: object) -> str:
    """Return the IP version of an address that is given as itself or by reference; IPv4 where none is given."""
    text = str(wanted or "")
    if path := links.path_in(text, project.id):
        return str((project.store.get(path) or {}).get("ipVersion", "IPV4"))
    address = addressing.parsed(text)
    return "IPV6" if address is not None and address.version == 6 else "IPV4"


def settle(project: Project, scope: Scope, new: Json) -> None:
    """Find a free address, or see whether the one that is asked for can be had. Raises GceError."""
    wanted = _wanted(project, new)
    external = new["loadBalancingScheme"].startswith("EXTERNAL")
    if new["ipVersion"] == "IPV6" and scope.kind == "region":
        _settle_ipv6(project, new, wanted)
    elif external:
        _settle_external(project, scope, new, wanted)
    else:
        _settle_internal(project, new, wanted)


def check_conflicts(project: Project, new: Mapping[str, Any]) -> None:
    """Raise GceError (invalid) where another rule has the same address, protocol and port."""
    network = addresses.network_of(project, new)
    for path, rule in claimed(project, str(new["IPAddress"]), network):
        if not _overlap(rule, new):
            continue
        if new["loadBalancingScheme"] == "EXTERNAL" and new.get("portRange"):
            why = f"Forwarding rule's port range is conflicting with forwarding rule '{path}'."
            raise errors.invalid("portRange", new["portRange"], why)
        raise errors.invalid("IPAddress", new["IPAddress"], _IN_USE)


def check_in_use(project: Project, scope: Scope, new: Mapping[str, Any]) -> None:
    """Raise GceError (quotaExceeded) if the region, or what is global, has as many external addresses in use as it may."""
    address = str(new["IPAddress"])
    external = new["loadBalancingScheme"].startswith("EXTERNAL")
    if not external or any(True for _ in rules_with(project, address)):
        return
    used = {
        rule["IPAddress"]
        for path, rule in project.store.in_collection("forwardingRules")
        if rule["loadBalancingScheme"].startswith("EXTERNAL") and links.scope_of(path) == scope
    }
    project.check_quota("IN_USE_ADDRESSES", len(used), scope)


def _wanted(project: Project, new: Mapping[str, Any]) -> str:
    """Return the address that is asked for in its one spelling, IPv6 of a region with its prefix length."""
    given = str(new.get("IPAddress") or "")
    if not given:
        return ""
    if path := links.path_in(given, project.id):
        return _written(project, given, path)
    address = addressing.plain(given)
    if new["ipVersion"] == "IPV6" and new.get("subnetwork"):
        first = addressing.block(given)
        address = first and f"{first}/{addressing.V6_PREFIX}"
    if not address or (":" in address) != (new["ipVersion"] == "IPV6"):
        raise errors.invalid("IPAddress", given, "Invalid IP address specified.")
    return address


def _written(project: Project, given: str, path: str) -> str:
    """Return a reserved address as a forwarding rule shows it. Raises GceError."""
    if links.collection_of(path) != "addresses":
        raise errors.invalid("IPAddress", given, "Must be an address.")
    found = project.there(path)
    project.operations.check_free(path)
    length = found.get("prefixLength")
    return f"{found['address']}/{length}" if length else str(found["address"])


def _settle_external(project: Project, scope: Scope, new: Json, wanted: str) -> None:
    if not wanted:
        new["IPAddress"] = addresses.free_external(project, new)
        return
    held = reserved(project, wanted) or reserved(project, wanted, None)
    if held is None:
        taken_now = any(True for _ in claimed(project, wanted))
        why = _IN_USE if taken_now else "Specified IP address is not reserved."
        raise errors.invalid("IPAddress", wanted, why)
    path, address = held
    if address["addressType"] != "EXTERNAL" or links.scope_of(path) != scope:
        why = "The address is of another type or in another region."
        raise errors.invalid("IPAddress", wanted, why)
    if address["ipVersion"] != new["ipVersion"]:
        raise errors.invalid("IPAddress", wanted, "The address is of another IP version.")
    if address["networkTier"] != new["networkTier"]:
        raise wrong_tier(str(address["networkTier"]))
    new["IPAddress"] = wanted


def _settle_internal(project: Project, new: Json, wanted: str) -> None:
    if not new.get("subnetwork"):
        raise errors.required("subnetwork")
    subnet = project.linked(new["subnetwork"])
    cidr, network = str(subnet["ipCidrRange"]), str(subnet["network"])
    if not wanted:
        new["IPAddress"] = project.pools.internal(cidr, taken(project, network))
        return
    addresses.check_inside(wanted, cidr, "IPAddress")
    held = reserved(project, wanted, network)
    shared = held is not None and held[1].get("purpose") == "SHARED_LOADBALANCER_VIP"
    users = [path for path, _ in claimed(project, wanted, network)]
    others = set(taken(project, network)) if held is None else set()
    if (users and not shared) or (held is None and not users and wanted in others):
        user = users[0] if users else "another resource"
        message = f"IP_IN_USE_BY_ANOTHER_RESOURCE - IP '{wanted}' is already being used by another resource '{user}'."
        raise GceError(409, "conflict", message)
    new["IPAddress"] = wanted


def _settle_ipv6(project: Project, new: Json, wanted: str) -> None:
    if not new.get("subnetwork"):
        raise errors.required("subnetwork")
    external = new["loadBalancingScheme"].startswith("EXTERNAL")
    cidr = addresses.ipv6_range(project, new["subnetwork"], external=external)
    if not wanted:
        new["IPAddress"] = project.pools.ipv6(cidr, addresses.blocks(project))
        return
    addresses.check_inside(wanted, cidr, "IPAddress")
    held = reserved(project, wanted, addresses.network_of(project, new))
    if external and held is None:
        message = f"IP_IN_USE_BY_ANOTHER_RESOURCE - IP '{wanted}' is not reserved."
        raise GceError(412, "conditionNotMet", message)
    if held is not None and held[1].get("ipv6EndpointType") == "VM":
        raise errors.invalid("IPAddress", wanted, "The address is for instances only.")
    new["IPAddress"] = wanted


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    if one["IPProtocol"] != other["IPProtocol"]:
        return False
    return any(
        low <= top and bottom <= high
        for low, high in _ranges(one)
        for bottom, top in _ranges(other)
    )


def _ranges(rule: Mapping[str, Any]) -> list[tuple[int, int]]:
    if rule.get("ports"):
        return [port_range(port, "ports") for port in rule["ports"]]
    if rule.get("portRange"):
        return [port_range(rule["portRange"], "portRange")]
    return [_EVERY_PORT]
