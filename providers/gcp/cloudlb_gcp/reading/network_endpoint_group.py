"""Network endpoint groups and their endpoints as the API shows them."""

from collections.abc import Iterable

from cloudlb.plan.resource import CloudId, Found
from cloudlb_gcp.links import name_of, part_of, path_of
from cloudlb_gcp.reading.common import Json, path, resource_id
from cloudlb_gcp.resources.network_endpoint_group import NetworkEndpointGroup
from cloudlb_gcp.resources.network_endpoints import NetworkEndpoints


def read(resource: Json) -> Found[NetworkEndpointGroup]:
    """Read a group."""
    where = path(resource)
    value = NetworkEndpointGroup(
        id=resource_id(resource),
        name=str(resource["name"]),
        zone=part_of(where, "zones"),
        network=path_of(resource.get("network")),
        subnetwork=path_of(resource.get("subnetwork")),
        type=str(resource["networkEndpointType"]),
    )
    return found(value, where)


def found(value: NetworkEndpointGroup, where: str) -> Found[NetworkEndpointGroup]:
    """Return a group that exists at a path."""
    return Found(id=CloudId(where), value=value, attributes={"path": where})


def read_endpoints(listed: Iterable[Json], group: str, group_id: str) -> Found[NetworkEndpoints]:
    """Read the endpoints of a group."""
    names = frozenset(name_of(each["networkEndpoint"].get("instance")) for each in listed)
    return endpoints_found(NetworkEndpoints(id=group_id, group=group, members=names), group)


def endpoints_found(value: NetworkEndpoints, group: str) -> Found[NetworkEndpoints]:
    """Return the endpoints of a group that exists at a path."""
    return Found(id=CloudId(group), value=value, attributes={"group": group})
