"""The recorder: every call once, in order, whatever became of it."""

import threading
from typing import Any

import pytest

from cloudlb.testing.recorder import Recorder
from cloudlb.testing.wsgi import ConnectionLost, Layer, Operation, Request, Response, read_request


class Cloud(Layer):
    """Answers by path: /ok, /refused, /lost."""

    def __init__(self) -> None:
        super().__init__(lambda _environ, _start: [])

    def handle(self, request: Request) -> Response:
        if request.path == "/lost":
            raise ConnectionLost
        status = 400 if request.path == "/refused" else 200
        return Response(status=status, body=b"12345")


def identify(request: Request) -> Operation:
    name = request.path.strip("/").title()
    return Operation(service="s", name=name, write=request.method == "POST", params={})


@pytest.fixture
def recorder() -> Any:
    return Recorder(Cloud(), identify=identify, error_of=lambda _response: "Refused")


def send(recorder: Recorder, path: str, *, method: str = "GET", body: Any = b"") -> Any:
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path}
    request = Request(method=method, path=path, query="", body=body, environ=environ)
    return recorder.handle(request)


def test_a_call_is_kept_with_its_outcome(recorder: Recorder) -> None:
    send(recorder, "/ok", method="POST", body=b"abc")

    (call,) = recorder.calls
    assert (call.index, call.service, call.operation, call.write) == (0, "s", "Ok", True)
    assert (call.status, call.error) == (200, None)
    assert (call.request_bytes, call.response_bytes) == (3, 5)


def test_a_refused_call_is_kept_with_its_code(recorder: Recorder) -> None:
    send(recorder, "/refused")

    assert (recorder.calls[0].status, recorder.calls[0].error) == (400, "Refused")


def test_a_lost_connection_is_kept_and_passed_on(recorder: Recorder) -> None:
    with pytest.raises(ConnectionLost):
        send(recorder, "/lost")

    assert (recorder.calls[0].status, recorder.calls[0].error) == (0, "ConnectionLost")


def test_calls_are_counted_by_kind_and_operation(recorder: Recorder) -> None:
    for path, method in (("/ok", "GET"), ("/ok", "POST"), ("/refused", "POST")):
        send(recorder, path, method=method)

    assert recorder.count() == 3
    assert recorder.count(write=True) == 2
    assert recorder.count(write=False) == 1
    assert recorder.count(operation="Ok") == 2
    assert recorder.count(operation="Ok", write=True) == 1
    assert recorder.operations() == ("Ok", "Ok", "Refused")
    assert recorder.summary() == {"Ok": 2, "Refused": 1}


def test_since_a_mark_only_later_calls_are_listed(recorder: Recorder) -> None:
    send(recorder, "/ok")
    mark = recorder.mark()
    send(recorder, "/refused")

    assert [call.operation for call in recorder.since(mark)] == ["Refused"]


def test_cleared_it_counts_from_nought_again(recorder: Recorder) -> None:
    send(recorder, "/ok")
    recorder.clear()
    send(recorder, "/ok")

    assert [call.index for call in recorder.calls] == [0]


def test_calls_of_many_threads_are_all_kept(recorder: Recorder) -> None:
    threads = [threading.Thread(target=send, args=(recorder, "/ok")) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [call.index for call in recorder.calls] == list(range(32))


def test_it_is_a_wsgi_application(recorder: Recorder) -> None:
    started = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/ok", "wsgi.input": None}

    body = b"".join(recorder(environ, lambda *told: started.append(told)))

    assert (started[0][0], body) == ("200 OK", b"12345")
    assert read_request(environ).operation.name == "Ok"
