"""Forwarding rules, regional and global: who answers on which address and ports."""

from collections.abc import Mapping
from typing import Any, ClassVar

from cloudlb_gcp.emulator import addressing, errors, links
from cloudlb_gcp.emulator.check import one_of, port_range
from cloudlb_gcp.emulator.errors import GceError
from cloudlb_gcp.emulator.kind import Kind
from cloudlb_gcp.emulator.kinds import addresses, labels
from cloudlb_gcp.emulator.kinds.addresses import outside, reserved, rules_with, taken, wrong_tier
from cloudlb_gcp.emulator.links import Scope, url
from cloudlb_gcp.emulator.project import Project

Json = dict[str, Any]

TARGETS = ("targetPools", "targetHttpProxies", "targetHttpsProxies")
_PATCHABLE = frozenset({"allowGlobalAccess", "networkTier"})
_IN_USE = "Specified IP address is in-use and would result in a conflict."
_MOST_PORTS = 5
_EVERY_PORT = (1, 65_535)
_PASSTHROUGH = frozenset({"EXTERNAL", "INTERNAL"})
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
    fixed = frozenset(
        {
            "IPAddress",
            "IPProtocol",
            "allPorts",
            "backendService",
            "description",
            "ipVersion",
            "loadBalancingScheme",
            "network",
            "portRange",
            "ports",
            "subnetwork",
            "target",
        }
    )
    output = frozenset({"serviceName", "labelFingerprint"})
    quota = "FORWARDING_RULES"
    changes = frozenset({"patch"})

    def defaults(self, project: Project, scope: Scope, body: Json) -> None:
        """External TCP over IPv4 in the PREMIUM tier; internal rules in the default network."""
        body.setdefault("loadBalancingScheme", "EXTERNAL")
        body.setdefault("IPProtocol", "TCP")
        body["IPProtocol"] = str(body["IPProtocol"]).upper()
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
        if old is not None:
            return
        one_of(new, "loadBalancingScheme", _SCHEMES)
        one_of(new, "networkTier", ("PREMIUM", "STANDARD"))
        scope = links.scope_of(path)
        _check_target(project, scope, new)
        _check_ports(new)
        if new.get("allowGlobalAccess") and not new["loadBalancingScheme"].startswith("INTERNAL"):
            why = "Global access is for internal forwarding rules only."
            raise errors.invalid("allowGlobalAccess", new["allowGlobalAccess"], why)
        _settle_address(project, scope, new)
        _check_conflicts(project, new)

    def change(self, project: Project, path: str, body: Json, *, whole: bool) -> Json:
        """PATCH: the access and the tier. Raises GceError (invalid) for anything else that would change."""
        old = project.there(path)
        for field in sorted(body.keys() & _PATCHABLE):
            if field == "networkTier" and body[field] != old.get(field):
                raise errors.invalid(field, body[field], "The network tier can not be changed.")
        return super().change(project, path, body, whole=whole)

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
    target = project.referred("target", body.get("target"), TARGETS)
    if links.collection_of(target) != links.collection_of(str(old["target"])):
        raise errors.invalid("target", body["target"], "The target must be of the same kind.")
    new = {**old, "target": url(target)}
    ForwardingRules().keep(project, path, new)
    return new


def _check_target(project: Project, scope: Scope, new: Json) -> None:
    target, service = new.get("target"), new.get("backendService")
    if bool(target) == bool(service):
        why = "No target or backend service specified for forwarding rule."
        if target:
            why = "Only one of target and backend service can be specified."
        raise errors.invalid("target", target or "", why)
    if not service:
        return
    found = project.linked(service)
    if scope.kind == "global":
        raise errors.invalid("backendService", service, "A global rule needs a target.")
    if found["loadBalancingScheme"] != new["loadBalancingScheme"]:
        why = "The load balancing scheme of the backend service and of the forwarding rule must be the same."
        raise errors.invalid("loadBalancingScheme", new["loadBalancingScheme"], why)
    if "region" not in found:
        raise errors.invalid("backendService", service, "The backend service must be regional.")
    check_protocols(new["IPProtocol"], str(found["protocol"]))


def check_protocols(rule: str, service: str) -> None:
    """Raise GceError (invalid) where a rule's protocol does not go with that of its backend service."""
    allowed = {
        "TCP": {"TCP", "UNSPECIFIED"},
        "UDP": {"UDP", "UNSPECIFIED"},
        "L3_DEFAULT": {"UNSPECIFIED"},
    }
    if rule not in allowed:
        raise errors.invalid("IPProtocol", rule, f"Must be one of {', '.join(allowed)}.")
    if service not in allowed[rule]:
        why = (
            f"A backend service of protocol {service} can not be used by a rule of protocol {rule}."
        )
        raise errors.invalid("IPProtocol", rule, why)


def _check_ports(new: Mapping[str, Any]) -> None:
    given = [field for field in ("ports", "portRange", "allPorts") if new.get(field)]
    if len(given) > 1:
        why = "Only one of ports, portRange and allPorts can be specified."
        raise errors.invalid(given[1], new[given[1]], why)
    if len(new.get("ports", ())) > _MOST_PORTS:
        why = f"At most {_MOST_PORTS} ports can be specified."
        raise errors.invalid("ports", ",".join(map(str, new["ports"])), why)
    for number, port in enumerate(new.get("ports", ())):
        low, high = port_range(port, f"ports[{number}]")
        if low != high:
            raise errors.invalid(f"ports[{number}]", port, "Must be a single port.")
    if new.get("portRange"):
        port_range(new["portRange"], "portRange")
    if new["IPProtocol"] == "L3_DEFAULT" and not new.get("allPorts"):
        raise errors.invalid("allPorts", "", "A rule of protocol L3_DEFAULT must have allPorts.")
    if new["loadBalancingScheme"] == "INTERNAL" and (new.get("portRange") or not given):
        why = "An internal forwarding rule needs ports or allPorts."
        raise errors.invalid("portRange", new.get("portRange", ""), why)
    if new.get("allPorts") and not new.get("backendService"):
        raise errors.invalid("allPorts", True, "Only rules with a backend service may have it.")


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
        new["IPAddress"] = project.pools.external(new["networkTier"], taken(project))
        return
    held = reserved(project, wanted)
    if held is None:
        why = (
            _IN_USE
            if any(True for _ in rules_with(project, wanted))
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
    subnet = project.linked(new["subnetwork"])
    cidr, network = str(subnet["ipCidrRange"]), str(subnet["network"])
    if not wanted:
        new["IPAddress"] = project.pools.internal(cidr, taken(project, network))
        return
    if not addressing.inside(wanted, cidr):
        raise outside(wanted, "IPAddress")
    held = reserved(project, wanted, network)
    shared = held is not None and held[1].get("purpose") == "SHARED_LOADBALANCER_VIP"
    users = [path for path, _ in rules_with(project, wanted, network)]
    others = set(taken(project, network)) if held is None else set()
    if (users and not shared) or (held is None and not users and wanted in others):
        user = users[0] if users else "another resource"
        message = f"IP_IN_USE_BY_ANOTHER_RESOURCE - IP '{wanted}' is already being used by another resource '{user}'."
        raise GceError(409, "conflict", message)


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
        blocks = (each if "/" in each else f"{each}/96" for each in taken(project))
        new["IPAddress"] = project.pools.ipv6(cidr, blocks)
        return
    if not addressing.inside(wanted, cidr):
        raise outside(wanted, "IPAddress")
    if external and reserved(project, wanted) is None:
        message = f"IP_IN_USE_BY_ANOTHER_RESOURCE - IP '{wanted}' is not reserved."
        raise GceError(412, "conditionNotMet", message)
    new["IPAddress"] = wanted if "/" in wanted else f"{wanted}/96"


def _check_conflicts(project: Project, new: Mapping[str, Any]) -> None:
    network = addresses.network_of(project, new)
    for path, rule in rules_with(project, str(new["IPAddress"]), network):
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
