"""A cluster as it is at this moment: everything that is read is listed once, and nothing is written."""

from collections.abc import Iterable
from functools import cached_property

from cloudlb.kube.client import KubeApi
from cloudlb.kube.decode import decode
from cloudlb.kube.kinds import ENDPOINT_SLICES, INGRESSES, NODES, SERVICES, Kind, T
from cloudlb.kube.listing import Reader
from cloudlb.kube.objects import EndpointSlice, Ingress, Namespace, Node, Service

KUBE_SYSTEM = "/api/v1/namespaces/kube-system"


class Snapshot:
    """Lists of a cluster's objects, each made when it is asked for first. All members raise KubeErrors."""

    def __init__(
        self,
        api: KubeApi,
        *,
        namespaces: Iterable[str] = (),
        cluster_id: str = "",
        strict: bool = False,
    ) -> None:
        """Read nothing yet; only what is in these namespaces, if there are any.

        `strict` makes an object that can not be read an error, for who concludes something from what is not there.
        """
        self._strict = strict
        self._api = api
        self._namespaces = tuple(namespaces) or ("",)
        self._cluster_id = cluster_id

    @cached_property
    def cluster_id(self) -> str:
        """The UID of the namespace kube-system, unless another id was given."""
        return self._cluster_id or cluster_id_of(self._api)

    def services(self) -> tuple[Service, ...]:
        """Return all Services, sorted by (namespace, name)."""
        return self._services

    def nodes(self) -> tuple[Node, ...]:
        """Return all Nodes, sorted by name."""
        return self._nodes

    def endpoint_slices(self, namespace: str, name: str) -> tuple[EndpointSlice, ...]:
        """Return the EndpointSlices of a Service, sorted by name."""
        return tuple(self._slices.get((namespace, name), ()))

    def ingresses(self) -> tuple[Ingress, ...]:
        """Return all Ingresses."""
        return tuple(each for space in self._namespaces for each in self._listed(INGRESSES, space))

    @cached_property
    def _services(self) -> tuple[Service, ...]:
        found = (each for space in self._namespaces for each in self._listed(SERVICES, space))
        return tuple(sorted(found, key=lambda each: (each.metadata.namespace, each.metadata.name)))

    @cached_property
    def _nodes(self) -> tuple[Node, ...]:
        return tuple(sorted(self._listed(NODES), key=lambda each: each.metadata.name))

    @cached_property
    def _slices(self) -> dict[tuple[str, str], list[EndpointSlice]]:
        found = [
            each for space in self._namespaces for each in self._listed(ENDPOINT_SLICES, space)
        ]
        by_service: dict[tuple[str, str], list[EndpointSlice]] = {}
        for each in sorted(found, key=lambda each: each.metadata.name):
            by_service.setdefault((each.metadata.namespace, each.service), []).append(each)
        return by_service

    def _listed(self, kind: Kind[T], namespace: str = "") -> Iterable[T]:
        for _, page in Reader(kind, strict=self._strict).everything(self._api, namespace):
            yield from page


def cluster_id_of(api: KubeApi) -> str:
    """Read the UID of the namespace kube-system. Raises KubeErrors."""
    return decode(api.get(KUBE_SYSTEM), Namespace).metadata.uid
