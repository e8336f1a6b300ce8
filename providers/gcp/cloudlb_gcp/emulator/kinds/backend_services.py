"""Backend services, global and regional: which groups take the traffic, and how it is spread."""

from collections.abc import Mapping
from typing import Any, ClassVar

from cloudlb_gcp.emulator import errors, links
from cloudlb_gcp.emulator.check import one_of, within
from cloudlb_gcp.emulator.kind import Kind
from cloudlb_gcp.emulator.kinds.networks import nic
from cloudlb_gcp.emulator.kinds.targets import check_protocols
from cloudlb_gcp.emulator.links import Scope, url
from cloudlb_gcp.emulator.project import Project

Json = dict[str, Any]

_PASSTHROUGH = frozenset({"EXTERNAL", "INTERNAL"})
_SCHEMES = ("EXTERNAL", "EXTERNAL_MANAGED", "INTERNAL", "INTERNAL_MANAGED", "INTERNAL_SELF_MANAGED")
_AFFINITIES = {
    "EXTERNAL": ("NONE", "CLIENT_IP", "CLIENT_IP_PROTO", "CLIENT_IP_PORT_PROTO"),
    "INTERNAL": (
        "NONE",
        "CLIENT_IP",
        "CLIENT_IP_NO_DESTINATION",
        "CLIENT_IP_PROTO",
        "CLIENT_IP_PORT_PROTO",
    ),
}
_POLICIES = {
    "EXTERNAL": ("MAGLEV", "WEIGHTED_MAGLEV"),
    "INTERNAL": ("WEIGHTED_GCP_RENDEZVOUS",),
}
_WEIGHTED = frozenset({"WEIGHTED_MAGLEV", "WEIGHTED_GCP_RENDEZVOUS"})
_HTTP_CHECKS = frozenset({"HTTP", "HTTPS", "HTTP2"})


class BackendServices(Kind):
    """`backendServices` and `regionBackendServices`."""

    collection, kind, word = "backendServices", "compute#backendService", "backend_service"
    scopes = frozenset({"global", "region"})
    references: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "backends[].group": ("networkEndpointGroups", "instanceGroups"),
        "healthChecks[]": ("healthChecks", "httpHealthChecks"),
        "network": ("networks",),
    }
    wider = frozenset({"healthChecks[]"})
    fixed = frozenset({"loadBalancingScheme", "network"})
    output = frozenset({"usedBy"})
    fingerprinted = True
    quota = "BACKEND_SERVICES"

    def defaults(self, project: Project, scope: Scope, body: Json) -> None:
        """External, HTTP for proxies and TCP for passthrough, 30 seconds; backends are balanced as their kind allows."""
        del project
        body.setdefault("loadBalancingScheme", "EXTERNAL")
        passthrough = is_passthrough(scope, body)
        body.setdefault("protocol", "TCP" if passthrough else "HTTP")
        body.setdefault("timeoutSec", 30)
        body.setdefault("sessionAffinity", "NONE")
        body.setdefault("connectionDraining", {"drainingTimeoutSec": 0})
        body.setdefault("port", 80)
        if not passthrough:
            body.setdefault("portName", "http")
        body["backends"] = [
            _backend(each, passthrough=passthrough) for each in body.get("backends", ())
        ]
        if not body["backends"]:
            del body["backends"]

    def check(self, project: Project, path: str, new: Json, old: Mapping[str, Any] | None) -> None:
        """Scheme, protocol, health check, groups and spreading that go together."""
        one_of(new, "loadBalancingScheme", _SCHEMES)
        within(new["connectionDraining"], "drainingTimeoutSec", 0, 3600, "connectionDraining.")
        scope = links.scope_of(path)
        _check_legacy(scope, new)
        if is_passthrough(scope, new):
            _check_passthrough(project, scope, new)
        if old is not None and old["protocol"] != new["protocol"]:
            _check_protocol_of_users(project, path, new)
        _check_backends(project, scope, new)

    def rendered(self, project: Project, path: str, resource: Mapping[str, Any]) -> Json:
        """Add which forwarding rules use it."""
        shown = super().rendered(project, path, resource)
        users = [{"reference": url(user)} for user in project.store.users(path)]
        return {**shown, "usedBy": users} if users else shown


def is_passthrough(scope: Scope, service: Mapping[str, Any]) -> bool:
    """Tell whether a backend service is one of a passthrough load balancer."""
    return scope.kind == "region" and service["loadBalancingScheme"] in _PASSTHROUGH


def health(project: Project, path: str, body: Json) -> Json:
    """Tell the health of the members of one group."""
    service = project.there(path)
    group = project.referred(
        "group", body.get("group"), BackendServices.references["backends[].group"]
    )
    if url(group) not in {each["group"] for each in service.get("backends", ())}:
        raise errors.invalid("group", body["group"], "The group is no backend of the service.")
    found = project.there(group)
    zone = links.scope_of(group).name
    states = []
    for member in found.get("_members", ()):
        name = links.name_of(member if isinstance(member, str) else member["instance"])
        instance = project.path(Scope("zone", zone), "instances", name)
        if instance in project.store:
            states.append(_state(project, instance, name, service))
    answer: Json = {"kind": "compute#backendServiceGroupHealth"}
    return {**answer, "healthStatus": states} if states else answer


def _state(project: Project, instance: str, name: str, service: Mapping[str, Any]) -> Json:
    state: Json = {
        "healthState": "UNHEALTHY" if name in project.unhealthy else "HEALTHY",
        "instance": url(instance),
        "ipAddress": nic(project.there(instance))["networkIP"],
        "port": service.get("port", 80),
    }
    if service.get("localityLbPolicy") in _WEIGHTED:
        state["weight"] = str(project.weights.get(name, 1))
    return state


def _backend(backend: Mapping[str, Any], *, passthrough: bool) -> Json:
    new = dict(backend)
    if passthrough:
        new.setdefault("balancingMode", "CONNECTION")
    elif "/networkEndpointGroups/" in str(new.get("group")):
        new.setdefault("balancingMode", "RATE")
        new.setdefault("capacityScaler", 1.0)
    else:
        new.setdefault("balancingMode", "UTILIZATION")
        new.setdefault("maxUtilization", 0.8)
        new.setdefault("capacityScaler", 1.0)
    return new


def _check_legacy(scope: Scope, new: Mapping[str, Any]) -> None:
    for number, check in enumerate(new.get("healthChecks", ())):
        if scope.kind == "region" and "/httpHealthChecks/" in check:
            why = "Regional backend services take no legacy health checks."
            raise errors.invalid(f"healthChecks[{number}]", check, why)


def _check_passthrough(project: Project, scope: Scope, new: Mapping[str, Any]) -> None:
    scheme = new["loadBalancingScheme"]
    one_of(new, "protocol", ("TCP", "UDP", "UNSPECIFIED"))
    one_of(new, "sessionAffinity", _AFFINITIES[scheme])
    one_of(new, "localityLbPolicy", _POLICIES[scheme])
    checks = new.get("healthChecks", ())
    if len(checks) != 1:
        raise errors.invalid("healthChecks", len(checks), "Exactly one health check is needed.")
    check = project.linked(checks[0])
    if scheme == "EXTERNAL" and links.name_of(str(check.get("region", ""))) != scope.name:
        why = "A regional external passthrough load balancer needs a regional health check."
        raise errors.invalid("healthChecks[0]", checks[0], why)
    if new.get("localityLbPolicy") in _WEIGHTED and check.get("type") not in _HTTP_CHECKS:
        why = "Weighted load balancing needs an HTTP health check."
        raise errors.invalid("localityLbPolicy", new["localityLbPolicy"], why)
    if new.get("network") and scheme == "EXTERNAL":
        raise errors.invalid("network", new["network"], "Only internal services name a network.")
    _check_tracking(new)


def _check_tracking(new: Mapping[str, Any]) -> None:
    tracking = new.get("connectionTrackingPolicy", {})
    if not tracking:
        return
    sticky = new["sessionAffinity"] != "NONE"
    per_session = tracking.get("trackingMode") == "PER_SESSION"
    field = "connectionTrackingPolicy.enableStrongAffinity"
    if tracking.get("enableStrongAffinity"):
        if not sticky or not per_session:
            why = "Strong session affinity needs a session affinity and tracking per session."
            raise errors.invalid(field, True, why)
        if new["loadBalancingScheme"] != "EXTERNAL":
            why = "Strong session affinity is for external passthrough load balancers only."
            raise errors.invalid(field, True, why)
        within(tracking, "idleTimeoutSec", 60, 57_600, "connectionTrackingPolicy.")


def _check_protocol_of_users(project: Project, path: str, new: Mapping[str, Any]) -> None:
    for user in project.store.users(path):
        if "/forwardingRules/" in user:
            check_protocols(str(project.there(user)["IPProtocol"]), str(new["protocol"]))


def _check_backends(project: Project, scope: Scope, new: Mapping[str, Any]) -> None:
    passthrough = is_passthrough(scope, new)
    seen: set[str] = set()
    kinds: set[str] = set()
    for number, backend in enumerate(new.get("backends", ())):
        group = backend.get("group")
        field = f"backends[{number}].group"
        if not group:
            raise errors.required(field)
        if group in seen:
            raise errors.invalid(field, group, "The group is there twice.")
        seen.add(group)
        found = project.linked(group)
        kinds.add(str(found.get("networkEndpointType", "instanceGroup")))
        if passthrough and backend["balancingMode"] != "CONNECTION":
            why = f"Balancing mode must be CONNECTION for an {new['loadBalancingScheme']} backend service."
            raise errors.invalid(f"backends[{number}].balancingMode", backend["balancingMode"], why)
        _check_network(new, found, field)
    if len(kinds) > 1:
        why = "All backends must be of the same kind."
        raise errors.invalid("backends", ",".join(sorted(kinds)), why)
    if passthrough and kinds - {"GCE_VM_IP", "instanceGroup"}:
        why = "Passthrough load balancers take instance groups and network endpoint groups of type GCE_VM_IP."
        raise errors.invalid("backends", ",".join(kinds), why)
    if not passthrough and "GCE_VM_IP" in kinds:
        why = "Network endpoint groups of type GCE_VM_IP are for passthrough load balancers."
        raise errors.invalid("backends", "GCE_VM_IP", why)


def _check_network(new: Mapping[str, Any], group: Mapping[str, Any], field: str) -> None:
    wanted, there = new.get("network"), group.get("network")
    if wanted and there and wanted != there:
        raise errors.invalid(field, group["selfLink"], "The group is in another network.")
