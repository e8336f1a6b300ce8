"""The first Ctrl-C stops between two writes."""

import os
import signal

import pytest

from cloudlb.cli.interrupt import Interruption, stopping_between_writes
from cloudlb.cli.screen import Screen
from cloudlb.errors import Fenced


def test_writes_pass_until_somebody_asks_to_stop():
    interruption = Interruption()

    interruption.fence()
    interruption.ask()

    with pytest.raises(Fenced, match="stopped on request"):
        interruption.fence()


def test_no_wait_goes_on_after_somebody_asked_to_stop():
    interruption = Interruption()
    interruption.ask()

    interruption.sleep(1e9)

    assert interruption.asked


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_to_stop_and_says_so(number: int, capsys: pytest.CaptureFixture[str]):
    interruption = Interruption()
    handler = signal.getsignal(number)

    with stopping_between_writes(interruption, Screen.make()):
        os.kill(os.getpid(), number)

    assert interruption.asked
    assert "no other starts" in capsys.readouterr().err
    assert signal.getsignal(number) == handler
