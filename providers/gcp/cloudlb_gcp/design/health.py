"""Health checks: the one that all load balancers of a cluster share, or one of the load balancer's own.

With externalTrafficPolicy: Cluster every healthy node will do, and kube-proxy answers for the node: one check for all.
With Local only nodes with a pod do, which their health-check node port tells: a check of its own. The numbers are the
incumbents' (gcp.md 2.4).
"""

from collections.abc import Mapping

from cloudlb.model import HealthCheck as Asked
from cloudlb.model import Protocol
from cloudlb.plan.resource import Key, Ref
from cloudlb.translate.annotations import PREFIX, path_of
from cloudlb.translate.health import HEALTHZ
from cloudlb_gcp import names
from cloudlb_gcp.design.work import Work
from cloudlb_gcp.limits import NODE_CHECK_PORT
from cloudlb_gcp.resources.health_check import HealthCheck

SHARED = Key("health-check/nodes")
OWN = Key("health-check/traffic")

_NODES: Mapping[str, int] = {"interval": 8, "unhealthy_threshold": 3}
_LOCAL: Mapping[str, int] = {"interval": 3, "unhealthy_threshold": 2}
_TIMEOUT = 1


def shared_check(name: str) -> HealthCheck:
    """Return the check that a cluster's load balancers share."""
    return HealthCheck(
        id="nodes",
        name=name,
        type="HTTP",
        port=NODE_CHECK_PORT,
        request_path=HEALTHZ,
        timeout=_TIMEOUT,
        healthy_threshold=1,
        **_NODES,
    )


def is_shared(work: Work) -> bool:
    """Tell whether nothing about the check is this load balancer's own."""
    return not work.local and work.backend.health_check == Asked()


def reference(work: Work) -> Ref:
    """Return the reference to the check that the load balancer uses."""
    return Ref(SHARED, "path", shared=True) if is_shared(work) else Ref(OWN, "path")


def own_check(work: Work) -> HealthCheck:
    """Return the load balancer's own check."""
    asked = work.backend.health_check
    protocol = asked.protocol or Protocol.HTTP
    usual = _LOCAL if work.local else _NODES
    interval = asked.interval or usual["interval"]
    _check_codes(work, asked)
    return HealthCheck(
        id="traffic",
        name=names.generated(work.load_balancer.owner, "hc"),
        type=protocol.value,
        port=port_of(work),
        request_path="" if protocol is Protocol.TCP else asked.path or HEALTHZ,
        interval=interval,
        timeout=_timeout(work, asked, interval),
        healthy_threshold=asked.healthy_threshold or 1,
        unhealthy_threshold=asked.unhealthy_threshold or usual["unhealthy_threshold"],
    )


def port_of(work: Work) -> int:
    """Return where nodes are asked: as annotated, the health-check node port, or kube-proxy's."""
    asked = work.backend.health_check.port
    if asked == 0:
        ports = [
            getattr(work.load_balancer.backend(each.backend).targets, "node_port", 0)
            for each in work.load_balancer.listeners
            if each.protocol is not Protocol.UDP
        ]
        if port := next(filter(None, ports), 0):
            return port
        work.error(
            path_of(f"{PREFIX}health-check-port"),
            "traffic-port means a TCP node port, and the Service has none",
            "give a number",
            reason="InvalidAnnotation",
        )
    return asked or NODE_CHECK_PORT


def _timeout(work: Work, asked: Asked, interval: int) -> int:
    if asked.timeout is not None and asked.timeout > interval:
        work.error(
            path_of(f"{PREFIX}health-check-timeout"),
            f"{asked.timeout} seconds are longer than the interval of {interval}",
            "make it at most as long as the interval",
            reason="InvalidAnnotation",
        )
    return asked.timeout or _TIMEOUT


def _check_codes(work: Work, asked: Asked) -> None:
    if asked.success_codes is not None:
        work.warn(
            path_of(f"{PREFIX}health-check-success-codes"),
            "does nothing: health checks of this cloud take 200 and nothing else",
            "remove it",
            reason="SuccessCodesIgnored",
        )
