"""Operations: what every change returns, and what clients ask until it is done (gcp.md 5.2).

A change is checked, and takes effect, when it is asked for; its operation runs on for a while, and until it is done
nothing else may change or use the same resource.
"""

import itertools
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cloudlb_gcp.emulator.errors import GceError, bad_request, not_found, not_ready
from cloudlb_gcp.emulator.links import Scope, path_of, url

Json = dict[str, Any]

REMEMBERED = 20_000
"""Operations that are kept; older ones are forgotten, as the API does after days."""

SAME_REQUEST_SECONDS = 3600.0
"""How long a requestId stands for the request that first carried it."""

_NO_REQUEST_ID = "00000000-0000-0000-0000-000000000000"


@dataclass(slots=True, kw_only=True)
class Running:
    """An operation and when it is done."""

    told: Json
    until: float
    failure: GceError | None = None


@dataclass(slots=True)
class Operations:
    """All operations of a project. Not safe for threads."""

    project: str
    clock: Callable[[], float]
    seconds: Callable[[], float]
    _all: dict[str, Running] = field(default_factory=dict)
    _busy: dict[str, Running] = field(default_factory=dict)
    _requests: dict[str, tuple[float, str, Running]] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(7_100_000_000_000_000_001))

    def start(
        self,
        verb: str,
        scope: Scope,
        target: str,
        target_id: str = "",
        failure: GceError | None = None,
    ) -> Running:
        """Begin an operation on the resource at a path; with a `failure` it will end in that."""
        number = str(next(self._numbers))
        name = (
            f"operation-{number[-13:]}-{uuid.uuid4().hex[:13]}-{number[-8:]}-{uuid.uuid4().hex[:8]}"
        )
        scope = scope if scope.kind != "project" else Scope("global")
        told: Json = {
            "kind": "compute#operation",
            "id": number,
            "name": name,
            "operationType": verb,
            "targetLink": url(target),
            "user": "emulated@developer.gserviceaccount.com",
            "insertTime": _now(),
            "startTime": _now(),
            "selfLink": url(path_of(self.project, scope, "operations", name)),
        }
        if target_id:
            told["targetId"] = target_id
        if scope.kind in {"region", "zone"}:
            told[scope.kind] = url(f"projects/{self.project}/{scope.part}")
        running = Running(told=told, until=self.clock() + self.seconds(), failure=failure)
        self._all[path_of(self.project, scope, "operations", name)] = running
        self._busy[target] = running
        while len(self._all) > REMEMBERED:
            del self._all[next(iter(self._all))]
        return running

    def seen(self, running: Running, *, fresh: bool = False) -> Json:
        """Return an operation as it is now. A `fresh` one is never done: the API answers before it has finished."""
        if fresh or self.clock() < running.until:
            return {**running.told, "status": "RUNNING", "progress": 0}
        done = {**running.told, "status": "DONE", "progress": 100, "endTime": _now()}
        if running.failure is not None:
            done |= running.failure.operation_error()
        return done

    def get(self, path: str) -> Json:
        """Return an operation by path. Raises GceError: notFound."""
        found = self._all.get(path)
        if found is None:
            raise not_found(path)
        return self.seen(found)

    def forget(self, path: str) -> None:
        """Delete an operation's record. Raises GceError: notFound."""
        if self._all.pop(path, None) is None:
            raise not_found(path)

    def under(self, prefix: str) -> Mapping[str, Json]:
        """Return the operations whose paths begin with a prefix."""
        return {
            path: self.seen(each) for path, each in self._all.items() if path.startswith(prefix)
        }

    def check_free(self, path: str) -> None:
        """Raise GceError (resourceNotReady) while an operation runs on a resource."""
        running = self._busy.get(path)
        if running is None:
            return
        if self.clock() < running.until:
            raise not_ready(path)
        del self._busy[path]

    def repeated(self, request_id: str, request: str) -> Running | None:
        """Return what the same request with the same requestId began. Raises GceError: malformed, or of another request."""
        if not request_id:
            return None
        try:
            usable = str(uuid.UUID(request_id)) != _NO_REQUEST_ID
        except ValueError:
            usable = False
        if not usable:
            raise bad_request(
                f"Invalid value for field 'requestId': '{request_id}'. Must be a non-zero UUID."
            )
        at, before, running = self._requests.get(request_id.lower(), (0.0, "", None))
        if running is None or self.clock() - at > SAME_REQUEST_SECONDS:
            return None
        if before != request:
            raise bad_request(f"The requestId '{request_id}' was used for another request.")
        return running

    def remember(self, request_id: str, request: str, running: Running) -> None:
        """Note what a requestId stands for."""
        if request_id:
            running.told["clientOperationId"] = request_id
            self._requests[request_id.lower()] = (self.clock(), request, running)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
