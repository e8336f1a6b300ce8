"""Faults: which call they strike, and how."""

from typing import Any

import pytest

from cloudlb.testing.faults import Fault, FaultKind, Faults
from cloudlb.testing.wsgi import ConnectionLost, Layer, Operation, Request, Response


class Cloud(Layer):
    """Counts what reaches it."""

    def __init__(self) -> None:
        super().__init__(lambda _environ, _start: [])
        self.reached = []

    def handle(self, request: Request) -> Response:
        self.reached.append(request.path)
        return Response(status=200)


@pytest.fixture
def cloud() -> Any:
    return Cloud()


@pytest.fixture
def faults(cloud: Any) -> Any:
    def identify(request: Request) -> Operation:
        return Operation(service="s", name=request.path, write=False, params={})

    def render(_operation: Operation, fault: Fault) -> Response:
        return Response(status=429 if fault.kind is FaultKind.THROTTLE else 500)

    return Faults(cloud, identify=identify, render=render)


def send(faults: Faults, name: str = "Read") -> Any:
    """Return the status, or "lost"."""
    try:
        request = Request(method="POST", path=name, query="", body=b"", environ={})
        return faults.handle(request).status
    except ConnectionLost:
        return "lost"


def test_unarmed_it_lets_everything_pass(faults: Faults) -> None:
    assert [send(faults) for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        pytest.param(Fault(kind=FaultKind.ERROR), [500, 200, 200, 200], id="next-call"),
        pytest.param(Fault(kind=FaultKind.ERROR, at=3), [200, 200, 500, 200], id="third-call"),
        pytest.param(Fault(kind=FaultKind.ERROR, times=2), [500, 500, 200, 200], id="two-calls"),
        pytest.param(
            Fault(kind=FaultKind.THROTTLE, at=2, times=2), [200, 429, 429, 200], id="two-from-2"
        ),
        pytest.param(Fault(kind=FaultKind.RESET_BEFORE, at=2), [200, "lost", 200, 200], id="reset"),
    ],
)
def test_a_fault_strikes_the_calls_it_names(faults: Faults, fault: Any, seen: Any) -> None:
    faults.arm(fault)

    assert [send(faults) for _ in range(4)] == seen


def test_calls_before_arming_do_not_count(faults: Faults) -> None:
    send(faults)
    faults.arm(Fault(kind=FaultKind.ERROR, at=2))

    assert [send(faults) for _ in range(3)] == [200, 500, 200]


def test_only_calls_of_its_operation_count(faults: Faults) -> None:
    faults.arm(Fault(kind=FaultKind.ERROR, operation="Write", at=2))

    seen = [send(faults, name) for name in ("Write", "Read", "Write", "Read", "Write")]

    assert seen == [200, 200, 500, 200, 200]


def test_a_reset_before_keeps_the_request_from_the_cloud(faults: Faults, cloud: Any) -> None:
    faults.arm(Fault(kind=FaultKind.RESET_BEFORE))

    assert send(faults) == "lost"
    assert cloud.reached == []


def test_a_reset_after_lets_the_cloud_do_the_work(faults: Faults, cloud: Any) -> None:
    faults.arm(Fault(kind=FaultKind.RESET_AFTER))

    assert send(faults) == "lost"
    assert cloud.reached == ["Read"]


def test_every_third_call_fails_until_cleared(faults: Faults) -> None:
    faults.every(3, FaultKind.THROTTLE)
    assert [send(faults) for _ in range(6)] == [200, 200, 429, 200, 200, 429]

    faults.clear()
    assert [send(faults) for _ in range(3)] == [200, 200, 200]


def test_every_noughth_call_is_a_mistake(faults: Faults) -> None:
    with pytest.raises(ValueError, match="0-th"):
        faults.every(0, FaultKind.ERROR)


def test_what_struck_is_told(faults: Faults) -> None:
    fault = Fault(kind=FaultKind.ERROR, at=2)
    faults.arm(fault)
    for name in ("Read", "Write"):
        send(faults, name)

    (fired,) = faults.fired
    assert (fired.fault, fired.operation) == (fault, "Write")


def test_of_two_faults_for_one_call_the_first_armed_strikes_and_both_count(faults: Faults) -> None:
    faults.arm(Fault(kind=FaultKind.ERROR), Fault(kind=FaultKind.THROTTLE, at=2))

    assert [send(faults) for _ in range(3)] == [500, 429, 200]
