"""`cloudlb run`: the controller, in a cluster or beside one."""

import inspect
import os
from typing import Annotated

import typer

from cloudlb.controller.config import SETTINGS, Setting

_PLACE = "Where it runs"

ConfigFile = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="PATH",
        help="A YAML file with settings, by their names with underscores.",
        rich_help_panel=_PLACE,
    ),
]
Kubeconfig = Annotated[
    str,
    typer.Option(
        "--kubeconfig",
        metavar="PATH",
        help="How to reach the cluster from outside. Default: the pod's service account, else as kubectl does.",
        rich_help_panel=_PLACE,
    ),
]
Context = Annotated[
    str,
    typer.Option(
        "--context",
        metavar="NAME",
        help="The kubeconfig's context. Default: its current one.",
        rich_help_panel=_PLACE,
    ),
]


def command(
    config: ConfigFile = None,
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    **flags: str | None,
) -> None:
    """Keep every Service of a cluster provisioned, until it is told to stop."""
    from cloudlb.cli.running import run
    from cloudlb.controller.config import load

    settings = load(flags, os.environ, config)
    raise typer.Exit(run(settings, kubeconfig=kubeconfig, context=context))


def _parameter(setting: Setting) -> inspect.Parameter:
    default = setting.default or "none"
    option = typer.Option(
        setting.flag,
        metavar=setting.form,
        help=f"{setting.help} [{setting.variable}; default: {default}]",
        rich_help_panel=setting.group,
        show_default=False,
    )
    return inspect.Parameter(
        setting.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[str | None, option],
    )


def _with_settings() -> inspect.Signature:
    own = inspect.signature(command)
    fixed = [each for each in own.parameters.values() if each.kind is not each.VAR_KEYWORD]
    return own.replace(parameters=[*fixed, *map(_parameter, SETTINGS)])


command.__signature__ = _with_settings()  # type: ignore[attr-defined]
