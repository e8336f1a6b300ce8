"""WSGI layers and a small HTTP server for emulated clouds.

Neutral: what a request means is told by a cloud's own `identify` function. A `Layer` is a WSGI application around
another one; layers that stand directly on each other pass requests on without going through WSGI again.
Nothing here retries, caches or interprets bodies.
"""

import io
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import BinaryIO
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_REQUEST = "cloudlb.request"
_LONGEST_LINE = 65_536


class ConnectionLost(Exception):
    """Raised by a layer to make the server reset the connection without an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a request asks for, in the cloud's own words. `write` tells whether it can change anything."""

    service: str
    name: str
    write: bool
    params: Mapping[str, object]


@dataclass(slots=True, kw_only=True)
class Request:
    """An HTTP request with its body read. `operation` is filled in once, by `identified`."""

    method: str
    path: str
    query: str
    body: bytes
    environ: WSGIEnvironment
    operation: Operation | None = None

    def header(self, name: str) -> str:
        """Return a header's value, or an empty string."""
        key = name.upper().replace("-", "_")
        prefix = "" if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else "HTTP_"
        return str(self.environ.get(prefix + key, ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An HTTP response, whole."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


Identify = Callable[[Request], Operation]


def identified(request: Request, identify: Identify) -> Operation:
    """Return the request's operation, asking `identify` only once per request."""
    if request.operation is None:
        request.operation = identify(request)
    return request.operation


class Layer:
    """A WSGI application around another. Subclasses override `handle` and call `forward`."""

    def __init__(self, app: WSGIApplication) -> None:
        """Stand around an application."""
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a WSGI call."""
        response = self.handle(read_request(environ))
        start_response(_status_line(response.status), list(response.headers))
        return [response.body]

    def handle(self, request: Request) -> Response:
        """Answer a request; the base class only passes it on."""
        return self.forward(request)

    def forward(self, request: Request) -> Response:
        """Ask the application underneath."""
        if isinstance(self._app, Layer):
            return self._app.handle(request)
        return call(self._app, request)


class Latency(Layer):
    """Makes every call take a while longer. `seconds` is asked at each call, so it may change."""

    def __init__(self, app: WSGIApplication, seconds: Callable[[], float]) -> None:
        """Stand around an application."""
        super().__init__(app)
        self._seconds = seconds

    def handle(self, request: Request) -> Response:
        """Wait, then pass the request on."""
        if (seconds := self._seconds()) > 0:
            time.sleep(seconds)
        return self.forward(request)


def read_request(environ: WSGIEnvironment) -> Request:
    """Read a request from a WSGI environment; a second call for the same environment returns the same object."""
    known = environ.get(_REQUEST)
    if isinstance(known, Request):
        return known
    length = int(environ.get("CONTENT_LENGTH") or 0)
    request = Request(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", ""),
        query=environ.get("QUERY_STRING", ""),
        body=environ["wsgi.input"].read(length) if length else b"",
        environ=environ,
    )
    environ[_REQUEST] = request
    return request


@dataclass(slots=True)
class _Start:
    """Collects what an application passes to `start_response`."""

    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    headers: tuple[tuple[str, str], ...] = ()
    written: list[bytes] = field(default_factory=list)

    def __call__(
        self, status: str, headers: list[tuple[str, str]], _exc_info: object = None, /
    ) -> Callable[[bytes], object]:
        self.status = int(status.split(" ", 1)[0])
        self.headers = tuple(headers)
        return self.written.append


def call(app: WSGIApplication, request: Request) -> Response:
    """Run a WSGI application on a request that was read already."""
    environ = request.environ | {
        "wsgi.input": io.BytesIO(request.body),
        "CONTENT_LENGTH": str(len(request.body)),
    }
    environ.pop(_REQUEST, None)
    start = _Start()
    answer = app(environ, start)
    try:
        start.written.extend(answer)
    finally:
        if close := getattr(answer, "close", None):
            close()
    return Response(status=start.status, headers=start.headers, body=b"".join(start.written))


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"


class Server:
    """Serves a WSGI application on the loopback interface: one thread a connection, HTTP/1.1 with keep-alive, silent.

    `port` 0 takes a free one. Start and stop are quick; stopping closes every connection.
    """

    def __init__(self, app: WSGIApplication, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Take the application to serve; `start` begins to listen."""
        self._app = app
        self._host = host
        self._port = port
        self._listening: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens. RuntimeError before `start`."""
        if self._listening is None:
            message = "the server is not running: call start() first"
            raise RuntimeError(message)
        return f"http://{self._host}:{self._port}"

    def start(self) -> None:
        """Listen and return. OSError when the port is taken."""
        self._listening = socket.create_server((self._host, self._port), backlog=128)
        self._port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening and close every connection."""
        listening, self._listening = self._listening, None
        if listening is None:
            return
        _close(listening)
        with self._lock:
            left, self._open = self._open, set()
        for connection in left:
            _close(connection)

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                if self._listening is not listening:
                    _close(connection)
                    return
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection.makefile("rb") as stream:
                while self._exchange(connection, stream):
                    pass
        except ConnectionLost:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except (OSError, ValueError):
            pass  # the peer left or sent no HTTP: there is nobody to tell
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _exchange(self, connection: socket.socket, stream: BinaryIO) -> bool:
        """Answer one request. Returns whether the connection stays open."""
        environ = _read_head(stream, server=(self._host, self._port))
        if environ is None:
            return False
        if environ.get("HTTP_EXPECT", "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.BytesIO(stream.read(length) if length else b"")
        request = read_request(environ)
        app = self._app
        response = app.handle(request) if isinstance(app, Layer) else call(app, request)
        keep: bool = environ.get("HTTP_CONNECTION", "").lower() != "close"
        connection.sendall(_render(response, head=request.method == "HEAD", keep=keep))
        return keep


def _close(connection: socket.socket) -> None:
    with suppress(OSError):
        # close() alone does not wake a thread that waits on the socket.
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def _read_head(stream: BinaryIO, *, server: tuple[str, int]) -> WSGIEnvironment | None:
    """Read a request line and headers into a WSGI environment; None at the end of the connection."""
    line = stream.readline(_LONGEST_LINE)
    if not line.strip():
        return None
    method, target, _version = line.decode("latin-1").split()
    path, _, query = target.partition("?")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "RAW_URI": target,
        "QUERY_STRING": query,
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    while (header := stream.readline(_LONGEST_LINE)) not in {b"\r\n", b"\n", b""}:
        name, _, value = header.decode("latin-1").partition(":")
        key = name.strip().upper().replace("-", "_")
        prefix = "" if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else "HTTP_"
        environ[prefix + key] = value.strip()
    return environ


def _render(response: Response, *, head: bool, keep: bool) -> bytes:
    lines = [f"HTTP/1.1 {_status_line(response.status)}"]
    lines.extend(
        f"{name}: {value}"
        for name, value in response.headers
        if name.lower() not in {"content-length", "connection", "transfer-encoding"}
    )
    lines.append(f"Content-Length: {len(response.body)}")
    lines.append(f"Connection: {'keep-alive' if keep else 'close'}")
    text = "\r\n".join(lines) + "\r\n\r\n"
    return text.encode("latin-1") + (b"" if head else response.body)
