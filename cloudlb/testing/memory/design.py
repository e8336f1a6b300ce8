"""From a load balancer to resources, and from claims to what all owners share. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from cloudlb.model import (
    Affinity,
    Backend,
    Listener,
    LoadBalancer,
    NodeTargets,
    Owner,
    Problem,
    TargetKind,
)
from cloudlb.plan.resource import Key, Ref, Resource, Stack
from cloudlb.provider import Design
from cloudlb.testing.memory import resources
from cloudlb.testing.memory.marks import balancer_name, firewall_name, name_for

Landscape = Mapping[str, str]
"""Machines: names by the id that nodes carry as providerID."""

_BALANCER = "main"


def design(load_balancer: LoadBalancer, machines: Landscape) -> Design:
    """Make one load balancer, a pool a backend, and a listener a port; claim the node ports."""
    return Design(
        stack=Stack((_balancer(load_balancer), *_behind(load_balancer, machines))),
        claims=frozenset(claim for each in load_balancer.backends for claim in _claims(each)),
        problems=tuple(_strangers(load_balancer, machines)),
    )


def design_shared(cluster: Owner, claims: Iterable[str]) -> Design:
    """Open what is claimed."""
    opened = frozenset(claims)
    if not opened:
        return Design()
    firewall = resources.Firewall(id="nodes", name=firewall_name(cluster), open=opened)
    return Design(stack=Stack((firewall,)))


def _balancer(wanted: LoadBalancer) -> Resource:
    return resources.LoadBalancer(
        id=_BALANCER,
        name=balancer_name(wanted.owner, wanted.scheme),
        scheme=wanted.scheme.value,
        sources=frozenset(wanted.source_ranges),
    )


def _behind(wanted: LoadBalancer, machines: Landscape) -> Iterator[Resource]:
    for backend in wanted.backends:
        yield _pool(wanted.owner, backend, machines)
    for listener in wanted.listeners:
        yield _listener(listener)


def _pool(owner: Owner, backend: Backend, machines: Landscape) -> Resource:
    to_nodes = isinstance(backend.targets, NodeTargets)
    reach = TargetKind.NODE if to_nodes else TargetKind.POD
    check = backend.health_check
    return resources.Pool(
        id=backend.name,
        name=name_for(owner, f"pool {backend.name} {reach}"),
        protocol=backend.protocol.value,
        reach=reach.value,
        check=resources.HealthCheck(
            protocol=(check.protocol or "TCP"), port=check.port or 0, path=check.path or ""
        ),
        sticky=backend.affinity is Affinity.CLIENT_IP,
        targets=frozenset(_targets(backend, machines)),
    )


def _targets(backend: Backend, machines: Landscape) -> Iterator[str]:
    if isinstance(backend.targets, NodeTargets):
        for node in backend.targets.nodes:
            if node.provider_id in machines:
                yield f"{machines[node.provider_id]}:{backend.targets.node_port}"
    else:
        for endpoint in backend.targets.endpoints:
            yield f"{endpoint.address}:{endpoint.port}"


def _listener(wanted: Listener) -> Resource:
    return resources.Listener(
        id=wanted.backend,
        load_balancer=Ref(Key(f"load-balancer/{_BALANCER}"), "id"),
        protocol=wanted.protocol.value,
        port=wanted.port,
        pool=Ref(Key(f"pool/{wanted.backend}"), "id"),
    )


def _claims(backend: Backend) -> Iterator[str]:
    if isinstance(backend.targets, NodeTargets):
        yield f"{backend.targets.node_port}/{backend.protocol}"
        if backend.health_check.port:
            yield f"{backend.health_check.port}/TCP"


def _strangers(wanted: LoadBalancer, machines: Landscape) -> Iterator[Problem]:
    """Tell which nodes can be no targets."""
    targets = (each.targets for each in wanted.backends if isinstance(each.targets, NodeTargets))
    nodes = {node.name: node for each in targets for node in each.nodes}
    for name, node in sorted(nodes.items()):
        if node.provider_id not in machines:
            yield Problem.warning(
                "spec.ports",
                f"node {name} is no machine of this account, and is left out",
                "look at its spec.providerID",
                reason="UnknownNode",
            )
