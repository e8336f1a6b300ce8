"""How healthy the nodes behind an observed load balancer are."""

from collections.abc import Iterator

from cloudlb.errors import NotFound
from cloudlb.plan.resource import Observed
from cloudlb.provider import TargetHealth
from cloudlb_gcp.collections import BACKEND_SERVICES
from cloudlb_gcp.links import name_of
from cloudlb_gcp.resources.backend_service import BackendService
from cloudlb_gcp.session import Json, Session

_HEALTHY = "HEALTHY"


def health(session: Session, observed: Observed) -> Iterator[TargetHealth]:
    """Ask for the health of the nodes: one call a group. What has gone meanwhile is left out."""
    for service in observed.kind(BackendService.KIND):
        states: list[Json] = []
        for group in sorted(service.value.groups):
            try:
                states += session.health(BACKEND_SERVICES, service.id, group).get(
                    "healthStatus", ()
                )
            except NotFound:
                continue
        yield TargetHealth(
            backend="",
            healthy=sum(each.get("healthState") == _HEALTHY for each in states),
            total=len(states),
            reasons=tuple(sorted(_reasons(states))),
        )


def _reasons(states: list[Json]) -> Iterator[tuple[str, str]]:
    """Yield (node, state) for those that are not healthy; the API tells no reasons."""
    for each in states:
        if each.get("healthState") != _HEALTHY:
            yield name_of(each.get("instance")), str(each.get("healthState", "UNKNOWN"))
