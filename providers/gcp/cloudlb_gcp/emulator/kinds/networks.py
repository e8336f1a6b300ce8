"""What is there before any load balancer: regions, zones, networks, subnetworks, instances. Seeded, and read."""

from collections.abc import Mapping
from typing import Any, ClassVar

from cloudlb_gcp.emulator.kind import Kind


class Seeded(Kind):
    """A kind that the emulator's seed makes, and that its API only shows."""

    changes = frozenset()
    seeded = True


class Regions(Seeded):
    """Regions of the project."""

    collection, kind, word = "regions", "compute#region", "region"
    scopes = frozenset({"project"})


class Zones(Seeded):
    """Zones of all regions."""

    collection, kind, word = "zones", "compute#zone", "zone"
    scopes = frozenset({"project"})


class Networks(Seeded):
    """VPC networks."""

    collection, kind, word = "networks", "compute#network", "network"
    scopes = frozenset({"global"})


class Subnetworks(Seeded):
    """Subnetworks, one region each."""

    collection, kind, word = "subnetworks", "compute#subnetwork", "subnetwork"
    scopes = frozenset({"region"})
    references: ClassVar[Mapping[str, tuple[str, ...]]] = {"network": ("networks",)}


class Instances(Seeded):
    """Virtual machines."""

    collection, kind, word = "instances", "compute#instance", "instance"
    scopes = frozenset({"zone"})


def nic(instance: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the first network interface of an instance, which load balancers send to."""
    first: Mapping[str, Any] = instance["networkInterfaces"][0]
    return first
