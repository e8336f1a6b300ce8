"""Who lives in a cluster, as far as firewall rules are concerned: Services, and the ports that they need."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cloudlb.kube.cluster import Cluster
from cloudlb.kube.objects import Service


@dataclass(frozen=True, slots=True)
class Need:
    """A port on the nodes or pods of a cluster, and who uses it."""

    path: str
    protocol: str
    port: int
    owned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Living:
    """One cluster, read completely. `owned` are the Services that cloudlb works for, by uid."""

    cluster: str
    owned: Mapping[str, str] = field(default_factory=dict, hash=False)
    uids: Mapping[str, str] = field(default_factory=dict, hash=False)
    needs: tuple[Need, ...] = ()

    def needing(self, opens: Callable[[str, int], bool], *, owned: bool) -> tuple[Need, ...]:
        """Return who uses a port that is opened, of all Services or of those that cloudlb works for."""
        return tuple(
            each
            for each in self.needs
            if (each.owned or not owned) and opens(each.protocol, each.port)
        )


def living(cluster: Cluster, is_owned: Callable[[Service], bool]) -> Living:
    """Take in a cluster. Raises what reading it raises: a cluster that is read in part tells nothing."""
    services = cluster.services()
    ours = [each for each in services if is_owned(each)]
    return Living(
        cluster=cluster.cluster_id,
        owned={each.metadata.uid: path_of(each) for each in ours},
        uids={path_of(each): each.metadata.uid for each in services},
        needs=tuple(_needs(cluster, services, {each.metadata.uid for each in ours})),
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
        if not ours:
            continue
        # Pods may be targets themselves: whatever they listen on counts as used.
        for piece in cluster.endpoint_slices(each.metadata.namespace, each.metadata.name):
            for endpoint_port in piece.ports:
                if endpoint_port.port is not None:
                    yield Need(path, endpoint_port.protocol, endpoint_port.port, ours)
