"""Changing the extra tags of an object that exists. Tags that somebody else made are never touched.

Keys are removed before the others (and with them the record of which keys are ours) are written: interrupted in
between, the next observation still sees a difference.
"""

from collections.abc import Mapping
from typing import Any

from cloudlb.plan.resource import Found
from cloudlb_aws.drivers.context import Context, Pairs, tag_list


def retag_elbv2(context: Context, found: Found[Any], extra: Pairs) -> None:
    """Bring the extra tags of an ELBv2 object to `extra`."""
    wanted, gone = _difference(context, found, extra)
    if gone:
        context.elbv2("RemoveTags", ResourceArns=[str(found.id)], TagKeys=gone)
    if wanted:
        context.elbv2("AddTags", ResourceArns=[str(found.id)], Tags=tag_list(wanted))


def retag_ec2(context: Context, found: Found[Any], extra: Pairs) -> None:
    """Bring the extra tags of an EC2 object to `extra`."""
    wanted, gone = _difference(context, found, extra)
    if gone:
        keys = [{"Key": key} for key in gone]
        context.ec2("DeleteTags", Resources=[str(found.id)], Tags=keys)
    if wanted:
        context.ec2("CreateTags", Resources=[str(found.id)], Tags=tag_list(wanted))


def _difference(
    context: Context, found: Found[Any], extra: Pairs
) -> tuple[Mapping[str, str], list[str]]:
    """Return the tags to set and the keys to remove."""
    old = context.tags(found.key, found.value.tags)
    new = context.tags(found.key, extra)
    wanted = {key: value for key, value in new.items() if old.get(key) != value}
    return wanted, [key for key in old if key not in new]
