"""Who of several processes may write: whoever holds a Lease (coordination.k8s.io/v1), renewed all the time.

The rules (kubernetes.md 6.8): clocks of different machines are never compared. Another holder's lease is over when *its
record has not changed* for a whole duration on our own monotonic clock. Ours is over for us `renew` seconds after the
last renewal that we *began*, which is well before anybody else may take it. Written with the version that was read, so
that of two who try only one succeeds.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from cloudlb.errors import Fenced
from cloudlb.kube.api_errors import KubeConflict, KubeError, KubeNotFound
from cloudlb.kube.client import KubeApi
from cloudlb.kube.decode import decode
from cloudlb.kube.objects import ObjectMeta, Wire

_log = structlog.get_logger(__name__)


class LeaseSpec(Wire, frozen=True):
    """Who holds it since when."""

    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = None


class Lease(Wire, frozen=True):
    """A Lease (coordination.k8s.io/v1)."""

    metadata: ObjectMeta = ObjectMeta()
    spec: LeaseSpec = LeaseSpec()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long a lease holds, in seconds: the words and figures of client-go."""

    duration: float = 15.0
    renew: float = 10.0
    retry: float = 2.0


TERMS = Terms()


class Leader:
    """One candidate. `run` in a thread of its own; `fence` before every write, from any thread."""

    def __init__(  # noqa: PLR0913  (where, who, how long, and two seams)
        self,
        api: KubeApi,
        namespace: str,
        name: str,
        identity: str,
        terms: Terms | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Hold nothing yet. `identity` is unique among the candidates."""
        self._api = api
        self._collection = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._name = name
        self._identity = identity
        self._terms = terms or Terms()
        self._clock = clock
        self._until = float("-inf")
        self._seen: tuple[str, float] = ("", float("-inf"))
        self.elected = threading.Event()
        """Set once this process leads; it stays set, because a process that lost does not come back."""

    @property
    def leads(self) -> bool:
        """Whether this process may write now."""
        return self._clock() < self._until

    def fence(self) -> None:
        """Return while this process may write. Raises Fenced when not."""
        if not self.leads:
            message = "this process is not the leader any more: it stops writing"
            raise Fenced(message)

    def run(self, stop: threading.Event) -> None:
        """Become the leader and stay it. Returns when told to stop, or when leadership is lost."""
        while not stop.is_set():
            self.attempt()
            if self.elected.is_set() and not self.leads:
                _log.error("leadership is lost", identity=self._identity)
                return
            stop.wait(self._terms.retry * random.uniform(1.0, 1.2))  # noqa: S311  (no secret)

    def attempt(self) -> bool:
        """Try once to take or renew the lease; tells whether this process leads now."""
        began = self._clock()
        try:
            won = self._taken()
        except KubeConflict:
            won = False
        except KubeError as error:
            _log.warning("the lease could not be renewed", error=str(error))
            return self.leads
        if won:
            if not self.elected.is_set():
                _log.info("leading", identity=self._identity)
            self._until = began + self._terms.renew
            self.elected.set()
        elif self.elected.is_set():
            self._until = float("-inf")
        return won

    def release(self) -> None:
        """Give the lease up, so that another one need not wait for its end. Writes must have stopped."""
        if not self.leads:
            return
        self._until = float("-inf")
        try:
            lease = self._read()
            if lease is not None and lease.spec.holder_identity == self._identity:
                self._write(lease, holder="")
        except KubeError as error:
            _log.warning("the lease could not be released", error=str(error))

    def _taken(self) -> bool:
        lease = self._read()
        if lease is None:
            self._api.post(self._collection, self._body(None, self._identity))
            return True
        holder = lease.spec.holder_identity or ""
        if holder not in ("", self._identity) and not self._is_over(lease):
            return False
        self._write(lease, holder=self._identity)
        return True

    def _is_over(self, lease: Lease) -> bool:
        """Tell whether another one's record has stood still for as long as it holds."""
        record = f"{lease.metadata.resource_version} {lease.spec.renew_time}"
        seen, since = self._seen
        now = self._clock()
        if record != seen:
            self._seen = (record, now)
            return False
        duration = lease.spec.lease_duration_seconds or self._terms.duration
        return now - since > duration

    def _read(self) -> Lease | None:
        try:
            return decode(self._api.get(f"{self._collection}/{self._name}"), Lease)
        except KubeNotFound:
            return None

    def _write(self, lease: Lease, holder: str) -> None:
        self._api.put(f"{self._collection}/{self._name}", self._body(lease, holder))

    def _body(self, lease: Lease | None, holder: str) -> dict[str, object]:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = lease.spec if lease is not None else LeaseSpec()
        ours = spec.holder_identity == holder
        changes = (spec.lease_transitions or 0) + (0 if ours or lease is None else 1)
        metadata = {"name": self._name}
        if lease is not None:
            metadata["resourceVersion"] = lease.metadata.resource_version
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": {
                "holderIdentity": holder,
                "leaseDurationSeconds": max(1, round(self._terms.duration)),
                "acquireTime": (spec.acquire_time if ours else None) or now,
                "renewTime": now,
                "leaseTransitions": changes,
            },
        }
