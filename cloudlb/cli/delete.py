"""`cloudlb delete`: what deleting these objects would remove from the cloud, and removing it."""

from typing import Annotated

import typer

from cloudlb.cli.options import Options, Output, Yes, takes


@takes(Options)
def command(
    options: Options,
    *,
    yes: Yes = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be removed.")
    ] = False,
) -> None:
    """Remove from the cloud what was made for these objects, as if they were deleted."""
    options.checked()
    if options.output is Output.JSON and not (yes or dry_run):
        message = "-o json leaves no room for a question: add --yes or --dry-run"
        raise typer.BadParameter(message)

    from cloudlb.cli.execution import Execution
    from cloudlb.cli.screen import Screen

    execution = Execution(options, Screen.make(no_color=options.no_color), ask=not yes)
    code = execution.show_departure() if dry_run else execution.delete()
    raise typer.Exit(code)
