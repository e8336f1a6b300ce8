"""`cloudlb firewall`: every rule around a cluster, whose it is, and how to reach node ports."""

from enum import StrEnum
from typing import Annotated

import typer

from cloudlb.cli.options import ClusterOptions, Output, Yes, takes

app = typer.Typer(
    help="See the firewall rules around a cluster: whose each one is, and why.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


_WITHOUT = ("output", "emulate", "tags", "default_scheme", "default_target_type")
"""Options that mean nothing where nothing is made."""


_LIVE_ONLY = (*_WITHOUT, "files")
"""Manifests may be a part of what runs: from what is not in them nothing follows."""


class Form(StrEnum):
    """How rules are listed."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    CSV = "csv"


@app.command("list")
@takes(ClusterOptions, without=_WITHOUT)
def list_rules(
    options: ClusterOptions,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="All rules of the nodes' network, not only around them.")
    ] = False,
    why: Annotated[
        str,
        typer.Option("--why", metavar="RULE", help="Tell of one rule how its verdict was reached."),
    ] = "",
    output: Annotated[Form, typer.Option("--output", "-o", help="How to list.")] = Form.TABLE,
) -> None:
    """List the rules with sources, ports, whose they are, and a verdict. Changes nothing."""
    options.checked()

    from cloudlb.cli import rules
    from cloudlb.cli.screen import Screen

    screen = Screen.make(no_color=options.no_color)
    judged = rules.ground(options, screen).judged(everything=everything)
    if options.files:
        screen.note("Judged by these manifests: what is not in them counts as gone.", style="dim")
    if why:
        rules.explain(judged, why, screen)
    else:
        rules.show(judged, output, screen)


@app.command("prune")
@takes(ClusterOptions, without=_LIVE_ONLY)
def prune(  # noqa: PLR0913  (one parameter an option)
    options: ClusterOptions,
    *,
    orphans: Annotated[
        bool, typer.Option("--orphans", help="Rules of cloudlb whose Service has gone.")
    ] = False,
    leftovers: Annotated[
        bool,
        typer.Option("--leftovers", help="Rules of other controllers that serve nothing any more."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show them; exit with 2 if there are any.")
    ] = False,
    yes: Yes = False,
    folder: Annotated[
        str, typer.Option("--restore-folder", metavar="PATH", help="Where the restore file goes.")
    ] = ".",
    output: Annotated[Output, typer.Option("--output", "-o", help="How to write.")] = Output.TEXT,
) -> None:
    """Delete rules that nobody needs, orphans and leftovers unless one of them is chosen; `restore` undoes it."""
    options.checked()
    if output is Output.JSON and not (yes or dry_run):
        message = "-o json leaves no room for a question: add --yes or --dry-run"
        raise typer.BadParameter(message)

    from pathlib import Path

    from cloudlb.cli.pruning import Pruning
    from cloudlb.cli.screen import Screen
    from cloudlb.firewall.verdicts import Verdict

    chosen = {Verdict.ORPHAN: orphans, Verdict.LEFTOVER: leftovers}
    kinds = frozenset(kind for kind, wanted in chosen.items() if wanted) or frozenset(chosen)
    pruning = Pruning(options, Screen.make(no_color=options.no_color), kinds, output)
    raise typer.Exit(pruning.show() if dry_run else pruning.run(Path(folder), ask=not yes))


@app.command("restore")
@takes(ClusterOptions, without=_LIVE_ONLY)
def restore(
    options: ClusterOptions,
    *,
    file: Annotated[str, typer.Argument(metavar="FILE", help="What `prune` wrote.")],
) -> None:
    """Put back the rules that `prune` deleted."""
    options.checked()

    from pathlib import Path

    from cloudlb.cli.pruning import restore as put_back
    from cloudlb.cli.screen import Screen

    raise typer.Exit(put_back(options, Screen.make(no_color=options.no_color), Path(file)))


@app.command("urls")
@takes(ClusterOptions, without=_WITHOUT)
def urls(
    options: ClusterOptions,
    *,
    service: Annotated[
        str, typer.Argument(metavar="SERVICE", help="NAME, or NAMESPACE/NAME; else in default.")
    ],
) -> None:
    """Print an address for every node and node port of a Service, external addresses first."""
    options.checked()

    from cloudlb.cli import rules
    from cloudlb.cli.screen import Screen

    screen = Screen.make(no_color=options.no_color)
    for url in rules.urls(options, screen, service):
        screen.line(url)
