"""Validation of a Service's ports: numbers, names, protocols, and what may not be there twice."""

from collections.abc import Callable, Iterator

from cloudlb.kube import syntax
from cloudlb.kube.field_errors import (
    FieldError,
    duplicate,
    forbidden,
    invalid,
    required,
    unsupported,
)
from cloudlb.kube.objects import IntOrString, Service, ServicePort

PROTOCOLS = ("SCTP", "TCP", "UDP")
KUBELET_PORT = 10250


def port_errors(service: Service) -> Iterator[FieldError]:
    """Yield what is wrong with `spec.ports`. The Service has its defaults."""
    spec = service.spec
    if not spec.ports and not service.headless and spec.type != "ExternalName":
        yield required("spec.ports", remedy="name at least one port")
    for index, port in enumerate(spec.ports):
        path = f"spec.ports[{index}]"
        yield from _one_port_errors(port, path, needs_name=len(spec.ports) > 1)
        if spec.type == "ClusterIP" and port.node_port:
            yield forbidden(
                f"{path}.nodePort",
                "may not be used when `type` is 'ClusterIP'",
                "set spec.type to NodePort or LoadBalancer, or remove the field",
            )
        if spec.type == "LoadBalancer" and port.port == KUBELET_PORT:
            yield invalid(
                path,
                port.port,
                f"may not expose port {KUBELET_PORT} externally since it is used by kubelet",
            )
    yield from _duplicates(spec.ports)


def _one_port_errors(port: ServicePort, path: str, *, needs_name: bool) -> Iterator[FieldError]:
    if not port.name and needs_name:
        yield required(
            f"{path}.name", remedy="every port needs a name where there is more than one"
        )
    elif port.name and (fault := syntax.dns_label(port.name)):
        yield invalid(f"{path}.name", port.name, fault)
    if fault := syntax.port_number(port.port):
        yield invalid(f"{path}.port", port.port, fault)
    if port.protocol not in PROTOCOLS:
        yield unsupported(f"{path}.protocol", port.protocol, PROTOCOLS)
    if fault := _target_fault(port.target_port):
        yield invalid(f"{path}.targetPort", port.target_port, fault)
    if port.app_protocol is not None and (fault := syntax.qualified_name(port.app_protocol)):
        yield invalid(f"{path}.appProtocol", port.app_protocol, fault)


def _target_fault(target: IntOrString) -> str:
    return syntax.port_number(target) if isinstance(target, int) else syntax.port_name(target)


def _duplicates(ports: tuple[ServicePort, ...]) -> Iterator[FieldError]:
    yield from _repeated(ports, ".name", lambda port: port.name, lambda port: port.name)
    yield from _repeated(
        ports,
        ".nodePort",
        lambda port: port.node_port and (port.protocol, port.node_port),
        lambda port: port.node_port,
    )
    yield from _repeated(
        ports,
        "",
        lambda port: (port.protocol, port.port),
        lambda port: {"protocol": port.protocol, "port": port.port},
    )


def _repeated(
    ports: tuple[ServicePort, ...],
    field: str,
    key: Callable[[ServicePort], object],
    shown: Callable[[ServicePort], object],
) -> Iterator[FieldError]:
    seen: set[object] = set()
    for index, port in enumerate(ports):
        value = key(port)
        if value and value in seen:
            yield duplicate(f"spec.ports[{index}]{field}", shown(port))
        seen.add(value)
