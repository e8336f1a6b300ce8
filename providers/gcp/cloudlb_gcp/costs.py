"""What a change will cost: API calls, counted from the plan as the drivers make them, without polls of operations."""

from math import ceil

from cloudlb.plan.change import Action, Change
from cloudlb.plan.resource import Resource
from cloudlb_gcp.limits import ENDPOINTS_A_CALL
from cloudlb_gcp.resources.forwarding_rule import ForwardingRule
from cloudlb_gcp.resources.network_endpoints import NetworkEndpoints

RENEWAL = 6
"""Look who holds the address, hold it, delete, create, look, release."""


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
        case NetworkEndpoints():
            return _calls(len(desired.members))
        case ForwardingRule():
            return 2
        case _:
            return 1


def _deletion(change: Change) -> int:
    if change.absorbed or change.found is None:
        return 0
    value = change.found.value
    if isinstance(value, NetworkEndpoints):
        return _calls(len(value.members))
    if isinstance(value, ForwardingRule):
        return 1 + value.held
    return 1


def _update(change: Change) -> int:
    match change.desired:
        case NetworkEndpoints():
            old, new = _members(change)
            return _calls(len(new - old)) + _calls(len(old - new))
        case ForwardingRule():
            if change.interrupts:
                return RENEWAL
            return len(change.changed & {"global_access", "labels", "held"})
        case _:
            return 1


def _members(change: Change) -> tuple[frozenset[str], frozenset[str]]:
    values = (change.found.value if change.found else None, change.desired)
    old, new = (
        each.members if isinstance(each, NetworkEndpoints) else frozenset() for each in values
    )
    return old, new


def _calls(members: int) -> int:
    return ceil(members / ENDPOINTS_A_CALL)
