"""Forwarding rules, regional and global: who answers on which address and ports."""

from collections.abc import Mapping
from typing import Any, ClassVar

from cloudlb_gcp.emulator import addressing, errors, links
from cloudlb_gcp.emulator.check import one_of, port_range
from cloudlb_gcp.emulator.errors import GceError
from cloudlb_gcp.emulator.kind import Kind
from cloudlb_gcp.emulator.kinds import addresses, labels
from cloudlb_gcp.emulator.kinds.addresses import claimed, outside, reserved, taken, wrong_tier
from cloudlb_gcp.emulator.kinds.targets import TARGETS, check_ports, check_target
from cloudlb_gcp.emulator.links import Scope, url
from cloudlb_gcp.emulator.project import Project

Json = dict[str, Any]

_PATCHABLE = frozenset({"allowGlobalAccess", "fingerprint"})
_IN_USE = "Specified IP address is in-use and would result in a conflict."
_EVERY_PORT = (1, 65_535)
_SCHEMES = ("EXTERNAL", "EXTERNAL_MANAGED", "INTERNAL", "INTERNAL_MANAGED", "INTERNAL_SELF_MANAGED")


class ForwardingRules(Kind):
    """`forwardingRules` and `globalForwardingRules`. Most of one can not change: it is deleted and made anew."""

    collection, kind, word = "forwardingRules", "compute#forwardingRule", "forwarding_rule"
    scopes = frozenset({"global", "region"})
    references: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "backendService": ("backendServices",),
        "network": ("networks",),
        "subnetwork": ("subnetworks",),
        "target": TARGETS,
    }
    wider = frozenset({"target"})
    fingerprinted = True
    output = frozenset({"serviceName", "labelFingerprint"})
    quota = "FORWARDING_RULES"
    changes = frozenset({"patch"})

    def defaults(self, project: Project, scope: Scope, body: Json) -> None:
        """External TCP over IPv4 in the PREMIUM tier; internal rules in the default network."""
        body.setdefault("loadBalancingScheme", "EXTERNAL")
        body.setdefault("IPProtocol", "TCP")
        version = addressing.parsed(str(body.get("IPAddress") or ""))
        body.setdefault(
            "ipVersion", "IPV6" if version is not None and version.version == 6 else "IPV4"
        )
        if body["loadBalancingScheme"].startswith("EXTERNAL"):
            body.setdefault("networkTier", "PREMIUM")
        elif scope.kind == "region":
            if body.get("subnetwork") and not body.get("network"):
                path = project.referred("subnetwork", body["subnetwork"], ("subnetworks",))
                body["network"] = project.there(path)["network"]
            body.setdefault("network", url(f"projects/{project.id}/global/networks/default"))
            default = project.path(scope, "subnetworks", "default")
            if not body.get("subnetwork") and default in project.store:
                body["subnetwork"] = url(default)
        if body.get("portRange") and "-" not in str(body["portRange"]):
            body["portRange"] = f"{body['portRange']}-{body['portRange']}"

    def check(self, project: Project, path: str, new: Json, old: Mapping[str, Any] | None) -> None:
        """Scheme, protocol and ports that go together with what is behind, on an address that is free for them."""
        _check_access(new, old)
        if old is not None:
            return
        one_of(new, "loadBalancingScheme", _SCHEMES)
        one_of(new, "networkTier", ("PREMIUM", "STANDARD"))
        one_of(new, "ipVersion", ("IPV4", "IPV6"))
        scope = links.scope_of(path)
        check_target(project, scope, new)
        check_ports(new)
        _settle_address(project, scope, new)
        _check_conflicts(project, new)

    def check_unchanged(self, new: Mapping[str, Any], old: Mapping[str, Any]) -> None:
        """Raise GceError (invalid) for anything but the access that changed: there is no other way than a new rule."""
        for field in sorted((new.keys() | old.keys()) - _PATCHABLE):
            if new.get(field) != old.get(field):
                raise errors.invalid(field, new.get(field, ""), "The field can not be changed.")

    def check_quota(self, project: Project, scope: Scope, new: Mapping[str, Any]) -> None:
        """Rules, and for ephemeral external ones the addresses in use."""
        super().check_quota(project, scope, new)
        if new["loadBalancingScheme"] == "EXTERNAL" and not new.get("IPAddress"):
            used = sum(
                rule["loadBalancingScheme"] == "EXTERNAL"
                for _, rule in project.store.in_collection(self.collection)
            )
            project.check_quota("IN_USE_ADDRESSES", used, scope)

    def rendered(self, project: Project, path: str, resource: Mapping[str, Any]) -> Json:
        """Add the labels' fingerprint."""
        shown = super().rendered(project, path, resource)
        shown["labelFingerprint"] = labels.label_fingerprint(dict(resource.get("labels", {})))
        return shown


def set_target(project: Project, path: str, body: Json) -> Json:
    """Point a rule to another target pool or proxy. Raises GceError."""
    old = project.there(path)
    project.operations.check_free(path)
    if not old.get("target"):
        raise errors.invalid("target", body.get("target", ""), "The rule has a backend service.")
    kind, scope = ForwardingRules(), links.scope_of(path)
    new = {**old, "target": body.get("target")}
    kind.canonical(project, scope, new)
    if links.collection_of(str(new["target"])) != links.collection_of(str(old["target"])):
        raise errors.invalid("target", new["target"], "The target must be of the same kind.")
    check_target(project, scope, new)
    kind.keep(project, path, new)
    return new


def _check_access(new: Mapping[str, Any], old: Mapping[str, Any] | None) -> None:
    """Only internal rules have global access; after creation, only passthrough ones can take it or lose it."""
    wanted, scheme = bool(new.get("allowGlobalAccess")), new["loadBalancingScheme"]
    if wanted and not str(scheme).startswith("INTERNAL"):
        why = "Global access is for internal forwarding rules only."
        raise errors.invalid("allowGlobalAccess", wanted, why)
    if old is not None and scheme != "INTERNAL" and wanted != bool(old.get("allowGlobalAccess")):
        raise errors.invalid("allowGlobalAccess", wanted, "The field can not be changed.")


def _settle_address(project: Project, scope: Scope, new: Json) -> None:
    wanted = str(new.get("IPAddress") or "")
    if path := links.path_in(wanted, project.id):
        if links.collection_of(path) != "addresses":
            raise errors.invalid("IPAddress", wanted, "Must be an address.")
        found = project.there(path)
        project.operations.check_free(path)
        wanted = _written(found)
    elif wanted and addressing.parsed(wanted) is None:
        raise errors.invalid("IPAddress", wanted, "Invalid IP address specified.")
    if new["ipVersion"] == "IPV6":
        _settle_ipv6(project, new, wanted)
    elif new["loadBalancingScheme"].startswith("EXTERNAL"):
        _settle_external(project, scope, new, wanted)
    else:
        _settle_internal(project, new, wanted)


def _written(found: Mapping[str, Any]) -> str:
    """Return a reserved address as a forwarding rule shows it: IPv6 with its prefix length."""
    length = f"/{found['prefixLength']}" if found.get("ipVersion") == "IPV6" else ""
    return f"{found['address']}{length}"


def _settle_external(project: Project, scope: Scope, new: Json, wanted: str) -> None:
    if not wanted:
        new["IPAddress"] = project.pools.external(new["networkTier"], addresses.taken(project))
        return
    held = reserved(project, wanted)
    if held is None:
        why = (
            _IN_USE
            if any(True for _ in claimed(project, wanted))
            else "Specified IP address is not reserved."
        )
        raise errors.invalid("IPAddress", wanted, why)
    path, address = held
    if address["addressType"] != "EXTERNAL" or links.scope_of(path) != scope:
        why = "The address is of another type or in another region."
        raise errors.invalid("IPAddress", wanted, why)
    if address["networkTier"] != new["networkTier"]:
        raise wrong_tier(str(address["networkTier"]))
    new["IPAddress"] = wanted


def _settle_internal(project: Project, new: Json, wanted: str) -> None:
    if not new.get("subnetwork"):
        raise errors.required("subnetwork")
    cidr = str(project.linked(new["subnetwork"])["ipCidrRange"])
    if not wanted:
        new["IPAddress"] = project.pools.internal(cidr, addresses.taken(project))
        return
    if not addressing.inside(wanted, cidr):
        raise outside(wanted, "IPAddress")
    held = reserved(project, wanted)
    shared = held is not None and held[1].get("purpose") == "SHARED_LOADBALANCER_VIP"
    users = [path for path, _ in claimed(project, wanted)]
    others = set(taken(project)) if held is None else set()
    if (users and not shared) or (held is None and not users and wanted in others):
        user = users[0] if users else "another resource"
        message = f"IP_IN_USE_BY_ANOTHER_RESOURCE - IP '{wanted}' is already being used by another resource '{user}'."
        raise GceError(409, "conflict", message)
    new["IPAddress"] = wanted


def _settle_ipv6(project: Project, new: Json, wanted: str) -> None:
    if not new.get("subnetwork"):
        raise errors.required("subnetwork")
    subnet = project.linked(new["subnetwork"])
    external = new["loadBalancingScheme"] == "EXTERNAL"
    fitting = subnet.get("ipv6AccessType") == ("EXTERNAL" if external else "INTERNAL")
    cidr = str(subnet.get("ipv6CidrRange") or subnet.get("internalIpv6Prefix") or "")
    if not fitting or not cidr:
        kind = "external" if external else "internal"
        raise errors.invalid(
            "subnetwork", new["subnetwork"], f"The subnetwork has no {kind} IPv6 range."
        )
    if not wanted:
        blocks = (each if "/" in each else f"{each}/96" for each in addresses.taken(project))
        new["IPAddress"] = project.pools.ipv6(cidr, blocks)
        return
    if not addressing.inside(wanted, cidr):
        raise outside(wanted, "IPAddress")
    if external and reserved(project, wanted) is None:
        message = f"IP_IN_USE_BY_ANOTHER_RESOURCE - IP '{wanted}' is not reserved."
        raise GceError(412, "conditionNotMet", message)
    new["IPAddress"] = wanted if "/" in wanted else f"{wanted}/96"


def _check_conflicts(project: Project, new: Mapping[str, Any]) -> None:
    for path, rule in claimed(project, str(new["IPAddress"])):
        if not _overlap(rule, new):
            continue
        if new["loadBalancingScheme"] == "EXTERNAL" and new.get("portRange"):
            why = f"Forwarding rule's port range is conflicting with forwarding rule '{path}'."
            raise errors.invalid("portRange", new["portRange"], why)
        raise errors.invalid("IPAddress", new["IPAddress"], _IN_USE)


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
