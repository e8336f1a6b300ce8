"""One API server for the whole test run, one namespace and one emulated cloud for each test."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudlb.testing.kube.binaries import missing
from cloudlb.testing.kube.server import KubeServer
from cloudlb_aws.emulator import Emulator, World

from .bed import Bed


@pytest.fixture(scope="session")
def server() -> Iterator[KubeServer]:
    """A control plane, with the role that we ship."""
    gone = missing()
    if gone:
        reason = (
            f"no {', '.join(gone)} on this machine: install Go 1.25 or newer and run `make kube`"
        )
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with KubeServer() as started:
        started.grant()
        yield started


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """A fresh emulated account, without anything in it."""
    with Emulator() as started:
        for key, value in started.environment().items():
            monkeypatch.setenv(key, value)
        yield started


@pytest.fixture
def bed(server: KubeServer, emulator: Emulator, tmp_path: Path) -> Iterator[Bed]:
    """A namespace of its own, three nodes that are instances of the account, and no controller yet."""
    world = emulator.seed(World(eips=3))
    namespace = f"t-{uuid.uuid4().hex[:8]}"
    made = Bed(
        server=server,
        emulator=emulator,
        world=world,
        namespace=namespace,
        folder=tmp_path,
        api=server.api(),
    )
    made.api.post("/api/v1/namespaces", {"metadata": {"name": namespace}})
    made.add_nodes()
    yield made
    made.clean_up()
