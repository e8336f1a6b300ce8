"""Waiting for operations: together, with longer and longer pauses, and not for ever."""

import os
import threading

import pytest

from cloudlb.errors import Transient
from cloudlb.plan.pace import Pace
from cloudlb.testing.clock import ManualClock
from cloudlb_gcp.operations import AT_ONCE, Operations

SCOPE = "projects/p/regions/r"


def operation(name: str, status: str = "RUNNING") -> dict[str, str]:
    link = f"https://www.googleapis.com/compute/v1/{SCOPE}/operations/{name}"
    return {"name": name, "status": status, "selfLink": link}


class Scope:
    """Operations of a scope that are done at a time of a clock, and how they were asked for."""

    def __init__(self, done_at: float) -> None:
        self.clock = ManualClock()
        self.done_at = done_at
        self.asked: list[tuple[str, ...]] = []
        self.failures = 0
        self.pace = Pace(sleep=self.clock.advance, clock=self.clock, patience=60.0)

        self.everybody_waits = lambda: True

    def poll(self, scope, names):
        assert scope == SCOPE
        while not self.everybody_waits():
            os.sched_yield()
        self.asked.append(names)
        if self.failures:
            self.failures -= 1
            raise Transient("nobody answers")
        status = "DONE" if self.clock() >= self.done_at else "RUNNING"
        return {name: operation(name, status) for name in names}


def together(count: int, scope: Scope) -> list[object]:
    """Await many operations at once; return what each waiter got."""
    operations = Operations(scope.poll, scope.pace)
    found: list[object] = [None] * count
    barrier = threading.Barrier(count)
    started = threading.Event()
    scope.everybody_waits = lambda: (
        started.is_set() or (len(operations._desks[SCOPE].waiting) == count and not started.set())
    )

    def wait(number: int) -> None:
        barrier.wait()
        try:
            found[number] = operations.finished(operation(f"o-{number}"))["name"]
        except Transient as error:
            found[number] = error

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return found


def test_one_that_is_done_is_not_asked_for():
    scope = Scope(done_at=0.0)

    assert Operations(scope.poll, scope.pace).finished(operation("o", "DONE"))["name"] == "o"
    assert scope.asked == []


def test_the_pauses_grow():
    scope = Scope(done_at=20.0)

    Operations(scope.poll, scope.pace).finished(operation("o"))

    assert 10 <= len(scope.asked) <= 16
    assert 20 <= scope.clock() <= 23


def test_many_are_asked_for_in_one_call_and_everybody_gets_his_own():
    scope = Scope(done_at=10.0)

    found = together(30, scope)

    assert found == [f"o-{number}" for number in range(30)]
    assert max(map(len, scope.asked)) > 10
    assert len(scope.asked) < 60


def test_no_call_names_more_than_fit():
    scope = Scope(done_at=10.0)

    found = together(AT_ONCE + 20, scope)

    assert found == [f"o-{number}" for number in range(AT_ONCE + 20)]
    assert max(map(len, scope.asked)) <= AT_ONCE


def test_whoever_asks_in_vain_fails_alone():
    scope = Scope(done_at=5.0)
    scope.failures = 1

    found = together(5, scope)

    assert sum(isinstance(each, Transient) for each in found) == 1


def test_patience_ends():
    scope = Scope(done_at=10_000.0)

    with pytest.raises(Transient, match="still running after 60 seconds"):
        Operations(scope.poll, scope.pace).finished(operation("o"))
