"""`cloudlb plan`: what would change in the cloud, and nothing else."""

from typing import Annotated

import typer

from cloudlb.cli.exits import Exit
from cloudlb.cli.options import ClusterOptions, takes


@takes(ClusterOptions)
def command(
    options: ClusterOptions,
    *,
    detailed_exitcode: Annotated[
        bool,
        typer.Option(
            "--detailed-exitcode", help="Exit with 0: nothing to do, 2: changes, 1: error."
        ),
    ] = False,
) -> None:
    """Show what has to change in the cloud for these objects. Changes nothing."""
    options.checked()

    from cloudlb.cli import planning
    from cloudlb.cli.screen import Screen
    from cloudlb.cli.session import session

    screen = Screen.make(no_color=options.no_color)
    with session(options, screen) as opened:
        planned = planning.plan(opened, opened.intents())
        planned.write(screen, options.output)
    if not planned.ok:
        raise typer.Exit(Exit.ERROR)
    if detailed_exitcode and planned.changes:
        raise typer.Exit(Exit.CHANGES)
