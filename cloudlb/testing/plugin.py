"""Pytest fixtures for repositories that hold manifests: provision them on an emulated cloud, and look at the result.

Installed with cloudlb; nothing heavy is imported until a fixture is asked for. A repository's test reads:

    def test_the_shop_has_one_public_port(provision):
        shop = provision("deploy/shop")
        assert not shop.problems
        assert [port for port in shop.ports("default", "shop")] == [443]

Command line: `--cloudlb-provider NAME` chooses the provider where more than one is installed and no node tells.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cloudlb.kube.offline import OfflineCluster
    from cloudlb.testing.emulated import Emulated, Provisioned

Provision = Callable[..., "Provisioned"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our option."""
    parser.getgroup("cloudlb").addoption(
        "--cloudlb-provider",
        default="",
        metavar="NAME",
        help="the provider whose cloud is emulated (default: the only one installed, else that of the manifests' nodes)",
    )


@pytest.fixture
def emulated_cloud(request: pytest.FixtureRequest) -> "Iterator[Emulated]":
    """Start a strict emulated cloud with a network and three nodes, stopped after the test."""
    from cloudlb.testing.emulated import Emulated

    with Emulated(request.config.getoption("--cloudlb-provider")) as emulated:
        yield emulated


@pytest.fixture
def offline_cluster() -> "Callable[..., OfflineCluster]":
    """Make clusters from files and folders of manifests; what an API server would refuse fails the test."""
    from cloudlb.testing.emulated import cluster_from

    return cluster_from


@pytest.fixture
def provision(request: pytest.FixtureRequest) -> Iterator[Provision]:
    """Provision files and folders of manifests on an emulated cloud, each call on a fresh one.

    The function takes paths, and returns a `cloudlb.testing.emulated.Provisioned`.
    """
    from cloudlb.testing.emulated import Emulated, cluster_from

    with ExitStack() as stack:

        def run(*paths: str | Path) -> "Provisioned":
            cluster = cluster_from(*paths)
            emulated = Emulated(request.config.getoption("--cloudlb-provider"), cluster.nodes())
            return stack.enter_context(emulated).provision(cluster)

        yield run
