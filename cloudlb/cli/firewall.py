"""`cloudlb firewall`: every rule around a cluster, whose it is, and how to reach node ports."""

from dataclasses import replace
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


_WITHOUT = (
    "output",
    "emulate",
    "tags",
    "node_tags",
    "manage_firewall",
    "default_scheme",
    "default_target_type",
)
"""Options that mean nothing where nothing is made."""


_LIVE_ONLY = (*_WITHOUT, "files")
"""Manifests may be a part of what runs: from what is not in them nothing follows."""


Contexts = Annotated[
    list[str] | None,
    typer.Option(
        "--context",
        metavar="NAME",
        help="The kubeconfig's context; repeated, those of further clusters around the same network.",
        rich_help_panel="Objects",
    ),
]


class Form(StrEnum):
    """How rules are listed."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    CSV = "csv"


@app.command("list")
@takes(ClusterOptions, without=(*_WITHOUT, "context"))
def list_rules(
    options: ClusterOptions,
    *,
    contexts: Contexts = None,
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
    first, *further = contexts or [""]
    options = replace(options, context=first).checked()

    from cloudlb.cli import rules
    from cloudlb.cli.screen import Screen

    screen = Screen.make(no_color=options.no_color)
    place = rules.ground(options, screen, further)
    with screen.counting("reading firewall rules") as told:
        judged = place.judged(everything=everything, told=told)
    if options.files:
        screen.note("Judged by these manifests: what is not in them counts as gone.", style="dim")
    if why:
        rules.explain(judged, why, screen)
    else:
        rules.show(judged, output, screen, place.firewall.quotas())


@app.command("prune")
@takes(ClusterOptions, without=(*_LIVE_ONLY, "context"))
def prune(  # noqa: PLR0913  (one parameter an option)
    options: ClusterOptions,
    *,
    contexts: Contexts = None,
    clusters: Annotated[
        list[str] | None,
        typer.Option(
            "--cluster",
            metavar="ID",
            help="Also rules of this other cluster, whose context has to be given as well.",
        ),
    ] = None,
    orphans: Annotated[
        bool, typer.Option("--orphans", help="Rules of cloudlb whose Service has gone.")
    ] = False,
    leftovers: Annotated[
        bool,
        typer.Option("--leftovers", help="Rules of other controllers that serve nothing any more."),
    ] = False,
    expired: Annotated[
        bool, typer.Option("--expired", help="Rules that a person made until a time that is past.")
    ] = False,
    older_than: Annotated[
        str,
        typer.Option(
            "--older-than",
            metavar="TIME",
            help="Only rules that are older, as 7d or 12h. Those whose age is not known are kept.",
        ),
    ] = "",
    dependents: Annotated[
        bool,
        typer.Option(
            "--with-dependents",
            help="Also dead objects around them: groups that rules are in, health checks.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show them; exit with 2 if there are any.")
    ] = False,
    report_only: Annotated[
        bool,
        typer.Option(
            "--report-only",
            help="For a CronJob: delete nothing, tell of them by an Event and metrics.",
        ),
    ] = False,
    metrics_file: Annotated[
        str,
        typer.Option(
            "--metrics-file", metavar="PATH", help="Where --report-only writes Prometheus metrics."
        ),
    ] = "",
    yes: Yes = False,
    folder: Annotated[
        str, typer.Option("--restore-folder", metavar="PATH", help="Where the restore file goes.")
    ] = ".",
    output: Annotated[Output, typer.Option("--output", "-o", help="How to write.")] = Output.TEXT,
) -> None:
    """Delete rules that nobody needs: all dead kinds, unless some are chosen. `restore` undoes it."""
    first, *further = contexts or [""]
    options = replace(options, context=first).checked()
    if output is Output.JSON and not (yes or dry_run):
        message = "-o json leaves no room for a question: add --yes or --dry-run"
        raise typer.BadParameter(message)

    from datetime import UTC, datetime
    from pathlib import Path

    from cloudlb.cli.durations import duration
    from cloudlb.cli.pruning import Pruning
    from cloudlb.cli.screen import Screen
    from cloudlb.firewall.pruning import Choice
    from cloudlb.firewall.verdicts import Verdict

    chosen = {Verdict.ORPHAN: orphans, Verdict.LEFTOVER: leftovers, Verdict.EXPIRED: expired}
    choice = Choice(
        kinds=frozenset(kind for kind, wanted in chosen.items() if wanted) or frozenset(chosen),
        before=datetime.now(UTC) - duration(older_than) if older_than else None,
        clusters=frozenset(clusters or ()),
        dependents=dependents,
    )
    if report_only:
        from cloudlb.cli.reporting import report

        report(options, Screen.make(no_color=options.no_color), choice, metrics_file, further)
        return
    screen = Screen.make(no_color=options.no_color)
    pruning = Pruning(options, screen, choice, output, further)
    raise typer.Exit(pruning.show() if dry_run else pruning.run(Path(folder), ask=not yes))


_DIRECT = typer.Option(
    "--direct",
    help="By a rule of its own, without the controller and without touching the object.",
)


@app.command("open")
@takes(ClusterOptions, without=_LIVE_ONLY)
def open_ports(
    options: ClusterOptions,
    *,
    service: Annotated[
        str, typer.Argument(metavar="SERVICE", help="NAME, or NAMESPACE/NAME; else in default.")
    ],
    sources: Annotated[
        list[str] | None,
        typer.Option("--source", metavar="CIDR", help="Who is let in; may be given several times."),
    ] = None,
    direct: Annotated[bool, _DIRECT] = False,
    expires: Annotated[
        str,
        typer.Option("--expires", metavar="TIME", help="After how long prune removes it, as 8h."),
    ] = "",
) -> None:
    """Open the node ports of a Service on all nodes, to the sources that are given."""
    options.checked()

    from datetime import UTC, datetime

    from cloudlb.cli import opening
    from cloudlb.cli.durations import duration
    from cloudlb.cli.screen import Screen

    if expires and not direct:
        message = "--expires goes with --direct: an annotation has no end"
        raise typer.BadParameter(message)
    screen = Screen.make(no_color=options.no_color)
    allowed = opening.sources_of(sources or ())
    if direct:
        until = datetime.now(UTC) + duration(expires) if expires else None
        opening.open_direct(options, screen, service, allowed, until)
    else:
        opening.open_by_annotation(options, screen, service, allowed)


@app.command("close")
@takes(ClusterOptions, without=_LIVE_ONLY)
def close_ports(
    options: ClusterOptions,
    *,
    service: Annotated[
        str, typer.Argument(metavar="SERVICE", help="NAME, or NAMESPACE/NAME; else in default.")
    ],
    direct: Annotated[bool, _DIRECT] = False,
) -> None:
    """Remove what `open` has opened for a Service."""
    options.checked()

    from cloudlb.cli import opening
    from cloudlb.cli.screen import Screen

    close = opening.close_direct if direct else opening.close_by_annotation
    close(options, Screen.make(no_color=options.no_color), service)


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
