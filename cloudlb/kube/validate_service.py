"""Validation of a Service's spec as it is created, after defaults and before anything is allocated.

Rules: kubernetes.md 1.1 and its list of create-time validation. What compares with the Service before an edit is in
`update`, what needs to know other Services (a node port that is taken) in `allocate`.
"""

from collections.abc import Iterator, Sequence

from cloudlb.kube import syntax
from cloudlb.kube.defaults import externally_accessible, needs_health_check_port
from cloudlb.kube.field_errors import (
    FieldError,
    forbidden,
    invalid,
    required,
    unsupported,
)
from cloudlb.kube.objects import Service, ServiceSpec
from cloudlb.kube.validate_cluster_ips import cluster_ip_errors
from cloudlb.kube.validate_meta import label_errors
from cloudlb.kube.validate_ports import port_errors

TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
POLICIES = ("Cluster", "Local")
AFFINITIES = ("ClientIP", "None")
DISTRIBUTIONS = ("PreferClose", "PreferSameNode", "PreferSameZone")
MAX_AFFINITY_TIMEOUT = 86400
SOURCE_RANGES_ANNOTATION = "service.beta.kubernetes.io/load-balancer-source-ranges"

_ONLY_LOAD_BALANCER = "may only be used when `type` is 'LoadBalancer'"
_REMEDY_TYPE = "set spec.type to LoadBalancer, or remove the field"


def service_errors(service: Service) -> Iterator[FieldError]:
    """Yield what is wrong with a Service's spec. The Service has its defaults."""
    spec = service.spec
    if spec.type not in TYPES:
        yield unsupported("spec.type", spec.type, TYPES)
    yield from port_errors(service)
    yield from label_errors(spec.selector, "spec.selector")
    yield from _type_errors(service)
    yield from cluster_ip_errors(service)
    yield from _affinity_errors(spec)
    yield from _external_ip_errors(spec.external_ips)
    yield from _source_range_errors(service)
    yield from _load_balancer_errors(spec)
    yield from _policy_errors(spec)


def _type_errors(service: Service) -> Iterator[FieldError]:
    spec = service.spec
    if service.headless and spec.type in ("LoadBalancer", "NodePort"):
        yield invalid(
            "spec.clusterIPs[0]",
            "None",
            f"may not be set to 'None' for {spec.type} services",
            "remove spec.clusterIP, or set spec.type to ClusterIP",
        )
    if spec.type != "ExternalName":
        return
    for name, value in (
        ("clusterIPs", spec.cluster_ips),
        ("ipFamilies", spec.ip_families),
        ("ipFamilyPolicy", spec.ip_family_policy),
    ):
        if value:
            yield forbidden(f"spec.{name}", "may not be set for ExternalName services")
    target = spec.external_name.removesuffix(".")
    if not target:
        yield required("spec.externalName")
    elif fault := syntax.dns_subdomain(target):
        yield invalid("spec.externalName", target, fault)


def _affinity_errors(spec: ServiceSpec) -> Iterator[FieldError]:
    if spec.session_affinity not in AFFINITIES:
        yield unsupported("spec.sessionAffinity", spec.session_affinity, AFFINITIES)
    config = spec.session_affinity_config
    timeout = config.client_ip.timeout_seconds if config and config.client_ip else None
    if timeout is not None and not 0 < timeout <= MAX_AFFINITY_TIMEOUT:
        yield invalid(
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
            timeout,
            f"must be greater than 0 and no more than {MAX_AFFINITY_TIMEOUT}",
        )


def _external_ip_errors(addresses: Sequence[str]) -> Iterator[FieldError]:
    for index, text in enumerate(addresses):
        path = f"spec.externalIPs[{index}]"
        address = syntax.parse_ip(text)
        if address is None:
            yield invalid(path, text, syntax.ip_address(text))
            continue
        for name, special in (
            ("unspecified", address.is_unspecified),
            ("loopback", address.is_loopback),
            ("link-local", address.is_link_local),
            ("link-local multicast", str(address).startswith(("224.0.0.", "ff02::"))),
        ):
            if special:
                yield invalid(path, text, f"may not be an address that is {name}")


def _source_range_errors(service: Service) -> Iterator[FieldError]:
    spec = service.spec
    path = f"metadata.annotations[{SOURCE_RANGES_ANNOTATION}]"
    annotation = service.metadata.annotations.get(SOURCE_RANGES_ANNOTATION)
    if spec.load_balancer_source_ranges:
        path = "spec.loadBalancerSourceRanges"
        ranges = [
            (f"{path}[{index}]", text)
            for index, text in enumerate(spec.load_balancer_source_ranges)
        ]
    elif annotation is not None:
        ranges = [(path, text) for text in annotation.split(",")] if annotation.strip() else []
    else:
        return
    if spec.type != "LoadBalancer":
        yield forbidden(path, _ONLY_LOAD_BALANCER, _REMEDY_TYPE)
    for at, text in ranges:
        if fault := syntax.cidr(text.strip()):
            yield invalid(at, text, fault)


def _load_balancer_errors(spec: ServiceSpec) -> Iterator[FieldError]:
    load_balancer_class = spec.load_balancer_class
    if spec.type != "LoadBalancer":
        if spec.allocate_load_balancer_node_ports is not None:
            yield forbidden("spec.allocateLoadBalancerNodePorts", _ONLY_LOAD_BALANCER, _REMEDY_TYPE)
        if load_balancer_class is not None:
            yield forbidden("spec.loadBalancerClass", _ONLY_LOAD_BALANCER, _REMEDY_TYPE)
    elif load_balancer_class is not None and (fault := syntax.qualified_name(load_balancer_class)):
        yield invalid("spec.loadBalancerClass", load_balancer_class, fault)


def _policy_errors(spec: ServiceSpec) -> Iterator[FieldError]:
    policy = spec.external_traffic_policy
    if policy and policy not in POLICIES:
        yield unsupported("spec.externalTrafficPolicy", policy, POLICIES)
    elif policy and not externally_accessible(spec):
        yield invalid(
            "spec.externalTrafficPolicy",
            policy,
            "may only be set for externally-accessible services",
            "set spec.type to NodePort or LoadBalancer, or remove the field",
        )
    if spec.internal_traffic_policy is not None and spec.internal_traffic_policy not in POLICIES:
        yield unsupported("spec.internalTrafficPolicy", spec.internal_traffic_policy, POLICIES)
    distribution = spec.traffic_distribution
    if distribution is not None and distribution not in DISTRIBUTIONS:
        yield unsupported("spec.trafficDistribution", distribution, DISTRIBUTIONS)
    yield from _health_check_port_errors(spec)


def _health_check_port_errors(spec: ServiceSpec) -> Iterator[FieldError]:
    port = spec.health_check_node_port
    if not port:
        return
    if not needs_health_check_port(spec):
        yield invalid(
            "spec.healthCheckNodePort",
            port,
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
        )
    elif fault := syntax.port_number(port):
        yield invalid("spec.healthCheckNodePort", port, fault)
