"""The limits of calls: our own rate, and the spacing that is learned from throttles. Time is the test's."""

import pytest

from cloudlb.controller.limits import Bucket, Spacing
from cloudlb.testing.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def test_a_burst_passes_and_then_the_rate_counts(clock):
    bucket = Bucket(rate=2.0, burst=3.0, clock=clock, sleep=clock.advance)
    started = clock()
    for _ in range(3):
        bucket.take()
    assert clock() == started
    for _ in range(4):
        bucket.take()
    assert clock() - started == pytest.approx(2.0)


def test_a_rate_of_zero_is_no_limit(clock):
    bucket = Bucket(rate=0.0, burst=0.0, clock=clock, sleep=clock.advance)
    started = clock()
    for _ in range(1000):
        bucket.take()
    assert clock() == started


def test_what_is_never_throttled_is_never_spaced(clock):
    spacing = Spacing(clock=clock, sleep=clock.advance)
    started = clock()
    for _ in range(100):
        spacing.take("Describe")
        spacing.learn("Describe", throttled=False)
    assert clock() == started


def test_a_throttled_operation_is_spaced_and_the_others_are_not(clock):
    spacing = Spacing(clock=clock, sleep=clock.advance)
    spacing.learn("Create", throttled=True)
    started = clock()
    spacing.take("Create")
    spacing.take("Create")
    assert clock() - started == pytest.approx(0.4)
    spacing.take("Delete")
    assert clock() - started == pytest.approx(0.4)


def test_many_throttles_in_one_moment_count_once(clock):
    spacing = Spacing(clock=clock, sleep=clock.advance)
    for _ in range(20):
        spacing.learn("Create", throttled=True)
    started = clock()
    spacing.take("Create")
    assert clock() - started == pytest.approx(0.2)


def test_it_finds_the_rate_of_a_bucket_that_nobody_told_it(clock):
    """Against 3 tokens a second, few calls go to waste, and it is not much slower than it could be."""
    cloud = Bucket(rate=3.0, burst=10.0, clock=clock, sleep=lambda _seconds: None)
    spacing = Spacing(clock=clock, sleep=clock.advance)
    passed = throttled = 0
    started = clock()
    while passed < 300:
        spacing.take("Create")
        before = cloud._tokens + (clock() - cloud._at) * 3.0
        if before >= 1.0:
            cloud.take()
            passed += 1
        else:
            throttled += 1
        spacing.learn("Create", throttled=before < 1.0)
        clock.advance(0.01)
    assert throttled <= 60
    assert clock() - started <= 2.0 * 300 / 3.0


def test_calm_ends_the_spacing(clock):
    spacing = Spacing(clock=clock, sleep=clock.advance)
    spacing.learn("Create", throttled=True)
    for _ in range(120):
        spacing.learn("Create", throttled=False)
    started = clock()
    for _ in range(10):
        spacing.take("Create")
    assert clock() == started
