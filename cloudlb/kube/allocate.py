"""Giving Services what must be unique in a cluster: node ports, health check node ports, cluster addresses.

In two steps, so that what a manifest asks for by number is never given to somebody else first: `reserve` takes the
explicit values of a Service, `fill` finds the missing ones. Rules: kubernetes.md 1.1; the reuse of one node port for
one port number on several protocols is kube-apiserver's.
"""

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from cloudlb.kube.defaults import needs_health_check_port
from cloudlb.kube.field_errors import FieldError, invalid
from cloudlb.kube.objects import Service, ServicePort, ServiceSpec
from cloudlb.kube.pools import NODE_PORTS, ClusterAddresses, Exhausted, Holder, NodePorts
from cloudlb.kube.validate_cluster_ips import FAMILIES

_RANGE = f"{NODE_PORTS.start}-{NODE_PORTS.stop - 1}"


@dataclass(frozen=True, slots=True)
class Allocator:
    """The pools of one cluster. `families` are those the cluster is configured for, the primary one first."""

    families: tuple[str, ...] = FAMILIES
    _ports: NodePorts = field(default_factory=NodePorts)
    _addresses: ClusterAddresses = field(default_factory=ClusterAddresses)

    def reserve(
        self, service: Service, before: ServiceSpec | None = None
    ) -> tuple[FieldError, ...]:
        """Take all explicit values of a Service, or none of them and return why not.

        `before` is the spec that an update replaces; node ports that it had may stay as they are.
        """
        spec, holder = service.spec, _holder(service)
        faults = [
            *self._family_faults(service),
            *self._port_faults(spec, before),
            *self._address_faults(spec),
        ]
        if not faults:
            for port in _held_ports(spec):
                self._ports.take(port, holder)
            for address in _held_addresses(spec):
                self._addresses.take(address, holder)
        return tuple(faults)

    def fill(self, service: Service) -> Service:
        """Find and take what a reserved Service still lacks. Raises Exhausted, with nothing held any more."""
        holder = _holder(service)
        try:
            spec = self._with_addresses(_with_families(service, self.families), holder)
            spec = self._with_node_ports(spec, holder)
            spec = self._with_health_check_port(spec, holder)
        except Exhausted:
            self.release(service)
            raise
        return replace(service, spec=spec)

    def release(self, service: Service) -> None:
        """Take back everything that the Service of this name holds."""
        self._ports.release(_holder(service))
        self._addresses.release(_holder(service))

    def _family_faults(self, service: Service) -> Iterator[FieldError]:
        spec = service.spec
        if spec.type == "ExternalName" or service.headless:
            return
        for index, family in enumerate(spec.ip_families):
            if family not in self.families:
                yield invalid(f"spec.ipFamilies[{index}]", family, "not configured on this cluster")
        if spec.ip_family_policy == "RequireDualStack" and len(self.families) < len(FAMILIES):
            yield invalid(
                "spec.ipFamilyPolicy",
                spec.ip_family_policy,
                "this cluster is not configured for dual-stack services",
            )

    def _port_faults(self, spec: ServiceSpec, before: ServiceSpec | None) -> Iterator[FieldError]:
        own = set(_held_ports(before)) if before else set()
        users: dict[int, int] = {}
        for index, port in enumerate(spec.ports):
            if not port.node_port:
                continue
            path = f"spec.ports[{index}].nodePort"
            yield from self._port_fault(path, port.node_port)
            # One number for two different ports can be kept by an update, and not be asked for anew.
            first = users.setdefault(port.node_port, port.port)
            if first != port.port and port.node_port not in own:
                yield _taken(path, port.node_port, f"it is used for port {first} of this Service")
        wanted = spec.health_check_node_port
        if needs_health_check_port(spec) and wanted:
            yield from self._port_fault("spec.healthCheckNodePort", wanted)
            if wanted in users:
                yield _taken(
                    "spec.healthCheckNodePort",
                    wanted,
                    f"it is used for port {users[wanted]} of this Service",
                )

    def _port_fault(self, path: str, port: int) -> Iterator[FieldError]:
        if port not in NODE_PORTS:
            detail = (
                f"provided port is not in the valid range. The range of valid ports is {_RANGE}"
            )
            yield invalid(path, port, detail)
        elif other := self._ports.holder(port):
            yield _taken(path, port, f"it is held by Service {'/'.join(other)}")

    def _address_faults(self, spec: ServiceSpec) -> Iterator[FieldError]:
        for address in _held_addresses(spec):
            if other := self._addresses.holder(address):
                yield invalid(
                    "spec.clusterIPs",
                    list(spec.cluster_ips),
                    f"failed to allocate IP {address}: provided IP is already allocated",
                    f"it is held by Service {'/'.join(other)}; leave clusterIP out to get a free one",
                )

    def _with_addresses(self, spec: ServiceSpec, holder: Holder) -> ServiceSpec:
        if spec.type == "ExternalName" or spec.cluster_ip == "None":
            return spec
        addresses = list(spec.cluster_ips)
        for family in spec.ip_families[len(addresses) :]:
            address = self._addresses.find(family, holder)
            self._addresses.take(address, holder)
            addresses.append(address)
        return replace(spec, cluster_ips=tuple(addresses), cluster_ip=addresses[0])

    def _with_node_ports(self, spec: ServiceSpec, holder: Holder) -> ServiceSpec:
        if not _allocates_node_ports(spec):
            return spec
        known = _node_port_by_port(spec.ports)
        filled: list[ServicePort] = []
        for port in spec.ports:
            if port.port not in known:
                known[port.port] = self._find_port(holder, port.port)
            filled.append(port if port.node_port else replace(port, node_port=known[port.port]))
        return replace(spec, ports=tuple(filled))

    def _with_health_check_port(self, spec: ServiceSpec, holder: Holder) -> ServiceSpec:
        if not needs_health_check_port(spec) or spec.health_check_node_port:
            return spec
        return replace(spec, health_check_node_port=self._find_port(holder, "health-check"))

    def _find_port(self, holder: Holder, role: object) -> int:
        port = self._ports.find([*holder, role])
        self._ports.take(port, holder)
        return port


def uses_node_ports(spec: ServiceSpec) -> bool:
    """Say whether Services of this type may have node ports."""
    return spec.type in ("NodePort", "LoadBalancer")


def _allocates_node_ports(spec: ServiceSpec) -> bool:
    if spec.type == "LoadBalancer":
        return spec.allocate_load_balancer_node_ports is not False
    return uses_node_ports(spec)


def _with_families(service: Service, configured: Sequence[str]) -> ServiceSpec:
    """Choose the IP families (https://kubernetes.io/docs/concepts/services-networking/dual-stack/)."""
    spec = service.spec
    if spec.type == "ExternalName":
        return spec
    open_headless = service.headless and not spec.selector
    policy = spec.ip_family_policy or ("RequireDualStack" if open_headless else "SingleStack")
    families = list(spec.ip_families) or _families_of(spec) or [configured[0]]
    second = FAMILIES if open_headless else configured
    if policy != "SingleStack":
        families += [family for family in second if family not in families]
    return replace(spec, ip_family_policy=policy, ip_families=tuple(families))


def _families_of(spec: ServiceSpec) -> list[str]:
    return ["IPv6" if ":" in address else "IPv4" for address in _held_addresses(spec)]


def _node_port_by_port(ports: Sequence[ServicePort]) -> dict[int, int]:
    known: dict[int, int] = {}
    for port in ports:
        if port.node_port:
            known.setdefault(port.port, port.node_port)
    return known


def _held_ports(spec: ServiceSpec) -> tuple[int, ...]:
    if not uses_node_ports(spec):
        return ()
    ports = (port.node_port for port in spec.ports)
    return tuple(port for port in (*ports, spec.health_check_node_port) if port)


def _held_addresses(spec: ServiceSpec) -> tuple[str, ...]:
    addresses = (address for address in spec.cluster_ips if address != "None")
    return tuple(str(ipaddress.ip_address(address)) for address in addresses)


def _holder(service: Service) -> Holder:
    return (service.metadata.namespace, service.metadata.name)


def _taken(path: str, port: int, remedy: str) -> FieldError:
    return invalid(
        path,
        port,
        "provided port is already allocated",
        f"{remedy}; choose another, or leave it out to get a free one",
    )
