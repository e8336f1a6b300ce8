"""Ctrl-C in the middle of an apply: stop between two writes, and say what state things are in."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import Any

from cloudlb.cli.exits import Exit
from cloudlb.cli.screen import Screen
from cloudlb.errors import Fenced

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Whether somebody asked to stop. `fence` and `sleep` are for the apply loop, which then ends by itself."""

    def __init__(self) -> None:
        self._asked = Event()

    @property
    def asked(self) -> bool:
        """Whether the work is to stop."""
        return self._asked.is_set()

    def ask(self) -> None:
        """Ask to stop: no write starts from now on, and no wait goes on."""
        self._asked.set()

    def fence(self) -> None:
        """Let a write pass. Raises Fenced once somebody has asked to stop."""
        if self.asked:
            message = "stopped on request"
            raise Fenced(message)

    def sleep(self, seconds: float) -> None:
        """Sleep, but not longer than until somebody asks to stop."""
        self._asked.wait(seconds)


@contextmanager
def stopping_between_writes(interruption: Interruption, screen: Screen) -> Iterator[None]:
    """Let the first Ctrl-C (or SIGTERM) ask to stop, and the second end the process at once."""

    def stop(number: int, _frame: FrameType | None) -> None:
        if interruption.asked:
            screen.note("Stopped at once. Run `cloudlb plan` to see what is there.")
            os._exit(Exit.INTERRUPTED)
        interruption.ask()
        again = " (again: at once)" if number == signal.SIGINT else ""
        screen.note(f"Stopping: calls that are under way are finished, no other starts{again}.")

    before: dict[int, Any] = {each: signal.signal(each, stop) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
