"""Validation of any object as the API server does it on creation, and of a Service's status.

The parts are in `validate_meta`, `validate_service` and beside them; here is the choice between them.
"""

from collections.abc import Iterator

from cloudlb.kube import syntax
from cloudlb.kube.field_errors import FieldError, forbidden, invalid, required, unsupported
from cloudlb.kube.objects import EndpointSlice, LoadBalancerIngress, Object, Service, ServiceStatus
from cloudlb.kube.validate_meta import metadata_errors
from cloudlb.kube.validate_ports import PROTOCOLS
from cloudlb.kube.validate_service import service_errors

ADDRESS_TYPES = ("IPv4", "IPv6", "FQDN")
IP_MODES = ("Proxy", "VIP")
MAX_ENDPOINTS = 1000
MAX_SLICE_PORTS = 100


def errors_of(found: Object) -> tuple[FieldError, ...]:
    """Return what is wrong with an object. It has its defaults, and nothing allocated yet."""
    faults = [*metadata_errors(found)]
    if isinstance(found, Service):
        faults.extend(service_errors(found))
    elif isinstance(found, EndpointSlice):
        faults.extend(_slice_errors(found))
    return tuple(faults)


def status_errors(service: Service, status: ServiceStatus) -> tuple[FieldError, ...]:
    """Return what is wrong with a status, with its defaults, for a Service (kubernetes.md 1.1)."""
    path = "status.loadBalancer.ingress"
    ingress = status.load_balancer.ingress
    if ingress and service.spec.type != "LoadBalancer":
        return (forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'"),)
    return tuple(
        fault
        for index, entry in enumerate(ingress)
        for fault in _ingress_errors(entry, f"{path}[{index}]")
    )


def _ingress_errors(entry: LoadBalancerIngress, path: str) -> Iterator[FieldError]:
    if entry.ip and (fault := syntax.ip_address(entry.ip)):
        yield invalid(f"{path}.ip", entry.ip, fault)
    if entry.ip_mode is not None and not entry.ip:
        yield forbidden(f"{path}.ipMode", "may not be specified when `ip` is not set")
    elif entry.ip_mode is not None and entry.ip_mode not in IP_MODES:
        yield unsupported(f"{path}.ipMode", entry.ip_mode, IP_MODES)
    if not entry.hostname:
        return
    if fault := syntax.dns_subdomain(entry.hostname):
        yield invalid(f"{path}.hostname", entry.hostname, fault)
    elif syntax.parse_ip(entry.hostname):
        yield invalid(f"{path}.hostname", entry.hostname, "must be a DNS name, not an IP address")


def _slice_errors(found: EndpointSlice) -> Iterator[FieldError]:
    if not found.address_type:
        yield required("addressType", remedy="write addressType: IPv4")
    elif found.address_type not in ADDRESS_TYPES:
        yield unsupported("addressType", found.address_type, ADDRESS_TYPES)
    for name, count, limit in (
        ("endpoints", len(found.endpoints), MAX_ENDPOINTS),
        ("ports", len(found.ports), MAX_SLICE_PORTS),
    ):
        if count > limit:
            message = f"Too many: {count}: must have at most {limit} items"
            yield FieldError(path=name, message=message)
    yield from _endpoint_errors(found)
    yield from _slice_port_errors(found)


def _endpoint_errors(found: EndpointSlice) -> Iterator[FieldError]:
    for index, endpoint in enumerate(found.endpoints):
        path = f"endpoints[{index}].addresses"
        if not endpoint.addresses:
            yield required(path, "must contain at least 1 address")
        for position, text in enumerate(endpoint.addresses):
            if fault := _address_fault(text, found.address_type):
                yield invalid(f"{path}[{position}]", text, fault)


def _address_fault(text: str, address_type: str) -> str:
    if address_type == "FQDN":
        return syntax.dns_subdomain(text)
    if fault := syntax.ip_address(text):
        return fault
    if address_type in ("IPv4", "IPv6") and syntax.family(text) != address_type:
        return f"must be an {address_type} address, as addressType says"
    return ""


def _slice_port_errors(found: EndpointSlice) -> Iterator[FieldError]:
    names = [port.name for port in found.ports]
    for index, port in enumerate(found.ports):
        path = f"ports[{index}]"
        if port.name in names[:index]:
            yield invalid(f"{path}.name", port.name, "must be unique among the ports")
        if port.name and (fault := syntax.dns_label(port.name)):
            yield invalid(f"{path}.name", port.name, fault)
        if port.port is not None and (fault := syntax.port_number(port.port)):
            yield invalid(f"{path}.port", port.port, fault)
        if port.protocol not in PROTOCOLS:
            yield unsupported(f"{path}.protocol", port.protocol, PROTOCOLS)
