"""The provider laws, for AWS: strict emulated accounts over HTTP, real boto3."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from cloudlb.testing.conformance import ProviderLaws
from cloudlb.testing.laws.common import NewWorld
from cloudlb.testing.world import World
from cloudlb_aws.emulator.examined import AwsWorld


class TestAws(ProviderLaws):
    """Every law, against AWS."""

    @pytest.fixture
    def new_world(self) -> Iterator[NewWorld]:
        """Make emulated accounts, each closed when the next one is asked for, the last with the test."""
        stack = ExitStack()

        def make() -> World:
            stack.close()
            return stack.enter_context(AwsWorld())

        with stack:
            yield make

    @pytest.fixture
    def world(self, new_world: NewWorld) -> World:
        """Return one fresh account."""
        return new_world()
