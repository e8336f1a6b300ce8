"""The command `cloudlb`: which commands there are."""

import typer

from cloudlb.cli import annotations, apply, delete, emulate, firewall, plan, run, status, version
from cloudlb.cli.boundary import Commands
from cloudlb.cli.exits import HELP

app = typer.Typer(
    name="cloudlb",
    cls=Commands,
    help="Cloud load balancers for Kubernetes Services: see every change before it happens.",
    epilog=HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

for module in (plan, apply, status, delete, run, emulate, annotations, version):
    app.command(name=module.__name__.rpartition(".")[2])(module.command)

app.add_typer(firewall.app, name="firewall")


def main() -> None:
    """Run the command line (the console script)."""
    app()
