"""Where a command writes: results to stdout, everything else to stderr; colour on a terminal only."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as ProgressBar
from rich.table import Table
from rich.text import Text

_UNWRAPPED = 1000
"""Columns when nobody looks at a terminal: lines are for other programs, and stay whole."""

_COUNT = TextColumn("{task.completed:,.0f}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """The two streams. `out` carries what was asked for, `err` progress, questions and complaints."""

    out: Console
    err: Console

    @classmethod
    def make(cls, *, no_color: bool = False) -> "Screen":
        """Look at the streams as they are now. NO_COLOR (no-color.org) counts as the flag does."""
        plain = no_color or bool(os.environ.get("NO_COLOR"))
        return cls(out=_console(plain=plain, stderr=False), err=_console(plain=plain, stderr=True))

    @property
    def live(self) -> bool:
        """Whether what is written may be redrawn."""
        return self.err.is_terminal and not self.err.is_dumb_terminal

    @property
    def can_ask(self) -> bool:
        """Whether somebody is there to answer a question."""
        return sys.stdin.isatty() and self.err.is_terminal

    def line(self, text: str | Text = "") -> None:
        """Print a line of the result as it is, never wrapped or interpreted."""
        self.out.print(text, markup=False, highlight=False, emoji=False, soft_wrap=True)

    def json(self, found: object) -> None:
        """Print the result as JSON: UTF-8 as it is, and escapes for what is no character (half a surrogate pair)."""
        text = json.dumps(found, indent=2, ensure_ascii=False)
        self.line(text.encode("utf-8", "backslashreplace").decode("utf-8"))

    def table(self, table: Table) -> None:
        """Print a table of the result."""
        self.out.print(table)

    def note(self, text: str | Text = "", style: str = "") -> None:
        """Print a line beside the result."""
        self.err.print(
            text, style=style or None, markup=False, highlight=False, emoji=False, soft_wrap=True
        )

    @contextmanager
    def counting(self, words: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Show on a terminal how far something is; yields who is to be told the number done so far, from any thread.

        Without a `total` the bar only shows that it goes on.
        """
        if not self.live:
            yield lambda _count: None
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), _COUNT)
        with ProgressBar(*columns, console=self.err, transient=True) as bar:
            task = bar.add_task(words, total=total)
            yield lambda count: bar.update(task, completed=count)

    def warning(self, text: str) -> None:
        """Print a warning."""
        self.note(_labelled("warning", "yellow", text))

    def error(self, text: str) -> None:
        """Print an error."""
        self.note(_labelled("error", "bold red", text))


def _labelled(label: str, style: str, text: str) -> Text:
    return Text.assemble((f"{label}: ", style), text)


def _console(*, plain: bool, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return Console(
        stderr=stderr,
        no_color=plain or None,
        # Bold and underline are escape codes as well; without colour there is none of them.
        color_system=None if plain else "auto",
        force_terminal=None,
        width=None if stream.isatty() else _UNWRAPPED,
        highlight=False,
    )
