"""What the laws are tried on: Services, edits of Services, and changes of kind."""

from typing import Any

import pytest

from cloudlb.testing.manifests import LOCAL, Manifest, endpoint_slice, port, service

PODS = ("10.0.9.1", "10.0.9.2")
INTERNAL = {"cloudlb.io/scheme": "internal"}
TO_PODS = {"cloudlb.io/target-type": "pod"}

SCENARIOS: dict[str, tuple[Manifest, ...]] = {
    "one port": (service(),),
    "local policy": (service(**LOCAL),),
    "three ports": (service("web", port(80), port(443), port(8443)),),
    "udp": (service("dns", port(53, "UDP")),),
    "affinity": (service(sessionAffinity="ClientIP"),),
    "internal": (service(annotations=INTERNAL),),
    "source ranges": (service(loadBalancerSourceRanges=["192.0.2.0/24", "198.51.100.7/32"]),),
    "pods": (service(annotations=TO_PODS), endpoint_slice("kubia", PODS)),
    "two services": (service("one"), service("two", port(81))),
}

MIGRATIONS: dict[str, tuple[Manifest, Manifest]] = {
    "internet to internal": (service(), service(annotations=INTERNAL)),
    "internal to internet": (service(annotations=INTERNAL), service()),
    "nodes to pods": (service(), service(annotations=TO_PODS)),
    "tcp to udp": (service("kubia", port(53)), service("kubia", port(53, "UDP"))),
    "to a cluster-internal service": (service(), service(type="ClusterIP")),
}

EDITS: dict[str, tuple[Manifest, Manifest]] = {
    "one port more": (service("kubia", port(80)), service("kubia", port(80), port(81))),
    "one port less": (service("kubia", port(80), port(81)), service("kubia", port(80))),
    "another node port": (
        service("kubia", port(80, nodePort=30080)),
        service("kubia", port(80, nodePort=30081)),
    ),
    "another source range": (
        service(loadBalancerSourceRanges=["192.0.2.0/24"]),
        service(loadBalancerSourceRanges=["198.51.100.0/24"]),
    ),
    "affinity": (service(), service(sessionAffinity="ClientIP")),
    "policy to Local": (service(), service(**LOCAL)),
    "policy to Cluster": (service(**LOCAL), service()),
}


def named(cases: dict[str, Any]) -> list[Any]:
    """Make parameters with worded ids."""
    return [pytest.param(case, id=name.replace(" ", "-")) for name, case in cases.items()]


def with_pods(manifest: Manifest) -> tuple[Manifest, ...]:
    """Put endpoints beside a Service."""
    return (manifest, endpoint_slice(manifest["metadata"]["name"], PODS))
