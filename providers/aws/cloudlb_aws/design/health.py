"""The health check of a target group, with the defaults that we chose and AWS's limits for Network Load Balancers."""

from cloudlb.model import Backend, Protocol
from cloudlb_aws.design.work import Work, annotation
from cloudlb_aws.resources.target_group import HealthCheck

TRAFFIC_PORT = "traffic-port"
_CODES = "200-399"
_HTTP = (Protocol.HTTP, Protocol.HTTPS)

INTERVAL, TIMEOUT, THRESHOLD = (5, 300), (2, 120), (2, 10)
"""What AWS takes for a Network Load Balancer, in seconds and times (ELBv2 API, CreateTargetGroup)."""


def health_check(work: Work, backend: Backend) -> HealthCheck:
    """Return the health check of a backend, every field stated. Notes what AWS would refuse.

    Defaults: 10 seconds apart, 10 for an answer, 3 of a kind decide; with a local policy 6 seconds and 2 of a kind,
    because there the check is what takes a node without pods out of rotation.
    """
    asked = backend.health_check
    protocol = asked.protocol or Protocol.TCP
    http = protocol in _HTTP
    threshold = 2 if backend.local else 3
    check = HealthCheck(
        protocol=protocol.value,
        port=str(asked.port) if asked.port else TRAFFIC_PORT,
        path=(asked.path or "/") if http else "",
        matcher=(asked.success_codes or _CODES) if http else "",
        interval=_or(asked.interval, 10),
        timeout=_or(asked.timeout, 6 if backend.local else 10),
        healthy_threshold=_or(asked.healthy_threshold, threshold),
        unhealthy_threshold=_or(asked.unhealthy_threshold, threshold),
    )
    _limits(work, check)
    return check


def asked_port(check: HealthCheck, traffic_port: int) -> int:
    """Return the port that targets are asked on."""
    return traffic_port if check.port == TRAFFIC_PORT else int(check.port)


def _or(given: int | None, default: int) -> int:
    return default if given is None else given


def _limits(work: Work, check: HealthCheck) -> None:
    for name, value, (low, high) in (
        ("interval", check.interval, INTERVAL),
        ("timeout", check.timeout, TIMEOUT),
        ("healthy-threshold", check.healthy_threshold, THRESHOLD),
        ("unhealthy-threshold", check.unhealthy_threshold, THRESHOLD),
    ):
        if not low <= value <= high:
            _wrong(work, name, f"{value} is not from {low} to {high}", f"give {low} to {high}")
    if check.timeout > check.interval:
        _wrong(
            work,
            "timeout",
            f"{check.timeout} is more than the interval of {check.interval}",
            "make the interval longer or the timeout shorter",
        )


def _wrong(work: Work, name: str, message: str, remedy: str) -> None:
    path = annotation(f"healthcheck-{name}")
    if all(problem.path != path for problem in work.problems):
        work.error(path, message, remedy, reason="InvalidHealthCheck")
