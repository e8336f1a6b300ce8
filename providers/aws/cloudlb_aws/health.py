"""How healthy the targets of an observed load balancer are."""

from collections.abc import Iterator

from cloudlb.errors import NotFound
from cloudlb.plan.resource import Observed
from cloudlb.provider import TargetHealth
from cloudlb_aws.reading import target_group
from cloudlb_aws.resources.target_group import TargetGroup
from cloudlb_aws.session import Api, Json

_HEALTHY = "healthy"


def health(elbv2: Api, observed: Observed) -> Iterator[TargetHealth]:
    """Ask for the health of each target group: one call a group. One that has gone meanwhile is left out."""
    for group in observed.kind(TargetGroup.KIND):
        try:
            described = list(target_group.health(elbv2, str(group.id)))
        except NotFound:
            continue
        states = [each.get("TargetHealth") or {} for each in described]
        yield TargetHealth(
            backend=group.value.id,
            healthy=sum(each.get("State") == _HEALTHY for each in states),
            total=len(described),
            reasons=tuple(sorted(_reasons(described))),
        )


def _reasons(described: list[Json]) -> Iterator[tuple[str, str]]:
    """Yield (target, why) for those that are not healthy, in AWS's own words."""
    for each in described:
        target, state = each["Target"], each.get("TargetHealth") or {}
        if state.get("State") == _HEALTHY:
            continue
        words = (state.get("State"), state.get("Reason"), state.get("Description"))
        yield f"{target['Id']}:{target['Port']}", ": ".join(filter(None, words))
