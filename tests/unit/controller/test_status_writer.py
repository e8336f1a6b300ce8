"""Writing statuses: once, against what is there now, and not for ever against somebody who undoes it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import pytest

from cloudlb.controller.status_writer import PATIENCE, StatusWriter
from cloudlb.errors import Transient
from cloudlb.kube.api_errors import KubeConflict
from cloudlb.kube.cluster import ObjectGone
from cloudlb.kube.decode import convert
from cloudlb.kube.objects import Service, ServiceStatus
from cloudlb.kube.status import Findings
from cloudlb.model import Address
from cloudlb.testing.clock import ManualClock

FOUND = Findings(wanted=True, addresses=(Address(hostname="lb.example.org"),))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Cluster:
    """The one Service of a cluster, and who else writes to it."""

    service: Service = field(
        default_factory=lambda: convert(
            {
                "metadata": {
                    "name": "kubia",
                    "namespace": "default",
                    "uid": "1",
                    "resourceVersion": "1",
                },
                "spec": {"type": "LoadBalancer", "ports": [{"port": 80, "protocol": "TCP"}]},
            },
            Service,
        )
    )
    writes: int = 0
    conflicts: int = 0
    gone: bool = False

    def update_status(self, service: Service, status: ServiceStatus) -> Service:
        if self.gone:
            raise ObjectGone("gone")
        if self.conflicts:
            self.conflicts -= 1
            raise KubeConflict("changed")
        assert service.metadata.uid == self.service.metadata.uid
        self.writes += 1
        self.service = msgspec.structs.replace(self.service, status=status)
        return self.service

    def fresh(self, _service: Service) -> Service:
        return self.service

    def undo(self) -> None:
        """Do as somebody does who thinks that the Service is his."""
        self.service = msgspec.structs.replace(self.service, status=ServiceStatus())


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def writer(cluster: Cluster, clock: ManualClock) -> StatusWriter:
    return StatusWriter(cluster, clock=clock, now=lambda: NOW)


def test_it_is_written_once(cluster, clock):
    made = writer(cluster, clock)
    written = made.publish(cluster.service, FOUND)
    assert written.again_in is None
    assert written.service.status.load_balancer.ingress[0].hostname == "lb.example.org"
    for _ in range(10):
        assert made.publish(cluster.service, FOUND).service == cluster.service
    assert cluster.writes == 1


def test_a_conflict_reads_again_and_writes(cluster, clock):
    cluster.conflicts = PATIENCE - 1
    assert writer(cluster, clock).publish(cluster.service, FOUND).again_in is None
    assert cluster.writes == 1


def test_conflicts_without_end_are_left_for_later(cluster, clock):
    cluster.conflicts = 1000
    assert writer(cluster, clock).publish(cluster.service, FOUND).again_in
    assert cluster.writes == 0


def test_what_is_gone_is_told(cluster, clock):
    cluster.gone = True
    with pytest.raises(ObjectGone):
        writer(cluster, clock).publish(cluster.service, FOUND)


def test_somebody_who_undoes_it_is_not_fought_for_ever(cluster, clock):
    made = writer(cluster, clock)
    waits = []
    for _ in range(100):
        waits.append(made.publish(cluster.service, FOUND).again_in)
        cluster.undo()
        clock.advance(1.0)
    assert cluster.writes <= 8
    assert any(waits)


def test_the_pauses_grow_and_the_status_is_written_again_after_each(cluster, clock):
    made = writer(cluster, clock)
    pauses = []
    for _ in range(40):
        wait = made.publish(cluster.service, FOUND).again_in
        if wait is not None:
            pauses.append(round(wait))
            clock.advance(wait + 0.1)
        cluster.undo()
    assert pauses == sorted(pauses)
    assert pauses[0] >= 30
    assert pauses[-1] == 600


def test_news_is_written_in_the_middle_of_a_quarrel(cluster, clock):
    made = writer(cluster, clock)
    for _ in range(20):
        made.publish(cluster.service, FOUND)
        cluster.undo()
    moved = Findings(wanted=True, addresses=(Address(hostname="new.example.org"),))
    assert made.publish(cluster.service, moved).again_in is None
    assert cluster.service.status.load_balancer.ingress[0].hostname == "new.example.org"


def test_an_address_that_can_not_be_told_just_now_is_not_taken_away(cluster, clock):
    made = writer(cluster, clock)
    made.publish(cluster.service, FOUND)
    made.publish(cluster.service, Findings(wanted=True, errors=(Transient("no answer"),)))
    assert cluster.service.status.load_balancer.ingress[0].hostname == "lb.example.org"


def test_who_is_forgotten_begins_anew(cluster, clock):
    made = writer(cluster, clock)
    for _ in range(20):
        made.publish(cluster.service, FOUND)
        cluster.undo()
    made.forget("1")
    assert made.publish(cluster.service, FOUND).again_in is None
