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
_V6_PREFIX = 96


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
        one_of(new, "networkTier", ("PREMIUM", "STANDARD"))
        wanted = str(new.get("address") or "")
        if wanted and addressing.parsed(wanted) is None:
            raise errors.invalid("address", wanted, "Invalid IP address specified.")
        scope = links.scope_of(path)
        if new["ipVersion"] == "IPV6":
            _settle_ipv6(project, new, wanted)
        elif new["addressType"] == "INTERNAL":
            _settle_internal(project, new, wanted)
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
        if rule["IPAddress"] == address and network_of(project, rule) == network:
            yield path, rule


def reserved(
    project: Project, address: str, network: str = ""
) -> tuple[str, Mapping[str, Any]] | None:
    """Find the reserved address that holds an IP: in a network where that is named, else an external one."""
    for path, found in project.store.in_collection("addresses"):
        same = found["address"] in (address.partition("/")[0], address)
        if same and network_of(project, found) == network:
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


def _settle_external(project: Project, scope: Scope, new: Json, wanted: str) -> None:
    tier = new["networkTier"]
    if not wanted:
        new["address"] = project.pools.external(tier, taken(project))
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
    if not addressing.inside(wanted, cidr):
        raise outside(wanted)
    held = reserved(project, wanted, network) is not None
    others = wanted in set(taken(project, network))
    if held or (others and not any(True for _ in rules_with(project, wanted, network))):
        message = f"IP_IN_USE_BY_ANOTHER_RESOURCE - IP '{wanted}' is already being used by another resource."
        raise GceError(409, "conflict", message)


def outside(wanted: str, field: str = "address") -> GceError:
    """Make the error for an internal address that is not in the subnetwork."""
    why = "Requested internal IP address is outside the network/subnetwork range."
    return errors.invalid(field, wanted, why)


def _settle_ipv6(project: Project, new: Json, wanted: str) -> None:
    if not new.get("subnetwork"):
        raise errors.required("subnetwork")
    subnet = project.linked(new["subnetwork"])
    cidr = str(subnet.get("ipv6CidrRange") or subnet.get("internalIpv6Prefix") or "")
    if not cidr:
        raise errors.invalid("subnetwork", new["subnetwork"], "The subnetwork has no IPv6 range.")
    new["prefixLength"] = _V6_PREFIX
    if not wanted:
        block = project.pools.ipv6(cidr, _blocks(project))
        new["address"] = block.partition("/")[0]
        return
    if not addressing.inside(wanted, cidr):
        raise outside(wanted)
    if reserved(project, wanted, network_of(project, new)):
        message = f"IP_IN_USE_BY_ANOTHER_RESOURCE - IP '{wanted}' is already being used by another resource."
        raise GceError(412, "conditionNotMet", message)
    new["address"] = wanted.partition("/")[0]


def _blocks(project: Project) -> Iterator[str]:
    for each in taken(project):
        yield each if "/" in each else f"{each}/{_V6_PREFIX}"
