"""What holds for all tests: none is timed, none sees the log settings of a command that another one ran."""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def fresh_log() -> Iterator[None]:
    """Let logs be as they are at the start of a process."""
    yield
    structlog.reset_defaults()
