"""The permissions that docs/gcp.md asks for are those that the calls need."""

import re
from pathlib import Path

from cloudlb.testing.laws.common import applied, must, process_of
from cloudlb.testing.manifests import LOCAL, port, service

PAGE = Path(__file__).parents[3] / "docs" / "gcp.md"

VERBS = {
    "insert": "create",
    "patch": "update",
    "aggregatedList": "list",
    "listNetworkEndpoints": "get",
    "getHealth": "get",
}
IMPLIED = {
    "compute.addresses.createInternal",
    "compute.addresses.deleteInternal",
    "compute.addresses.get",
    "compute.addresses.use",
    "compute.addresses.useInternal",
    "compute.firewalls.get",
    "compute.forwardingRules.setLabels",
    "compute.instances.use",
    "compute.networkEndpointGroups.use",
    "compute.networks.updatePolicy",
    "compute.networks.use",
    "compute.projects.get",
    "compute.regionBackendServices.use",
    "compute.regionHealthChecks.get",
    "compute.regionHealthChecks.use",
    "compute.regionHealthChecks.useReadOnly",
    "compute.subnetworks.use",
}
"""What a call needs for the resources that it refers to, and what only adopting needs."""

INTERNAL = {
    "networking.gke.io/load-balancer-type": "Internal",
    "networking.gke.io/internal-load-balancer-allow-global-access": "true",
}


def documented() -> set[str]:
    return set(re.findall(r"^- (compute\.\S+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


def test_the_page_asks_for_what_is_called_and_no_more(world):
    stages = (
        (service("kubia", port(80)), service("other", port(81))),
        (service("kubia", port(8080), sessionAffinity="ClientIP"), service("other", port(81))),
        (
            service("kubia", port(8080), loadBalancerSourceRanges=["192.0.2.0/24"], **LOCAL),
            service("other", port(81), annotations={"cloudlb.io/health-check-interval": "9"}),
        ),
        (
            service(
                "kubia",
                port(8080),
                annotations={"networking.gke.io/load-balancer-type": "Internal"},
            ),
            service("other", port(81), annotations={"cloudlb.io/health-check-interval": "10"}),
        ),
        (service("kubia", port(8080), annotations=INTERNAL), service("other", port(81))),
    )
    for manifests in stages:
        applied(world, manifests)
    process = process_of(world, stages[-1])
    for observed in process.observed():
        process.cloud.health(observed)
    nodes = list(world.nodes())
    world.nodes = lambda: nodes[1:]
    applied(world, stages[-1])
    must(process_of(world, stages[-1]).delete())

    used = set()
    for call in world.emulator.recorder.calls:
        collection, _, method = call.operation.partition(".")
        used.add(f"compute.{collection}.{VERBS.get(method, method).replace('insert', 'create')}")

    assert used - documented() == set()
    assert documented() - used == IMPLIED
