"""The little HTTP server and the layers, with the standard library's client."""

import http.client
import socket
import time
from typing import Any

import pytest

from cloudlb.testing.wsgi import ConnectionLost, Latency, Layer, Request, Response, Server


def echo(environ: Any, start_response: Any) -> Any:
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    told = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ['QUERY_STRING']} "
    start_response("201 Created", [("X-Seen", environ.get("HTTP_X_ASKED", ""))])
    yield told.encode()
    yield body


class Breaking(Layer):
    def handle(self, request: Request) -> Response:
        if request.path == "/break":
            raise ConnectionLost
        return self.forward(request)


@pytest.fixture
def server() -> Any:
    running = Server(Breaking(echo))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def client(server: Server) -> Any:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=5)
    yield connection
    connection.close()


def ask(
    client: http.client.HTTPConnection, method: str, path: str, body: Any = None, **headers: Any
) -> Any:
    client.request(method, path, body=body, headers=headers)
    response = client.getresponse()
    return response, response.read()


def test_a_wsgi_application_is_served(client: http.client.HTTPConnection) -> None:
    response, body = ask(client, "POST", "/a?b=c", b"hello", **{"X-Asked": "yes"})

    assert (response.status, response.reason) == (201, "Created")
    assert response.headers["X-Seen"] == "yes"
    assert body == b"POST /a?b=c hello"


def test_connections_are_kept(client: http.client.HTTPConnection) -> None:
    ask(client, "GET", "/")
    first = client.sock
    ask(client, "GET", "/")

    assert client.sock is first


def test_a_connection_is_closed_when_the_client_wants_it(
    client: http.client.HTTPConnection,
) -> None:
    response, _ = ask(client, "GET", "/", Connection="close")

    assert response.headers["Connection"] == "close"
    assert client.sock is None


def test_an_answer_to_head_has_no_body(client: http.client.HTTPConnection) -> None:
    response, body = ask(client, "HEAD", "/")

    assert (response.headers["Content-Length"], body) == ("8", b"")
    assert ask(client, "GET", "/")[1] == b"GET /? "


def test_a_lost_connection_is_reset_without_an_answer(client: http.client.HTTPConnection) -> None:
    with pytest.raises(ConnectionResetError):
        ask(client, "GET", "/break")


def test_a_client_that_asks_first_is_told_to_go_on(server: Server) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as raw:
        raw.sendall(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert raw.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        raw.sendall(b"hi")
        assert raw.recv(1000).startswith(b"HTTP/1.1 201 Created")


def test_what_is_no_http_is_hung_up_on(server: Server) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as raw:
        raw.sendall(b"nonsense\r\n\r\n")
        assert raw.recv(100) == b""


def test_stopping_closes_open_connections(
    server: Server, client: http.client.HTTPConnection
) -> None:
    ask(client, "GET", "/")
    server.stop()

    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        ask(client, "GET", "/")


def test_a_server_that_is_not_started_has_no_url() -> None:
    with pytest.raises(RuntimeError, match="start"):
        _ = Server(echo).url


def test_latency_is_asked_for_at_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    waits = iter([0.05, 0.0])
    layer = Latency(echo, lambda: next(waits))

    for _ in range(2):
        layer.handle(
            Request(
                method="GET",
                path="/",
                query="",
                body=b"",
                environ={"REQUEST_METHOD": "GET", "PATH_INFO": "/", "QUERY_STRING": ""},
            )
        )

    assert slept == [0.05]


def test_layers_on_each_other_share_the_request() -> None:
    seen = []

    class Looking(Layer):
        def handle(self, request: Request) -> Response:
            seen.append(request)
            return self.forward(request)

    request = Request(
        method="GET",
        path="/",
        query="",
        body=b"x",
        environ={"REQUEST_METHOD": "GET", "PATH_INFO": "/", "QUERY_STRING": ""},
    )
    response = Looking(Looking(echo)).handle(request)

    assert seen == [request, request]
    assert (response.status, response.body) == (201, b"GET /? x")
