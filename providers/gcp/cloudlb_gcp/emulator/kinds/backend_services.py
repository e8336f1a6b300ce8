"""Backend services, global and regional: which groups take the traffic, and how it is spread."""

from collections.abc import Mapping
from typing import Any, ClassVar

from cloudlb_gcp.emulator import errors, links
from cloudlb_gcp.emulator.check import fraction, one_of, within
from cloudlb_gcp.emulator.kind import Kind
from cloudlb_gcp.emulator.kinds.backends import check_backends, with_defaults
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
WEIGHTED = frozenset({"WEIGHTED_MAGLEV", "WEIGHTED_GCP_RENDEZVOUS"})
"""Ways of spreading by weights, which instances tell in the answers to health checks."""
HTTP_CHECKS = frozenset({"HTTP", "HTTPS", "HTTP2"})
_SCHEMES_OF_PROXIES = {
    "global": ("EXTERNAL", "EXTERNAL_MANAGED", "INTERNAL_MANAGED", "INTERNAL_SELF_MANAGED"),
    "region": ("EXTERNAL", "EXTERNAL_MANAGED", "INTERNAL", "INTERNAL_MANAGED"),
}
_PROTOCOLS_OF_PROXIES = ("GRPC", "H2C", "HTTP", "HTTP2", "HTTPS", "SSL", "TCP")
_POLICIES_OF_PROXIES = (
    "LEAST_REQUEST",
    "MAGLEV",
    "ORIGINAL_DESTINATION",
    "RANDOM",
    "RING_HASH",
    "ROUND_ROBIN",
    "WEIGHTED_ROUND_ROBIN",
)
_IDLE = {"EXTERNAL": (60, 57_600), "INTERNAL": (600, 57_600)}
_COARSE = frozenset({"CLIENT_IP", "CLIENT_IP_NO_DESTINATION", "CLIENT_IP_PROTO"})
_LONGEST = 2_147_483_647
_LONGEST_COOKIE = 1_209_600


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
            with_defaults(each, passthrough=passthrough) for each in body.get("backends", ())
        ]
        if not body["backends"]:
            del body["backends"]

    def check(self, project: Project, path: str, new: Json, old: Mapping[str, Any] | None) -> None:
        """Scheme, protocol, health check, groups and spreading that go together."""
        one_of(new, "loadBalancingScheme", _SCHEMES)
        within(new["connectionDraining"], "drainingTimeoutSec", 0, 3600, "connectionDraining.")
        scope = links.scope_of(path)
        _check_legacy(scope, new)
        _check_common(new)
        passthrough = is_passthrough(scope, new)
        if passthrough:
            _check_passthrough(project, scope, new)
        else:
            _check_proxied(scope, new)
        if old is not None and old["protocol"] != new["protocol"]:
            _check_protocol_of_users(project, path, new)
        check_backends(project, new, passthrough=passthrough)

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
    if service.get("localityLbPolicy") in WEIGHTED:
        state["weight"] = str(project.weights.get(name, 1))
    return state


def _check_legacy(scope: Scope, new: Mapping[str, Any]) -> None:
    for number, check in enumerate(new.get("healthChecks", ())):
        if scope.kind == "region" and "/httpHealthChecks/" in check:
            why = "Regional backend services take no legacy health checks."
            raise errors.invalid(f"healthChecks[{number}]", check, why)


def _check_common(new: Mapping[str, Any]) -> None:
    within(new, "timeoutSec", 1, _LONGEST)
    within(new, "port", 1, 65_535)
    within(new, "affinityCookieTtlSec", 0, _LONGEST_COOKIE)
    fraction(new.get("logConfig", {}), "sampleRate", "logConfig.")


def _check_proxied(scope: Scope, new: Mapping[str, Any]) -> None:
    """Check a service that a proxy, or nothing yet, stands before."""
    one_of(new, "loadBalancingScheme", _SCHEMES_OF_PROXIES[scope.kind])
    one_of(new, "protocol", _PROTOCOLS_OF_PROXIES)
    one_of(new, "localityLbPolicy", _POLICIES_OF_PROXIES)
    checks = len(new.get("healthChecks", ()))
    if checks > 1:
        raise errors.invalid("healthChecks", checks, "At most one health check can be specified.")
    if new.get("backends") and not checks:
        raise errors.required("healthChecks")


def _check_passthrough(project: Project, scope: Scope, new: Mapping[str, Any]) -> None:
    scheme = new["loadBalancingScheme"]
    one_of(new, "protocol", ("TCP", "UDP", "UNSPECIFIED"))
    one_of(new, "sessionAffinity", _AFFINITIES[scheme])
    one_of(new, "localityLbPolicy", _POLICIES[scheme])
    for field in ("affinityCookieTtlSec", "enableCDN"):
        if new.get(field):
            raise errors.invalid(field, new[field], "Only services of proxies may have it.")
    policy = new.get("networkPassThroughLbTrafficPolicy")
    if policy and scheme != "INTERNAL":
        why = "Only internal passthrough load balancers have zonal affinity."
        raise errors.invalid("networkPassThroughLbTrafficPolicy", scheme, why)
    checks = new.get("healthChecks", ())
    if len(checks) != 1:
        raise errors.invalid("healthChecks", len(checks), "Exactly one health check is needed.")
    check = project.linked(checks[0])
    if scheme == "EXTERNAL" and links.name_of(str(check.get("region", ""))) != scope.name:
        why = "A regional external passthrough load balancer needs a regional health check."
        raise errors.invalid("healthChecks[0]", checks[0], why)
    if new.get("localityLbPolicy") in WEIGHTED and check.get("type") not in HTTP_CHECKS:
        why = "Weighted load balancing needs an HTTP health check."
        raise errors.invalid("localityLbPolicy", new["localityLbPolicy"], why)
    if new.get("network") and scheme == "EXTERNAL":
        raise errors.invalid("network", new["network"], "Only internal services name a network.")
    _check_tracking(new)


def _check_tracking(new: Mapping[str, Any]) -> None:
    tracking = new.get("connectionTrackingPolicy", {})
    if not tracking:
        return
    per_session = tracking.get("trackingMode") == "PER_SESSION"
    scheme = new["loadBalancingScheme"]
    field = "connectionTrackingPolicy.enableStrongAffinity"
    if tracking.get("enableStrongAffinity"):
        if new["sessionAffinity"] == "NONE" or not per_session:
            why = "Strong session affinity needs a session affinity and tracking per session."
            raise errors.invalid(field, True, why)
        if scheme != "EXTERNAL":
            why = "Strong session affinity is for external passthrough load balancers only."
            raise errors.invalid(field, True, why)
    least, most = _IDLE[scheme]
    within(tracking, "idleTimeoutSec", least, most, "connectionTrackingPolicy.")
    coarse = per_session and new["sessionAffinity"] in _COARSE
    if scheme == "INTERNAL" and tracking.get("idleTimeoutSec") is not None and not coarse:
        why = "Needs tracking per session, with a session affinity of less than all ports."
        raise errors.invalid(
            "connectionTrackingPolicy.idleTimeoutSec", tracking["idleTimeoutSec"], why
        )


def _check_protocol_of_users(project: Project, path: str, new: Mapping[str, Any]) -> None:
    for user in project.store.users(path):
        if "/forwardingRules/" in user:
            check_protocols(str(project.there(user)["IPProtocol"]), str(new["protocol"]))
