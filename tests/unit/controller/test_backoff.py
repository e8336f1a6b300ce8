"""When a key is tried again: by the class of what went wrong, and how often in a row."""

import pytest

from cloudlb.controller.backoff import Backoff
from cloudlb.errors import (
    CloudlbError,
    Conflict,
    Denied,
    InvalidObject,
    NotOwned,
    NotReady,
    QuotaExceeded,
    Rejected,
    Throttled,
    Transient,
)


def backoff() -> Backoff:
    return Backoff(jitter=lambda low, high: (low + high) / 2)


@pytest.mark.parametrize(
    ("error", "first", "second", "most"),
    [
        pytest.param(Transient("x"), 5.0, 10.0, 300.0, id="the cloud is away"),
        pytest.param(CloudlbError("x"), 5.0, 10.0, 300.0, id="anything else"),
        pytest.param(Throttled("x"), 5.0, 10.0, 300.0, id="throttled"),
        pytest.param(Conflict("x"), 2.0, 4.0, 300.0, id="not as thought"),
        pytest.param(QuotaExceeded("x"), 60.0, 120.0, 900.0, id="a quota"),
        pytest.param(Denied("x"), 60.0, 120.0, 900.0, id="a missing right"),
        pytest.param(Rejected("x"), 300.0, 600.0, 3600.0, id="refused"),
        pytest.param(NotOwned("x"), 300.0, 600.0, 3600.0, id="not ours"),
    ],
)
def test_the_ladder_of_each_class(error, first, second, most):
    waits = backoff()
    assert waits.after("key", (error,)) == pytest.approx(first)
    assert waits.after("key", (error,)) == pytest.approx(second)
    for _ in range(50):
        last = waits.after("key", (error,))
    assert last == pytest.approx(most)


def test_what_the_server_asks_for_is_kept_to():
    assert backoff().after("key", (Throttled("x", after=17.0),)) == pytest.approx(17.0)
    assert backoff().after("key", (NotReady("x", after=60.0),)) == pytest.approx(60.0)


def test_an_invalid_object_is_not_tried_again():
    assert backoff().after("key", (InvalidObject("x"),)) is None


def test_of_several_errors_the_soonest_counts():
    assert backoff().after("key", (Rejected("x"), Conflict("y"))) == pytest.approx(2.0)


def test_a_success_ends_the_row_and_keys_do_not_share_it():
    waits = backoff()
    for _ in range(3):
        waits.after("key", (Transient("x"),))
    assert waits.after("other", (Transient("x"),)) == pytest.approx(5.0)
    waits.success("key")
    assert waits.after("key", (Transient("x"),)) == pytest.approx(5.0)


def test_jitter_is_a_fifth():
    asked = []
    Backoff(jitter=lambda low, high: asked.append((low, high)) or 1.0).after(
        "key", (Transient("x"),)
    )
    assert asked == [(0.9, 1.1)]


def test_what_an_object_names_and_nobody_has_made_is_looked_for_slowly():
    waits = backoff()

    looks = [waits.after_a_look("key") for _ in range(6)]

    assert looks == pytest.approx([60.0, 120.0, 240.0, 480.0, 900.0, 900.0])
    waits.success("key")
    assert waits.after_a_look("key") == pytest.approx(60.0)
