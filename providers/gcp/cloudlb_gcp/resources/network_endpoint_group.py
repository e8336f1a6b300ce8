"""Zonal network endpoint groups of nodes (GCE_VM_IP), without their endpoints."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from cloudlb.plan.resource import Resource, attribute, only


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkEndpointGroup(Resource):
    """A group of nodes of one zone and one subnetwork. Attributes for refs: `path`."""

    KIND: ClassVar[str] = "network-endpoint-group"

    name: str = attribute(create_only=True, exclusive=only)
    zone: str = attribute(immutable=True)
    network: str = attribute(immutable=True)
    subnetwork: str = attribute(immutable=True)
    type: str = attribute(immutable=True, default="GCE_VM_IP")

    def ordinary(self) -> Mapping[str, object]:
        """Return what goes without saying: where it is, its id says."""
        return {
            "type": "GCE_VM_IP",
            "zone": self.zone,
            "network": self.network,
            "subnetwork": self.subnetwork,
        }
