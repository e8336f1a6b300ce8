"""Makes chosen calls fail, the way clouds fail: throttled, broken inside, or cut off before or after the work was done."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from wsgiref.types import WSGIApplication

from cloudlb.testing.wsgi import (
    ConnectionLost,
    Identify,
    Layer,
    Operation,
    Request,
    Response,
    identified,
)


class FaultKind(StrEnum):
    """How a call fails. `RESET_AFTER` is the cruel one: the request is carried out, its answer never arrives."""

    THROTTLE = "throttle"
    ERROR = "error"
    RESET_BEFORE = "reset-before"
    RESET_AFTER = "reset-after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A failure to come.

    It strikes the `at`-th call after it was armed (the first is 1, which is also what None means) and the `times` - 1
    calls after that. With `operation`, only calls of that name count and are struck. `code` replaces the cloud's usual
    error code; `retry_after` (seconds) goes with a throttle.
    """

    kind: FaultKind
    at: int | None = None
    operation: str | None = None
    times: int = 1
    code: str | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A fault that struck, and the operation it struck."""

    fault: Fault
    operation: str


@dataclass(slots=True, kw_only=True)
class _Armed:
    fault: Fault
    seen: int = 0
    every: int | None = None

    def strikes(self, operation: Operation) -> bool:
        """Count a call and tell whether it is the one."""
        if self.fault.operation not in {None, operation.name}:
            return False
        self.seen += 1
        if self.every is not None:
            return self.seen % self.every == 0
        first = self.fault.at or 1
        return first <= self.seen < first + self.fault.times


class Faults(Layer):
    """A layer that fails calls on demand. `render` makes the cloud's own error body for THROTTLE and ERROR."""

    def __init__(
        self,
        app: WSGIApplication,
        *,
        identify: Identify,
        render: Callable[[Operation, Fault], Response],
    ) -> None:
        """Stand around an application."""
        super().__init__(app)
        self._identify = identify
        self._render = render
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []
        self._fired: list[Fired] = []

    def arm(self, *faults: Fault) -> None:
        """Add faults; each counts calls from now on."""
        with self._lock:
            self._armed.extend(_Armed(fault=fault) for fault in faults)

    def every(self, k: int, kind: FaultKind) -> None:
        """Fail each k-th call until `clear`. ValueError when k is less than 1."""
        if k < 1:
            message = f"every {k}-th call makes no sense: k starts at 1"
            raise ValueError(message)
        with self._lock:
            self._armed.append(_Armed(fault=Fault(kind=kind), every=k))

    def clear(self) -> None:
        """Disarm everything and forget what was fired."""
        with self._lock:
            self._armed.clear()
            self._fired.clear()

    @property
    def fired(self) -> tuple[Fired, ...]:
        """What struck so far, in order."""
        with self._lock:
            return tuple(self._fired)

    def handle(self, request: Request) -> Response:
        """Fail the call if a fault strikes it, else pass it on."""
        fault = self._struck(identified(request, self._identify)) if self._armed else None
        if fault is None:
            return self.forward(request)
        if fault.kind is FaultKind.RESET_AFTER:
            self.forward(request)
        if fault.kind in {FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER}:
            raise ConnectionLost(fault.kind)
        return self._render(identified(request, self._identify), fault)

    def _struck(self, operation: Operation) -> Fault | None:
        with self._lock:
            # Every armed fault counts the call, even when another one already strikes it.
            striking = [armed.fault for armed in self._armed if armed.strikes(operation)]
            if not striking:
                return None
            self._fired.append(Fired(fault=striking[0], operation=operation.name))
            return striking[0]
