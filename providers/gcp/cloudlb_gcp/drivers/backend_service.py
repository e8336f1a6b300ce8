"""Backend services.

A change is a PATCH of what differs. Only what a PATCH can not empty (all groups gone, a policy taken back) takes a PUT:
of a fresh look, fingerprint included, in which nothing changes but what is ours. Logging, for one, is not.
"""

from collections.abc import Mapping
from typing import Any

from cloudlb.plan.change import Change
from cloudlb.plan.resource import Found
from cloudlb_gcp.collections import BACKEND_SERVICES
from cloudlb_gcp.drivers.context import Context, adopted, found_of
from cloudlb_gcp.reading import backend_service as reading
from cloudlb_gcp.resources.backend_service import BackendService

_BODY_FIELDS: Mapping[str, str] = {
    "health_check": "healthChecks",
    "groups": "backends",
    "session_affinity": "sessionAffinity",
    "strong_affinity": "connectionTrackingPolicy",
    "idle_timeout": "connectionTrackingPolicy",
    "locality_policy": "localityLbPolicy",
    "spillover": "networkPassThroughLbTrafficPolicy",
    "draining": "connectionDraining",
}


def create(context: Context, desired: BackendService) -> Found[BackendService]:
    """Make a backend service, or adopt it."""
    path = context.regional("backendServices", desired.name)
    if context.insert(BACKEND_SERVICES, path, _body(context, desired, desired.name)):
        return reading.found(desired, path)
    present = context.taken(BACKEND_SERVICES, path, desired.key)
    return adopted(context, reading.read(present), desired, update)


def update(context: Context, change: Change, desired: BackendService) -> Found[BackendService]:
    """Change what differs."""
    found = found_of(change)
    body = _body(context, desired, found.value.name)
    wanted = {_BODY_FIELDS[name] for name in change.changed}
    if wanted <= body.keys():
        if "connectionTrackingPolicy" in wanted:
            # The API wants affinity and tracking to go together.
            wanted.add("sessionAffinity")
        context.patch(BACKEND_SERVICES, found.id, {name: body[name] for name in sorted(wanted)})
    else:
        now = context.session.get(BACKEND_SERVICES, found.id)
        emptied = wanted - body.keys()
        kept = {field: value for field, value in now.items() if field not in emptied}
        context.update(BACKEND_SERVICES, found.id, {**kept, **body})
    return reading.found(desired, found.id)


def delete(context: Context, found: Found[BackendService]) -> None:
    """Delete a backend service. NotReady while a forwarding rule uses it."""
    context.delete(BACKEND_SERVICES, found.id)


def _body(context: Context, desired: BackendService, name: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": name,
        "description": context.description(desired.key),
        "loadBalancingScheme": desired.scheme,
        "protocol": desired.protocol,
        "healthChecks": [desired.health_check],
        "sessionAffinity": desired.session_affinity,
        "connectionDraining": {"drainingTimeoutSec": desired.draining},
    }
    if desired.strong_affinity:
        body["connectionTrackingPolicy"] = {
            "trackingMode": "PER_SESSION",
            "enableStrongAffinity": True,
            "idleTimeoutSec": desired.idle_timeout,
        }
    if desired.network:
        body["network"] = desired.network
    if desired.groups:
        body["backends"] = [
            {"group": group, "balancingMode": "CONNECTION"}
            for group in sorted(map(str, desired.groups))
        ]
    if desired.spillover:
        zonal = {"spillover": desired.spillover}
        body["networkPassThroughLbTrafficPolicy"] = {"zonalAffinity": zonal}
    if desired.locality_policy:
        body["localityLbPolicy"] = desired.locality_policy
    return body
