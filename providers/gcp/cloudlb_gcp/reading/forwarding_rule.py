"""Forwarding rules as the API shows them, and the reservations that hold their addresses meanwhile."""

from cloudlb.plan.resource import CloudId, Found
from cloudlb_gcp.links import part_of, path_of, regional
from cloudlb_gcp.reading.common import Json, path, resource_id
from cloudlb_gcp.resources.forwarding_rule import ForwardingRule

IPV6_LENGTH = 96
"""The prefix length of the IPv6 ranges that forwarding rules have."""

_PREFIX = f"/{IPV6_LENGTH}"


def read(resource: Json, *, held: bool = False) -> Found[ForwardingRule]:
    """Read a forwarding rule; `held` says that a reservation of ours holds its address."""
    scheme = str(resource["loadBalancingScheme"])
    value = ForwardingRule(
        id=resource_id(resource),
        name=str(resource["name"]),
        scheme=scheme,
        version=str(resource.get("ipVersion", "IPV4")),
        tier=str(resource.get("networkTier", "PREMIUM")) if scheme == "EXTERNAL" else "",
        network=path_of(resource.get("network")) if scheme == "INTERNAL" else "",
        subnetwork=path_of(resource.get("subnetwork")),
        address=str(resource.get("IPAddress", "")).removesuffix(_PREFIX),
        protocol=str(resource.get("IPProtocol", "")),
        ports=_ports(resource),
        backend_service=path_of(resource.get("backendService") or resource.get("target")),
        global_access=bool(resource.get("allowGlobalAccess")),
        labels=tuple(sorted(resource.get("labels", {}).items())),
        held=held,
    )
    return found(value, path(resource))


def taken_down(address: Json) -> Found[ForwardingRule]:
    """Return the rule that was taken down in the middle of its renewal, as far as its reservation tells."""
    where = path_of(address["selfLink"])
    scheme = str(address["addressType"])
    subnetwork = path_of(address.get("subnetwork"))
    value = ForwardingRule(
        id=resource_id(address),
        name=str(address["name"]),
        scheme=scheme,
        version=str(address.get("ipVersion", "IPV4")),
        tier=str(address.get("networkTier", "PREMIUM")) if scheme == "EXTERNAL" else "",
        subnetwork=subnetwork,
        address=str(address["address"]),
        protocol="",
        ports="",
        backend_service="",
        standing=False,
        held=True,
    )
    rule = regional(
        part_of(where, "projects"), part_of(where, "regions"), "forwardingRules", value.name
    )
    return found(value, rule)


def found(value: ForwardingRule, where: str) -> Found[ForwardingRule]:
    """Return a rule that exists at a path, with the address that it has."""
    attributes = {"path": where, "address": value.address, "range": range_of(value)}
    return Found(id=CloudId(where), value=value, attributes=attributes)


def range_of(value: ForwardingRule) -> str:
    """Return the address of a rule as the API writes it: a whole range of IPv6."""
    return value.address + (_PREFIX if value.version == "IPV6" else "")


def _ports(resource: Json) -> str:
    if resource.get("allPorts"):
        return "all"
    if resource.get("ports"):
        return ",".join(str(each) for each in sorted(map(int, resource["ports"])))
    low, _, high = str(resource.get("portRange", "")).partition("-")
    return low if low == high else f"{low}-{high}"
