"""Reads are made again when the cloud asks for less, or fails for a moment; nothing else is."""

from collections.abc import Sequence
from typing import Any

import pytest

from cloudlb.controller.patience import TRIES, PatientCloud
from cloudlb.errors import CloudError, Denied, Throttled, Transient
from cloudlb.model import Node, Owner
from cloudlb.plan.apply import Pace
from cloudlb.plan.driver import Driver
from cloudlb.plan.resource import Observed, Stack
from cloudlb.provider import Inventory, TargetHealth


class Failing:
    """A cloud whose reads fail as told, one error a read, before they succeed."""

    def __init__(self, *errors: CloudError) -> None:
        self.errors = list(errors)
        self.reads = 0

    def _read(self, result: Any) -> Any:
        self.reads += 1
        if self.errors:
            raise self.errors.pop(0)
        return result

    def driver(self, owner: Owner) -> Driver:
        raise AssertionError(owner)

    def survey(self, nodes: Sequence[Node]) -> Any:
        return self._read(tuple(nodes))

    def sweep(self, owner: Owner | None = None) -> Inventory:
        return self._read(Inventory())

    def observe(self, owner: Owner, inventory: Inventory, expected: Stack = Stack()) -> Observed:  # noqa: B008
        return self._read(Observed())

    def health(self, observed: Observed) -> tuple[TargetHealth, ...]:
        return self._read((TargetHealth(backend="tcp-80", healthy=1, total=1),))


def patient(cloud: Failing, slept: list[float]) -> PatientCloud:
    return PatientCloud(cloud, Pace(sleep=slept.append, jitter=lambda _low, high: high))


OWNER = Owner.of_cluster("c")


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda cloud: cloud.survey(()), id="survey"),
        pytest.param(lambda cloud: cloud.sweep(), id="sweep"),
        pytest.param(lambda cloud: cloud.observe(OWNER, Inventory()), id="observe"),
        pytest.param(lambda cloud: cloud.health(Observed()), id="health"),
    ],
)
def test_every_read_is_made_again_after_a_throttle_and_after_a_fault(read: Any):
    cloud, slept = Failing(Throttled("slowly"), Transient("oops")), []

    read(patient(cloud, slept))

    assert cloud.reads == 3
    assert len(slept) == 2


def test_pauses_grow_up_to_the_longest_and_honour_what_the_server_asks():
    cloud, slept = Failing(*[Throttled("slowly") for _ in range(7)], Throttled("x", after=7.0)), []

    patient(cloud, slept).sweep()

    assert slept == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 27.0]


def test_an_outage_is_told_soon():
    cloud, slept = Failing(*[Transient("down") for _ in range(99)]), []

    with pytest.raises(Transient, match="down"):
        patient(cloud, slept).sweep()

    assert cloud.reads == TRIES


def test_a_throttle_is_waited_for_longer_but_not_for_ever():
    cloud, slept = Failing(*[Throttled("slowly") for _ in range(99)]), []

    with pytest.raises(Throttled):
        patient(cloud, slept).sweep()

    assert cloud.reads == Pace().attempts


def test_what_will_not_pass_is_told_at_once():
    cloud, slept = Failing(Denied("may not")), []

    with pytest.raises(Denied):
        patient(cloud, slept).sweep()

    assert (cloud.reads, slept) == (1, [])
