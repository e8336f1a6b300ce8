"""`cloudlb apply`: the plan, a question, the work with its progress, and the addresses."""

import typer

from cloudlb.cli.options import Options, Output, Yes, takes


@takes(Options)
def command(options: Options, *, yes: Yes = False) -> None:
    """Bring the cloud to what these objects ask for, after showing the plan."""
    options.checked()
    if options.output is Output.JSON and not yes:
        message = "-o json leaves no room for a question: add --yes"
        raise typer.BadParameter(message)

    from cloudlb.cli.execution import Execution
    from cloudlb.cli.screen import Screen

    code = Execution(options, Screen.make(no_color=options.no_color), ask=not yes).apply()
    raise typer.Exit(code)
