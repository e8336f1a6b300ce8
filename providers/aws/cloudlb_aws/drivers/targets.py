"""Members of target groups: registered before others are deregistered, in the sizes that AWS takes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from cloudlb.errors import Conflict, NotFound, Rejected
from cloudlb.plan.change import Change
from cloudlb.plan.resource import Found
from cloudlb_aws.batches import batches
from cloudlb_aws.drivers.context import Context, found_of
from cloudlb_aws.limits import TARGETS_A_CALL
from cloudlb_aws.reading import target_group as reading
from cloudlb_aws.resources.targets import Target, Targets

_NOT_TAKEN = "InvalidTarget"


def create(context: Context, desired: Targets) -> Found[Targets]:
    """Register all. A group that was adopted may have members already: these are looked at first."""
    arn = str(desired.group)
    if context.recent.adopted(arn):
        present = reading.read_targets(context.session.elbv2, arn, desired.id).value.members
    else:
        present = frozenset()
    _bring(context, arn, present, desired.members)
    return reading.targets_found(desired, arn)


def update(context: Context, change: Change, desired: Targets) -> Found[Targets]:
    """Register who is new, deregister who is not wanted any more."""
    found = found_of(change)
    _bring(context, str(desired.group), found.value.members, desired.members)
    return replace(found, value=desired)


def delete(context: Context, found: Found[Targets]) -> None:
    """Deregister all; that the group itself has gone is success."""
    try:
        _deregister(context, str(found.value.group), found.value.members)
    except NotFound:
        return


def _bring(
    context: Context, arn: str, present: frozenset[Target], wanted: frozenset[Target]
) -> None:
    refused = _register(context, arn, wanted - present)
    _deregister(context, arn, present - wanted)
    if refused:
        raise refused[0]


def _register(context: Context, arn: str, targets: Iterable[Target]) -> list[Conflict]:
    """Register targets. Those that AWS does not take (an instance that stopped meanwhile) do not hold up the others."""
    return [
        refusal
        for some in batches(sorted(targets), TARGETS_A_CALL)
        for refusal in _register_some(context, arn, some)
    ]


def _register_some(context: Context, arn: str, targets: Sequence[Target]) -> Iterator[Conflict]:
    """Register all, or find those that are refused by halves: AWS refuses a whole call for one of them."""
    try:
        context.elbv2("RegisterTargets", TargetGroupArn=arn, Targets=_described(targets))
    except Rejected as error:
        if error.code != _NOT_TAKEN:
            raise
        if len(targets) == 1:
            yield Conflict(str(error), operation=error.operation, code=error.code)
            return
        half = len(targets) // 2
        yield from _register_some(context, arn, targets[:half])
        yield from _register_some(context, arn, targets[half:])


def _deregister(context: Context, arn: str, targets: Iterable[Target]) -> None:
    for some in batches(sorted(targets), TARGETS_A_CALL):
        context.elbv2("DeregisterTargets", TargetGroupArn=arn, Targets=_described(some))


def _described(targets: Iterable[Target]) -> list[dict[str, object]]:
    return [
        {"Id": each.id, "Port": each.port} | ({"AvailabilityZone": each.zone} if each.zone else {})
        for each in targets
    ]
