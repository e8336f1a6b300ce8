"""Health checks."""

from typing import Any

from cloudlb.plan.change import Change
from cloudlb.plan.resource import Found
from cloudlb_gcp.collections import HEALTH_CHECKS
from cloudlb_gcp.drivers.context import Context, adopted, found_of
from cloudlb_gcp.reading import health_check as reading
from cloudlb_gcp.resources.health_check import HealthCheck


def create(context: Context, desired: HealthCheck) -> Found[HealthCheck]:
    """Make a check, or adopt it."""
    path = context.regional("healthChecks", desired.name)
    if context.insert(HEALTH_CHECKS, path, _body(context, desired, desired.name)):
        return reading.found(desired, path)
    present = context.taken(HEALTH_CHECKS, path, desired.key)
    return adopted(context, reading.read(present), desired, update)


def update(context: Context, change: Change, desired: HealthCheck) -> Found[HealthCheck]:
    """Replace a check whole: its type decides which fields it has."""
    found = found_of(change)
    context.update(HEALTH_CHECKS, found.id, _body(context, desired, found.value.name))
    return reading.found(desired, found.id)


def delete(context: Context, found: Found[HealthCheck]) -> None:
    """Delete a check. NotReady while a backend service uses it."""
    context.delete(HEALTH_CHECKS, found.id)


def _body(context: Context, desired: HealthCheck, name: str) -> dict[str, Any]:
    details: dict[str, Any] = {"port": desired.port}
    if desired.request_path:
        details["requestPath"] = desired.request_path
    return {
        "name": name,
        "description": context.description(desired.key),
        "type": desired.type,
        reading.details_field(desired.type): details,
        "checkIntervalSec": desired.interval,
        "timeoutSec": desired.timeout,
        "healthyThreshold": desired.healthy_threshold,
        "unhealthyThreshold": desired.unhealthy_threshold,
    }
