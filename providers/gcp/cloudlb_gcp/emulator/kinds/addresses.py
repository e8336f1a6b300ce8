"""Reserved addresses, regional and global."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from cloudlb_gcp.emulator import addressing, errors, links
from cloudlb_gcp.emulator.check import one_of
from cloudlb_gcp.emulator.errors import GceError
from cloudlb_gcp.emulator.kind import Kind
from cloudlb_gcp.emulator.kinds import labels
from cloudlb_gcp.emulator.links import Scope, url
from cloudlb_gcp.emulator.project import Project

Json = dict[str, Any]

_RESERVED = "Specified IP address is already reserved."
_NOT_YOURS = "Specified external IP address is not in use by a resource of the project."


class Addresses(Kind):
    """`addresses` and `globalAddresses`. One that a forwarding rule uses can be deleted: the rule keeps its IP."""

    collection, kind, word = "addresses", "compute#address", "address"
    scopes = frozenset({"global", "region"})
    references: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "network": ("networks",),
        "subnetwork": ("subnetworks",),
    }
    output = frozenset({"status", "users"})
    quota = "STATIC_ADDRESSES"
    changes = frozenset()

    def defaults(self, project: Project, scope: Scope, body: Json) -> None:
        """External, IPv4, PREMIUM; an internal one in the default network's subnetwork."""
        body.setdefault("addressType", "EXTERNAL")
        literal = addressing.parsed(str(body.get("address") or ""))
        body.setdefault(
            "ipVersion", "IPV6" if literal is not None and literal.version == 6 else "IPV4"
        )
        if body["addressType"] == "EXTERNAL":
            body.setdefault("networkTier", "PREMIUM")
        else:
            body.setdefault("purpose", "GCE_ENDPOINT")
            if scope.kind == "region" and not body.get("subnetwork"):
                default = project.path(scope, "subnetworks", "default")
                body["subnetwork"] = url(default)

    def check(self, project: Project, path: str, new: Json, old: Mapping[str, Any] | None) -> None:
        """Find a free address, or see whether the one that is asked for can be had."""
        del old
        one_of(new, "addressType", ("EXTERNAL", "INTERNAL"))
        one_of(new, "ipVersion", ("IPV4", "IPV6"))
        scope = links.scope_of(path)
        check_tier(scope, new, internal=new["addressType"] == "INTERNAL")
        if new.get("purpose") == "SHARED_LOADBALANCER_VIP" and new["addressType"] != "INTERNAL":
            raise errors.invalid("purpose", new["purpose"], "Only for internal addresses.")
        wanted = _wanted(new)
        if new["addressType"] == "INTERNAL" and new["ipVersion"] == "IPV4":
            _settle_internal(project, new, wanted)
        elif new["ipVersion"] == "IPV6" and scope.kind == "region":
            _settle_ipv6(project, new, wanted)
        else:
            _settle_external(project, scope, new, wanted)

    def check_deletion(self, project: Project, path: str) -> None:
        """Nothing forbids it."""

    def rendered(self, project: Project, path: str, resource: Mapping[str, Any]) -> Json:
        """Add who uses it."""
        shown = super().rendered(project, path, resource)
        network = network_of(project, resource)
        users = [url(user) for user, _ in rules_with(project, str(resource["address"]), network)]
        state: Json = {"status": "IN_USE", "users": users} if users else {"status": "RESERVED"}
        shown["labelFingerprint"] = labels.label_fingerprint(dict(resource.get("labels", {})))
        return {**shown, **state}


def rules_with(
    project: Project, address: str, network: str = ""
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the forwarding rules that have an address: of a network where that is named, else external ones."""
    for path, rule in project.store.in_collection("forwardingRules"):
        same = addressing.same(str(rule["IPAddress"]), address)
        if same and network_of(project, rule) == network:
            yield path, rule


def claimed(
    project: Project, address: str, network: str = ""
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the forwarding rules that have an address, and those that have it until their deletion is done."""
    yield from rules_with(project, address, network)
    for path, rule in project.store.going("forwardingRules"):
        same = addressing.same(str(rule["IPAddress"]), address)
        if same and network_of(project, rule) == network:
            yield path, rule


def reserved(
    project: Project, address: str, network: str | None = ""
) -> tuple[str, Mapping[str, Any]] | None:
    """Find the reserved address that holds an IP: in the network that is named, else an external one; None for any."""
    for path, found in project.store.in_collection("addresses"):
        same = addressing.same(str(found["address"]), address)
        if same and network in (None, network_of(project, found)):
            return path, found
    return None


def network_of(project: Project, found: Mapping[str, Any]) -> str:
    """Return the network in which an address means something; empty for external ones, which are everybody's."""
    kind = str(found.get("addressType") or found.get("loadBalancingScheme"))
    if not kind.startswith("INTERNAL"):
        return ""
    subnetwork = found.get("subnetwork")
    return str(project.linked(subnetwork)["network"] if subnetwork else found.get("network", ""))


def taken(project: Project, network: str | None = None) -> Iterator[str]:
    """Yield all addresses that somebody has, or those of one network."""
    for _, found in project.store.in_collection("addresses", "forwardingRules"):
        if network in (None, network_of(project, found)):
            yield str(found.get("address") or found.get("IPAddress"))
    for _, instance in project.store.in_collection("instances"):
        for interface in instance["networkInterfaces"]:
            if network in (None, interface["network"]):
                yield str(interface["networkIP"])
            yield from (str(each["natIP"]) for each in interface.get("accessConfigs", ()))


def _wanted(new: Json) -> str:
    """Return the address that is asked for in its one spelling. Raises GceError (invalid)."""
    given = str(new.get("address") or "")
    if not given:
        return ""
    address = addressing.plain(given)
    if address is None or (":" in address) != (new["ipVersion"] == "IPV6"):
        raise errors.invalid("address", given, "Invalid IP address specified.")
    new["address"] = address
    return address


def check_tier(scope: Scope, new: Mapping[str, Any], *, internal: bool) -> None:
    """Raise GceError (invalid) for a tier that there is not, or not there."""
    one_of(new, "networkTier", ("PREMIUM", "STANDARD"))
    if new.get("networkTier") != "STANDARD":
        return
    for where, which in (
        ("Global addresses", scope.kind == "global"),
        ("Internal addresses", internal),
        ("IPv6 addresses", new["ipVersion"] == "IPV6"),
    ):
        if which:
            why = f"{where} are always of the tier PREMIUM."
            raise errors.invalid("networkTier", new["networkTier"], why)


def free_external(project: Project, new: Mapping[str, Any]) -> str:
    """Return an external address that nobody has, of no subnetwork."""
    if new["ipVersion"] == "IPV6":
        return project.pools.external6(taken(project))
    return project.pools.external(str(new["networkTier"]), taken(project))


def _settle_external(project: Project, scope: Scope, new: Json, wanted: str) -> None:
    if new.get("subnetwork"):
        why = "Only internal and IPv6 addresses are of a subnetwork."
        raise errors.invalid("subnetwork", new["subnetwork"], why)
    tier = new["networkTier"]
    if not wanted:
        new["address"] = free_external(project, new)
        return
    if reserved(project, wanted):
        raise errors.invalid("address", wanted, _RESERVED)
    users = [rule for _, rule in rules_with(project, wanted)]
    if not users:
        raise errors.invalid("address", wanted, _NOT_YOURS)
    if users[0].get("networkTier", "PREMIUM") != tier:
        used = users[0].get("networkTier", "PREMIUM")
        raise wrong_tier(used)
    if scope.kind == "region" and links.name_of(users[0].get("region", "")) != scope.name:
        raise errors.invalid("address", wanted, "The address is in another region.")


def wrong_tier(used: str) -> GceError:
    """Make the error for an address of another network tier."""
    message = f"The network tier of external IP is {used}, that of Address must be the same."
    return GceError(400, "badRequest", message)


def _settle_internal(project: Project, new: Json, wanted: str) -> None:
    if not new.get("subnetwork"):
        raise errors.required("subnetwork")
    subnet = project.linked(new["subnetwork"])
    cidr, network = str(subnet["ipCidrRange"]), str(subnet["network"])
    if not wanted:
        new["address"] = project.pools.internal(cidr, taken(project, network))
        return
    check_inside(wanted, cidr, "address")
    held = reserved(project, wanted, network) is not None
    others = wanted in set(taken(project, network))
    if held or (others and not any(True for _ in rules_with(project, wanted, network))):
        message = f"IP_IN_USE_BY_ANOTHER_RESOURCE - IP '{wanted}' is already being used by another resource."
        raise GceError(409, "conflict", message)


def check_inside(wanted: str, cidr: str, field: str) -> None:
    """Raise GceError (invalid) for an address that is not in the subnetwork, or one of the cloud's own in it."""
    if not addressing.inside(wanted, cidr):
        why = "Requested internal IP address is outside the network/subnetwork range."
        raise errors.invalid(field, wanted, why)
    if ":" not in wanted and addressing.reserved_in(wanted, cidr):
        raise errors.invalid(field, wanted, "The address is reserved in every subnetwork.")


def _settle_ipv6(project: Project, new: Json, wanted: str) -> None:
    if not new.get("subnetwork"):
        raise errors.required("subnetwork")
    external = new["addressType"] == "EXTERNAL"
    if external and not new.get("ipv6EndpointType"):
        raise errors.required("ipv6EndpointType")
    cidr = ipv6_range(project, new["subnetwork"], external=external)
    new["prefixLength"] = addressing.V6_PREFIX
    if not wanted:
        found = project.pools.ipv6(cidr, blocks(project))
        new["address"] = found.partition("/")[0]
        return
    if addressing.block(wanted) != wanted:
        raise errors.invalid("address", wanted, "Invalid IP address specified.")
    check_inside(wanted, cidr, "address")
    if reserved(project, wanted, network_of(project, new)):
        message = f"IP_IN_USE_BY_ANOTHER_RESOURCE - IP '{wanted}' is already being used by another resource."
        raise GceError(412, "conditionNotMet", message)


def ipv6_range(project: Project, subnetwork: object, *, external: bool) -> str:
    """Return the IPv6 range of a subnetwork. Raises GceError (invalid) where it has none of this kind."""
    subnet = project.linked(subnetwork)
    cidr = str(subnet.get("ipv6CidrRange") or subnet.get("internalIpv6Prefix") or "")
    if not cidr or subnet.get("ipv6AccessType") != ("EXTERNAL" if external else "INTERNAL"):
        kind = "external" if external else "internal"
        why = f"The subnetwork has no {kind} IPv6 range."
        raise errors.invalid("subnetwork", subnetwork, why)
    return cidr


def blocks(project: Project) -> Iterator[str]:
    """Yield the addresses that somebody has, IPv6 ones with their prefix lengths."""
    for each in taken(project):
        yield each if "/" in each else f"{each}/{addressing.V6_PREFIX}"
