"""`cloudlb annotations`: every annotation that a provider reads."""

from typing import Annotated, Any

import typer

from cloudlb.cli.options import NoColor, Output


def command(
    *,
    provider: Annotated[
        str, typer.Option("--provider", metavar="NAME", help="Default: the only one installed.")
    ] = "",
    output: Annotated[Output, typer.Option("--output", "-o")] = Output.TEXT,
    no_color: NoColor = False,
) -> None:
    """Print the annotations that a provider reads, with values, default and meaning."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as Shown

    from cloudlb.cli import providers
    from cloudlb.cli.screen import Screen

    screen = Screen.make(no_color=no_color)
    rows = [_plain(each) for each in providers.choose(provider, tuple).annotations.rows]
    if output is Output.JSON:
        found = {"format": "cloudlb.io/annotations/v1", "annotations": rows}
        screen.json(found)
        return
    table = Shown("ANNOTATION", "VALUES", "DEFAULT", "MEANING", box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        meaning = f"Deprecated: use {row['deprecated']}. " if row["deprecated"] else ""
        table.add_row(row["key"], row["values"], row["default"], f"{meaning}{row['meaning']}")
    screen.table(table)


def _plain(row: Any) -> dict[str, str]:  # noqa: ANN401  (cloudlb.translate.annotations.Row, imported lazily)
    return {
        "key": f"{row.key}.PORT" if row.per_port else row.key,
        "values": row.type,
        "default": row.default,
        "meaning": row.doc,
        "deprecated": row.deprecated,
    }
