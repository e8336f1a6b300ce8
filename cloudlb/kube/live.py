"""A cluster as its API server tells it: informers to read from, and the few writes that cloudlb makes on Services."""

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from cloudlb.kube.api_errors import KubeConflict, KubeError, KubeInvalid, KubeNotFound
from cloudlb.kube.client import KubeApi
from cloudlb.kube.cluster import ObjectGone
from cloudlb.kube.decode import decode
from cloudlb.kube.informer import RHYTHM, Delta, Informer, Key, Rhythm, key_of
from cloudlb.kube.kinds import ENDPOINT_SLICES, NODES, SERVICES
from cloudlb.kube.objects import (
    SERVICE_NAME_LABEL,
    EndpointSlice,
    Node,
    Service,
    ServiceStatus,
)
from cloudlb.kube.snapshot import cluster_id_of

FINALIZER = "cloudlb.io/cleanup"
"""Holds a Service back from vanishing until what was made for it in the cloud has gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """Who is told of what, from the informers' threads: none of these may block."""

    service: Callable[[Delta[Service]], None] = lambda _delta: None
    node: Callable[[Delta[Node]], None] = lambda _delta: None
    endpoints: Callable[[Key], None] = lambda _service: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is watched: `namespaces`, all if empty.

    `cluster_id` stands for the UID of the namespace kube-system where something else shall mark what is ours.
    """

    namespaces: tuple[str, ...] = ()
    cluster_id: str = ""
    rhythm: Rhythm = RHYTHM


class LiveCluster:
    """A cluster behind an API server (implements `cluster.Cluster`). Safe to use from several threads."""

    def __init__(
        self,
        api: KubeApi,
        listeners: Listeners,
        *,
        owned: Callable[[Service], bool],
        scope: Scope | None = None,
    ) -> None:
        """`owned` says whose endpoints are wanted."""
        scope = scope or Scope()
        self._api = api
        self._listeners = listeners
        self._owned = owned
        self._cluster_id = scope.cluster_id
        self._lock = threading.Lock()
        self._slices_of: dict[Key, dict[str, EndpointSlice]] = defaultdict(dict)
        self._followed: set[Key] = set()
        spaces, rhythm = scope.namespaces or ("",), scope.rhythm
        self._services = [
            Informer(api, SERVICES, listeners.service, namespace=each, rhythm=rhythm)
            for each in spaces
        ]
        self._nodes = Informer(api, NODES, listeners.node, rhythm=rhythm)
        self._slices = [
            Informer(
                api,
                ENDPOINT_SLICES,
                self._slice_changed,
                namespace=each,
                keep=self._is_followed,
                rhythm=rhythm,
            )
            for each in spaces
        ]

    @property
    def cluster_id(self) -> str:
        """The UID of the namespace kube-system, read once. Raises KubeErrors."""
        if not self._cluster_id:
            self._cluster_id = cluster_id_of(self._api)
        return self._cluster_id

    @property
    def informers(self) -> tuple[Informer[Any], ...]:
        """All informers, each to be run in a thread of its own: see `first` and `then`."""
        return (*self.first, *self.then)

    @property
    def first(self) -> tuple[Informer[Any], ...]:
        """The informers that run from the start."""
        return (*self._services, self._nodes)

    @property
    def then(self) -> tuple[Informer[Any], ...]:
        """The informers that run once `follow_all` was called: what they keep depends on the first ones."""
        return tuple(self._slices)

    @property
    def synced(self) -> bool:
        """Whether everything is here: before that nothing may be concluded from what is not."""
        return all(each.synced for each in self.informers)

    def services(self) -> tuple[Service, ...]:
        """Return all Services, sorted by (namespace, name)."""
        found: dict[Key, Service] = {}
        for each in self._services:
            found.update(each.objects())
        return tuple(found[key] for key in sorted(found))

    def service(self, key: Key) -> Service | None:
        """Find a Service."""
        return next(filter(None, (each.get(key) for each in self._services)), None)

    def nodes(self) -> tuple[Node, ...]:
        """Return all Nodes, sorted by name."""
        found = self._nodes.objects()
        return tuple(found[key] for key in sorted(found))

    def endpoint_slices(self, namespace: str, name: str) -> tuple[EndpointSlice, ...]:
        """Return the EndpointSlices of a Service, sorted by name; none of one that is not followed."""
        with self._lock:
            found = self._slices_of.get((namespace, name), {})
            return tuple(found[each] for each in sorted(found))

    def follow_all(self) -> None:
        """Follow the endpoints of every Service that is owned now, without a call."""
        with self._lock:
            self._followed = {key_of(each) for each in self.services() if self._owned(each)}

    def follow(self, key: Key) -> None:
        """Follow the endpoints of a Service: those that exist are read with one call, if nobody did. Raises KubeErrors."""
        with self._lock:
            if key in self._followed:
                return
            self._followed.add(key)
        namespace, name = key
        try:
            page = self._api.get(
                ENDPOINT_SLICES.path(namespace), {"labelSelector": f"{SERVICE_NAME_LABEL}={name}"}
            )
        except KubeError:
            self.leave(key)
            raise
        informer = self._informer_of(namespace)
        informer.add(page)

    def leave(self, key: Key) -> None:
        """Follow the endpoints of a Service no longer."""
        with self._lock:
            self._followed.discard(key)
            dropped = self._slices_of.pop(key, {})
        informer = self._informer_of(key[0])
        for name in dropped:
            informer.drop((key[0], name))

    def fresh(self, service: Service) -> Service:
        """Read a Service from the API server itself. Raises ObjectGone, also where another one has its name."""
        try:
            found = decode(self._api.get(_path(service)), Service)
        except KubeNotFound as error:
            raise ObjectGone(str(error)) from error
        return self._known(service, found)

    def update_status(self, service: Service, status: ServiceStatus) -> Service:
        """Replace the status of a Service, if it is as we know it, and return the object as it is now.

        Raises ObjectGone, KubeConflict where somebody changed it meanwhile, and other KubeErrors.
        """
        said = msgspec.to_builtins(status)
        conditions = said.get("conditions") or None
        ingress = said.get("loadBalancer", {}).get("ingress") or None
        body = {"status": {"loadBalancer": {"ingress": ingress}, "conditions": conditions}}
        return self._patched(service, f"{_path(service)}/status", body)

    def add_finalizer(self, service: Service) -> Service:
        """Put our finalizer on a Service, beside those of others. Raises as `update_status` does."""
        names = (*service.metadata.finalizers, FINALIZER)
        return self._patched(service, _path(service), {"metadata": {"finalizers": list(names)}})

    def remove_finalizer(self, service: Service) -> Service | None:
        """Take our finalizer from a Service, leaving those of others; None if it vanishes with that."""
        names = [each for each in service.metadata.finalizers if each != FINALIZER]
        body = {"metadata": {"finalizers": names or None}}
        try:
            changed = self._patched(service, _path(service), body)
        except ObjectGone:
            return None
        vanished = changed.metadata.deletion_timestamp is not None and not names
        return None if vanished else changed

    def _patched(self, service: Service, path: str, body: Mapping[str, Any]) -> Service:
        # The version makes the patch fail where somebody else wrote: lists are replaced as a whole.
        version = {"resourceVersion": service.metadata.resource_version}
        metadata = {**version, **body.get("metadata", {})}
        try:
            answer = self._api.patch(path, {**body, "metadata": metadata})
        except KubeNotFound as error:
            raise ObjectGone(str(error)) from error
        except KubeInvalid:
            # An object that vanished and came again under its name is answered like a mistake of ours.
            self.fresh(service)
            raise
        return self._known(service, decode(answer, Service))

    def _known(self, service: Service, found: Service) -> Service:
        if found.metadata.uid != service.metadata.uid:
            namespace, name = key_of(service)
            raise ObjectGone(f"{namespace}/{name} is another Service now")
        for each in self._services:
            each.put(found)
        return found

    def _informer_of(self, namespace: str) -> Informer[EndpointSlice]:
        for each in self._slices:
            if each.namespace in ("", namespace):
                return each
        message = f"namespace {namespace} is not watched"
        raise KeyError(message)

    def _is_followed(self, found: EndpointSlice) -> bool:
        return (found.metadata.namespace, found.service) in self._followed

    def _slice_changed(self, delta: Delta[EndpointSlice]) -> None:
        changed: set[Key] = set()
        with self._lock:
            for each in filter(None, (delta.old, delta.new)):
                owner = (each.metadata.namespace, each.service)
                changed.add(owner)
                self._slices_of[owner].pop(each.metadata.name, None)
                if not self._slices_of[owner]:
                    del self._slices_of[owner]
            if delta.new is not None:
                owner = (delta.new.metadata.namespace, delta.new.service)
                self._slices_of[owner][delta.new.metadata.name] = delta.new
        for owner in changed:
            self._listeners.endpoints(owner)


def retried(service: Service, cluster: LiveCluster, write: Callable[[Service], Any]) -> Any:  # noqa: ANN401
    """Write, reading the Service anew where somebody else changed it meanwhile, a few times. Raises as the write does."""
    for _ in range(3):
        try:
            return write(service)
        except KubeConflict:
            service = cluster.fresh(service)
    return write(service)


def _path(service: Service) -> str:
    namespace, name = key_of(service)
    return f"{SERVICES.path(namespace)}/{name}"


def has_finalizer(service: Service) -> bool:
    """Tell whether our finalizer is on a Service."""
    return FINALIZER in service.metadata.finalizers
