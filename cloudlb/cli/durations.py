"""Durations as people write them on a command line: `30m`, `12h`, `7d`, `1d12h`."""

import re
from datetime import timedelta

import typer

_WHOLE = re.compile(r"(?:\d+[dhms])+")
_PART = re.compile(r"(\d+)([dhms])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def duration(text: str) -> timedelta:
    """Read a duration. Raises typer.BadParameter."""
    if not _WHOLE.fullmatch(text.strip()):
        message = f"{text!r} is not a duration: write 7d, 12h, 30m or 90s"
        raise typer.BadParameter(message)
    try:
        parts = ({_UNITS[unit]: int(number)} for number, unit in _PART.findall(text))
        return sum((timedelta(**part) for part in parts), timedelta())
    except OverflowError as error:
        message = f"{text!r} is longer than anything lasts"
        raise typer.BadParameter(message) from error
