"""Kubernetes objects as the API hands them over, a provider's table, and what translation makes of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from cloudlb.kube.decode import convert
from cloudlb.kube.defaults import default_service
from cloudlb.kube.objects import EndpointSlice, Node, Service, ServicePort
from cloudlb.model import Family, Problem, TargetKind
from cloudlb.provider import Capabilities
from cloudlb.testing import manifests
from cloudlb.translate.annotations import (
    CORE_ROWS,
    Parsed,
    Row,
    Table,
    boolean,
    choice,
    integer,
    one_of,
    pairs,
    text,
)
from cloudlb.translate.nodes import EligibleNodes
from cloudlb.translate.ports import Ground
from cloudlb.translate.service import Settings, Translation, translate

CLUSTER = "0b1c"
LOCAL = {**manifests.LOCAL, "healthCheckNodePort": 32000}

ALL = Capabilities(
    target_kinds=frozenset(TargetKind),
    protocols=frozenset({"TCP", "UDP"}),
    same_port_tcp_udp=True,
    requested_address=True,
)
POOR = Capabilities(
    target_kinds=frozenset({TargetKind.NODE}),
    protocols=frozenset({"TCP", "UDP"}),
    same_port_tcp_udp=False,
    requested_address=False,
)


def row(key: str, field: str, parse: Any, **more: Any) -> Row:
    """Make a row of a table; only its key, field and parser matter."""
    return Row(**{"key": key, "field": field, "parse": parse, "type": "T", "doc": "D", **more})


def options(values: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Make a provider's options: the values themselves, sorted."""
    return tuple(sorted(values.items()))


TABLE = Table(
    rows=(
        *CORE_ROWS,
        row("a.example/scheme", "scheme", CORE_ROWS[0].parse, aliases=("b.example/scheme",)),
        row("a.example/dual-stack", "dual_stack", boolean),
        row("a.example/source-ranges", "source_ranges", CORE_ROWS[2].parse),
        row("a.example/size", "size", integer(1, 9), type="1 to 9"),
        row("a.example/mode", "mode", one_of("On", "Off")),
        row("a.example/speed", "speed", choice({"fast": 2, "slow": 1})),
        row("a.example/label", "label", text),
        row("a.example/tag", "label", text, deprecated="a.example/label"),
        row(
            "a.example/attributes",
            "by_port",
            pairs,
            per_port=True,
            aliases=("b.example/attributes",),
        ),
        row("a.example/attributes", "attributes", pairs),
    ),
    prefixes=("a.example/", "cloudlb.io/"),
    options=options,
    unsupported={"a.example/bandwidth": "ask the network team"},
)
SETTINGS = Settings(table=TABLE, capabilities=ALL)


def port(number: int = 80, protocol: str = "TCP", **fields: Any) -> dict[str, Any]:
    """Make a port that has a node port, 30000 above its number, unless told otherwise."""
    return manifests.port(number, protocol, **{"nodePort": 30000 + number, **fields})


def service_port(number: int = 80, protocol: str = "TCP", **fields: Any) -> ServicePort:
    """Make a port as a Service holds it."""
    return service(port(number, protocol, **fields)).spec.ports[0]


def service(*ports: Mapping[str, Any], **spec: Any) -> Service:
    """Make a Service of type LoadBalancer with the API's defaults; keywords as in `manifests.service`."""
    data = manifests.service("web", *(ports or (port(),)), **spec)
    data["metadata"]["uid"] = "5e17"
    return default_service(convert(data, Service))


def node(name: str = "n1", **changes: Any) -> Node:
    """Make a node with an address; keywords are labels, or `spec`, `metadata` and `status` to add to these."""
    added = {part: changes.pop(part, {}) for part in ("spec", "metadata", "status")}
    data = manifests.node(name, f"cloud:///{name}", zone="z1", address="10.0.0.1", **changes)
    for part, fields in added.items():
        data[part] |= fields
    return convert(data, Node)


NODES = EligibleNodes((node("n1"), node("n2", pool="gold")))


def piece(*endpoints: Any, name: str = "tcp-80", number: int | None = 8080, **more: Any) -> Any:
    """Make an endpoint slice with one port; endpoints are addresses, or objects as the API has them."""
    ports = more.pop("ports", [{"name": name, "port": number, "protocol": "TCP"}])
    told = [{"addresses": [each]} if isinstance(each, str) else each for each in endpoints]
    return convert(
        {"addressType": "IPv4", "endpoints": told, "ports": ports, **more}, EndpointSlice
    )


def ground(kind: TargetKind = TargetKind.NODE, *slices: EndpointSlice, **more: Any) -> Ground:
    """Make what ports are judged on: two nodes, and a provider that can do all."""
    values = {"family": Family.IPV4, "capabilities": ALL, "nodes": NODES, "labels": (), **more}
    return Ground(kind=kind, slices=slices, **values)


def parsed(**annotations: str) -> Parsed:
    """Parse neutral annotations, given without their prefix and with underscores."""
    return TABLE.parse(neutral(**annotations))


def neutral(**annotations: str) -> dict[str, str]:
    """Spell neutral annotations as a user does."""
    return {f"cloudlb.io/{key.replace('_', '-')}": value for key, value in annotations.items()}


def translated(
    of: Service,
    *slices: EndpointSlice,
    nodes: EligibleNodes = NODES,
    settings: Settings = SETTINGS,
) -> Translation:
    """Translate a Service in a cluster of two nodes, for a provider that can do all."""
    return translate(of, slices, nodes, settings, CLUSTER)


def told(problems: Iterable[Problem]) -> list[tuple[str, str, str]]:
    """Say of each problem how bad it is, why, and where."""
    return [(each.severity.value, each.reason, each.path) for each in problems]
