"""The kinds of objects that are watched: where they are listed, and what their bytes are decoded into."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from cloudlb.kube.objects import EndpointSlice, Ingress, Node, ObjectMeta, Service, Wire

T = TypeVar("T", bound=Service | Node | EndpointSlice | Ingress)


class ListMeta(Wire, frozen=True):
    """What a list says of itself: the version of the whole, and where the next page begins."""

    resource_version: str = ""
    next_page: str = msgspec.field(default="", name="continue")


class Page(Wire, frozen=True):
    """One page of a list, its objects not decoded yet: one that can not be read must not take the others with it."""

    metadata: ListMeta = ListMeta()
    items: tuple[msgspec.Raw, ...] | None = None


class WatchEvent(msgspec.Struct, frozen=True):
    """One line of a watch, its object not decoded yet."""

    type: str
    object: msgspec.Raw = msgspec.Raw(b"{}")


class Bookmark(Wire, frozen=True):
    """What is read of an object where only its version counts."""

    metadata: ObjectMeta = ObjectMeta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[T]):
    """A kind: its collection's path below the API root, with or without a namespace, and its struct."""

    prefix: str
    plural: str
    item: type[T]

    def path(self, namespace: str = "") -> str:
        """Return the path of the collection, of one namespace or of all."""
        inside = f"/namespaces/{namespace}" if namespace else ""
        return f"{self.prefix}{inside}/{self.plural}"


SERVICES = Kind(prefix="/api/v1", plural="services", item=Service)
NODES = Kind(prefix="/api/v1", plural="nodes", item=Node)
ENDPOINT_SLICES = Kind(
    prefix="/apis/discovery.k8s.io/v1",
    plural="endpointslices",
    item=EndpointSlice,
)
INGRESSES = Kind(prefix="/apis/networking.k8s.io/v1", plural="ingresses", item=Ingress)
