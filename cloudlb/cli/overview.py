"""What there is to say about each object right now, as data: rows of `status`, and the lines after an apply."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cloudlb.controller.intent import Intent
from cloudlb.controller.verdicts import Preview
from cloudlb.kube.objects import Condition, Service, ServicePort
from cloudlb.kube.refusal import Refusal
from cloudlb.kube.status import OURS, Findings, status_of
from cloudlb.model import Address
from cloudlb.provider import TargetHealth
from cloudlb.translate.exposure import KEY as EXPOSE

LOAD_BALANCER = "LoadBalancer"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortLine:
    """One port of an object. Targets are counted where the port has a backend in the cloud, else both are None."""

    port: int
    protocol: str
    node_port: int = 0
    healthy: int | None = None
    total: int | None = None
    error: str = ""
    reasons: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """`80/TCP`."""
        return f"{self.port}/{self.protocol}"

    @property
    def targets(self) -> str:
        """`2/3`, or nothing."""
        return "" if self.total is None else f"{self.healthy}/{self.total}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One object. `note` says in words what is not in the other fields."""

    owner: str
    type: str
    addresses: tuple[str, ...] = ()
    ports: tuple[PortLine, ...] = ()
    conditions: tuple[Condition, ...] = ()
    note: str = ""

    @property
    def ok(self) -> bool:
        """Tell whether no condition of the object is false."""
        return all(each.status == "True" for each in self.conditions)


def row(preview: Preview, addresses: tuple[Address, ...], health: Iterable[TargetHealth]) -> Row:
    """Describe an object from a look at the cloud."""
    intent = preview.intent
    service = intent.service
    status = status_of(
        service,
        Findings(
            wanted=intent.wanted,
            addresses=addresses,
            problems=intent.problems,
            refused_ports=intent.refused_ports,
            pending=len(preview.plan),
        ),
        datetime.now(UTC),
    )
    return Row(
        owner=intent.owner.path,
        type=service.spec.type,
        addresses=tuple(map(str, addresses)),
        ports=tuple(_ports(intent, tuple(health))),
        conditions=tuple(each for each in status.conditions if each.type in OURS),
        note="" if intent.wanted and service.spec.type == LOAD_BALANCER else why_nothing(service),
    )


def row_of(service: Service, owner: str) -> Row:
    """Describe an object by the status that it carries."""
    ingress = service.status.load_balancer.ingress
    errors = {(each.port, each.protocol): each.error or "" for at in ingress for each in at.ports}
    return Row(
        owner=owner,
        type=service.spec.type,
        addresses=tuple(each.ip or each.hostname for each in ingress),
        ports=tuple(
            PortLine(
                port=each.port,
                protocol=each.protocol,
                node_port=each.node_port,
                error=errors.get((each.port, each.protocol), ""),
            )
            for each in service.spec.ports
        ),
        conditions=tuple(each for each in service.status.conditions if each.type in OURS),
    )


def _ports(intent: Intent, health: tuple[TargetHealth, ...]) -> Iterator[PortLine]:
    """Yield a line for every port, with the health of the backend that its listener leads to."""
    by_backend = {each.backend: each for each in health}
    refused = {(each.port, each.protocol): each.reason for each in intent.refused_ports}
    for port in intent.service.spec.ports:
        backend = _backend(intent, port)
        found = by_backend.get(backend, by_backend.get("")) if backend else None
        yield PortLine(
            port=port.port,
            protocol=port.protocol,
            node_port=port.node_port,
            healthy=found.healthy if found else None,
            total=found.total if found else None,
            error=refused.get((port.port, port.protocol), ""),
            reasons=found.reasons if found else (),
        )


def _backend(intent: Intent, port: ServicePort) -> str:
    if intent.load_balancer is None:
        return ""
    for listener in intent.load_balancer.listeners:
        if listener.port == port.port and port.protocol in listener.protocol.split("_"):
            return listener.backend
    return ""


def why_nothing(service: Service) -> str:
    """Say why cloudlb leaves an object alone."""
    spec = service.spec
    if spec.type == LOAD_BALANCER:
        return f"left to the controller of its class, {spec.load_balancer_class}"
    if spec.type == "ExternalName":
        return f"a DNS alias of {spec.external_name}"
    if spec.type == "NodePort":
        numbers = ", ".join(f"{each.node_port}/{each.protocol}" for each in spec.ports)
        sources = service.metadata.annotations.get(EXPOSE)
        if sources is not None:
            return f"on every node at {numbers}, opened to {sources}"
        return f"on every node at {numbers}; firewalls are opened for it by request only"
    if service.headless:
        return "cluster-internal by design: headless, its name leads to the pods themselves"
    return "cluster-internal by design: its address answers inside the cluster only"


def as_json(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return rows as plain data (docs/cli-json.md)."""
    return [
        {
            "object": each.owner,
            "type": each.type,
            "addresses": list(each.addresses),
            "ports": [_port_json(port) for port in each.ports],
            "conditions": [
                {
                    "type": condition.type,
                    "status": condition.status,
                    "reason": condition.reason,
                    "message": condition.message,
                }
                for condition in each.conditions
            ],
            "note": each.note,
        }
        for each in rows
    ]


def refusals_json(refusals: Iterable[Refusal]) -> list[dict[str, str]]:
    """Return refused objects as plain data."""
    return [
        {
            "kind": each.kind,
            "namespace": each.namespace,
            "name": each.name,
            "path": each.path,
            "message": each.message,
            "remedy": each.remedy,
            "source": each.source,
        }
        for each in refusals
    ]


def _port_json(port: PortLine) -> dict[str, Any]:
    targets = None
    if port.total is not None:
        targets = {
            "healthy": port.healthy,
            "total": port.total,
            "unhealthy": [{"target": name, "reason": why} for name, why in port.reasons],
        }
    return {
        "port": port.port,
        "protocol": port.protocol,
        "nodePort": port.node_port or None,
        "error": port.error or None,
        "targets": targets,
    }
