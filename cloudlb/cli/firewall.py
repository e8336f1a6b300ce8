"""`cloudlb firewall`: every rule around a cluster, whose it is, and how to reach node ports."""

from enum import StrEnum
from typing import Annotated

import typer

from cloudlb.cli.options import ClusterOptions, takes

app = typer.Typer(
    help="See the firewall rules around a cluster: whose each one is, and why.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


_WITHOUT = ("output", "emulate", "tags", "default_scheme", "default_target_type")
"""Options that mean nothing where nothing is made."""


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
    judged = rules.judged(options, screen, everything=everything)
    if why:
        rules.explain(judged, why, screen)
    else:
        rules.show(judged, output, screen)


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
