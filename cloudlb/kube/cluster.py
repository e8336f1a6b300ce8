"""A cluster as the pipeline sees it: what can be read from it, and the one thing that is written back.

Implemented by `offline.OfflineCluster`, and for real API servers by `live.LiveCluster` and `snapshot.Snapshot`.
"""

from collections.abc import Sequence
from typing import Protocol

from cloudlb.errors import CloudlbError
from cloudlb.kube.objects import EndpointSlice, Node, Service, ServiceStatus


class ObjectGone(CloudlbError):
    """The object is not there any more, or another one (with another UID) has its name."""


class Cluster(Protocol):
    """The read side of a cluster."""

    @property
    def cluster_id(self) -> str:
        """The UID of the namespace kube-system."""

    def services(self) -> Sequence[Service]:
        """Return all Services, sorted by (namespace, name)."""

    def nodes(self) -> Sequence[Node]:
        """Return all Nodes, sorted by name."""

    def endpoint_slices(self, namespace: str, name: str) -> Sequence[EndpointSlice]:
        """Return the EndpointSlices of a Service, sorted by name."""


class WritableCluster(Cluster, Protocol):
    """A cluster that takes the status of a Service back."""

    def update_status(self, service: Service, status: ServiceStatus) -> Service:
        """Replace the status of a Service and return the object as it is now.

        Raises ObjectGone, and InvalidObject for a status that the API server refuses.
        """
