"""`cloudlb status`: where each object is reached, and how it is doing."""

import typer

from cloudlb.cli.exits import Exit
from cloudlb.cli.options import ClusterOptions, Output, takes


@takes(ClusterOptions)
def command(options: ClusterOptions) -> None:
    """Show address, ports, healthy targets and conditions of each object. Changes nothing."""
    options.checked()

    from cloudlb.cli import looking
    from cloudlb.cli.screen import Screen
    from cloudlb.cli.session import session

    screen = Screen.make(no_color=options.no_color)
    with session(options, screen) as opened:
        rows = looking.look(opened)
        refusals, place = opened.refusals, opened.source.place
    if options.output is Output.JSON:
        screen.json(looking.as_json(rows, refusals))
    else:
        looking.show(rows, refusals, screen, place)
    if refusals or not all(each.ok for each in rows):
        raise typer.Exit(Exit.ERROR)
