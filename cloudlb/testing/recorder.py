"""Records every call that reaches an emulated cloud: the witness for call budgets."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from wsgiref.types import WSGIApplication

from cloudlb.testing.wsgi import ConnectionLost, Identify, Layer, Request, Response, identified

LOST = "ConnectionLost"
"""`Call.error` of a call whose connection broke before the answer; its `status` is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call as the emulated cloud saw it.

    `index` counts from 0 since the start or the last `clear`, in the order of arrival. `error` is the cloud's own code,
    None for a success; `status` is the HTTP status, 0 when the connection broke. Sizes are bodies, in bytes.
    """

    index: int
    service: str
    operation: str
    write: bool
    status: int
    error: str | None
    request_bytes: int
    response_bytes: int
    params: Mapping[str, object]


class Recorder(Layer):
    """The outermost layer: what it does not count was not sent. Safe to read while calls arrive."""

    def __init__(
        self,
        app: WSGIApplication,
        *,
        identify: Identify,
        error_of: Callable[[Response], str | None],
    ) -> None:
        """Stand around an application."""
        super().__init__(app)
        self._identify = identify
        self._error_of = error_of
        self._lock = threading.Lock()
        self._calls: dict[int, Call] = {}
        self._next = 0
        self.before_answer: Callable[[Call], None] = lambda _call: None
        """Told of each call when it is done and before its answer goes back: a caller can be killed just there."""

    def handle(self, request: Request) -> Response:
        """Pass the request on and keep what it was and what became of it."""
        with self._lock:
            index = self._next
            self._next += 1
        try:
            response = self.forward(request)
        except ConnectionLost:
            self._keep(index, request, Response(status=0), LOST)
            raise
        failed = response.status >= 400
        self._keep(index, request, response, self._error_of(response) if failed else None)
        return response

    def _keep(self, index: int, request: Request, response: Response, error: str | None) -> None:
        operation = identified(request, self._identify)
        call = Call(
            index=index,
            service=operation.service,
            operation=operation.name,
            write=operation.write,
            status=response.status,
            error=error,
            request_bytes=len(request.body),
            response_bytes=len(response.body),
            params=operation.params,
        )
        with self._lock:
            if index < self._next:
                self._calls[index] = call
        self.before_answer(call)

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every call that was answered so far, in the order of arrival."""
        return self.since(0)

    def clear(self) -> None:
        """Forget everything and count from 0 again."""
        with self._lock:
            self._calls.clear()
            self._next = 0

    def mark(self) -> int:
        """Return a mark for `since`."""
        with self._lock:
            return self._next

    def since(self, mark: int) -> tuple[Call, ...]:
        """Return the calls that arrived after a mark was taken."""
        with self._lock:
            return tuple(call for index, call in sorted(self._calls.items()) if index >= mark)

    def count(self, *, write: bool | None = None, operation: str | None = None) -> int:
        """Count calls: all, or only writes or reads, or only those of one operation."""
        return sum(
            write in {None, call.write} and operation in {None, call.operation}
            for call in self.calls
        )

    def operations(self) -> tuple[str, ...]:
        """Return the operations' names in the order of arrival."""
        return tuple(call.operation for call in self.calls)

    def summary(self) -> Mapping[str, int]:
        """Return how often each operation was called, by name."""
        return dict(sorted(Counter(self.operations()).items()))
