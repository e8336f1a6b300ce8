"""Zonal network endpoint groups and their endpoints."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from cloudlb_gcp.emulator import addressing, errors, links
from cloudlb_gcp.emulator.check import one_of, within
from cloudlb_gcp.emulator.kind import Kind
from cloudlb_gcp.emulator.kinds.networks import nic
from cloudlb_gcp.emulator.links import Scope, url
from cloudlb_gcp.emulator.project import Project

Json = dict[str, Any]

PER_CALL = 500
_TYPES = ("GCE_VM_IP", "GCE_VM_IP_PORT", "NON_GCP_PRIVATE_IP_PORT")


class NetworkEndpointGroups(Kind):
    """`networkEndpointGroups` of zones."""

    collection, kind, word = (
        "networkEndpointGroups",
        "compute#networkEndpointGroup",
        "network_endpoint_group",
    )
    scopes = frozenset({"zone"})
    references: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "network": ("networks",),
        "subnetwork": ("subnetworks",),
    }
    quota = "NETWORK_ENDPOINT_GROUPS"
    output = frozenset({"size"})
    changes = frozenset()

    def defaults(self, project: Project, scope: Scope, body: Json) -> None:
        """Pods of the default network; a subnetwork brings its network along."""
        body.setdefault("networkEndpointType", "GCE_VM_IP_PORT")
        if body.get("subnetwork") and not body.get("network"):
            path = project.referred("subnetwork", body["subnetwork"], ("subnetworks",))
            body["network"] = project.there(path)["network"]
        body.setdefault("network", url(f"projects/{project.id}/global/networks/default"))
        if not body.get("subnetwork") and body["networkEndpointType"] != "NON_GCP_PRIVATE_IP_PORT":
            region = links.region_of(scope)
            default = project.path(Scope("region", region), "subnetworks", "default")
            if default in project.store:
                body["subnetwork"] = url(default)

    def check(self, project: Project, path: str, new: Json, old: Mapping[str, Any] | None) -> None:
        """A type that there is, a subnetwork of the network and of the zone's region."""
        del path, old
        one_of(new, "networkEndpointType", _TYPES)
        if new["networkEndpointType"] == "GCE_VM_IP":
            if not new.get("subnetwork"):
                raise errors.required("subnetwork")
            if new.get("defaultPort"):
                why = "A default port can not be specified for GCE_VM_IP."
                raise errors.invalid("defaultPort", new["defaultPort"], why)
        within(new, "defaultPort", 1, 65_535)
        if new.get("subnetwork") and project.linked(new["subnetwork"])["network"] != new["network"]:
            why = "The subnetwork is not in the network."
            raise errors.invalid("subnetwork", new["subnetwork"], why)
        new.setdefault("_members", ())

    def rendered(self, project: Project, path: str, resource: Mapping[str, Any]) -> Json:
        """Add the number of endpoints."""
        shown = super().rendered(project, path, resource)
        return {**shown, "size": len(resource.get("_members", ()))}


def attach(project: Project, path: str, body: Json) -> Json:
    """Add endpoints; those that are there already stay. Raises GceError."""
    group = _changeable(project, path, body)
    present = {_identity(each): each for each in group["_members"]}
    wanted = [_endpoint(project, path, group, each) for each in body["networkEndpoints"]]
    for each in wanted:
        present.setdefault(_identity(each), each)
    return _with(project, path, group, present.values())


def detach(project: Project, path: str, body: Json) -> Json:
    """Remove endpoints. Raises GceError (invalid) for one that is not there."""
    group = _changeable(project, path, body)
    present = {_identity(each): each for each in group["_members"]}
    for each in body["networkEndpoints"]:
        known = [key for key in present if _fits(key, each)]
        if not known:
            why = "The network endpoint is not in the group."
            raise errors.invalid("networkEndpoints", _told(each), why)
        for key in known:
            del present[key]
    return _with(project, path, group, present.values())


def endpoints(project: Project, path: str, body: Json) -> Json:
    """List the endpoints, with their health where that is asked for and a backend service uses the group."""
    group = project.there(path)
    users = [each for each in project.store.users(path) if "/backendServices/" in each]
    items = []
    for each in group.get("_members", ()):
        item: Json = {"networkEndpoint": dict(each)}
        if body.get("healthStatus") == "SHOW":
            item["healths"] = [_health(project, user, each) for user in users]
        items.append(item)
    answer: Json = {"kind": "compute#networkEndpointGroupsListNetworkEndpoints", "id": path}
    return {**answer, "items": items} if items else answer


def _health(project: Project, user: str, endpoint: Mapping[str, Any]) -> Json:
    bad = links.name_of(str(endpoint.get("instance", ""))) in project.unhealthy
    return {
        "backendService": {"backendService": url(user)},
        "healthState": "UNHEALTHY" if bad else "HEALTHY",
    }


def _changeable(project: Project, path: str, body: Json) -> Mapping[str, Any]:
    group = project.there(path)
    project.operations.check_free(path)
    given = body.get("networkEndpoints")
    if not given:
        raise errors.required("networkEndpoints")
    if len(given) > PER_CALL:
        why = f"At most {PER_CALL} endpoints may be given at once."
        raise errors.invalid("networkEndpoints", len(given), why)
    return group


def _endpoint(
    project: Project, path: str, group: Mapping[str, Any], given: Mapping[str, Any]
) -> Json:
    kind = group["networkEndpointType"]
    if given.get("fqdn"):
        why = f"A name can not be specified for endpoints of type {kind}."
        raise errors.invalid("networkEndpoints[].fqdn", given["fqdn"], why)
    if kind == "NON_GCP_PRIVATE_IP_PORT":
        return _outer_endpoint(group, given)
    if not given.get("instance"):
        raise errors.required("networkEndpoints[].instance")
    instance_path = project.instance(
        "networkEndpoints[].instance", given["instance"], links.scope_of(path).name
    )
    interface = nic(project.there(instance_path))
    if interface["subnetwork"] != group.get("subnetwork"):
        why = "The instance has no network interface in the subnetwork of the group."
        raise errors.invalid("networkEndpoints[].instance", given["instance"], why)
    address = str(given.get("ipAddress") or interface["networkIP"])
    _check_address(interface, address, whole=kind == "GCE_VM_IP")
    endpoint: Json = {"instance": links.name_of(instance_path), "ipAddress": address}
    if kind == "GCE_VM_IP":
        if given.get("port"):
            why = "A port can not be specified for endpoints of type GCE_VM_IP."
            raise errors.invalid("networkEndpoints[].port", given["port"], why)
        return endpoint
    return {**endpoint, "port": _port(group, given)}


def _outer_endpoint(group: Mapping[str, Any], given: Mapping[str, Any]) -> Json:
    """Read an endpoint outside of Google's cloud."""
    if given.get("instance"):
        why = "An instance can not be specified for endpoints outside of Google Cloud."
        raise errors.invalid("networkEndpoints[].instance", given["instance"], why)
    if not given.get("ipAddress"):
        raise errors.required("networkEndpoints[].ipAddress")
    address = addressing.plain(str(given["ipAddress"]))
    if address is None:
        why = "Invalid IP address specified."
        raise errors.invalid("networkEndpoints[].ipAddress", given["ipAddress"], why)
    return {"ipAddress": address, "port": _port(group, given)}


def _port(group: Mapping[str, Any], given: Mapping[str, Any]) -> int:
    port = given.get("port") or group.get("defaultPort")
    if not port:
        raise errors.required("networkEndpoints[].port")
    within(given, "port", 1, 65_535, "networkEndpoints[].")
    return int(port)


def _check_address(interface: Mapping[str, Any], address: str, *, whole: bool) -> None:
    """Raise GceError (invalid) for an address that is not the instance's, or for `whole` instances not its first."""
    ranges = () if whole else interface.get("aliasIpRanges", ())
    aliases = (str(each.get("ipCidrRange", "")) for each in ranges)
    if address == interface["networkIP"] or any(addressing.inside(address, a) for a in aliases):
        return
    why = "The address is not the primary address of the instance."
    if not whole:
        why = "The address is not the instance's own, nor in one of its alias ranges."
    raise errors.invalid("networkEndpoints[].ipAddress", address, why)


def _with(
    project: Project, path: str, group: Mapping[str, Any], members: Iterable[Mapping[str, Any]]
) -> Json:
    new = {**group, "_members": tuple(members)}
    NetworkEndpointGroups().keep(project, path, new)
    return new


def _identity(endpoint: Mapping[str, Any]) -> tuple[str, str, int]:
    return (
        str(endpoint.get("instance", "")),
        str(endpoint.get("ipAddress", "")),
        int(endpoint.get("port", 0)),
    )


def _fits(key: tuple[str, str, int], given: Mapping[str, Any]) -> bool:
    """Tell whether an endpoint is the one that a call names, by as much as it says."""
    instance, address, port = key
    return (
        links.name_of(str(given.get("instance", instance))) == instance
        and given.get("ipAddress", address) == address
        and int(given.get("port", port)) == port
    )


def _told(endpoint: Mapping[str, Any]) -> str:
    return str(endpoint.get("instance") or endpoint.get("ipAddress") or "")
