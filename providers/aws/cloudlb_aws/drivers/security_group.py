"""Security groups, without their rules."""

from dataclasses import replace
from typing import Any

from cloudlb.errors import Conflict, NotFound
from cloudlb.plan.change import Change
from cloudlb.plan.resource import CloudId, Found
from cloudlb_aws.drivers.context import (
    Context,
    adoption,
    found_of,
    not_shown_yet,
    specification,
)
from cloudlb_aws.drivers.tagging import retag_ec2
from cloudlb_aws.errors import is_duplicate
from cloudlb_aws.reading import security_group as reading
from cloudlb_aws.resources.security_group import SecurityGroup

_KIND = "security-group"


def create(context: Context, desired: SecurityGroup) -> Found[SecurityGroup]:
    """Create a group, or adopt the one that holds its name. EC2 never returns an existing group as if it were new."""
    try:
        reply = context.ec2(
            "CreateSecurityGroup",
            GroupName=desired.name,
            Description=desired.description,
            VpcId=desired.vpc_id,
            TagSpecifications=specification(_KIND, context.tags(desired.key, desired.tags)),
        )
    except Conflict as error:
        if not is_duplicate(error):
            raise
        return _adopt(context, desired)
    group_id = reply["GroupId"]
    context.note_made(desired.key, group_id)
    return Found(id=CloudId(group_id), value=desired, attributes={"group_id": group_id})


def _adopt(context: Context, desired: SecurityGroup) -> Found[SecurityGroup]:
    description = reading.by_name(context.session.ec2, desired.vpc_id, desired.name)
    if description is None:
        raise not_shown_yet(f"security group {desired.name}", "CreateSecurityGroup")
    tags = reading.tags_of(description)
    context.check_owner(tags, desired.key, f"security group {description['GroupId']}")
    found = reading.in_our_terms(description)
    context.recent.note_adopted(found.id)
    change = adoption(found, desired)
    return found if change is None else update(context, change, desired)


def update(context: Context, change: Change, desired: SecurityGroup) -> Found[SecurityGroup]:
    """Change the tags: nothing else of a group can change."""
    found: Found[Any] = found_of(change)
    if "tags" in change.changed:
        retag_ec2(context, found, desired.tags)
    return replace(found, value=desired)


def delete(context: Context, found: Found[SecurityGroup]) -> None:
    """Delete a group. NotReady while a network interface or a rule of another group still refers to it."""
    try:
        context.ec2("DeleteSecurityGroup", GroupId=str(found.id))
    except NotFound:
        return
