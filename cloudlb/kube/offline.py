"""A cluster from manifests: what an API server would hold if these documents were applied to it.

It fills in the API server's defaults, allocates what the API server allocates, and refuses what the API server
refuses, object by object. Everything is deterministic: the same documents, in any order, give the same cluster.
Pods are not modelled, so an EndpointSlice is there only if a manifest has it.
"""

import threading
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from msgspec.structs import replace

from cloudlb.errors import InvalidObject
from cloudlb.kube.allocate import Allocator
from cloudlb.kube.cluster import ObjectGone
from cloudlb.kube.decode import DecodeError, convert
from cloudlb.kube.defaults import default_service, default_slice, default_status
from cloudlb.kube.documents import Document
from cloudlb.kube.field_errors import FieldError, duplicate
from cloudlb.kube.objects import (
    EndpointSlice,
    Node,
    Object,
    ObjectMeta,
    Service,
    ServiceStatus,
)
from cloudlb.kube.pools import Exhausted
from cloudlb.kube.refusal import Refusal, refusals
from cloudlb.kube.update import carry_over, update_errors
from cloudlb.kube.validate import errors_of, status_errors
from cloudlb.kube.validate_cluster_ips import FAMILIES
from cloudlb.model import Problem

Stored = TypeVar("Stored", bound=Object)

Key = tuple[str, str, str]
"""(kind, namespace, name); the namespace is empty for what has none."""

CLUSTER_NAME = "offline"
_KUBE_SYSTEM = ("Namespace", "", "kube-system")
_UIDS = uuid.UUID("6f3c1b0e-5d0f-4d8e-9a51-0c7b6f0d3c11")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """An object that may go in unless something it needs is taken. `before` is what it replaces."""

    document: Document
    object: Object
    before: Object | None


class OfflineCluster:
    """A cluster in memory (implements `cluster.Cluster`). Safe to use from several threads."""

    def __init__(
        self, *, cluster_name: str = CLUSTER_NAME, families: Sequence[str] = FAMILIES
    ) -> None:
        """Make an empty cluster for these IP families, the primary one first.

        `cluster_name` decides the cluster id where no manifest has the namespace kube-system with a UID.
        """
        self._cluster_name = cluster_name
        self._allocator = Allocator(tuple(families))
        self._objects: dict[Key, Object] = {}
        self._refusals: dict[Key, tuple[Refusal, ...]] = {}
        self._deletions: Counter[Key] = Counter()
        self._version = 0
        self._slices: dict[tuple[str, str], tuple[EndpointSlice, ...]] | None = None
        self._lock = threading.RLock()

    @classmethod
    def load(
        cls,
        documents: Iterable[Document],
        *,
        cluster_name: str = CLUSTER_NAME,
        families: Sequence[str] = FAMILIES,
    ) -> "OfflineCluster":
        """Make a cluster of documents. What it refuses is in `refusals`, all the rest is in the cluster."""
        cluster = cls(cluster_name=cluster_name, families=families)
        cluster.apply(documents)
        return cluster

    @property
    def cluster_id(self) -> str:
        """The UID of the namespace kube-system."""
        found = self._objects.get(_KUBE_SYSTEM)
        return found.metadata.uid if found else self._uid(_KUBE_SYSTEM)

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """What was refused and has not been put right since, sorted by object."""
        with self._lock:
            return tuple(found for key in sorted(self._refusals) for found in self._refusals[key])

    def services(self) -> tuple[Service, ...]:
        """Return all Services, sorted by (namespace, name)."""
        return tuple(found for found in self._sorted() if isinstance(found, Service))

    def nodes(self) -> tuple[Node, ...]:
        """Return all Nodes, sorted by name."""
        return tuple(found for found in self._sorted() if isinstance(found, Node))

    def endpoint_slices(self, namespace: str, name: str) -> tuple[EndpointSlice, ...]:
        """Return the EndpointSlices of a Service, sorted by name."""
        with self._lock:
            if self._slices is None:
                self._slices = self._slices_by_service()
            return self._slices.get((namespace, name), ())

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """Find an object. `namespace` is empty for kinds that have none."""
        return self._objects.get((kind, namespace, name))

    def apply(self, documents: Iterable[Document]) -> tuple[Refusal, ...]:
        """Create or update objects, as `kubectl apply` does, and return what is refused.

        A refused update leaves the object as it was. Values that were allocated stay; finalizers that others added
        stay as well.
        """
        with self._lock:
            ordered = sorted(documents, key=lambda document: (document.key, str(document.source)))
            touched = {document.key for document in ordered}
            for key in touched:
                self._refusals.pop(key, None)
            # Everybody's explicit values first, then the gaps: see `allocate`.
            reserved = [found for found in self._candidates(ordered) if self._reserve(found)]
            for candidate in reserved:
                self._finish(candidate)
            return tuple(found for found in self.refusals if _key_of(found) in touched)

    def delete(self, kind: str, namespace: str, name: str) -> bool:
        """Remove an object at once (finalizers are not waited for) and say whether it was there.

        An object that is made again under its name is another one, with another UID.
        """
        key = (kind, namespace, name)
        with self._lock:
            found = self._objects.pop(key, None)
            self._refusals.pop(key, None)
            self._slices = None
            if isinstance(found, Service):
                self._allocator.release(found)
            if found is not None:
                self._deletions[key] += 1
            return found is not None

    def update_status(self, service: Service, status: ServiceStatus) -> Service:
        """Replace the status of a Service and return the Service as it is now.

        Raises ObjectGone if it was deleted or made anew since, InvalidObject if the API server would refuse the status.
        """
        metadata = service.metadata
        with self._lock:
            current = self._objects.get(("Service", metadata.namespace, metadata.name))
            if not isinstance(current, Service) or current.metadata.uid != metadata.uid:
                raise ObjectGone(f"Service {metadata.namespace}/{metadata.name} is gone")
            wanted = default_status(status)
            if faults := status_errors(current, wanted):
                raise InvalidObject(
                    Problem.error(fault.path, fault.message, fault.remedy) for fault in faults
                )
            updated = replace(current, status=wanted)
            return self._store(updated, current)

    def _candidates(self, ordered: Sequence[Document]) -> list[_Candidate]:
        found: dict[Key, _Candidate] = {}
        for document in ordered:
            if document.key in found:
                fault = duplicate("metadata.name", document.name)
                self._refuse(document, [fault])
                continue
            candidate, faults = self._judge(document)
            if candidate is None or faults:
                self._refuse(document, faults)
            else:
                found[document.key] = candidate
        return list(found.values())

    def _judge(self, document: Document) -> tuple[_Candidate | None, Sequence[FieldError]]:
        try:
            after = _decoded(document)
        except DecodeError as error:
            fault = FieldError(
                path=error.path or "metadata", message=error.message, remedy=error.remedy
            )
            return None, [fault]
        before = self._objects.get(document.key)
        faults: list[FieldError] = []
        if before is not None:
            if isinstance(after, Service) and isinstance(before, Service):
                after = carry_over(after, before)
            faults.extend(update_errors(after, before))
        faults.extend(errors_of(after))
        return _Candidate(document=document, object=after, before=before), faults

    def _reserve(self, candidate: _Candidate) -> bool:
        service, before = candidate.object, candidate.before
        if not isinstance(service, Service):
            return True
        old = before if isinstance(before, Service) else None
        if old is not None:
            self._allocator.release(old)
        faults = self._allocator.reserve(service, old.spec if old else None)
        if faults:
            self._refuse(candidate.document, faults)
            self._restore(old)
        return not faults

    def _restore(self, old: Service | None) -> None:
        if old is not None:
            self._allocator.reserve(old, old.spec)

    def _finish(self, candidate: _Candidate) -> None:
        found, before = candidate.object, candidate.before
        if isinstance(found, Service):
            try:
                found = self._allocator.fill(found)
            except Exhausted as error:
                fault = FieldError(path="spec.ports", message=f"Internal error occurred: {error}")
                self._refuse(candidate.document, [fault])
                self._restore(before if isinstance(before, Service) else None)
                return
        metadata = self._identified(candidate.document.key, found.metadata, before)
        self._store(replace(found, metadata=metadata), before)

    def _identified(self, key: Key, metadata: ObjectMeta, before: Object | None) -> ObjectMeta:
        if before is None:
            # The API server gives UIDs itself; one in a manifest tells who an exported object is, but only once.
            given = "" if self._deletions[key] else metadata.uid
            return replace(metadata, uid=given or self._uid(key), resource_version="")
        old = before.metadata
        added = tuple(name for name in metadata.finalizers if name not in old.finalizers)
        return replace(
            metadata,
            uid=old.uid,
            resource_version=old.resource_version,
            finalizers=old.finalizers + added,
            creation_timestamp=old.creation_timestamp,
            deletion_timestamp=old.deletion_timestamp,
        )

    def _store(self, found: Stored, before: Object | None) -> Stored:
        if found == before:
            return found
        self._version += 1
        metadata = replace(found.metadata, resource_version=str(self._version))
        stored = replace(found, metadata=metadata)
        self._objects[(found.KIND, metadata.namespace, metadata.name)] = stored
        self._slices = None
        return stored

    def _uid(self, key: Key) -> str:
        path = "/".join(key)
        if key == _KUBE_SYSTEM:
            path = f"{path}@{self._cluster_name}"
        times = self._deletions[key]
        return str(uuid.uuid5(_UIDS, f"{path}#{times}" if times else path))

    def _refuse(self, document: Document, faults: Iterable[FieldError]) -> None:
        known = self._refusals.get(document.key, ())
        self._refusals[document.key] = (*known, *refusals(document, faults))

    def _sorted(self) -> list[Object]:
        with self._lock:
            return [self._objects[key] for key in sorted(self._objects)]

    def _slices_by_service(self) -> dict[tuple[str, str], tuple[EndpointSlice, ...]]:
        grouped: dict[tuple[str, str], list[EndpointSlice]] = {}
        for found in self._sorted():
            if isinstance(found, EndpointSlice):
                grouped.setdefault((found.metadata.namespace, found.service), []).append(found)
        return {key: tuple(slices) for key, slices in grouped.items()}


def _decoded(document: Document) -> Object:
    found = convert(document.value, document.kind.type)
    if document.kind.namespaced:
        metadata = replace(found.metadata, namespace=document.namespace)
        found = replace(found, metadata=metadata)
    if isinstance(found, Service):
        # Creating or editing an object never writes its status.
        return default_service(replace(found, status=ServiceStatus()))
    return default_slice(found) if isinstance(found, EndpointSlice) else found


def _key_of(refusal: Refusal) -> Key:
    return (refusal.kind, refusal.namespace, refusal.name)
