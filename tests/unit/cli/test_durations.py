"""Durations on the command line."""

from datetime import timedelta

import pytest
import typer

from cloudlb.cli.durations import duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7d", timedelta(days=7)),
        ("12h", timedelta(hours=12)),
        ("30m", timedelta(minutes=30)),
        ("90s", timedelta(seconds=90)),
        ("1d12h", timedelta(days=1, hours=12)),
        (" 8h ", timedelta(hours=8)),
        ("0s", timedelta()),
    ],
)
def test_what_is_one(text, expected):
    assert duration(text) == expected


@pytest.mark.parametrize("text", ["", "7", "d", "7w", "-1d", "1.5h", "7 d", "9" * 30 + "d"])
def test_what_is_none(text):
    with pytest.raises(typer.BadParameter):
        duration(text)
