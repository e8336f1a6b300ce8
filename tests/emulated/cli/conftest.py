"""A standing emulated cloud whose instances are the nodes of the examples, and the command line before it."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cloudlb.cli import emulation
from cloudlb.cli.emulation import Standing, places
from cloudlb.cli.main import app
from cloudlb.kube import manifests
from cloudlb.kube.offline import OfflineCluster

EXAMPLES = Path(__file__).parents[3] / "examples" / "kubia"

Cli = Callable[..., Result]

_IDS = re.compile(r"\b(sg|subnet|vpc|eni|sgr|eipalloc|pl)-[0-9a-f]{8,17}\b")


def tidy(text: str) -> str:
    """Replace what the emulated cloud makes up anew each time."""
    return _IDS.sub(r"\1-…", text)


@pytest.fixture
def kubia(tmp_path: Path) -> Path:
    """A copy of the kubia examples, to be edited."""
    return Path(shutil.copytree(EXAMPLES, tmp_path / "kubia"))


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Standing]:
    """A standing emulated cloud that the environment points to."""
    nodes = OfflineCluster.load(manifests.read([EXAMPLES])).nodes()
    standing = emulation.load("aws").start(nodes=places(nodes))
    for name, value in standing.environment().items():
        monkeypatch.setenv(name, value)
    yield standing
    standing.stop()


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line, called in this process: `cli("plan", "-f", folder)`."""
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments: object, stdin: str | None = None) -> Result:
        return CliRunner().invoke(app, [str(each) for each in arguments], input=stdin)

    return run


def edit(path: Path, *changes: tuple[str, str]) -> None:
    """Replace texts in a file, each once."""
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
