"""Endpoints of network endpoint groups: attached before others are detached, in the sizes that the API takes."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from cloudlb.errors import NotFound, Rejected
from cloudlb.plan.change import Change
from cloudlb.plan.resource import Found
from cloudlb_gcp.collections import NETWORK_ENDPOINT_GROUPS
from cloudlb_gcp.drivers.context import Context, found_of
from cloudlb_gcp.limits import ENDPOINTS_A_CALL
from cloudlb_gcp.links import part_of
from cloudlb_gcp.reading import network_endpoint_group as reading
from cloudlb_gcp.resources.network_endpoints import NetworkEndpoints
from cloudlb_gcp.session import Action

_FIELD = "network_endpoint_groups_{verb}_endpoints_request_resource"


def create(context: Context, desired: NetworkEndpoints) -> Found[NetworkEndpoints]:
    """Attach all: that one is there already is no error. What a group had before goes by the next observation."""
    group = str(desired.group)
    _attach(context, group, desired.members)
    return reading.endpoints_found(desired, group)


def update(context: Context, change: Change, desired: NetworkEndpoints) -> Found[NetworkEndpoints]:
    """Attach who is new, detach who is not wanted any more."""
    found = found_of(change)
    group = str(found.value.group)
    _attach(context, group, desired.members - found.value.members)
    _detach(context, group, found.value.members - desired.members)
    return replace(found, value=desired)


def delete(context: Context, found: Found[NetworkEndpoints]) -> None:
    """Detach all; that the group itself has gone is success."""
    try:
        _detach(context, str(found.value.group), found.value.members)
    except NotFound:
        return


def _attach(context: Context, group: str, names: frozenset[str]) -> None:
    """Attach. Raises NotFound where one of the instances, or the group, does not exist: the next survey looks which."""
    try:
        _send(context, "attach", group, names)
    except NotFound:
        context.doubt(part_of(group, "zones"))
        raise


def _detach(context: Context, group: str, names: frozenset[str]) -> None:
    """Detach; who has left with his instance is gone already, and keeps nobody else from being detached.

    Raises NotFound where the group itself has gone.
    """
    try:
        _send(context, "detach", group, names)
    except (NotFound, Rejected):
        # The API refuses a whole call for one endpoint that is not there.
        present = names & _members(context, group)
        if present == names:
            raise
        _send(context, "detach", group, present)


def _members(context: Context, group: str) -> frozenset[str]:
    listed = context.session.endpoints(NETWORK_ENDPOINT_GROUPS, group)
    return reading.read_endpoints(listed, group, "").value.members


def _send(context: Context, verb: str, group: str, names: Iterable[str]) -> None:
    left = iter(sorted(names))
    while some := tuple(islice(left, ENDPOINTS_A_CALL)):
        body = {"networkEndpoints": [{"instance": name} for name in some]}
        action = Action(
            method=f"{verb}_network_endpoints", field=_FIELD.format(verb=verb), body=body
        )
        context.act(NETWORK_ENDPOINT_GROUPS, group, action)
