"""Kubernetes objects as they come over the wire: only the fields that cloudlb reads, frozen, no I/O.

Unknown fields are ignored while decoding, and defaults are left out while encoding, as the API does. An empty value
stands for an absent field, except where the API tells the two apart; there the field is `| None`.
"""

from typing import Annotated, ClassVar

import msgspec

Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
IntOrString = Int32 | str
"""A port by number or by name (`IntOrString` of the API)."""

SERVICE_NAME_LABEL = "kubernetes.io/service-name"
"""The label that ties an EndpointSlice to its Service."""


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Base of all wire objects."""


class ObjectMeta(Wire, frozen=True):
    """What every object carries. Time stamps stay text (RFC 3339)."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    finalizers: tuple[str, ...] = ()
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None


class Condition(Wire, frozen=True):
    """A condition in the status of a Service or a Node."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    observed_generation: int = 0
    last_transition_time: str | None = None


class ServicePort(Wire, frozen=True):
    """One port of a Service. `node_port` 0 means none."""

    port: Int32
    name: str = ""
    protocol: str = ""
    target_port: IntOrString = 0
    node_port: Int32 = 0
    app_protocol: str | None = None


class ClientIPConfig(Wire, frozen=True):
    """How long a client's address sticks to a target, in seconds."""

    timeout_seconds: Int32 | None = None


class SessionAffinityConfig(Wire, frozen=True):
    """Settings of session affinity."""

    client_ip: ClientIPConfig | None = msgspec.field(default=None, name="clientIP")


class ServiceSpec(Wire, frozen=True):
    """What a Service asks for (kubernetes.md 1.1)."""

    type: str = ""
    ports: tuple[ServicePort, ...] = ()
    selector: dict[str, str] = {}
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    cluster_ips: tuple[str, ...] = msgspec.field(default=(), name="clusterIPs")
    ip_families: tuple[str, ...] = ()
    ip_family_policy: str | None = None
    external_ips: tuple[str, ...] = msgspec.field(default=(), name="externalIPs")
    external_name: str = ""
    external_traffic_policy: str = ""
    internal_traffic_policy: str | None = None
    health_check_node_port: Int32 = 0
    session_affinity: str = ""
    session_affinity_config: SessionAffinityConfig | None = None
    load_balancer_class: str | None = None
    load_balancer_ip: str = msgspec.field(default="", name="loadBalancerIP")
    load_balancer_source_ranges: tuple[str, ...] = ()
    allocate_load_balancer_node_ports: bool | None = None
    publish_not_ready_addresses: bool = False
    traffic_distribution: str | None = None


class PortStatus(Wire, frozen=True):
    """What became of one port; `error` is a CamelCase word, absent where the port works."""

    port: Int32
    protocol: str
    error: str | None = None


class LoadBalancerIngress(Wire, frozen=True):
    """One address that clients reach the Service at: `ip` or `hostname`."""

    ip: str = ""
    hostname: str = ""
    ip_mode: str | None = None
    ports: tuple[PortStatus, ...] = ()


class LoadBalancerStatus(Wire, frozen=True):
    """The addresses of a load balancer."""

    ingress: tuple[LoadBalancerIngress, ...] = ()


class ServiceStatus(Wire, frozen=True):
    """What a controller says about a Service."""

    load_balancer: LoadBalancerStatus = LoadBalancerStatus()
    conditions: tuple[Condition, ...] = ()


class Service(Wire, frozen=True):
    """A Service (v1)."""

    KIND: ClassVar[str] = "Service"

    metadata: ObjectMeta = ObjectMeta()
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()

    @property
    def headless(self) -> bool:
        """Whether the Service has, on purpose, no cluster IP."""
        return "None" in (self.spec.cluster_ip, *self.spec.cluster_ips[:1])


class Taint(Wire, frozen=True):
    """A taint of a Node."""

    key: str
    effect: str = ""
    value: str = ""


class NodeSpec(Wire, frozen=True):
    """`provider_id` is empty until the cloud's node controller has set it."""

    provider_id: str = msgspec.field(default="", name="providerID")
    taints: tuple[Taint, ...] = ()


class NodeAddress(Wire, frozen=True):
    """`type` is InternalIP, ExternalIP, Hostname, InternalDNS or ExternalDNS."""

    type: str
    address: str


class NodeStatus(Wire, frozen=True):
    """Where a Node is reached and how it does."""

    addresses: tuple[NodeAddress, ...] = ()
    conditions: tuple[Condition, ...] = ()


class Node(Wire, frozen=True):
    """A Node (v1)."""

    KIND: ClassVar[str] = "Node"

    metadata: ObjectMeta = ObjectMeta()
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


class Namespace(Wire, frozen=True):
    """A Namespace (v1); the UID of kube-system identifies the cluster."""

    KIND: ClassVar[str] = "Namespace"

    metadata: ObjectMeta = ObjectMeta()


class Ingress(Wire, frozen=True):
    """An Ingress: that it exists, and what it is called."""

    KIND: ClassVar[str] = "Ingress"

    metadata: ObjectMeta = ObjectMeta()


class EndpointConditions(Wire, frozen=True):
    """The three conditions as written; None where the writer left one out."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class ObjectReference(Wire, frozen=True):
    """What an endpoint is, usually a Pod."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class Endpoint(Wire, frozen=True):
    """One endpoint of a slice. Only the first of `addresses` has a meaning (kubernetes.md 4)."""

    addresses: tuple[str, ...] = ()
    conditions: EndpointConditions = EndpointConditions()
    node_name: str = ""
    zone: str = ""
    target_ref: ObjectReference | None = None

    @property
    def ready(self) -> bool:
        """Whether it takes new connections. Unknown counts as yes (discovery/v1 EndpointConditions)."""
        return self.conditions.ready is not False

    @property
    def serving(self) -> bool:
        """Whether it answers, even while terminating. Unknown counts as yes."""
        return self.conditions.serving is not False

    @property
    def terminating(self) -> bool:
        """Whether it is going away. Unknown counts as no."""
        return self.conditions.terminating is True


class EndpointPort(Wire, frozen=True):
    """One port of a slice, resolved: `port` is what the pods listen on, None where the slice names none."""

    name: str = ""
    port: Int32 | None = None
    protocol: str = "TCP"
    app_protocol: str | None = None


class EndpointSlice(Wire, frozen=True):
    """An EndpointSlice (discovery.k8s.io/v1)."""

    KIND: ClassVar[str] = "EndpointSlice"

    metadata: ObjectMeta = ObjectMeta()
    address_type: str = ""
    # A slice without endpoints says null, not an empty list.
    told_endpoints: tuple[Endpoint, ...] | None = msgspec.field(default=None, name="endpoints")
    told_ports: tuple[EndpointPort, ...] | None = msgspec.field(default=None, name="ports")

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Its endpoints."""
        return self.told_endpoints or ()

    @property
    def ports(self) -> tuple[EndpointPort, ...]:
        """Its ports."""
        return self.told_ports or ()

    @property
    def service(self) -> str:
        """The name of the Service it belongs to, empty if none is named."""
        return self.metadata.labels.get(SERVICE_NAME_LABEL, "")


Object = Service | Node | Namespace | EndpointSlice
