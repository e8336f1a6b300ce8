"""`cloudlb emulate`: a standing emulated cloud, for trying things with the cloud's own tools beside it."""

import re
from enum import StrEnum
from typing import Annotated

import typer

from cloudlb.cli.options import NoColor, Verbose

_DURATION = re.compile(r"(?P<number>\d+(\.\d+)?)(?P<unit>ms|s)?")


class Throttle(StrEnum):
    """Whether the emulated cloud limits calls as the real one does."""

    OFF = "off"
    REALISTIC = "realistic"


def seconds(text: str) -> float:
    """Read `50ms`, `0.2s` or `2` (seconds). Raises typer.BadParameter."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        message = f"{text!r} is not a duration: write 50ms, or 0.05s"
        raise typer.BadParameter(message)
    number = float(found["number"])
    return number / 1000 if found["unit"] == "ms" else number


def command(  # noqa: PLR0913  (one parameter an option)
    cloud: Annotated[str, typer.Argument(metavar="CLOUD", help="Which cloud, as --provider.")],
    *,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: a free one.")] = 5000,
    latency: Annotated[
        str, typer.Option("--latency", metavar="TIME", help="How long every call takes, as 50ms.")
    ] = "0ms",
    throttle: Annotated[
        Throttle, typer.Option("--throttle", help="Limit calls as the cloud itself does.")
    ] = Throttle.OFF,
    files: Annotated[
        list[str] | None,
        typer.Option(
            "--filename", "-f", metavar="PATH", help="Manifests whose Nodes are its instances."
        ),
    ] = None,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Run an emulated cloud with a small network and some nodes, until Ctrl-C."""
    pause = seconds(latency)

    from cloudlb.cli import emulation, log
    from cloudlb.cli.screen import Screen
    from cloudlb.cli.standing import found, stand
    from cloudlb.errors import UsageError
    from cloudlb.kube import manifests
    from cloudlb.kube.offline import OfflineCluster

    screen = Screen.make(no_color=no_color)
    log.configure(verbose=verbose, color=screen.err.is_terminal and not no_color)
    documents = manifests.read(files) if files else ()
    nodes = OfflineCluster.load(documents).nodes()
    emulator = emulation.load(cloud)
    try:
        standing = emulator.start(
            port=port, latency=pause, throttle=throttle.value, nodes=emulation.places(nodes)
        )
    except OSError as error:
        message = f"can not listen on port {port}: {error.strerror or error}; choose another --port"
        raise UsageError(message) from error
    try:
        stand(standing, screen, files or found(standing.examples()))
    finally:
        standing.stop()
