"""The provider-neutral model: what an object asks for, before any cloud is thought of.

Everything here is frozen and hashable, knows no Kubernetes client and no cloud, and does no I/O. `translate` makes a
`LoadBalancer` from Kubernetes objects; a provider's `design` lowers it to a stack of typed resources.
Layer-7 routes join with Ingress; the types here are what layer 4 needs today.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a problem stops: an error keeps the object's last good configuration, a warning stops nothing."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something a person should know about an object, with what to do about it.

    `path` is the place in the object as a user writes it (`metadata.annotations[cloudlb.io/scheme]`,
    `spec.ports[1].protocol`); `remedy` is an instruction. `reason` is a stable CamelCase word for
    conditions and for the `error` of a port in the status.
    """

    severity: Severity
    path: str
    message: str
    remedy: str = ""
    reason: str = "Invalid"

    @classmethod
    def error(
        cls, path: str, message: str, remedy: str = "", *, reason: str = "Invalid"
    ) -> "Problem":
        """Make a problem that keeps the object from being provisioned as it now stands."""
        return cls(
            severity=Severity.ERROR, path=path, message=message, remedy=remedy, reason=reason
        )

    @classmethod
    def warning(
        cls, path: str, message: str, remedy: str = "", *, reason: str = "Invalid"
    ) -> "Problem":
        """Make a problem that is reported and otherwise changes nothing."""
        return cls(
            severity=Severity.WARNING, path=path, message=message, remedy=remedy, reason=reason
        )

    def __str__(self) -> str:
        """One line: where, what, what to do."""
        remedy = f" ({self.remedy})" if self.remedy else ""
        return f"{self.path}: {self.message}{remedy}"


def errors(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Keep the problems that stop an object, in their order."""
    return tuple(p for p in problems if p.severity is Severity.ERROR)


class OwnerKind(StrEnum):
    """What an owner is. `CLUSTER` owns what all owners of a cluster share."""

    SERVICE = "Service"
    INGRESS = "Ingress"
    INGRESS_GROUP = "IngressGroup"
    GATEWAY = "Gateway"
    CLUSTER = "Cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who a cloud resource belongs to. Identity is (cluster, uid); the names are for people.

    `cluster` is the UID of the namespace kube-system. An object that is deleted and created again under the same
    name has another uid and is another owner.
    """

    cluster: str
    kind: OwnerKind
    namespace: str
    name: str
    uid: str

    @property
    def identity(self) -> tuple[str, str]:
        """The part that decides: (cluster, uid)."""
        return (self.cluster, self.uid)

    @property
    def path(self) -> str:
        """`service/ns/name`, the form that tags, labels and people use."""
        return "/".join(part for part in (self.kind.lower(), self.namespace, self.name) if part)

    def __str__(self) -> str:
        """Return the path."""
        return self.path

    @classmethod
    def of_cluster(cls, cluster: str) -> "Owner":
        """Return the owner of what a whole cluster shares."""
        return cls(
            cluster=cluster, kind=OwnerKind.CLUSTER, namespace="", name="shared", uid=cluster
        )


class Layer(StrEnum):
    """The layer at which traffic is balanced: connections (4) or requests (7)."""

    CONNECTION = "4"
    REQUEST = "7"


class Scheme(StrEnum):
    """Who can reach the address: everyone, or only the network that the nodes are in."""

    INTERNET = "internet"
    INTERNAL = "internal"


class Family(StrEnum):
    """An IP family, as Kubernetes spells it."""

    IPV4 = "IPv4"
    IPV6 = "IPv6"


class Protocol(StrEnum):
    """What a listener or a backend speaks."""

    TCP = "TCP"
    UDP = "UDP"
    TLS = "TLS"
    HTTP = "HTTP"
    HTTPS = "HTTPS"
    TCP_UDP = "TCP_UDP"


class Affinity(StrEnum):
    """Whether connections of one client address go to one target."""

    NONE = "None"
    CLIENT_IP = "ClientIP"


class TargetKind(StrEnum):
    """What traffic is sent to: node ports, or pods directly."""

    NODE = "node"
    POD = "pod"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node that may be a target. `provider_id` is empty until the cloud's node controller has set it."""

    name: str
    provider_id: str
    zone: str = ""
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTargets:
    """Every eligible node, at one node port. `nodes` are unique and sorted by name."""

    node_port: int
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Endpoint:
    """One address of a pod (or of anything else that an endpoint slice names) and the port it listens on."""

    address: str
    port: int
    zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodTargets:
    """The endpoints of a Service's port. `port` is the target port, 0 where each endpoint resolves a named one.

    `endpoints` are unique and sorted; they are those that should receive traffic now.
    """

    port: int
    endpoints: tuple[Endpoint, ...]


Targets = NodeTargets | PodTargets


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """How the cloud asks whether a target is healthy. `port` 0 is the port that traffic goes to; times in seconds.

    None in a field leaves the choice to the provider's default. `path` and `success_codes` count for HTTP(S) only.
    """

    protocol: Protocol | None = None
    port: int | None = None
    path: str | None = None
    interval: int | None = None
    timeout: int | None = None
    healthy_threshold: int | None = None
    unhealthy_threshold: int | None = None
    success_codes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """Where the traffic of one or more listeners goes.

    `name` is unique in its load balancer and stable across edits that keep the port (`tcp-80`).
    `affinity_timeout` is in seconds, None without affinity. `local` says that only targets with a pod of their own
    take traffic (`externalTrafficPolicy: Local`), which `health_check` then decides. `nearby` asks for targets in the
    client's zone, where there are any (`trafficDistribution`).
    """

    name: str
    protocol: Protocol
    targets: Targets
    health_check: HealthCheck
    family: Family = Family.IPV4
    affinity: Affinity = Affinity.NONE
    affinity_timeout: int | None = None
    local: bool = False
    nearby: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A port that the load balancer answers on. Its key is (family of the load balancer, port, protocol).

    `name` is the name of the Service port, empty if it has none; `backend` names a `Backend`; `path` is where the
    user wrote it. `protocol` is what the Service says (TCP, UDP) or TCP_UDP where two ports became one listener.
    """

    port: int
    protocol: Protocol
    backend: str
    name: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Node ports that are opened on all nodes, beside a load balancer or without one.

    `ports` are (protocol, node port), sorted; `sources` canonical CIDRs, sorted; `nodes` unique and sorted by name.
    """

    ports: tuple[tuple[Protocol, int], ...]
    sources: tuple[str, ...]
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancer:
    """What one object asks for. Without listeners it is no load balancer, but only an exposure of node ports.

    `source_ranges` are canonical CIDRs of both families, sorted; for a family of `families` without any range in it,
    nobody may enter. `options` is the provider's own frozen struct, parsed by its annotation table, opaque here.
    """

    owner: Owner
    layer: Layer
    scheme: Scheme
    families: tuple[Family, ...]
    source_ranges: tuple[str, ...]
    listeners: tuple[Listener, ...]
    backends: tuple[Backend, ...]
    options: object
    requested_addresses: tuple[str, ...] = ()
    exposure: Exposure | None = None

    def backend(self, name: str) -> Backend:
        """Find a backend by its name. Raises KeyError."""
        for backend in self.backends:
            if backend.name == name:
                return backend
        raise KeyError(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class PortError:
    """A port of the object that gets no listener, with the reason that its status will show."""

    port: int
    protocol: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address that clients connect to: an IP, or a host name (lower case)."""

    ip: str = ""
    hostname: str = ""
    virtual: bool = True

    def __str__(self) -> str:
        """Return the address as a client writes it."""
        return self.ip or self.hostname
