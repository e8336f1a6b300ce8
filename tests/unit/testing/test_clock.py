"""The clock that tests move."""

import pytest

from cloudlb.testing.clock import ManualClock


def test_it_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(5.0)
    assert (clock(), clock()) == (5.0, 5.0)

    clock.advance(2.5)
    assert clock() == 7.5


def test_it_never_goes_back() -> None:
    with pytest.raises(ValueError, match="-1"):
        ManualClock().advance(-1)
