"""Health checks of target groups: defaults, ranges, and what goes with which protocol.

Source: API reference of CreateTargetGroup and ModifyTargetGroup.
"""

import re
from dataclasses import dataclass, replace

from cloudlb_aws.emulator.errors import configuration, validation
from cloudlb_aws.emulator.moto import Json, TargetGroup

_REQUESTS = {"HTTP", "HTTPS"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """A health check, defaults written out; times in seconds, `path` and `matcher` empty for TCP."""

    protocol: str
    port: str
    interval: int
    timeout: int
    healthy: int
    unhealthy: int
    path: str = ""
    matcher: str = ""


def for_new(params: Json) -> HealthCheck:
    """Read the health check of a new target group, with AWS's defaults."""
    group_protocol = params["Protocol"]
    requests = group_protocol in _REQUESTS
    protocol = params.get("HealthCheckProtocol") or ("HTTP" if requests else "TCP")
    base = HealthCheck(
        protocol=protocol,
        port="traffic-port",
        interval=30,
        timeout=5 if requests else 6 if protocol == "HTTP" else 10,
        healthy=5,
        unhealthy=2,
        path="/" if protocol in _REQUESTS else "",
        matcher=_default_matcher(group_protocol) if protocol in _REQUESTS else "",
    )
    return changed(base, params, group_protocol)


def _default_matcher(group_protocol: str) -> str:
    return "200" if group_protocol in _REQUESTS else "200-399"


def changed(check: HealthCheck, params: Json, group_protocol: str) -> HealthCheck:
    """Apply the parameters of a call to a health check. Refuses what AWS refuses."""
    if params.get("HealthCheckEnabled") is False:
        raise validation(
            "Health check enabled must be true for target groups with this target type"
        )
    protocol = params.get("HealthCheckProtocol") or check.protocol
    _check_protocol(protocol, group_protocol)
    requests = protocol in _REQUESTS
    path = params.get("HealthCheckPath") or (check.path or "/" if requests else "")
    matcher = (params.get("Matcher") or {}).get("HttpCode") or (
        check.matcher or _default_matcher(group_protocol) if requests else ""
    )
    new = replace(
        check,
        protocol=protocol,
        port=params.get("HealthCheckPort") or check.port,
        interval=params.get("HealthCheckIntervalSeconds", check.interval),
        timeout=params.get("HealthCheckTimeoutSeconds", check.timeout),
        healthy=params.get("HealthyThresholdCount", check.healthy),
        unhealthy=params.get("UnhealthyThresholdCount", check.unhealthy),
        path=path,
        matcher=matcher,
    )
    _check_numbers(new, group_protocol)
    _check_requests(new, group_protocol)
    return new


def _check_protocol(protocol: str, group_protocol: str) -> None:
    allowed = ("HTTP", "HTTPS") if group_protocol in _REQUESTS else ("HTTP", "HTTPS", "TCP")
    if protocol not in allowed:
        raise validation(
            f"Health check protocol '{protocol}' must be one of [{', '.join(allowed)}]"
        )


def _check_numbers(check: HealthCheck, group_protocol: str) -> None:
    for what, value, low, high in (
        ("Health check interval", check.interval, 5, 300),
        ("Health check timeout", check.timeout, 2, 120),
        ("Healthy threshold count", check.healthy, 2, 10),
        ("Unhealthy threshold count", check.unhealthy, 2, 10),
    ):
        if not low <= value <= high:
            raise validation(f"{what} '{value}' must be between '{low}' and '{high}' inclusive")
    strictly = group_protocol in _REQUESTS
    if check.timeout > check.interval or (strictly and check.timeout == check.interval):
        relation = "smaller than" if strictly else "smaller than or equal to"
        raise validation(
            f"Health check timeout '{check.timeout}' must be {relation} the interval '{check.interval}'"
        )
    if check.port != "traffic-port" and not (
        check.port.isdecimal() and 1 <= int(check.port) <= 65_535
    ):
        raise validation(
            f"Health check port '{check.port}' must be 'traffic-port' or a port number"
        )


def _check_requests(check: HealthCheck, group_protocol: str) -> None:
    if check.protocol not in _REQUESTS:
        if check.path:
            raise configuration("A health check path cannot be specified for TCP health checks")
        if check.matcher:
            raise configuration("A matcher cannot be specified for TCP health checks")
        return
    if not check.path.startswith("/") or len(check.path) > 1024:
        raise validation(f"Health check path '{check.path}' must begin with a '/' character")
    last = 499 if group_protocol in _REQUESTS else 599
    for part in check.matcher.split(","):
        match = re.fullmatch(r"(\d{3})(?:-(\d{3}))?", part)
        if not match or any(code and not 200 <= int(code) <= last for code in match.groups()):
            raise validation(
                f"Health check matcher HTTP code '{check.matcher}' must be within '200-{last}'"
            )


def of(group: TargetGroup) -> HealthCheck:
    """Return the health check of a target group."""
    return HealthCheck(
        protocol=group.health_check_protocol,
        port=group.health_check_port,
        interval=int(group.health_check_interval_seconds),
        timeout=int(group.health_check_timeout_seconds),
        healthy=int(group.healthy_threshold_count),
        unhealthy=int(group.unhealthy_threshold_count),
        path=group.health_check_path or "",
        matcher=(getattr(group, "matcher", None) or {}).get("HttpCode", ""),
    )


def store(group: TargetGroup, check: HealthCheck) -> None:
    """Write a health check into moto's target group."""
    group.health_check_protocol = check.protocol
    group.health_check_port = check.port
    group.health_check_interval_seconds = check.interval
    group.health_check_timeout_seconds = check.timeout
    group.healthy_threshold_count = str(check.healthy)
    group.unhealthy_threshold_count = str(check.unhealthy)
    group.health_check_path = check.path or None
    group.matcher = {"HttpCode": check.matcher} if check.matcher else None


def view(check: HealthCheck) -> Json:
    """Return a health check as part of a described target group."""
    shown: Json = {
        "HealthCheckProtocol": check.protocol,
        "HealthCheckPort": check.port,
        "HealthCheckEnabled": True,
        "HealthCheckIntervalSeconds": check.interval,
        "HealthCheckTimeoutSeconds": check.timeout,
        "HealthyThresholdCount": check.healthy,
        "UnhealthyThresholdCount": check.unhealthy,
    }
    if check.path:
        shown["HealthCheckPath"] = check.path
    if check.matcher:
        shown["Matcher"] = {"HttpCode": check.matcher}
    return shown
