"""The options that several commands share, declared once.

`takes(Options)` gives a command the fields of a dataclass as options of its own: the command gets one object.
"""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, field, fields
from enum import StrEnum
from functools import wraps
from typing import Annotated, Any, get_type_hints

import typer

_OBJECTS = "What to work on"
_CLOUD = "The cloud"
_DEFAULTS = "Defaults for objects that do not say"
_OUTPUT = "Output"


class Output(StrEnum):
    """How a result is written."""

    TEXT = "text"
    JSON = "json"


class DefaultScheme(StrEnum):
    """Who can reach an address that nothing is said about."""

    INTERNAL = "internal"
    INTERNET_FACING = "internet-facing"


class DefaultTargetType(StrEnum):
    """What traffic is sent to where nothing is said."""

    NODE = "node"
    POD = "pod"


class Switch(StrEnum):
    """Yes or no, where nothing said is a third thing."""

    TRUE = "true"
    FALSE = "false"


Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        help="Tell all objects and fields, and log what is done to stderr.",
        rich_help_panel=_OUTPUT,
    ),
]
NoColor = Annotated[
    bool,
    typer.Option("--no-color", help="No colour. NO_COLOR does the same.", rich_help_panel=_OUTPUT),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to work on, which cloud to talk to, and how to write the result."""

    files: Annotated[
        list[str],
        typer.Option(
            "--filename",
            "-f",
            metavar="PATH",
            help="Manifests: a file, a folder, or - for stdin. May be repeated.",
            rich_help_panel=_OBJECTS,
        ),
    ]
    classes: Annotated[
        list[str],
        typer.Option(
            "--class",
            metavar="NAME",
            help="A loadBalancerClass to work for, beside objects without one. May be repeated; "
            "cloudlb.io/lb unless given.",
            rich_help_panel=_OBJECTS,
        ),
    ] = field(default_factory=list)
    cluster_name: Annotated[
        str,
        typer.Option(
            "--cluster-name",
            metavar="NAME",
            help="The cluster's name in the cloud's own tags. It also makes the cluster's identity, "
            "unless a manifest has the namespace kube-system with a uid.",
            rich_help_panel=_OBJECTS,
        ),
    ] = ""
    provider: Annotated[
        str,
        typer.Option(
            "--provider",
            metavar="NAME",
            help="The cloud. Default: the only one installed, or the one the nodes are of.",
            rich_help_panel=_CLOUD,
        ),
    ] = ""
    emulate: Annotated[
        bool,
        typer.Option(
            "--emulate",
            help="Work on an empty emulated cloud that is gone afterwards.",
            rich_help_panel=_CLOUD,
        ),
    ] = False
    endpoint_url: Annotated[
        str,
        typer.Option(
            "--endpoint-url",
            metavar="URL",
            help="Talk to this instead of the cloud, with the credentials of the environment "
            "(`cloudlb emulate` prints what to set).",
            rich_help_panel=_CLOUD,
        ),
    ] = ""
    region: Annotated[
        str,
        typer.Option(
            "--region",
            metavar="NAME",
            help="The cloud's region. Default: as the environment says.",
            rich_help_panel=_CLOUD,
        ),
    ] = ""
    network: Annotated[
        str,
        typer.Option(
            "--network",
            metavar="ID",
            help="The network of the nodes. Default: found through them.",
            rich_help_panel=_CLOUD,
        ),
    ] = ""
    tags: Annotated[
        list[str],
        typer.Option(
            "--tag",
            metavar="KEY=VALUE",
            help="Put a tag on everything that is made. May be repeated.",
            rich_help_panel=_CLOUD,
        ),
    ] = field(default_factory=list)
    node_tags: Annotated[
        list[str],
        typer.Option(
            "--node-tag",
            metavar="TAG",
            help="A network tag that firewall rules know the nodes by, where the cloud has such. May be repeated. "
            "Default: the nodes' own.",
            rich_help_panel=_CLOUD,
        ),
    ] = field(default_factory=list)
    manage_firewall: Annotated[
        Switch | None,
        typer.Option(
            "--manage-firewall",
            help="Whether firewall rules are made for objects that do not say. Default: true.",
            rich_help_panel=_CLOUD,
        ),
    ] = None
    default_scheme: Annotated[
        DefaultScheme,
        typer.Option(
            "--default-scheme", help="Who can reach an address.", rich_help_panel=_DEFAULTS
        ),
    ] = DefaultScheme.INTERNET_FACING
    default_target_type: Annotated[
        DefaultTargetType,
        typer.Option(
            "--default-target-type",
            help="Where traffic is sent: to node ports, or to pods directly.",
            rich_help_panel=_DEFAULTS,
        ),
    ] = DefaultTargetType.NODE
    output: Annotated[
        Output,
        typer.Option("--output", "-o", help="How to write the result.", rich_help_panel=_OUTPUT),
    ] = Output.TEXT
    verbose: Verbose = False
    no_color: NoColor = False

    def checked(self) -> "Options":
        """Return self. Raises typer.BadParameter for options that contradict each other or can not be read."""
        if self.emulate and self.endpoint_url:
            message = "--emulate and --endpoint-url can not be used together: choose one cloud"
            raise typer.BadParameter(message)
        self.extra_tags()
        return self

    def extra_tags(self) -> tuple[tuple[str, str], ...]:
        """Return the tags as pairs, sorted. Raises typer.BadParameter where one is no KEY=VALUE."""
        pairs = [each.partition("=") for each in self.tags]
        wrong = [
            tag for tag, (key, sign, _) in zip(self.tags, pairs, strict=True) if not (key and sign)
        ]
        if wrong:
            message = f"--tag {wrong[0]!r} is not KEY=VALUE"
            raise typer.BadParameter(message)
        return tuple(sorted({key: value for key, _, value in pairs}.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterOptions(Options):
    """The same for commands that, without manifests, look at a real cluster."""

    files: Annotated[
        list[str],
        typer.Option(
            "--filename",
            "-f",
            metavar="PATH",
            help="Manifests: a file, a folder, or - for stdin. May be repeated. Default: the cluster of the "
            "current context, with the settings of its controller.",
            rich_help_panel=_OBJECTS,
        ),
    ] = field(default_factory=list)
    kubeconfig: Annotated[
        str,
        typer.Option(
            "--kubeconfig",
            metavar="PATH",
            help="How to reach the cluster. Default: as kubectl does.",
            rich_help_panel=_OBJECTS,
        ),
    ] = ""
    context: Annotated[
        str,
        typer.Option(
            "--context",
            metavar="NAME",
            help="The kubeconfig's context. Default: its current one.",
            rich_help_panel=_OBJECTS,
        ),
    ] = ""
    controller_namespace: Annotated[
        str,
        typer.Option(
            "--controller-namespace",
            metavar="NAME",
            help="Where the controller runs, and left its settings.",
            rich_help_panel=_OBJECTS,
        ),
    ] = "cloudlb"

    def checked(self) -> "ClusterOptions":
        """Return self. Raises typer.BadParameter as the base does, and where manifests and a cluster are named."""
        Options.checked(self)
        if self.files and (self.kubeconfig or self.context):
            message = "-f and --kubeconfig or --context can not be used together: choose one source"
            raise typer.BadParameter(message)
        return self


def takes(
    kind: type[Any], without: tuple[str, ...] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Replace a command's first parameter, an object of the dataclass `kind`, by options that make it up.

    Fields that it shall do `without` keep their defaults.
    """
    hints = get_type_hints(kind, include_extras=True)
    shared = [
        _parameter(each, hints[each.name]) for each in fields(kind) if each.name not in without
    ]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        _, *own = inspect.signature(command).parameters.values()

        @wraps(command)
        def run(**given: Any) -> None:  # noqa: ANN401  (values of any option)
            chosen = kind(**{each.name: given.pop(each.name) for each in shared})
            command(chosen, **given)

        # Options without a default come first in a signature; typer passes all of them by name.
        run.__signature__ = inspect.Signature([*shared, *own])  # type: ignore[attr-defined]
        del run.__wrapped__
        return run

    return decorate


def _parameter(each: "Field[Any]", annotation: Any) -> inspect.Parameter:  # noqa: ANN401
    default: Any = inspect.Parameter.empty
    if each.default is not MISSING:
        default = each.default
    elif each.default_factory is not MISSING:
        default = each.default_factory()
    return inspect.Parameter(
        each.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )
