"""Who lives in a cluster, as far as firewall rules are concerned: Services, and the ports that they need."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cloudlb.kube.cluster import Cluster
from cloudlb.kube.objects import Ingress, Service

NODE_HEALTH_PORT = 10256
"""Where kube-proxy answers for its node, unless told otherwise (--healthz-bind-address)."""

_GROUP = "/group.name"
"""How the annotation ends by which Ingresses share a load balancer, whatever controller it is of."""


@dataclass(frozen=True, slots=True)
class Need:
    """A port on the nodes or pods of a cluster, and who uses it."""

    path: str
    protocol: str
    port: int
    owned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Living:
    """One cluster, read completely.

    `owned` are the Services that cloudlb works for: path by uid. `uids` has the uid of every Service and Ingress by path
    (`service/ns/name`, `ingress/ns/name`), and of each group of Ingresses that an annotation names (`group/name`).
    """

    cluster: str
    owned: Mapping[str, str] = field(default_factory=dict, hash=False)
    uids: Mapping[str, str] = field(default_factory=dict, hash=False)
    needs: tuple[Need, ...] = ()
    unresolved: tuple[str, ...] = ()
    """Services that cloudlb works for with a target port by name that no endpoint resolves now: it may be any."""

    def needing(self, opens: Callable[[str, int], bool], *, owned: bool) -> tuple[Need, ...]:
        """Return who uses a port that is opened, of all Services or of those that cloudlb works for."""
        return tuple(
            each
            for each in self.needs
            if (each.owned or not owned) and opens(each.protocol, each.port)
        )


def living(
    cluster: Cluster, is_owned: Callable[[Service], bool], ingresses: Iterable[Ingress] = ()
) -> Living:
    """Take in a cluster. Raises what reading it raises: a cluster that is read in part tells nothing."""
    services = cluster.services()
    ours = [each for each in services if is_owned(each)]
    return Living(
        cluster=cluster.cluster_id,
        owned={each.metadata.uid: path_of(each) for each in ours},
        uids={**dict(_named(ingresses)), **{path_of(each): each.metadata.uid for each in services}},
        needs=tuple(_needs(cluster, services, {each.metadata.uid for each in ours})),
        unresolved=tuple(path_of(each) for each in ours if _is_unresolved(each, cluster)),
    )


def _named(ingresses: Iterable[Ingress]) -> Iterator[tuple[str, str]]:
    """Yield what rules for Ingresses may name: each by itself, or the group that it says it is in."""
    for each in ingresses:
        metadata = each.metadata
        yield f"ingress/{metadata.namespace}/{metadata.name}", metadata.uid
        for key, value in metadata.annotations.items():
            if key.endswith(_GROUP):
                yield f"group/{value}", ""


def _is_unresolved(service: Service, cluster: Cluster) -> bool:
    pieces = cluster.endpoint_slices(service.metadata.namespace, service.metadata.name)
    resolved = {port.name for piece in pieces for port in piece.ports if port.port is not None}
    return any(
        isinstance(port.target_port, str) and port.name not in resolved
        for port in service.spec.ports
    )


def path_of(service: Service) -> str:
    """`service/ns/name`, as owners are called."""
    return f"service/{service.metadata.namespace}/{service.metadata.name}"


def _needs(cluster: Cluster, services: Sequence[Service], owned: set[str]) -> Iterable[Need]:
    for each in services:
        path, ours = path_of(each), each.metadata.uid in owned
        for port in each.spec.ports:
            if port.node_port:
                yield Need(path, port.protocol or "TCP", port.node_port, ours)
        if each.spec.health_check_node_port:
            yield Need(path, "TCP", each.spec.health_check_node_port, ours)
        if ours:
            yield from _needs_of_checks(each, path)
            yield from _needs_of_pods(cluster, each, path)


def _needs_of_checks(service: Service, path: str) -> Iterable[Need]:
    """Yield where health may be asked: kube-proxy's port, and any number that an annotation has.

    Which annotations name ports only the provider knows; a rule that is kept in vain does less harm than one that is
    missed.
    """
    yield Need(path, "TCP", NODE_HEALTH_PORT, owned=True)
    for value in service.metadata.annotations.values():
        text = value.strip()
        if text.isascii() and text.isdecimal() and len(text) <= 5 and 0 < int(text) <= 65_535:
            yield Need(path, "TCP", int(text), owned=True)


def _needs_of_pods(cluster: Cluster, service: Service, path: str) -> Iterable[Need]:
    """Yield what the pods listen on: they may be targets themselves, and whatever they have counts as used."""
    for port in service.spec.ports:
        if isinstance(port.target_port, int):
            yield Need(path, port.protocol or "TCP", port.target_port or port.port, owned=True)
    for piece in cluster.endpoint_slices(service.metadata.namespace, service.metadata.name):
        for each in piece.ports:
            if each.port is not None:
                yield Need(path, each.protocol, each.port, owned=True)
