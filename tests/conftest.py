"""What holds for all tests: none sees the log settings of a command that another one ran."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def fresh_log() -> Iterator[None]:
    """Let logs be as they are at the start of a process."""
    yield
    structlog.reset_defaults()
