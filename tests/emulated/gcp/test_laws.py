"""The provider laws, for GCP: strict emulated projects over HTTP, real google-cloud-compute."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from cloudlb.testing.conformance import ProviderLaws
from cloudlb.testing.laws.common import NewWorld
from cloudlb.testing.world import World
from cloudlb_gcp.emulator.examined import GcpWorld


class TestGcp(ProviderLaws):
    """Every law, against GCP."""

    @pytest.fixture
    def new_world(self) -> Iterator[NewWorld]:
        """Make emulated projects, each closed when the next one is asked for, the last with the test."""
        stack = ExitStack()

        def make() -> World:
            stack.close()
            return stack.enter_context(GcpWorld())

        with stack:
            yield make

    @pytest.fixture
    def world(self, new_world: NewWorld) -> World:
        """Return one fresh project."""
        return new_world()
