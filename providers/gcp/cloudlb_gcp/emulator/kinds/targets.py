"""What stands behind a forwarding rule, whether the two go together, and on which ports.

A rule leads to a backend service, to a target pool, or over a proxy and its URL map to many backend services. All of a
chain lie in one place, and a rule has the load balancing scheme of the services behind it.
"""

from collections.abc import Mapping
from typing import Any

from cloudlb_gcp.emulator import errors, links
from cloudlb_gcp.emulator.check import port_range
from cloudlb_gcp.emulator.kinds.schemes import check_schemes
from cloudlb_gcp.emulator.kinds.url_maps import services_of
from cloudlb_gcp.emulator.links import Scope
from cloudlb_gcp.emulator.project import Project

Json = dict[str, Any]

POOLS = "targetPools"
TARGETS = (POOLS, "targetHttpProxies", "targetHttpsProxies")
_MOST_PORTS = 5
_SCHEMES_OF_PROXIES = {
    "global": ("EXTERNAL", "EXTERNAL_MANAGED", "INTERNAL_MANAGED", "INTERNAL_SELF_MANAGED"),
    "region": ("EXTERNAL_MANAGED", "INTERNAL_MANAGED"),
}


def check_target(project: Project, scope: Scope, new: Mapping[str, Any]) -> None:
    """Raise GceError (invalid) for a rule that leads nowhere, or to what it can not lead to."""
    target, service = new.get("target"), new.get("backendService")
    if bool(target) == bool(service):
        why = "No target or backend service specified for forwarding rule."
        if target:
            why = "Only one of target and backend service can be specified."
        raise errors.invalid("target", target or "", why)
    if service:
        _check_service(project, scope, new)
    elif links.collection_of(str(target)) == POOLS:
        _check_pool(scope, new)
    else:
        _check_proxy(project, scope, new)


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


def check_ports(new: Mapping[str, Any]) -> None:
    """Raise GceError (invalid) for ports that are none, or that what is behind the rule can not have."""
    given = [field for field in ("ports", "portRange", "allPorts") if new.get(field)]
    if len(given) > 1:
        why = "Only one of ports, portRange and allPorts can be specified."
        raise errors.invalid(given[1], new[given[1]], why)
    if len(new.get("ports", ())) > _MOST_PORTS:
        why = f"At most {_MOST_PORTS} ports can be specified."
        raise errors.invalid("ports", ",".join(map(str, new["ports"])), why)
    _check_numbers(new)
    if new.get("portRange"):
        port_range(new["portRange"], "portRange")
    if new["IPProtocol"] == "L3_DEFAULT" and not new.get("allPorts"):
        raise errors.invalid("allPorts", "", "A rule of protocol L3_DEFAULT must have allPorts.")
    if new["loadBalancingScheme"] == "INTERNAL" and (new.get("portRange") or not given):
        why = "An internal forwarding rule needs ports or allPorts."
        raise errors.invalid("portRange", new.get("portRange", ""), why)
    for field in ("allPorts", "ports"):
        if new.get(field) and not new.get("backendService"):
            why = "Only rules with a backend service may have it."
            raise errors.invalid(field, new[field], why)


def _check_numbers(new: Mapping[str, Any]) -> None:
    for number, port in enumerate(new.get("ports", ())):
        low, high = port_range(port, f"ports[{number}]")
        if low == 0:
            raise errors.invalid(f"ports[{number}]", port, "Must be between 1 and 65535.")
        if low != high:
            raise errors.invalid(f"ports[{number}]", port, "Must be a single port.")


def _check_service(project: Project, scope: Scope, new: Mapping[str, Any]) -> None:
    service = new["backendService"]
    found = project.linked(service)
    if scope.kind == "global":
        raise errors.invalid("backendService", service, "A global rule needs a target.")
    check_schemes(str(new["loadBalancingScheme"]), [found])
    check_protocols(str(new["IPProtocol"]), str(found["protocol"]))


def _check_pool(scope: Scope, new: Mapping[str, Any]) -> None:
    if scope.kind != "region":
        raise errors.invalid("target", new["target"], "A global rule needs a global target.")
    if new["loadBalancingScheme"] != "EXTERNAL":
        why = "Target pools are for rules of the scheme EXTERNAL."
        raise errors.invalid("loadBalancingScheme", new["loadBalancingScheme"], why)
    if new["IPProtocol"] not in {"TCP", "UDP"}:
        why = "Must be TCP or UDP for a target pool."
        raise errors.invalid("IPProtocol", new["IPProtocol"], why)
    if new["ipVersion"] != "IPV4":
        raise errors.invalid("ipVersion", new["ipVersion"], "Target pools take IPv4 only.")


def _check_proxy(project: Project, scope: Scope, new: Mapping[str, Any]) -> None:
    scheme, target = str(new["loadBalancingScheme"]), new["target"]
    place = links.scope_of(links.path_in(str(target), project.id) or "").kind
    if scope.kind == "region" and place == "global":
        # The classic load balancer in the STANDARD tier: regional in front, global behind.
        if (scheme, new.get("networkTier")) != ("EXTERNAL", "STANDARD"):
            why = "A regional rule of the tier PREMIUM needs a regional target."
            raise errors.invalid("target", target, why)
    elif scheme not in _SCHEMES_OF_PROXIES[scope.kind]:
        why = f"Must be one of {', '.join(_SCHEMES_OF_PROXIES[scope.kind])} for this target."
        raise errors.invalid("loadBalancingScheme", scheme, why)
    if new["IPProtocol"] != "TCP":
        raise errors.invalid("IPProtocol", new["IPProtocol"], "Must be TCP for a target proxy.")
    low, high = port_range(new.get("portRange", ""), "portRange")
    if low != high:
        raise errors.invalid("portRange", new["portRange"], "A target proxy takes a single port.")
    url_map = project.linked(project.linked(target)["urlMap"])
    check_schemes(scheme, services_of(project, url_map))
