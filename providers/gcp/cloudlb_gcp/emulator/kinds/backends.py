"""The backends of backend services: which groups, of which kind, and how they are balanced."""

from collections.abc import Iterator, Mapping
from typing import Any

from cloudlb_gcp.emulator import errors
from cloudlb_gcp.emulator.check import fraction
from cloudlb_gcp.emulator.project import Project

Json = dict[str, Any]

_INSTANCES = "instanceGroup"
_RATES = ("maxRate", "maxRatePerEndpoint", "maxRatePerInstance")
_CONNECTIONS = ("maxConnections", "maxConnectionsPerEndpoint", "maxConnectionsPerInstance")
_LIMITS = (*_RATES, *_CONNECTIONS, "maxUtilization")
_HTTP = frozenset({"HTTP", "HTTPS", "HTTP2", "H2C", "GRPC"})
_LEAST_CAPACITY = 0.1


def with_defaults(backend: Mapping[str, Any], *, passthrough: bool) -> Json:
    """Return a backend that is balanced as its kind allows."""
    new = dict(backend)
    if passthrough:
        new.setdefault("balancingMode", "CONNECTION")
    elif "/networkEndpointGroups/" in str(new.get("group")):
        new.setdefault("balancingMode", "RATE")
        new.setdefault("capacityScaler", 1.0)
    else:
        new.setdefault("balancingMode", "UTILIZATION")
        new.setdefault("maxUtilization", 0.8)
        new.setdefault("capacityScaler", 1.0)
    return new


def check_backends(project: Project, new: Mapping[str, Any], *, passthrough: bool) -> None:
    """Raise GceError for groups that are there twice, do not go together, or are balanced as they can not be."""
    groups = dict(_groups(project, new))
    kinds = {str(each.get("networkEndpointType", _INSTANCES)) for each in groups.values()}
    if len(kinds) > 1:
        why = "All backends must be of the same kind."
        raise errors.invalid("backends", ",".join(sorted(kinds)), why)
    if passthrough and kinds - {"GCE_VM_IP", _INSTANCES}:
        why = "Passthrough load balancers take instance groups and network endpoint groups of type GCE_VM_IP."
        raise errors.invalid("backends", ",".join(kinds), why)
    if not passthrough and "GCE_VM_IP" in kinds:
        why = "Network endpoint groups of type GCE_VM_IP are for passthrough load balancers."
        raise errors.invalid("backends", "GCE_VM_IP", why)
    for number, backend in enumerate(new.get("backends", ())):
        field = f"backends[{number}]"
        _check_network(new, groups[field], field)
        _check_capacity(backend, field)
        if passthrough:
            _check_passed(new, backend, field)
        else:
            _check_balanced(new, backend, field, instances=_INSTANCES in kinds)


def _groups(project: Project, new: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the group of each backend, by the backend's field."""
    seen: set[str] = set()
    for number, backend in enumerate(new.get("backends", ())):
        group, field = backend.get("group"), f"backends[{number}]"
        if not group:
            raise errors.required(f"{field}.group")
        if group in seen:
            raise errors.invalid(f"{field}.group", group, "The group is there twice.")
        seen.add(group)
        yield field, project.linked(group)


def _check_network(new: Mapping[str, Any], group: Mapping[str, Any], field: str) -> None:
    wanted, there = new.get("network"), group.get("network")
    if wanted and there and wanted != there:
        why = "The group is in another network."
        raise errors.invalid(f"{field}.group", group["selfLink"], why)


def _check_capacity(backend: Mapping[str, Any], field: str) -> None:
    fraction(backend, "capacityScaler", f"{field}.")
    fraction(backend, "maxUtilization", f"{field}.")
    if 0 < float(backend.get("capacityScaler", 1.0)) < _LEAST_CAPACITY:
        why = f"Must be 0, or between {_LEAST_CAPACITY} and 1."
        raise errors.invalid(f"{field}.capacityScaler", backend["capacityScaler"], why)


def _check_passed(new: Mapping[str, Any], backend: Mapping[str, Any], field: str) -> None:
    mode, scheme = backend["balancingMode"], new["loadBalancingScheme"]
    if mode != "CONNECTION":
        why = f"Balancing mode must be CONNECTION for an {scheme} backend service."
        raise errors.invalid(f"{field}.balancingMode", mode, why)
    for limit in _LIMITS:
        if backend.get(limit):
            why = f"Backends of an {scheme} backend service have no limits."
            raise errors.invalid(f"{field}.{limit}", backend[limit], why)


def _check_balanced(
    new: Mapping[str, Any], backend: Mapping[str, Any], field: str, *, instances: bool
) -> None:
    """Check one backend of a proxy: a mode that group and protocol can have, with its limit."""
    mode, http = backend["balancingMode"], new["protocol"] in _HTTP
    modes = {"RATE"} if http else {"CONNECTION"}
    if instances:
        modes.add("UTILIZATION")
    if mode not in modes:
        why = f"Must be one of {', '.join(sorted(modes))} for this group and protocol."
        raise errors.invalid(f"{field}.balancingMode", mode, why)
    member = "Instance" if instances else "Endpoint"
    for limits, of in ((_RATES, "RATE"), (_CONNECTIONS, "CONNECTION")):
        fitting = [each for each in limits if "Per" not in each or each.endswith(member)]
        if mode == of and not any(backend.get(each) for each in fitting):
            raise errors.required(f"{field}.{' or '.join(fitting)}")
