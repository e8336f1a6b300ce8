"""What a change will cost: API calls, counted from the plan as the drivers make them, without asking AWS."""

from collections.abc import Iterable
from math import ceil
from typing import Any

from cloudlb.plan.change import Action, Change
from cloudlb.plan.resource import Resource
from cloudlb_aws import options
from cloudlb_aws.drivers.context import beyond
from cloudlb_aws.limits import RULES_A_CALL, TARGETS_A_CALL
from cloudlb_aws.resources.ingress_rules import IngressRules
from cloudlb_aws.resources.listener import Listener
from cloudlb_aws.resources.load_balancer import LoadBalancer
from cloudlb_aws.resources.node_rules import NodeRules
from cloudlb_aws.resources.target_group import TargetGroup
from cloudlb_aws.resources.targets import Targets

_MEMBERS = {
    IngressRules.KIND: ("rules", RULES_A_CALL),
    NodeRules.KIND: ("ports", RULES_A_CALL),
    Targets.KIND: ("members", TARGETS_A_CALL),
}
_ONE_CALL = (
    frozenset({"health_check"}),
    frozenset({"options"}),
    frozenset({"security_groups", "private_link_rules"}),
    frozenset({"mappings", "ip_address_type", "ipv6_source_nat"}),
    frozenset({"protocol", "target_group", "ssl_policy", "alpn"}),
)
"""Fields that change together in one call."""


def cost(change: Change) -> int:
    """Count the calls that a change takes where nothing has to be adopted or tried again."""
    match change.action:
        case Action.CREATE:
            return _creation(change.desired)
        case Action.UPDATE:
            return _update(change)
        case Action.REPLACE:
            return _creation(change.desired) + _deletion(change)
        case Action.DELETE:
            return _deletion(change)


def _creation(desired: Resource | None) -> int:
    match desired:
        case None:
            return 0
        case IngressRules() | NodeRules() | Targets():
            return _calls(desired.KIND, _members(desired))
        case LoadBalancer():
            news = beyond(desired.options, options.load_balancer_defaults(desired.type))
            return 1 + bool(news) + (desired.private_link_rules == "off")
        case TargetGroup():
            defaults = options.target_group_defaults(desired.protocol, desired.target_type)
            return 1 + bool(beyond(desired.options, defaults))
        case Listener():
            news = beyond(desired.options, options.listener_defaults(desired.protocol))
            return 1 + bool(news) + len(desired.certificates[1:])
        case _:
            return 1


def _deletion(change: Change) -> int:
    if change.absorbed or change.found is None:
        return 0
    value = change.found.value
    return _calls(value.KIND, _members(value)) if value.KIND in _MEMBERS else 1


def _update(change: Change) -> int:
    changed = change.changed
    whole = sum(bool(changed & fields) for fields in _ONE_CALL)
    return whole + sum(_partly(each.field, each.old, each.new) for each in change.fields)


def _partly(field: str, old: Any, new: Any) -> int:  # noqa: ANN401  (values of any field)
    """Count the calls that add, and those that remove."""
    if field == "tags":
        before, after = dict(old), dict(new)
        return (not after.items() <= before.items()) + (not before.keys() <= after.keys())
    if field == "certificates":
        news, gone = set(new[1:]) - set(old[1:]), set(old[1:]) - set(new)
        return int(old[:1] != new[:1]) + len(news) + len(gone)
    size = dict(_MEMBERS.values()).get(field)
    return ceil(len(new - old) / size) + ceil(len(old - new) / size) if size else 0


def _members(resource: Resource) -> Iterable[object]:
    name, _ = _MEMBERS[resource.KIND]
    members: frozenset[object] = getattr(resource, name)
    return members


def _calls(kind: str, members: Iterable[object]) -> int:
    _, size = _MEMBERS[kind]
    return ceil(len(frozenset(members)) / size)
