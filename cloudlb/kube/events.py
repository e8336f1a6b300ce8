"""Events on Services: told when something begins, ends or goes wrong, and never again while it stays so.

Reasons are those that people's alerts already know (kubernetes.md 1.6). An event that can not be written is logged, and
nothing else depends on it.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from uuid import uuid4

import structlog

from cloudlb.errors import CloudlbError
from cloudlb.kube.api_errors import KubeError
from cloudlb.kube.client import KubeApi
from cloudlb.kube.objects import Service

SOURCE = "cloudlb"
_LONGEST = 1024  # characters of a message (core/v1, Event)

_log = structlog.get_logger(__name__)


class Reason(StrEnum):
    """What an event is about. The first of each group are the words of the Kubernetes service controller."""

    ENSURING = "EnsuringLoadBalancer"
    ENSURED = "EnsuredLoadBalancer"
    FAILED = "SyncLoadBalancerFailed"
    NO_NODES = "UnAvailableLoadBalancer"
    DELETING = "DeletingLoadBalancer"
    DELETED = "DeletedLoadBalancer"
    REJECTED = "LoadBalancerRejected"
    WARNED = "LoadBalancerWarning"
    STATUS_FOUGHT_OVER = "LoadBalancerStatusConflict"


WARNINGS = frozenset(
    {
        Reason.FAILED,
        Reason.NO_NODES,
        Reason.REJECTED,
        Reason.WARNED,
        Reason.STATUS_FOUGHT_OVER,
    }
)

ASIDE = frozenset({Reason.NO_NODES, Reason.WARNED, Reason.STATUS_FOUGHT_OVER})
"""Told beside what became of the object, not instead of it."""


class Recorder:
    """Writes events. Safe to use from several threads."""

    def __init__(
        self, api: KubeApi, identity: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """`identity` names this process."""
        self._api = api
        self._identity = identity
        self._clock = clock
        self._told: dict[tuple[str, bool], tuple[Reason, str]] = {}
        self._lock = threading.Lock()

    def tell(self, service: Service, reason: Reason, message: str) -> bool:
        """Write an event, unless it is what was last told of this Service. Says whether it was new."""
        news, topic = (reason, message), (service.metadata.uid, reason in ASIDE)
        with self._lock:
            if self._told.get(topic) == news:
                return False
            self._told[topic] = news
        try:
            self._api.post(_path(service), self._event(service, reason, message))
        except KubeError as error:
            _log.warning("an event could not be written", reason=reason.value, error=str(error))
        return True

    def note(self, service: Service, reason: Reason, message: str) -> None:
        """Remember an event as told without writing it: how things stood when this process started."""
        with self._lock:
            topic = (service.metadata.uid, reason in ASIDE)
            self._told.setdefault(topic, (reason, message))

    def over(self, service: Service, reason: Reason) -> None:
        """Forget that something was told, because it is not so any more: the next time it is news again."""
        with self._lock:
            topic = (service.metadata.uid, reason in ASIDE)
            if topic in self._told and self._told[topic][0] is reason:
                del self._told[topic]

    def forget(self, uid: str) -> None:
        """Forget what was told of a Service that is gone."""
        with self._lock:
            self._told.pop((uid, False), None)
            self._told.pop((uid, True), None)

    def _event(self, service: Service, reason: Reason, message: str) -> dict[str, object]:
        now = self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        metadata = service.metadata
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{metadata.name[:200]}.{uuid4().hex[:16]}",
                "namespace": metadata.namespace,
            },
            "involvedObject": {
                "apiVersion": "v1",
                "kind": "Service",
                "namespace": metadata.namespace,
                "name": metadata.name,
                "uid": metadata.uid,
                "resourceVersion": metadata.resource_version,
            },
            "type": "Warning" if reason in WARNINGS else "Normal",
            "reason": reason.value,
            "message": message if len(message) <= _LONGEST else f"{message[: _LONGEST - 1]}…",
            "source": {"component": SOURCE, "host": self._identity},
            "reportingComponent": SOURCE,
            "reportingInstance": self._identity,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }


def failure(error: CloudlbError) -> str:
    """Return the message of a failed attempt, beginning as alerts expect it."""
    return f"Error syncing load balancer: {error}"


def _path(service: Service) -> str:
    return f"/api/v1/namespaces/{service.metadata.namespace}/events"
