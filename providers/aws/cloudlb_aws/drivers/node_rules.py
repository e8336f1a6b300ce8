"""Our rules on a security group of the nodes. The group's other rules are nobody's business here."""

from collections.abc import Iterable

from cloudlb.errors import NotFound
from cloudlb.plan.change import Change
from cloudlb.plan.resource import Found
from cloudlb_aws.drivers.context import Context
from cloudlb_aws.drivers.ingress_rules import present_rules
from cloudlb_aws.drivers.rules import Door, RuleIds
from cloudlb_aws.reading import node_rules as reading
from cloudlb_aws.resources.ingress_rules import IngressRule
from cloudlb_aws.resources.node_rules import NodeRules, PortRange


def create(context: Context, desired: NodeRules) -> Found[NodeRules]:
    """Let the backend group in."""
    return _brought(context, {}, desired)


def update(context: Context, change: Change, desired: NodeRules) -> Found[NodeRules]:
    """Authorise what is new, revoke what is not wanted any more."""
    return _brought(context, present_rules(change.found), desired)


def delete(context: Context, found: Found[NodeRules]) -> None:
    """Revoke our rules; that the group itself has gone is success."""
    try:
        _door(context, found.value).close(present_rules(found))
    except NotFound:
        return


def _brought(context: Context, present: RuleIds, desired: NodeRules) -> Found[NodeRules]:
    ids = _door(context, desired).bring(present, _rules(desired.ports, str(desired.source)))
    return reading.found(desired, ids)


def _door(context: Context, value: NodeRules) -> Door:
    return Door(context=context, group_id=value.group, tags=context.tags(value.key))


def _rules(ports: Iterable[PortRange], source: str) -> frozenset[IngressRule]:
    return frozenset(
        IngressRule(
            protocol=each.protocol,
            from_port=each.from_port,
            to_port=each.to_port,
            source=source,
        )
        for each in ports
    )
