"""Health checks as the API shows them."""

from cloudlb.plan.resource import CloudId, Found
from cloudlb_gcp.reading.common import Json, path, resource_id, whole
from cloudlb_gcp.resources.health_check import HealthCheck

_DETAILS = {"HTTP": "httpHealthCheck", "HTTPS": "httpsHealthCheck", "TCP": "tcpHealthCheck"}


def details_field(kind: str) -> str:
    """Return the field that holds the details of a type of checks."""
    return _DETAILS.get(kind, "httpHealthCheck")


def read(resource: Json) -> Found[HealthCheck]:
    """Read a health check."""
    kind = str(resource["type"])
    details = resource.get(details_field(kind), {})
    value = HealthCheck(
        id=resource_id(resource),
        name=str(resource["name"]),
        type=kind,
        port=whole(details.get("port")),
        request_path=str(details.get("requestPath", "")) if kind != "TCP" else "",
        interval=whole(resource.get("checkIntervalSec")),
        timeout=whole(resource.get("timeoutSec")),
        healthy_threshold=whole(resource.get("healthyThreshold")),
        unhealthy_threshold=whole(resource.get("unhealthyThreshold")),
    )
    return found(value, path(resource))


def found(value: HealthCheck, where: str) -> Found[HealthCheck]:
    """Return a health check that exists at a path."""
    return Found(id=CloudId(where), value=value, attributes={"path": where})
