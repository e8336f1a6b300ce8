"""An AWS account of its own for each emulator: moto keeps its state per account, in process-wide tables.

`turn` is the only door to that state. It lets in one call at a time in the whole process (moto's tables know no locks)
and swaps in the account's own source of random ids, so that the same calls in the same order give the same ids.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.core.base_backend import BackendDict
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends
from moto.moto_api._internal import mock_random

from cloudlb_aws.emulator.moto import Backend

_TURN = threading.RLock()
_IMAGES = "MOTO_EC2_LOAD_DEFAULT_AMIS"
_FIRST = 111_122_223_333
_taken: set[int] = set()


@contextmanager
def _without_images() -> Iterator[None]:
    """Keep moto from loading its 1,300 machine images, which is nearly all of the time that an account takes."""
    before = os.environ.get(_IMAGES)
    os.environ[_IMAGES] = "false"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_IMAGES]
        else:
            os.environ[_IMAGES] = before


class Account:
    """One account in one region. The lowest free number is taken, so ARNs are the same in every run."""

    def __init__(self, region: str) -> None:
        """Take the lowest free number."""
        self.region = region
        with _TURN:
            number = _FIRST
            while number in _taken:
                number += 1
            _taken.add(number)
        self._number = number
        self.id = str(number)
        self._random: Any = None
        self.reset()

    @property
    def ec2(self) -> Backend:
        """Moto's EC2 state of this account."""
        return ec2_backends[self.id][self.region]

    @property
    def elbv2(self) -> Backend:
        """Moto's ELBv2 state of this account."""
        return elbv2_backends[self.id][self.region]

    @property
    def acm(self) -> Backend:
        """Moto's ACM state of this account."""
        from moto.acm.models import acm_backends  # noqa: PLC0415  (slow to import, wanted by few)

        return acm_backends[self.id][self.region]

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Work on the account's state, alone."""
        with _TURN:
            others = mock_random.getstate()
            mock_random.setstate(self._random)
            try:
                yield
            finally:
                self._random = mock_random.getstate()
                mock_random.setstate(others)

    def reset(self) -> None:
        """Forget everything in the account; ids start anew."""
        with _TURN:
            self._drop()
            others = mock_random.getstate()
            mock_random.seed(20_151_201)
            with _without_images():
                _ = self.ec2  # moto makes it on first sight
            self._random = mock_random.getstate()
            mock_random.setstate(others)

    def close(self) -> None:
        """Forget everything and give the number back."""
        with _TURN:
            self._drop()
            _taken.discard(self._number)

    def _drop(self) -> None:
        # The list holds a table once per account that ever used it; moto offers no other way to it.
        known: Backend = BackendDict
        tables = {id(table): table for table in known._instances}  # noqa: SLF001
        known._instances[:] = list(tables.values())  # noqa: SLF001
        for table in tables.values():
            table.pop(self.id, None)
