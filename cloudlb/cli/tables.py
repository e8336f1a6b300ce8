"""The tables that people read."""

from collections.abc import Iterable

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from cloudlb.cli.overview import PortLine, Row
from cloudlb.kube.objects import Condition


def status_table(rows: Iterable[Row]) -> Table:
    """Show objects with ports, targets and conditions, one line a port."""
    table = _table("OBJECT", "ADDRESS", "PORTS", "TARGETS", "CONDITIONS")
    for row in rows:
        table.add_row(
            row.owner,
            _lines(row.addresses) or Text(row.note or "none yet", style="dim"),
            _lines(_port(each) for each in row.ports),
            _lines(_targets(each) for each in row.ports),
            _lines(_condition(each) for each in row.conditions),
        )
    return table


def address_table(rows: Iterable[Row]) -> Table:
    """Show where each object is reached."""
    table = _table("OBJECT", "ADDRESS", "PORTS", "PROGRAMMED")
    for row in rows:
        table.add_row(
            row.owner,
            _lines(row.addresses) or Text("none", style="dim"),
            _lines(_port(each) for each in row.ports),
            _lines(_state(each) for each in row.conditions if each.type.endswith("/Programmed")),
        )
    return table


def messages(rows: Iterable[Row]) -> list[str]:
    """Return what the conditions that are not plainly good have to say, one line each."""
    return [
        f"{row.owner}: {each.message}"
        for row in rows
        for each in row.conditions
        if each.message and (each.status != "True" or each.reason == "AcceptedWithWarnings")
    ]


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _lines(parts: Iterable[str | Text]) -> Text:
    return Text("\n").join(Text(part) if isinstance(part, str) else part for part in parts)


def _port(port: PortLine) -> Text:
    return Text.assemble(str(port), (f" {port.error}", "red") if port.error else "")


def _targets(port: PortLine) -> Text:
    good = port.total is not None and port.healthy == port.total
    style = "green" if good else "yellow" if port.healthy else "red"
    return Text(port.targets, style=style)


def _condition(condition: Condition) -> Text:
    name = condition.type.rpartition("/")[2]
    return Text.assemble(f"{name}=", _state(condition))


def _state(condition: Condition) -> Text:
    good = condition.status == "True"
    reason = "" if condition.type.endswith(f"/{condition.reason}") else f" ({condition.reason})"
    return Text(f"{condition.status}{reason}", style="green" if good else "red")
