"""`cloudlb annotations`: every annotation that a provider reads."""

from typing import Annotated

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
    """Print the annotations that a provider reads, with type, default and meaning."""
    import json

    from cloudlb.cli import providers
    from cloudlb.cli.screen import Screen

    screen = Screen.make(no_color=no_color)
    table = providers.choose(provider, ()).annotations
