"""The queue's laws, on a clock that the test moves."""

import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlb.controller.queue import Queue, Settling, Urgency
from cloudlb.testing.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def queue(clock: ManualClock) -> Queue[str]:
    return Queue(settling=Settling(quiet=1.0, limit=5.0), clock=clock)


def taken(queue: Queue[str]) -> str | None:
    item = queue.take(timeout=0)
    return None if item is None else item.key


def test_a_key_that_waits_is_there_once(queue):
    queue.add("a", Urgency.EDIT)
    queue.add("a", Urgency.EDIT)

    assert (taken(queue), taken(queue)) == ("a", None)


def test_a_key_is_worked_on_by_one_at_a_time_and_comes_again_if_asked_for_meanwhile(queue):
    queue.add("a", Urgency.EDIT)
    assert taken(queue) == "a"

    queue.add("a", Urgency.EDIT)
    assert taken(queue) is None

    queue.done("a")
    assert taken(queue) == "a"
    queue.done("a")
    assert taken(queue) is None


def test_what_is_more_urgent_comes_first_and_then_who_waited_longest(queue, clock):
    for key, urgency in (
        ("audit", Urgency.AUDIT),
        ("deletion", Urgency.DELETION),
        ("edit-1", Urgency.EDIT),
        ("edit-2", Urgency.EDIT),
    ):
        queue.add(key, urgency)
        clock.advance(1)

    assert [taken(queue) for _ in range(4)] == ["edit-1", "edit-2", "deletion", "audit"]


def test_an_edit_overtakes_the_same_keys_churn(queue):
    queue.churn("a")
    assert taken(queue) is None

    queue.add("a", Urgency.EDIT)

    item = queue.take(timeout=0)
    assert item is not None
    assert (item.key, item.urgency) == ("a", Urgency.EDIT)
    assert taken(queue) is None


def test_churn_waits_for_quiet(queue, clock):
    queue.churn("a")
    clock.advance(0.9)
    queue.churn("a")
    clock.advance(0.9)
    assert taken(queue) is None

    clock.advance(0.1)
    assert taken(queue) == "a"


def test_churn_that_never_ends_waits_no_longer_than_the_limit(queue, clock):
    queue.churn("a")
    for _ in range(9):
        clock.advance(0.5)
        queue.churn("a")
        assert taken(queue) is None
    clock.advance(0.5)
    queue.churn("a")

    assert taken(queue) == "a"


def test_a_delay_is_kept_unless_something_more_urgent_asks(queue, clock):
    queue.add("a", Urgency.RETRY, after=30)
    clock.advance(29)
    assert taken(queue) is None
    queue.add("a", Urgency.EDIT)
    assert taken(queue) == "a"
    queue.done("a")
    clock.advance(60)
    assert taken(queue) is None


def test_an_audit_does_not_bring_a_retry_forward_in_rank_only_in_time(queue, clock):
    queue.add("a", Urgency.RETRY, after=30)
    queue.add("a", Urgency.AUDIT)

    item = queue.take(timeout=0)

    assert item is not None
    assert item.urgency is Urgency.RETRY


def test_the_backlog_counts_what_is_due_and_its_age(queue, clock):
    queue.add("a", Urgency.EDIT)
    queue.add("b", Urgency.RETRY, after=100)
    clock.advance(7)

    assert queue.backlog() == (1, 7.0)


def test_it_is_idle_when_only_what_was_put_off_is_left(queue):
    queue.add("later", Urgency.AUDIT, after=600)
    assert queue.idle

    queue.add("now", Urgency.EDIT)
    assert not queue.idle
    assert taken(queue) == "now"
    assert not queue.idle
    queue.done("now")
    assert queue.idle


def test_closing_wakes_everybody(queue):
    real: Queue[str] = Queue()
    found: list[object] = []
    workers = [threading.Thread(target=lambda: found.append(real.take())) for _ in range(3)]
    for each in workers:
        each.start()

    real.close()

    for each in workers:
        each.join(5)
    assert found == [None, None, None]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["edit", "churn", "done"]))))
def test_no_wish_is_lost_and_no_key_is_worked_on_twice_at_once(steps):
    """Whatever happens, the last wish for a key is followed by work that begins after it."""
    clock = ManualClock()
    queue: Queue[str] = Queue(clock=clock)
    dice = random.Random(len(steps))
    busy: set[str] = set()
    owed: set[str] = set()
    for key, step in steps:
        if step == "done" and key in busy:
            queue.done(key)
            busy.discard(key)
        elif step == "edit":
            queue.add(key, Urgency.EDIT)
            owed.add(key)
        else:
            queue.churn(key)
            owed.add(key)
        clock.advance(dice.random())
        item = queue.take(timeout=0)
        if item is not None:
            assert item.key not in busy
            busy.add(item.key)
            owed.discard(item.key)
    for key in busy:
        queue.done(key)
    clock.advance(10)
    while (item := queue.take(timeout=0)) is not None:
        owed.discard(item.key)
    assert owed == set()
