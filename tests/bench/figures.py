"""Figures beside their budgets, as one table."""

import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. Without a budget nothing was promised, and the figure is only reported."""

    operation: str
    figure: str
    budget: str = ""
    incumbent: str = ""
    kept: bool | None = None
    detail: str = ""


def budgeted(operation: str, calls: tuple[str, ...], budget: int, incumbent: str) -> Row:
    """Make the row of an operation that has a budget in calls."""
    return Row(
        operation=operation,
        figure=f"{len(calls)} calls",
        budget=f"≤ {budget}",
        incumbent=incumbent,
        kept=len(calls) <= budget,
        detail=counted(calls),
    )


def counted(calls: Iterable[str]) -> str:
    """Put calls in the order of their first appearance, with how often."""
    times: dict[str, int] = {}
    for call in calls:
        times[call] = times.get(call, 0) + 1
    return ", ".join(f"{name}×{count}" if count > 1 else name for name, count in times.items())


def table(rows: Iterable[Row]) -> Table:
    """Lay the rows out."""
    made = Table(
        title=f"cloudlb, counted on {platform.machine()}, Python {platform.python_version()}"
    )
    for heading in ("operation", "cloudlb", "budget", "incumbent", "", "what it was"):
        made.add_column(heading, overflow="fold")
    for row in rows:
        mark = {True: "kept", False: "MISSED", None: ""}[row.kept]
        made.add_row(row.operation, row.figure, row.budget, row.incumbent, mark, row.detail)
    return made


def show(rows: Iterable[Row]) -> int:
    """Print the table; return 1 if a budget was missed."""
    rows = tuple(rows)
    Console(width=None if sys.stdout.isatty() else 160).print(table(rows))
    return int(any(row.kept is False for row in rows))
