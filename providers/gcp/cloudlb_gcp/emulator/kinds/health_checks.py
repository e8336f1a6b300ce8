"""Health checks, global and regional, and the legacy kind of target pools."""

from collections.abc import Mapping
from typing import Any

from cloudlb_gcp.emulator import errors
from cloudlb_gcp.emulator.check import within
from cloudlb_gcp.emulator.kind import Kind
from cloudlb_gcp.emulator.kinds.backend_services import HTTP_CHECKS, WEIGHTED
from cloudlb_gcp.emulator.links import Scope
from cloudlb_gcp.emulator.project import Project

Json = dict[str, Any]

_DETAILS = {
    "TCP": "tcpHealthCheck",
    "SSL": "sslHealthCheck",
    "HTTP": "httpHealthCheck",
    "HTTPS": "httpsHealthCheck",
    "HTTP2": "http2HealthCheck",
    "GRPC": "grpcHealthCheck",
}
_FIXED = "USE_FIXED_PORT"
_PORTS = {"TCP": 80, "SSL": 443, "HTTP": 80, "HTTPS": 443, "HTTP2": 443}


class HealthChecks(Kind):
    """`healthChecks` and `regionHealthChecks`."""

    collection, kind, word = "healthChecks", "compute#healthCheck", "health_check"
    scopes = frozenset({"global", "region"})
    quota = "HEALTH_CHECKS"

    def defaults(self, project: Project, scope: Scope, body: Json) -> None:
        """Intervals of 5 seconds, thresholds of 2, port and path of the protocol."""
        del project, scope
        for field, value in (
            ("checkIntervalSec", 5),
            ("timeoutSec", 5),
            ("healthyThreshold", 2),
            ("unhealthyThreshold", 2),
        ):
            body.setdefault(field, value)
        protocol = body.get("type", "")
        if protocol not in _DETAILS:
            return
        details = dict(body.get(_DETAILS[protocol], {}))
        if protocol in _PORTS and details.get("portSpecification", _FIXED) == _FIXED:
            details.setdefault("port", _PORTS[protocol])
        if protocol in HTTP_CHECKS:
            details.setdefault("requestPath", "/")
        if protocol != "GRPC":
            details.setdefault("proxyHeader", "NONE")
        body[_DETAILS[protocol]] = details

    def check(self, project: Project, path: str, new: Json, old: Mapping[str, Any] | None) -> None:
        """One protocol with its own details, times within bounds, the timeout no longer than the interval."""
        protocol = new.get("type")
        if not protocol:
            raise errors.required("type")
        if protocol not in _DETAILS:
            raise errors.invalid("type", protocol, f"Must be one of {', '.join(_DETAILS)}.")
        for other, field in _DETAILS.items():
            if other != protocol and field in new:
                raise errors.invalid(field, "", f"The health check is of type {protocol}.")
        check_times(new)
        details = new[_DETAILS[protocol]]
        _check_port(details, f"{_DETAILS[protocol]}.")
        check_path(details)
        if old is not None and protocol not in HTTP_CHECKS:
            _check_weighted(project, path, str(protocol))


class HttpHealthChecks(Kind):
    """The legacy `httpHealthChecks` of target pools."""

    collection, kind, word = "httpHealthChecks", "compute#httpHealthCheck", "http_health_check"
    scopes = frozenset({"global"})
    quota = "HEALTH_CHECKS"

    def defaults(self, project: Project, scope: Scope, body: Json) -> None:
        """As for the newer kind."""
        del project, scope
        for field, value in (
            ("checkIntervalSec", 5),
            ("timeoutSec", 5),
            ("healthyThreshold", 2),
            ("unhealthyThreshold", 2),
            ("port", 80),
            ("requestPath", "/"),
        ):
            body.setdefault(field, value)

    def check(self, project: Project, path: str, new: Json, old: Mapping[str, Any] | None) -> None:
        """Times within bounds, a path that is one."""
        del project, path, old
        check_times(new)
        within(new, "port", 1, 65_535)
        check_path(new)


def _check_port(details: Mapping[str, Any], field: str) -> None:
    """Raise GceError for a port that is none, or one too many beside what says where it is from."""
    within(details, "port", 1, 65_535, field)
    source = details.get("portSpecification", _FIXED)
    if source == _FIXED and not details.get("port"):
        raise errors.required(f"{field}port")
    if source != _FIXED and details.get("port"):
        raise errors.invalid(f"{field}port", details["port"], f"Can not be used with {source}.")
    if source == "USE_NAMED_PORT" and not details.get("portName"):
        raise errors.required(f"{field}portName")


def _check_weighted(project: Project, path: str, protocol: str) -> None:
    """Backend services that spread by weight ask for them in their health checks, which only HTTP can answer."""
    for user in project.store.users(path):
        if (project.store.get(user) or {}).get("localityLbPolicy") in WEIGHTED:
            why = f"The backend service '{user}' is weighted, which needs an HTTP health check."
            raise errors.invalid("type", protocol, why)


def check_times(new: Mapping[str, Any]) -> None:
    """Raise GceError for times and thresholds out of bounds."""
    within(new, "checkIntervalSec", 1, 300)
    within(new, "timeoutSec", 1, 300)
    within(new, "healthyThreshold", 1, 10)
    within(new, "unhealthyThreshold", 1, 10)
    if int(new["timeoutSec"]) > int(new["checkIntervalSec"]):
        why = "The timeout must not be longer than the check interval."
        raise errors.invalid("timeoutSec", new["timeoutSec"], why)


def check_path(details: Mapping[str, Any]) -> None:
    """Raise GceError for a request path that is none."""
    path = details.get("requestPath")
    if path is not None and not str(path).startswith("/"):
        raise errors.invalid("requestPath", path, "Must begin with '/'.")
