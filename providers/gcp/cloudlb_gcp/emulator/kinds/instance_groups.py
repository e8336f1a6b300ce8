"""Unmanaged instance groups of zones, with their members and named ports."""

from collections.abc import Mapping
from typing import Any, ClassVar

from cloudlb_gcp.emulator import errors, links
from cloudlb_gcp.emulator.check import one_of, within
from cloudlb_gcp.emulator.errors import GceError
from cloudlb_gcp.emulator.kind import NAME, Kind
from cloudlb_gcp.emulator.kinds.networks import nic
from cloudlb_gcp.emulator.links import url
from cloudlb_gcp.emulator.project import Project
from cloudlb_gcp.emulator.store import fingerprint, same_fingerprint

Json = dict[str, Any]

_MOST = 1000


class InstanceGroups(Kind):
    """`instanceGroups`. Network and subnetwork are those of the members."""

    collection, kind, word = "instanceGroups", "compute#instanceGroup", "instance_group"
    scopes = frozenset({"zone"})
    references: ClassVar[Mapping[str, tuple[str, ...]]] = {"network": ("networks",)}
    output = frozenset({"size", "subnetwork"})
    changes = frozenset()

    def check(self, project: Project, path: str, new: Json, old: Mapping[str, Any] | None) -> None:
        """Named ports that are ports."""
        del project, path, old
        _check_ports(new)
        new.setdefault("_members", ())

    def rendered(self, project: Project, path: str, resource: Mapping[str, Any]) -> Json:
        """Add size, network and the fingerprint of the named ports."""
        shown = super().rendered(project, path, resource)
        members = resource.get("_members", ())
        shown["size"] = len(members)
        shown["fingerprint"] = _ports_fingerprint(resource)
        if members:
            interface = nic(project.linked(members[0]))
            shown |= {"network": interface["network"], "subnetwork": interface["subnetwork"]}
        return shown


def _ports_fingerprint(group: Mapping[str, Any]) -> str:
    return fingerprint({"ports": group.get("namedPorts", [])}, "ports")


def add(project: Project, path: str, body: Json) -> Json:
    """Add instances. Raises GceError (memberAlreadyExists) for one that is a member."""
    group = project.there(path)
    members = list(group["_members"])
    for instance in _named(project, path, body):
        if url(instance) in members:
            message = f"Resource '{instance}' is already a member of '{path}'."
            raise GceError(400, "memberAlreadyExists", message)
        if (
            members
            and nic(project.linked(members[0]))["network"]
            != nic(project.there(instance))["network"]
        ):
            raise errors.invalid("instances", instance, "The instance is in another network.")
        members.append(url(instance))
    if len(members) > _MOST:
        raise errors.invalid("instances", len(members), f"A group has at most {_MOST} instances.")
    return _with(project, path, {**group, "_members": tuple(members)})


def remove(project: Project, path: str, body: Json) -> Json:
    """Remove instances. Raises GceError (invalid) for one that is no member."""
    group = project.there(path)
    members = list(group["_members"])
    for instance in _named(project, path, body):
        if url(instance) not in members:
            why = "The instance is not a member of the group."
            raise errors.invalid("instances", instance, why)
        members.remove(url(instance))
    return _with(project, path, {**group, "_members": tuple(members)})


def set_named_ports(project: Project, path: str, body: Json) -> Json:
    """Replace all named ports; a stale fingerprint is refused, without one the last writer wins."""
    group = project.there(path)
    project.operations.check_free(path)
    given = body.get("fingerprint")
    if given and not same_fingerprint(given, _ports_fingerprint(group)):
        raise errors.stale_fingerprint()
    new = {**group, "namedPorts": [dict(each) for each in body.get("namedPorts", ())]}
    _check_ports(new)
    return _with(project, path, new)


def instances(project: Project, path: str, body: Json) -> Json:
    """List the members."""
    one_of(body, "instanceState", ("ALL", "RUNNING"))
    group = project.there(path)
    found = []
    for member in group["_members"]:
        status = project.linked(member).get("status", "RUNNING")
        if body.get("instanceState") != "RUNNING" or status == "RUNNING":
            found.append(
                {"instance": member, "status": status, "namedPorts": group.get("namedPorts", [])}
            )
    answer: Json = {
        "kind": "compute#instanceGroupsListInstances",
        "id": path,
        "selfLink": url(path),
    }
    return {**answer, "items": found} if found else answer


def _check_ports(new: Mapping[str, Any]) -> None:
    for number, port in enumerate(new.get("namedPorts", ())):
        field = f"namedPorts[{number}]."
        if not NAME.fullmatch(str(port.get("name", ""))):
            raise errors.invalid(f"{field}name", port.get("name", ""), "Must be a name.")
        if port.get("port") is None:
            raise errors.required(f"{field}port")
        within(port, "port", 1, 65_535, field)


def _named(project: Project, path: str, body: Json) -> list[str]:
    project.operations.check_free(path)
    given = body.get("instances")
    if not given:
        raise errors.required("instances")
    zone = links.scope_of(path).name
    return [project.instance("instances[].instance", each.get("instance"), zone) for each in given]


def _with(project: Project, path: str, new: Json) -> Json:
    InstanceGroups().keep(project, path, new)
    return new
