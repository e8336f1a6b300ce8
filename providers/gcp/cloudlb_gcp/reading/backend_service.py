"""Backend services as the API shows them."""

from cloudlb.plan.resource import CloudId, Found
from cloudlb_gcp.links import path_of
from cloudlb_gcp.reading.common import Json, path, resource_id, whole
from cloudlb_gcp.resources.backend_service import BackendService

_EVERYWHERE = "ZONAL_AFFINITY_DISABLED"


def read(resource: Json) -> Found[BackendService]:
    """Read a backend service."""
    tracking = resource.get("connectionTrackingPolicy", {})
    strong = bool(tracking.get("enableStrongAffinity"))
    value = BackendService(
        id=resource_id(resource),
        name=str(resource["name"]),
        scheme=str(resource["loadBalancingScheme"]),
        protocol=str(resource.get("protocol", "")),
        network=path_of(resource.get("network")),
        health_check=path_of(next(iter(resource.get("healthChecks", ())), "")),
        groups=frozenset(path_of(each["group"]) for each in resource.get("backends", ())),
        session_affinity=str(resource.get("sessionAffinity", "NONE")),
        strong_affinity=strong,
        idle_timeout=whole(tracking.get("idleTimeoutSec")) if strong else 0,
        spillover=_spillover(resource),
        locality_policy=str(resource.get("localityLbPolicy", "")),
        draining=whole(resource.get("connectionDraining", {}).get("drainingTimeoutSec")),
    )
    return found(value, path(resource))


def _spillover(resource: Json) -> str:
    policy = resource.get("networkPassThroughLbTrafficPolicy", {})
    said = str(policy.get("zonalAffinity", {}).get("spillover", ""))
    return "" if said == _EVERYWHERE else said


def found(value: BackendService, where: str) -> Found[BackendService]:
    """Return a backend service that exists at a path."""
    return Found(id=CloudId(where), value=value, attributes={"path": where})
