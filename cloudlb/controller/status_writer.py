"""Writing statuses back, with an eye on who else does: somebody who keeps undoing it is reported, not fought."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cloudlb.kube.api_errors import KubeConflict
from cloudlb.kube.live import LiveCluster
from cloudlb.kube.objects import Service, ServiceStatus
from cloudlb.kube.status import Findings, status_of

PATIENCE = 3
"""How often a status is written again at once after somebody undid it."""
_PAUSE, _LONGEST_PAUSE = 30.0, 600.0
_CALM = 300.0
"""Seconds without a quarrel after which the past is forgotten."""


@dataclass(slots=True)
class _Quarrel:
    written: ServiceStatus
    count: int = 0
    last: float = 0.0
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class Written:
    """The Service as it is now. `again_in`: seconds until its status may be written again, if somebody else undoes it."""

    service: Service
    again_in: float | None = None


@dataclass(slots=True)
class StatusWriter:
    """Brings statuses to what was found out. Safe to use from several threads, one a Service."""

    cluster: LiveCluster
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _quarrels: dict[str, _Quarrel] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def publish(self, service: Service, findings: Findings) -> Written:
        """Write what was found out, if it is not there yet. Raises ObjectGone and other KubeErrors."""
        for _ in range(PATIENCE):
            status = status_of(service, findings, self.now())
            if status == service.status:
                return Written(service)
            wait = self._quarrel(service, status)
            if wait is not None:
                return Written(service, wait)
            try:
                written = self.cluster.update_status(service, status)
            except KubeConflict:
                service = self.cluster.fresh(service)
                continue
            with self._lock:
                self._quarrels.setdefault(service.metadata.uid, _Quarrel(written.status))
                self._quarrels[service.metadata.uid].written = written.status
            return Written(written)
        return Written(service, _PAUSE)

    def forget(self, uid: str) -> None:
        """Forget a Service that is gone."""
        with self._lock:
            self._quarrels.pop(uid, None)

    def _quarrel(self, service: Service, status: ServiceStatus) -> float | None:
        """Note that the very status that was written has to be written again; return how long to leave it be."""
        with self._lock:
            quarrel = self._quarrels.get(service.metadata.uid)
            if quarrel is None or not _says_the_same(quarrel.written, status):
                return None
            now = self.clock()
            if now < quarrel.until:
                return quarrel.until - now
            if now - quarrel.last > _CALM + _LONGEST_PAUSE:
                quarrel.count = 0
            quarrel.count += 1
            quarrel.last = now
            if quarrel.count <= PATIENCE:
                return None
            pause = min(_LONGEST_PAUSE, _PAUSE * 2.0 ** (quarrel.count - PATIENCE - 1))
            quarrel.until = now + pause
            return None if quarrel.count == PATIENCE else pause


def _says_the_same(one: ServiceStatus, other: ServiceStatus) -> bool:
    """Compare statuses without the times of their conditions."""
    said = [
        {(c.type, c.status, c.reason, c.message) for c in each.conditions} for each in (one, other)
    ]
    return one.load_balancer == other.load_balancer and said[0] == said[1]
