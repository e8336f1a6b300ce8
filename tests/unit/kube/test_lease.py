"""The lease: never two at once, whatever the order of events and whatever other clocks say."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlb.errors import Fenced
from cloudlb.kube.api_errors import KubeConflict, KubeNotFound, KubeUnavailable
from cloudlb.kube.lease import Leader, Terms
from cloudlb.testing.clock import ManualClock

TERMS = Terms(duration=15.0, renew=10.0, retry=2.0)
PATH = "/apis/coordination.k8s.io/v1/namespaces/cloudlb/leases"


class Server:
    """The API server, as far as one Lease goes: versions, conflicts, and days on which it does not answer."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.version = 0
        self.down = False

    def get(self, path: str) -> bytes:
        assert path == f"{PATH}/cloudlb"
        self._answer()
        if self.lease is None:
            raise KubeNotFound("none")
        return json.dumps(self.lease).encode()

    def post(self, path: str, body: dict[str, Any]) -> bytes:
        assert path == PATH
        self._answer()
        if self.lease is not None:
            raise KubeConflict("exists")
        return self._keep(body)

    def put(self, path: str, body: dict[str, Any]) -> bytes:
        assert path == f"{PATH}/cloudlb"
        self._answer()
        if self.lease is None:
            raise KubeNotFound("none")
        if body["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            raise KubeConflict("changed")
        return self._keep(body)

    def _answer(self) -> None:
        if self.down:
            raise KubeUnavailable("no answer")

    def _keep(self, body: dict[str, Any]) -> bytes:
        self.version += 1
        metadata = {**body["metadata"], "resourceVersion": str(self.version)}
        self.lease = {**body, "metadata": metadata}
        return json.dumps(self.lease).encode()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def server() -> Server:
    return Server()


def leader(server: Server, clock: ManualClock, name: str = "one") -> Leader:
    return Leader(server, "cloudlb", "cloudlb", name, TERMS, clock=clock)


def test_a_lease_that_nobody_has_is_taken(server, clock):
    one = leader(server, clock)
    assert one.attempt()
    assert one.leads
    one.fence()
    assert server.lease["spec"]["holderIdentity"] == "one"
    assert server.lease["spec"]["leaseDurationSeconds"] == 15


def test_while_it_is_renewed_nobody_else_gets_it(server, clock):
    one, two = leader(server, clock), leader(server, clock, "two")
    for _ in range(50):
        assert one.attempt()
        assert not two.attempt()
        clock.advance(2.0)


def test_it_is_over_a_whole_duration_after_its_record_last_changed_on_our_own_clock(server, clock):
    one, two = leader(server, clock), leader(server, clock, "two")
    one.attempt()
    two.attempt()
    clock.advance(15.0)
    assert not two.attempt()
    clock.advance(0.1)
    assert two.attempt()
    assert server.lease["spec"]["leaseTransitions"] == 1


@pytest.mark.parametrize(
    "stamp", ["1970-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z", "garbage"]
)
def test_what_another_clock_says_does_not_count(server, clock, stamp):
    one, two = leader(server, clock), leader(server, clock, "two")
    one.attempt()
    server.lease["spec"]["renewTime"] = stamp
    assert not two.attempt()
    clock.advance(14.0)
    assert not two.attempt()
    clock.advance(2.0)
    assert two.attempt()


def test_who_can_not_renew_stops_before_anybody_else_may_begin(server, clock):
    one, two = leader(server, clock), leader(server, clock, "two")
    one.attempt()
    two.attempt()
    server.down = True
    clock.advance(9.9)
    assert one.attempt()
    clock.advance(0.2)
    assert not one.leads
    with pytest.raises(Fenced):
        one.fence()
    server.down = False
    assert not two.attempt(), "five seconds are between the one's end and the other's beginning"


def test_who_loses_it_to_another_one_stops_at_once(server, clock):
    one = leader(server, clock)
    one.attempt()
    server.lease["spec"]["holderIdentity"] = "two"
    assert not one.attempt()
    assert not one.leads


def test_a_lease_that_is_given_up_is_taken_without_waiting(server, clock):
    one, two = leader(server, clock), leader(server, clock, "two")
    one.attempt()
    two.attempt()
    one.release()
    assert not one.leads
    assert two.attempt()


def test_who_does_not_lead_gives_nothing_up(server, clock):
    one, two = leader(server, clock), leader(server, clock, "two")
    one.attempt()
    two.release()
    assert server.lease["spec"]["holderIdentity"] == "one"


def test_of_two_who_try_at_once_one_succeeds(server, clock):
    one, two = leader(server, clock), leader(server, clock, "two")
    read = server.get

    def interrupted(path: str) -> bytes:
        """Let the other one come first, between our reading and our writing."""
        server.get = read
        try:
            return read(path)
        finally:
            two.attempt()

    server.get = interrupted
    assert not one.attempt()
    assert two.leads
    assert not one.leads


def test_a_lease_that_somebody_deletes_is_made_again(server, clock):
    one = leader(server, clock)
    one.attempt()
    server.lease = None
    assert one.attempt()


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["one", "two", "three", "down", "up", "release one"]),
        st.floats(0.0, 8.0),
    ),
    max_size=60,
)


@given(EVENTS)
def test_two_never_lead_at_once(events):
    clock, server = ManualClock(), Server()
    candidates = {name: leader(server, clock, name) for name in ("one", "two", "three")}
    for what, seconds in events:
        clock.advance(seconds)
        if what in candidates:
            candidates[what].attempt()
        elif what == "release one":
            candidates["one"].release()
        else:
            server.down = what == "down"
        assert sum(each.leads for each in candidates.values()) <= 1
