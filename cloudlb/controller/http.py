"""The three pages that a cluster asks a controller for: /healthz, /readyz and /metrics."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from cloudlb.errors import UsageError

Check = Callable[[], str]
"""Returns what is wrong, empty if nothing is."""


class Pages:
    """Serves the pages from a thread of its own. A context manager."""

    def __init__(
        self, address: tuple[str, int], *, health: Check, ready: Check, metrics: Callable[[], bytes]
    ) -> None:
        """Listen on (host, port); port 0 takes a free one. UsageError where that is not possible."""
        handler = _handler({"/healthz": health, "/readyz": ready}, metrics)
        try:
            self._server = ThreadingHTTPServer(address, handler)
        except OSError as error:
            message = f"can not listen on {address[0]}:{address[1]}: {error.strerror or error}; choose another address with --listen"
            raise UsageError(message) from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="pages", daemon=True
        )

    @property
    def url(self) -> str:
        """Where they are."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


def _handler(
    checks: dict[str, Check], metrics: Callable[[], bytes]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(200, metrics(), "text/plain; version=0.0.4; charset=utf-8")
            elif path in checks:
                wrong = checks[path]()
                self._answer(503 if wrong else 200, f"{wrong or 'ok'}\n".encode(), "text/plain")
            else:
                self._answer(404, b"there are /healthz, /readyz and /metrics\n", "text/plain")

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
            """Say nothing: probes come every few seconds."""

    return Handler
