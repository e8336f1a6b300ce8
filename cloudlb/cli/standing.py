"""An emulated cloud in the foreground: what is in it, how to use it, and waiting until it is no longer needed."""

import shlex
import signal
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from types import FrameType

from cloudlb.cli.emulation import Standing
from cloudlb.cli.screen import Screen


def stand(standing: Standing, screen: Screen, files: Sequence[str]) -> None:
    """Print what there is to know, and return after Ctrl-C or SIGTERM."""
    done = Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        done.set()

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        for line in lines(standing, files):
            screen.line(line)
        screen.out.file.flush()
        # Event.wait without a timeout can not be interrupted on every platform.
        while not done.wait(1.0):
            pass
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    calls = standing.recorder.count()
    screen.note(f"Stopped after {calls} call{'' if calls == 1 else 's'}; everything in it is gone.")


def found(examples: Sequence[str]) -> Sequence[str]:
    """Return our examples where they are at hand, which is in a checkout; elsewhere a word for one's own manifests."""
    return tuple(each for each in examples if Path(each).exists()) or ("MANIFESTS",)


def lines(standing: Standing, files: Sequence[str]) -> Sequence[str]:
    """Return what a person needs to know about an emulated cloud."""
    exports = [
        f"  export {name}={shlex.quote(value)}" for name, value in standing.environment().items()
    ]
    paths = " ".join(f"-f {shlex.quote(each)}" for each in files)
    return (
        *standing.describe(),
        "",
        "In another terminal:",
        *exports,
        f"  cloudlb plan  {paths} --endpoint-url {standing.endpoint_url}",
        f"  cloudlb apply {paths} --endpoint-url {standing.endpoint_url}",
        *(f"  {each}" for each in standing.commands()),
        "",
        "Ctrl-C stops it; everything in it is gone then.",
    )
