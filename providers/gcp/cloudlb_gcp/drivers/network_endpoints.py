"""Endpoints of network endpoint groups: attached before others are detached, in the sizes that the API takes."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from cloudlb.errors import NotFound
from cloudlb.plan.change import Change
from cloudlb.plan.resource import Found
from cloudlb_gcp.collections import NETWORK_ENDPOINT_GROUPS
from cloudlb_gcp.drivers.context import Context, found_of
from cloudlb_gcp.limits import ENDPOINTS_A_CALL
from cloudlb_gcp.reading import network_endpoint_group as reading
from cloudlb_gcp.resources.network_endpoints import NetworkEndpoints
from cloudlb_gcp.session import Action

_FIELD = "network_endpoint_groups_{verb}_endpoints_request_resource"


def create(context: Context, desired: NetworkEndpoints) -> Found[NetworkEndpoints]:
    """Attach all: that one is there already is no error. What a group had before goes by the next observation."""
    group = str(desired.group)
    _send(context, "attach", group, desired.members)
    return reading.endpoints_found(desired, group)


def update(context: Context, change: Change, desired: NetworkEndpoints) -> Found[NetworkEndpoints]:
    """Attach who is new, detach who is not wanted any more."""
    found = found_of(change)
    group = str(found.value.group)
    _send(context, "attach", group, desired.members - found.value.members)
    _send(context, "detach", group, found.value.members - desired.members)
    return replace(found, value=desired)


def delete(context: Context, found: Found[NetworkEndpoints]) -> None:
    """Detach all; that the group itself has gone is success."""
    try:
        _send(context, "detach", str(found.value.group), found.value.members)
    except NotFound:
        return


def _send(context: Context, verb: str, group: str, names: Iterable[str]) -> None:
    left = iter(sorted(names))
    while some := tuple(islice(left, ENDPOINTS_A_CALL)):
        body = {"networkEndpoints": [{"instance": name} for name in some]}
        action = Action(
            method=f"{verb}_network_endpoints", field=_FIELD.format(verb=verb), body=body
        )
        context.act(NETWORK_ENDPOINT_GROUPS, group, action)
