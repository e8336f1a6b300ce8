"""Network endpoint groups, without their endpoints. Nothing of one can change."""

from cloudlb.errors import Conflict
from cloudlb.plan.change import Change
from cloudlb.plan.resource import Found
from cloudlb_gcp.collections import NETWORK_ENDPOINT_GROUPS
from cloudlb_gcp.drivers.context import Context, adopted
from cloudlb_gcp.links import zonal
from cloudlb_gcp.reading import network_endpoint_group as reading
from cloudlb_gcp.resources.network_endpoint_group import NetworkEndpointGroup


def create(context: Context, desired: NetworkEndpointGroup) -> Found[NetworkEndpointGroup]:
    """Make a group, or adopt it."""
    path = zonal(context.project, desired.zone, "networkEndpointGroups", desired.name)
    body = {
        "name": desired.name,
        "description": context.description(desired.key),
        "networkEndpointType": desired.type,
        "network": desired.network,
        "subnetwork": desired.subnetwork,
    }
    if context.insert(NETWORK_ENDPOINT_GROUPS, path, body):
        return reading.found(desired, path)
    present = context.taken(NETWORK_ENDPOINT_GROUPS, path, desired.key)
    return adopted(context, reading.read(present), desired, update)


def update(
    context: Context, change: Change, desired: NetworkEndpointGroup
) -> Found[NetworkEndpointGroup]:
    """Raise Conflict: whoever thinks that a group could change looks again, and replaces it."""
    del context, desired
    message = f"{change.key} can not change in place"
    raise Conflict(message)


def delete(context: Context, found: Found[NetworkEndpointGroup]) -> None:
    """Delete a group, and with it its endpoints. NotReady while a backend service uses it."""
    context.delete(NETWORK_ENDPOINT_GROUPS, found.id)
