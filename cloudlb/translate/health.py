"""How the targets of a Service are asked for their health, before the provider's own defaults."""

from typing import Any

from cloudlb.kube.objects import Service, ServicePort
from cloudlb.model import HealthCheck, Problem, Protocol, TargetKind
from cloudlb.translate.annotations import HEALTH, Parsed

HEALTHZ = "/healthz"
"""What kube-proxy answers on a Service's health-check node port (on any path, this one by custom)."""


def is_local(service: Service, kind: TargetKind) -> bool:
    """Tell whether only nodes with a pod of their own take traffic: with pod targets every target is a pod."""
    return kind is TargetKind.NODE and service.spec.external_traffic_policy == "Local"


def health_check_of(
    service: Service, parsed: Parsed, kind: TargetKind
) -> tuple[HealthCheck, tuple[Problem, ...]]:
    """Return the health check that a Service's policy and annotations ask for."""
    asked: dict[str, Any] = {}
    problems: list[Problem] = []
    if is_local(service, kind):
        asked |= _local(service, problems)
    asked |= {
        name.removeprefix(HEALTH): value
        for name, value in parsed.values.items()
        if name.startswith(HEALTH)
    }
    if isinstance(asked.get("port"), str):
        asked["port"] = _port_number(service, parsed, asked["port"], kind, problems)
    return HealthCheck(**asked), tuple(problems)


def _local(service: Service, problems: list[Problem]) -> dict[str, Any]:
    port = service.spec.health_check_node_port
    if not port:
        problems.append(
            Problem.error(
                "spec.healthCheckNodePort",
                "is 0, but with externalTrafficPolicy: Local it is where nodes tell whether they have a pod",
                "set externalTrafficPolicy to Cluster and back to Local, and the API server allocates one",
                reason="NoHealthCheckNodePort",
            )
        )
    return {"protocol": Protocol.HTTP, "port": port, "path": HEALTHZ}


def _port_number(
    service: Service, parsed: Parsed, name: str, kind: TargetKind, problems: list[Problem]
) -> int:
    for port in service.spec.ports:
        if port.name == name:
            number = _reached_at(port, kind)
            if number:
                return number
    names = ", ".join(port.name for port in service.spec.ports if port.name) or "none"
    problems.append(
        Problem.error(
            parsed.path("health_check.port"),
            f"{name!r} is no port of this Service with a number of its own (named ports: {names})",
            "give a port's name, a number, or traffic-port",
            reason="InvalidAnnotation",
        )
    )
    return 0


def _reached_at(port: ServicePort, kind: TargetKind) -> int:
    if kind is TargetKind.NODE:
        return port.node_port
    return port.target_port if isinstance(port.target_port, int) else 0
