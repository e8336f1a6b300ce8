"""The API server's defaults: what a Service, its status and an EndpointSlice hold where their writer said nothing.

Pure and idempotent. What has to be unique in the cluster (addresses, node ports) is not a default: see `allocate`.
Rules: kubernetes.md 1.1 and 7.6; field documentation of core/v1 ServiceSpec.
"""

from msgspec.structs import replace

from cloudlb.kube.objects import (
    ClientIPConfig,
    EndpointSlice,
    LoadBalancerStatus,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
    SessionAffinityConfig,
)

AFFINITY_TIMEOUT = 10800
"""Seconds that ClientIP affinity lasts if nothing is said."""


def default_service(service: Service) -> Service:
    """Fill in everything that does not depend on other objects."""
    spec = replace(service.spec, type=service.spec.type or "ClusterIP")
    spec = replace(
        spec,
        ports=tuple(_default_port(port) for port in spec.ports),
        cluster_ips=spec.cluster_ips or ((spec.cluster_ip,) if spec.cluster_ip else ()),
        session_affinity=spec.session_affinity or "None",
        external_traffic_policy=_external_policy(spec),
        internal_traffic_policy=_internal_policy(spec),
        allocate_load_balancer_node_ports=_allocates(spec),
    )
    return replace(service, spec=_default_affinity(spec))


def default_status(status: ServiceStatus) -> ServiceStatus:
    """Fill in `ipMode` where an address is an IP."""
    ingress = tuple(
        replace(entry, ip_mode="VIP") if entry.ip and entry.ip_mode is None else entry
        for entry in status.load_balancer.ingress
    )
    return replace(status, load_balancer=LoadBalancerStatus(ingress=ingress))


def default_slice(found: EndpointSlice) -> EndpointSlice:
    """Fill in the protocol of ports that were written with an empty one."""
    ports = tuple(replace(port, protocol=port.protocol or "TCP") for port in found.ports)
    return replace(found, told_ports=ports)


def externally_accessible(spec: ServiceSpec) -> bool:
    """Say whether an external traffic policy has a meaning for the Service."""
    return spec.type in ("NodePort", "LoadBalancer") or (
        spec.type == "ClusterIP" and bool(spec.external_ips)
    )


def needs_health_check_port(spec: ServiceSpec) -> bool:
    """Say whether kube-proxy answers health checks for the Service on a node port of their own."""
    return spec.type == "LoadBalancer" and spec.external_traffic_policy == "Local"


def _default_port(port: ServicePort) -> ServicePort:
    target = port.port if port.target_port in (0, "") else port.target_port
    return replace(port, protocol=port.protocol or "TCP", target_port=target)


def _external_policy(spec: ServiceSpec) -> str:
    fallback = "Cluster" if externally_accessible(spec) else ""
    return spec.external_traffic_policy or fallback


def _internal_policy(spec: ServiceSpec) -> str | None:
    if spec.internal_traffic_policy is None and spec.type != "ExternalName":
        return "Cluster"
    return spec.internal_traffic_policy


def _allocates(spec: ServiceSpec) -> bool | None:
    if spec.allocate_load_balancer_node_ports is None and spec.type == "LoadBalancer":
        return True
    return spec.allocate_load_balancer_node_ports


def _default_affinity(spec: ServiceSpec) -> ServiceSpec:
    if spec.session_affinity == "None":
        return replace(spec, session_affinity_config=None)
    if spec.session_affinity != "ClientIP":
        return spec
    given = spec.session_affinity_config and spec.session_affinity_config.client_ip
    if given and given.timeout_seconds is not None:
        return spec
    config = SessionAffinityConfig(client_ip=ClientIPConfig(timeout_seconds=AFFINITY_TIMEOUT))
    return replace(spec, session_affinity_config=config)
