"""Target groups, without their members.

AWS returns an existing group of the same name and settings as if it had just been made. That it is ours is known from
the name: it ends in a hash of cluster, owner and role that nobody else comes by. A group that serves a load balancer
already can not be a new one, and is looked at; so is one that AWS calls a duplicate. What is left is a group of our own
from a run that was cut short: its health check is as asked (or it would be a duplicate), its members are read before
they are set, and attributes that such a run set otherwise are put right by the next observation.
"""

from dataclasses import replace
from typing import Any

from cloudlb.errors import Conflict, NotFound
from cloudlb.plan.change import Change
from cloudlb.plan.resource import CloudId, Found
from cloudlb_aws import options
from cloudlb_aws.drivers.context import (
    Context,
    adoption,
    attribute_list,
    beyond,
    found_of,
    not_shown_yet,
    tag_list,
)
from cloudlb_aws.drivers.tagging import retag_elbv2
from cloudlb_aws.errors import is_duplicate
from cloudlb_aws.reading import elbv2
from cloudlb_aws.reading import target_group as reading
from cloudlb_aws.resources.target_group import HealthCheck, TargetGroup
from cloudlb_aws.session import Json


def create(context: Context, desired: TargetGroup) -> Found[TargetGroup]:
    """Create a group, or adopt the one that holds its name."""
    try:
        (described,) = context.elbv2("CreateTargetGroup", **_parameters(context, desired))[
            "TargetGroups"
        ]
    except Conflict as error:
        if not is_duplicate(error):
            raise
        return _adopt(context, desired, reading.by_name(context.session.elbv2, desired.name))
    if described.get("LoadBalancerArns"):
        return _adopt(context, desired, described)
    arn = described["TargetGroupArn"]
    context.note_made(desired.key, arn)
    defaults = options.target_group_defaults(desired.protocol, desired.target_type)
    _set_options(context, arn, beyond(desired.options, defaults))
    return Found(id=CloudId(arn), value=desired, attributes={"arn": arn})


def _parameters(context: Context, desired: TargetGroup) -> dict[str, Any]:
    return {
        "Name": desired.name,
        "Protocol": desired.protocol,
        "Port": desired.port,
        "VpcId": desired.vpc_id,
        "TargetType": desired.target_type,
        "IpAddressType": desired.ip_address_type,
        "Tags": tag_list(context.tags(desired.key, desired.tags, desired.generation)),
        **_health_check(desired.health_check),
    }


def _health_check(check: HealthCheck) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "HealthCheckProtocol": check.protocol,
        "HealthCheckPort": check.port,
        "HealthCheckIntervalSeconds": check.interval,
        "HealthCheckTimeoutSeconds": check.timeout,
        "HealthyThresholdCount": check.healthy_threshold,
        "UnhealthyThresholdCount": check.unhealthy_threshold,
    }
    if check.path:
        parameters["HealthCheckPath"] = check.path
    if check.matcher:
        parameters["Matcher"] = {"HttpCode": check.matcher}
    return parameters


def _adopt(context: Context, desired: TargetGroup, description: Json | None) -> Found[TargetGroup]:
    if description is None:
        raise not_shown_yet(f"target group {desired.name}", "CreateTargetGroup")
    arn, api = description["TargetGroupArn"], context.session.elbv2
    tags = elbv2.tags_of(api, [arn])[arn]
    context.check_owner(tags, desired.key, f"target group {desired.name}")
    found = reading.read(api, description, tags)
    context.recent.note_adopted(arn)
    change = adoption(found, desired)
    return found if change is None else update(context, change, desired)


def update(context: Context, change: Change, desired: TargetGroup) -> Found[TargetGroup]:
    """Change the health check, the attributes, the tags: each only if it differs."""
    found: Found[Any] = found_of(change)
    if "health_check" in change.changed:
        context.elbv2(
            "ModifyTargetGroup",
            TargetGroupArn=str(found.id),
            **_health_check(desired.health_check),
        )
    if "options" in change.changed:
        _set_options(context, found.id, beyond(desired.options, found.value.options))
    if "tags" in change.changed:
        retag_elbv2(context, found, desired.tags)
    return replace(found, value=desired)


def _set_options(context: Context, arn: str, pairs: list[tuple[str, str]]) -> None:
    if pairs:
        context.elbv2(
            "ModifyTargetGroupAttributes",
            TargetGroupArn=str(arn),
            Attributes=attribute_list(pairs),
        )


def delete(context: Context, found: Found[TargetGroup]) -> None:
    """Delete a group, and with it all registrations. NotReady while a listener still forwards to it."""
    try:
        context.elbv2("DeleteTargetGroup", TargetGroupArn=str(found.id))
    except NotFound:
        return
