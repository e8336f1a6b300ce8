"""What is behind the address: groups of nodes by zone, their members, and the backend service over them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cloudlb.model import Affinity, Protocol
from cloudlb.plan.resource import Key, Ref, Resource
from cloudlb.translate.annotations import PREFIX
from cloudlb_gcp import names
from cloudlb_gcp.design import health
from cloudlb_gcp.design.subset import chosen
from cloudlb_gcp.design.work import Work, annotation
from cloudlb_gcp.landscape import Instance
from cloudlb_gcp.limits import MEMBERS
from cloudlb_gcp.links import name_of
from cloudlb_gcp.resources.backend_service import BackendService
from cloudlb_gcp.resources.network_endpoint_group import NetworkEndpointGroup
from cloudlb_gcp.resources.network_endpoints import NetworkEndpoints

SERVICE = Key("backend-service/traffic")

_SHORTEST_IDLE, _LONGEST_IDLE = 60, 57_600
_DRAINING_SECONDS = 30
"""What the incumbents give TCP connections to end; UDP has none (gcp.md 2.4)."""


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """Where a group is: instances of one zone and one subnetwork."""

    zone: str
    subnetwork: str

    @property
    def id(self) -> str:
        """The zone, with the subnetwork where that is not the one that a network has by itself."""
        subnet = name_of(self.subnetwork)
        return self.zone if subnet == "default" else f"{self.zone}-{subnet}"


def groups(work: Work) -> Iterator[Resource]:
    """Yield a group for each zone and subnetwork that has nodes, with its endpoints."""
    by_place: dict[_Place, list[Instance]] = {}
    for each in members(work):
        by_place.setdefault(_Place(each.id.zone, each.subnetwork), []).append(each)
    for place in sorted(by_place):
        key = Key(f"{NetworkEndpointGroup.KIND}/{place.id}")
        yield NetworkEndpointGroup(
            id=place.id,
            name=names.generated(work.load_balancer.owner, "neg", place.zone, place.subnetwork),
            zone=place.zone,
            network=work.landscape.network,
            subnetwork=place.subnetwork,
        )
        yield NetworkEndpoints(
            id=place.id,
            group=Ref(key, "path"),
            members=frozenset(each.id.name for each in by_place[place]),
        )


_CROSS_ZONE = "ZONAL_AFFINITY_SPILL_CROSS_ZONE"
"""Targets in the client's zone first; only internal load balancers can (gcp.md 1.2, `trafficDistribution`)."""


def members(work: Work) -> tuple[Instance, ...]:
    """Return the nodes that take traffic: all within reach, or a stable choice of them where there are too many."""
    here = list(filter(work.landscape.reaches, work.instances()))
    most = MEMBERS[work.scheme, work.local]
    if work.local and len(here) > most:
        work.warn(
            "spec.externalTrafficPolicy",
            f"{len(here) - most} of {len(here)} nodes get no traffic, and their pods none: {most} is the most that a"
            " load balancer takes",
            "use externalTrafficPolicy: Cluster, or choose the nodes that have the pods with"
            f" {PREFIX}target-node-labels",
            reason="NodesLeftOut",
        )
    return chosen(here, most, work.load_balancer.owner.uid)


def backend_service(work: Work, made: Iterable[Resource]) -> BackendService:
    """Return the backend service over the groups."""
    filled = (each for each in made if isinstance(each, NetworkEndpoints))
    strong = _strong_affinity(work)
    sticky = work.backend.affinity is Affinity.CLIENT_IP
    spoken = {each.protocol for each in work.load_balancer.listeners}
    return BackendService(
        id="traffic",
        name=names.generated(work.load_balancer.owner, "bs", work.scheme, work.landscape.network),
        scheme=work.scheme,
        network=work.landscape.network if work.internal else "",
        health_check=health.reference(work),
        groups=frozenset(Ref(each.key, "group") for each in filled),
        session_affinity="CLIENT_IP" if sticky else "NONE",
        strong_affinity=strong,
        idle_timeout=(work.backend.affinity_timeout or 0) if strong else 0,
        locality_policy=_locality_policy(work),
        spillover=_CROSS_ZONE if work.internal and work.backend.nearby else "",
        draining=0 if spoken == {Protocol.UDP} else _DRAINING_SECONDS,
    )


def _locality_policy(work: Work) -> str:
    weighted = work.options.weighted
    if weighted and not work.local:
        work.warn(
            annotation("weighted-load-balancing"),
            "does nothing without externalTrafficPolicy: Local: any node may pass traffic on to any pod",
            "set spec.externalTrafficPolicy to Local, or remove the annotation",
            reason="UnsupportedConfiguration",
        )
        weighted = False
    elif weighted and work.backend.health_check.protocol is Protocol.TCP:
        work.warn(
            annotation("weighted-load-balancing"),
            "does nothing with a TCP health check: nodes tell their weights in answers to HTTP checks",
            f"remove {PREFIX}health-check-protocol, or the annotation",
            reason="UnsupportedConfiguration",
        )
        weighted = False
    if work.internal:
        return "WEIGHTED_GCP_RENDEZVOUS" if weighted else ""
    return "WEIGHTED_MAGLEV" if weighted else "MAGLEV"


def _strong_affinity(work: Work) -> bool:
    """Tell whether affinity is strong; note why it can not be (gcp.md 1.2)."""
    if not work.options.strong_affinity:
        return False
    path = annotation("l4-strong-session-affinity")
    timeout = work.backend.affinity_timeout
    if work.internal:
        work.error(
            path,
            "strong session affinity is for external load balancers only",
            "remove it, or make the load balancer external",
            reason="StrongAffinityNotPossible",
        )
    elif work.backend.affinity is not Affinity.CLIENT_IP:
        work.error(
            path,
            "strong session affinity needs sessionAffinity: ClientIP",
            "set spec.sessionAffinity to ClientIP",
            reason="StrongAffinityNotPossible",
        )
    elif timeout is None or not _SHORTEST_IDLE <= timeout <= _LONGEST_IDLE:
        work.error(
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
            f"strong session affinity needs a timeout from {_SHORTEST_IDLE} to {_LONGEST_IDLE} seconds; here it is {timeout}",
            "set one in these bounds",
            reason="StrongAffinityNotPossible",
        )
    else:
        return True
    return False
