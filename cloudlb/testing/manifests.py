"""Builders of small valid Kubernetes objects, as plain data: a test states only what differs."""

from collections.abc import Iterable, Mapping
from typing import Any

Manifest = dict[str, Any]

LOCAL: dict[str, Any] = {"externalTrafficPolicy": "Local"}


def port(number: int = 80, protocol: str = "TCP", **fields: Any) -> dict[str, Any]:  # noqa: ANN401
    """Make a port of a Service. Its name is derived; other fields as in the API (`nodePort=30123`)."""
    name = fields.pop("name", f"{protocol.lower()}-{number}")
    return {"name": name, "port": number, "protocol": protocol, **fields}


def service(
    name: str = "kubia",
    *ports: Mapping[str, Any],
    namespace: str = "default",
    annotations: Mapping[str, str] | None = None,
    **spec: Any,  # noqa: ANN401
) -> Manifest:
    """Make a Service of type LoadBalancer with one TCP port 80, unless told otherwise."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "annotations": dict(annotations or {})},
        "spec": {
            "type": "LoadBalancer",
            "selector": {"app": name},
            "ports": [dict(each) for each in ports] or [port()],
            **spec,
        },
    }


def node(name: str, provider_id: str, *, zone: str, address: str, **labels: str) -> Manifest:
    """Make a Node with an internal address."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": zone, **labels}},
        "spec": {"providerID": provider_id},
        "status": {"addresses": [{"type": "InternalIP", "address": address}]},
    }


def endpoint_slice(
    name: str, addresses: Iterable[str], *ports: Mapping[str, Any], namespace: str = "default"
) -> Manifest:
    """Make an EndpointSlice of a Service, with ready endpoints; ports as `port` makes them."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{name}-1",
            "namespace": namespace,
            "labels": {"kubernetes.io/service-name": name},
        },
        "addressType": "IPv4",
        "endpoints": [
            {"addresses": [address], "conditions": {"ready": True}} for address in addresses
        ],
        "ports": [
            {"name": each["name"], "port": each["port"], "protocol": each["protocol"]}
            for each in (ports or (port(8080, name="tcp-80"),))
        ],
    }
