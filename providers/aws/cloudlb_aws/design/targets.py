"""Who is registered in a target group: instances behind nodes, or addresses of endpoints."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from cloudlb.model import Endpoint, Node, NodeTargets, PodTargets
from cloudlb_aws.design.work import Work
from cloudlb_aws.landscape import Landscape, instance_id_of
from cloudlb_aws.resources.targets import Target

ELSEWHERE = "all"
"""The zone of an address outside the VPC (ELBv2 API, TargetDescription)."""

_ALIVE = frozenset({"pending", "running", "stopping", "stopped"})
_SHOWN = 5

Causes = tuple[tuple[str, tuple[str, ...]], ...]


def node_targets(work: Work, targets: NodeTargets) -> frozenset[Target]:
    """Return the instances of the nodes at their node port. Warns once for each cause that leaves nodes out."""
    ids, causes = _instances(targets.nodes, work.landscape)
    for cause, nodes in causes:
        _warn_once(work, cause, nodes)
    return _at_port(ids, targets.node_port)


@lru_cache(maxsize=256)
def _at_port(ids: tuple[str, ...], port: int) -> frozenset[Target]:
    return frozenset(Target(id=each, port=port) for each in ids)


@lru_cache(maxsize=64)
def _instances(nodes: tuple[Node, ...], landscape: Landscape) -> tuple[tuple[str, ...], Causes]:
    """Resolve nodes to instances, with the names of those that are left out by cause."""
    ids: set[str] = set()
    left_out: dict[str, list[str]] = {}
    for node in nodes:
        instance_id, cause = _resolve(node, landscape)
        if cause:
            left_out.setdefault(cause, []).append(node.name)
        else:
            ids.add(instance_id)
    causes = tuple((cause, tuple(names)) for cause, names in sorted(left_out.items()))
    return tuple(sorted(ids)), causes


def _resolve(node: Node, landscape: Landscape) -> tuple[str, str]:
    if not node.provider_id:
        return "", "no providerID yet"
    instance_id = instance_id_of(node.provider_id)
    if not instance_id:
        return "", "a providerID that names no EC2 instance"
    instance = landscape.instance(instance_id)
    if instance is None or instance.state not in _ALIVE:
        return "", "an instance that does not exist"
    if instance.vpc_id != landscape.vpc_id:
        return "", f"an instance outside VPC {landscape.vpc_id}"
    return instance_id, ""


def _warn_once(work: Work, cause: str, nodes: tuple[str, ...]) -> None:
    more = f" and {len(nodes) - _SHOWN} more" if len(nodes) > _SHOWN else ""
    message = f"{len(nodes)} left out, with {cause}: {', '.join(nodes[:_SHOWN])}{more}"
    if all(problem.message != message for problem in work.problems):
        work.warn(
            "nodes",
            message,
            "the others are registered; these will be when that is cured",
            reason="NodesLeftOut",
        )


def pod_targets(work: Work, targets: PodTargets) -> frozenset[Target]:
    """Return the addresses of endpoints at their ports. Warns of those that AWS does not take."""
    kept: list[Endpoint] = []
    refused: list[Endpoint] = []
    for each in targets.endpoints:
        (refused if _unfit(each) else kept).append(each)
    if refused:
        work.warn(
            "endpoints",
            f"{len(refused)} left out, whose addresses AWS does not take: {_addresses(refused)}",
            "use addresses in the VPC or in private networks that are connected to it",
            reason="EndpointsLeftOut",
        )
    return frozenset(
        Target(id=each.address, port=each.port, zone=_zone(each.address, work.landscape))
        for each in kept
    )


def _unfit(endpoint: Endpoint) -> bool:
    address = ipaddress.ip_address(endpoint.address)
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
    )


def _addresses(endpoints: Iterable[Endpoint]) -> str:
    found = [each.address for each in endpoints]
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


def _zone(address: str, landscape: Landscape) -> str:
    ip = ipaddress.ip_address(address)
    return "" if any(ip in each for each in _networks(landscape)) else ELSEWHERE


@lru_cache(maxsize=8)
def _networks(
    landscape: Landscape,
) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    ranges = (*landscape.vpc_cidrs_v4, *landscape.vpc_cidrs_v6)
    return tuple(ipaddress.ip_network(each) for each in ranges)
