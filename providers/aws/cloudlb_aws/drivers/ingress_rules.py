"""The ingress rules of a security group that is ours: all of them."""

from typing import Any

from cloudlb.plan.change import Change
from cloudlb.plan.resource import Found
from cloudlb_aws.drivers.context import Context
from cloudlb_aws.drivers.rules import Door, RuleIds
from cloudlb_aws.reading import rules
from cloudlb_aws.reading.security_group import ingress_rules_found, where
from cloudlb_aws.resources.ingress_rules import IngressRules


def create(context: Context, desired: IngressRules) -> Found[IngressRules]:
    """Open a group. One that was adopted may have rules already: these are looked at first."""
    group_id = str(desired.group)
    present: RuleIds = {}
    if context.recent.adopted(group_id):
        there = rules.read(context.session.ec2, [where("group-id", group_id)])
        present = rules.ids_of(there.get(group_id, {}).values())
    return _brought(context, present, desired)


def update(context: Context, change: Change, desired: IngressRules) -> Found[IngressRules]:
    """Authorise what is new, revoke what is not wanted any more."""
    return _brought(context, present_rules(change.found), desired)


def delete(context: Context, found: Found[IngressRules]) -> None:
    """Revoke all rules."""
    _door(context, found.value).close(present_rules(found))


def present_rules(found: Found[Any] | None) -> RuleIds:
    """Return the rules of what was found, with their ids."""
    handles = found.handles if found is not None else None
    return dict(handles) if isinstance(handles, dict) else {}


def _brought(context: Context, present: RuleIds, desired: IngressRules) -> Found[IngressRules]:
    ids = _door(context, desired).bring(present, desired.rules)
    return ingress_rules_found(desired, ids)


def _door(context: Context, value: IngressRules) -> Door:
    return Door(context=context, group_id=str(value.group), tags=context.tags(value.key))
