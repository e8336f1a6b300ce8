"""The collections of the API that we use: which client of the SDK serves them, and what its parameters are called."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One collection. `service` is the API's word for it, `word` the SDK's for one of its resources, `scope` where they live."""

    service: str
    client: str
    word: str
    message: str
    scope: str


FORWARDING_RULES: Final = Collection(
    service="forwardingRules",
    client="ForwardingRulesClient",
    word="forwarding_rule",
    message="ForwardingRule",
    scope="region",
)
ADDRESSES: Final = Collection(
    service="addresses",
    client="AddressesClient",
    word="address",
    message="Address",
    scope="region",
)
BACKEND_SERVICES: Final = Collection(
    service="regionBackendServices",
    client="RegionBackendServicesClient",
    word="backend_service",
    message="BackendService",
    scope="region",
)
HEALTH_CHECKS: Final = Collection(
    service="regionHealthChecks",
    client="RegionHealthChecksClient",
    word="health_check",
    message="HealthCheck",
    scope="region",
)
ALL_BACKEND_SERVICES: Final = Collection(
    service="backendServices",
    client="BackendServicesClient",
    word="backend_service",
    message="BackendService",
    scope="global",
)
ALL_HEALTH_CHECKS: Final = Collection(
    service="healthChecks",
    client="HealthChecksClient",
    word="health_check",
    message="HealthCheck",
    scope="global",
)
"""The global ones; their aggregated lists have the regional ones, too."""
NETWORK_ENDPOINT_GROUPS: Final = Collection(
    service="networkEndpointGroups",
    client="NetworkEndpointGroupsClient",
    word="network_endpoint_group",
    message="NetworkEndpointGroup",
    scope="zone",
)
FIREWALLS: Final = Collection(
    service="firewalls",
    client="FirewallsClient",
    word="firewall",
    message="Firewall",
    scope="global",
)
INSTANCES: Final = Collection(
    service="instances",
    client="InstancesClient",
    word="instance",
    message="Instance",
    scope="zone",
)
INSTANCE_GROUPS: Final = Collection(
    service="instanceGroups",
    client="InstanceGroupsClient",
    word="instance_group",
    message="InstanceGroup",
    scope="zone",
)
SUBNETWORKS: Final = Collection(
    service="subnetworks",
    client="SubnetworksClient",
    word="subnetwork",
    message="Subnetwork",
    scope="region",
)
PROJECTS: Final = Collection(
    service="projects",
    client="ProjectsClient",
    word="project",
    message="Project",
    scope="global",
)
OPERATIONS: Final = {
    "region": Collection(
        service="regionOperations",
        client="RegionOperationsClient",
        word="operation",
        message="Operation",
        scope="region",
    ),
    "zone": Collection(
        service="zoneOperations",
        client="ZoneOperationsClient",
        word="operation",
        message="Operation",
        scope="zone",
    ),
    "global": Collection(
        service="globalOperations",
        client="GlobalOperationsClient",
        word="operation",
        message="Operation",
        scope="global",
    ),
}
