"""What the API server does with a Service that replaces another of the same name and UID.

Values that were allocated stay, and fields that belong to a former type go (`carry_over`); some things may not change
(`update_errors`, which knows the other kinds as well). Rules: kubernetes.md 1.1, "apiserver side effects".
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from cloudlb.kube.allocate import uses_node_ports
from cloudlb.kube.defaults import externally_accessible, needs_health_check_port
from cloudlb.kube.field_errors import IMMUTABLE, FieldError, forbidden, invalid
from cloudlb.kube.objects import (
    EndpointSlice,
    LoadBalancerStatus,
    Object,
    Service,
    ServicePort,
    ServiceSpec,
)

_ONCE = "may not change once set"


def carry_over(after: Service, before: Service) -> Service:
    """Fill what `after` leaves open with what was allocated for `before`, and drop what its type has no use for.

    Both have their defaults. The status is the old one: an update of the object does not touch it.
    """
    spec = _keep_addresses(after.spec, before.spec)
    spec = _keep_node_ports(spec, before.spec)
    if needs_health_check_port(spec) and needs_health_check_port(before.spec):
        port = spec.health_check_node_port or before.spec.health_check_node_port
        spec = replace(spec, health_check_node_port=port)
    status = before.status
    if spec.type != "LoadBalancer":
        status = replace(status, load_balancer=LoadBalancerStatus())
    return replace(after, spec=_drop_type_fields(spec, before.spec), status=status)


def update_errors(after: Object, before: Object) -> Iterator[FieldError]:
    """Yield what an edit may not change. Both are of one kind."""
    if after.metadata.uid not in ("", before.metadata.uid):
        yield invalid(
            "metadata.uid",
            after.metadata.uid,
            IMMUTABLE,
            "delete the object first, or leave the UID out",
        )
    if isinstance(after, EndpointSlice) and isinstance(before, EndpointSlice):
        if after.address_type != before.address_type:
            yield invalid("addressType", after.address_type, IMMUTABLE)
    elif isinstance(after, Service) and isinstance(before, Service):
        yield from _service_errors(after.spec, before.spec)


def _service_errors(new: ServiceSpec, old: ServiceSpec) -> Iterator[FieldError]:
    if new.type == old.type == "LoadBalancer" and new.load_balancer_class != (
        old.load_balancer_class
    ):
        yield invalid(
            "spec.loadBalancerClass",
            new.load_balancer_class,
            _ONCE,
            "change spec.type away from LoadBalancer first, or delete the Service",
        )
    if (
        needs_health_check_port(old)
        and needs_health_check_port(new)
        and new.health_check_node_port != old.health_check_node_port
    ):
        yield forbidden(
            "spec.healthCheckNodePort",
            IMMUTABLE,
            "set externalTrafficPolicy to Cluster and back to get another",
        )
    if "ExternalName" not in (new.type, old.type):
        yield from _address_errors(new, old)


def _address_errors(new: ServiceSpec, old: ServiceSpec) -> Iterator[FieldError]:
    for index, (now, was) in enumerate(zip(new.cluster_ips, old.cluster_ips, strict=False)):
        if now != was:
            remedy = "delete the Service and create it again"
            yield invalid(f"spec.clusterIPs[{index}]", list(new.cluster_ips), _ONCE, remedy)
    if new.ip_families and old.ip_families and new.ip_families[0] != old.ip_families[0]:
        yield invalid("spec.ipFamilies[0]", list(new.ip_families), _ONCE)
    yield from _release_errors("cluster IP", new.cluster_ips, old.cluster_ips, new)
    yield from _release_errors("IP family", new.ip_families, old.ip_families, new)


def _release_errors(
    what: str, now: Sequence[str], was: Sequence[str], spec: ServiceSpec
) -> Iterator[FieldError]:
    if now and len(now) < len(was) and spec.ip_family_policy != "SingleStack":
        yield invalid(
            "spec.ipFamilyPolicy",
            spec.ip_family_policy,
            f"must be 'SingleStack' to release the secondary {what}",
        )


def _keep_addresses(new: ServiceSpec, old: ServiceSpec) -> ServiceSpec:
    if "ExternalName" in (new.type, old.type):
        return new
    policy = new.ip_family_policy or old.ip_family_policy
    # Asking for one family is asking to give the second one back, unless two are named in the same breath.
    kept = 1 if policy == "SingleStack" else None
    same_addresses = new.cluster_ips in ((), old.cluster_ips)
    same_families = new.ip_families in ((), old.ip_families)
    return replace(
        new,
        cluster_ip=new.cluster_ip or old.cluster_ip,
        cluster_ips=old.cluster_ips[:kept] if same_addresses else new.cluster_ips,
        ip_families=old.ip_families[:kept] if same_families else new.ip_families,
        ip_family_policy=policy,
    )


def _keep_node_ports(new: ServiceSpec, old: ServiceSpec) -> ServiceSpec:
    if not (uses_node_ports(new) and uses_node_ports(old)):
        return new
    named = {port.node_port for port in new.ports}
    # By name, as the API server does: a renamed port is another port.
    former = {port.name: port.node_port for port in old.ports if port.node_port not in named}
    return replace(
        new,
        ports=tuple(
            port if port.node_port else replace(port, node_port=former.get(port.name, 0))
            for port in new.ports
        ),
    )


def _drop_type_fields(new: ServiceSpec, old: ServiceSpec) -> ServiceSpec:
    """Drop what an earlier type needed and the present one does not, where the edit left it as it was.

    What the edit changed stays, so that validation can refuse it.
    """
    if new.type == "ExternalName" != old.type:
        new = _without_addresses(new, old)
    if uses_node_ports(old) and not uses_node_ports(new):
        new = replace(new, ports=_without_node_ports(new.ports, old.ports))
    if (
        needs_health_check_port(old)
        and not needs_health_check_port(new)
        and new.health_check_node_port == old.health_check_node_port
    ):
        new = replace(new, health_check_node_port=0)
    if old.type == "LoadBalancer" != new.type:
        new = _without_load_balancer_fields(new, old)
    if (
        externally_accessible(old)
        and not externally_accessible(new)
        and new.external_traffic_policy == old.external_traffic_policy
    ):
        new = replace(new, external_traffic_policy="")
    return new


def _without_addresses(new: ServiceSpec, old: ServiceSpec) -> ServiceSpec:
    if (new.cluster_ip, new.cluster_ips) == (old.cluster_ip, old.cluster_ips):
        new = replace(new, cluster_ip="", cluster_ips=())
    if new.ip_families == old.ip_families:
        new = replace(new, ip_families=())
    if new.ip_family_policy == old.ip_family_policy:
        new = replace(new, ip_family_policy=None)
    return new


def _without_node_ports(
    new: tuple[ServicePort, ...], old: tuple[ServicePort, ...]
) -> tuple[ServicePort, ...]:
    if not {port.node_port for port in new if port.node_port} <= {port.node_port for port in old}:
        return new
    return tuple(replace(port, node_port=0) for port in new)


def _without_load_balancer_fields(new: ServiceSpec, old: ServiceSpec) -> ServiceSpec:
    if new.allocate_load_balancer_node_ports == old.allocate_load_balancer_node_ports:
        new = replace(new, allocate_load_balancer_node_ports=None)
    if new.load_balancer_class == old.load_balancer_class:
        new = replace(new, load_balancer_class=None)
    return new
