"""Hints: hashes of what was applied, the same in every process, and harmless when they are lost or garbage."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlb.controller.hints import EVERY, Hint, Hints, hint_of
from cloudlb.kube.api_errors import KubeNotFound, KubeUnavailable
from cloudlb.plan.resource import Stack
from cloudlb.testing.clock import ManualClock
from cloudlb_aws.resources.targets import Target, Targets

PATH = "/api/v1/namespaces/cloudlb/configmaps"


class Server:
    """The API server, as far as one ConfigMap goes."""

    def __init__(self) -> None:
        self.data: dict[str, str] | None = None
        self.writes = 0
        self.down = False

    def get(self, path: str) -> bytes:
        assert path == f"{PATH}/cloudlb-hints"
        if self.down:
            raise KubeUnavailable("no answer")
        if self.data is None:
            raise KubeNotFound("none")
        return json.dumps({"data": self.data}).encode()

    def post(self, path: str, body: dict[str, Any]) -> bytes:
        assert path == PATH
        return self._keep(dict(body["data"]))

    def patch(self, _path: str, body: dict[str, Any]) -> bytes:
        if self.data is None:
            raise KubeNotFound("none")
        return self._keep({**self.data, **body["data"]})

    def _keep(self, data: dict[str, str]) -> bytes:
        if self.down:
            raise KubeUnavailable("no answer")
        self.data = data
        self.writes += 1
        return b"{}"


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def hints(server: Server, clock: ManualClock, **beside: str) -> Hints:
    return Hints(server, "cloudlb", "cloudlb-hints", clock, beside=beside)


def targets(*ids: str) -> Stack:
    members = frozenset(Target(id=each, port=80) for each in ids)
    return Stack((Targets(id="tcp-80", group="arn", members=members),))


def test_what_one_process_noted_the_next_one_knows(server, clock):
    first = hints(server, clock)
    first.load()
    first.note("uid", Hint("a", "b"))
    first.write()
    second = hints(server, clock)
    second.load()
    assert second.get("uid") == Hint("a", "b")
    assert second.get("other") is None


def test_writes_are_rare_and_nothing_is_written_when_nothing_is_new(server, clock):
    made = hints(server, clock)
    for number in range(100):
        made.note(f"uid-{number}", Hint("a", "b"))
        made.write()
        clock.advance(EVERY / 10)
    assert server.writes <= 11
    clock.advance(EVERY)
    made.write()
    before = server.writes
    for _ in range(10):
        clock.advance(EVERY)
        made.note("uid-1", Hint("a", "b"))
        made.write()
    assert server.writes == before


def test_a_write_that_fails_is_made_later(server, clock):
    made = hints(server, clock)
    server.down = True
    made.note("uid", Hint("a", "b"))
    made.write()
    server.down = False
    clock.advance(EVERY)
    made.write()
    assert "uid" in server.data["hints"]


@pytest.mark.parametrize(
    "data",
    [
        {"hints": "{"},
        {"hints": "[]"},
        {"hints": '{"uid": 1}'},
        {"hints": '{"uid": ""}'},
        {"hints": ""},
        {"other": "x"},
        {},
    ],
)
def test_garbage_counts_as_nothing(server, clock, data):
    server.data = data
    made = hints(server, clock)
    made.load()
    assert made.get("uid") in (None, Hint("", ""))
    made.note("uid", Hint("a", "b"))
    made.write()
    assert json.loads(server.data["hints"])["uid"] == "a b"


def test_a_server_that_does_not_answer_counts_as_nothing(server, clock):
    server.down = True
    made = hints(server, clock)
    made.load()
    assert made.get("uid") is None


def test_what_stands_beside_is_written_at_once_and_kept(server, clock):
    made = hints(server, clock, settings="{}")
    made.load()
    made.write(now=True)
    assert server.data["settings"] == "{}"
    again = hints(server, clock, settings="{}")
    again.load()
    before = server.writes
    again.write(now=True)
    assert server.writes == before


def test_who_has_gone_is_forgotten(server, clock):
    made = hints(server, clock)
    made.note("stays", Hint("a", "b"))
    made.note("goes", Hint("a", "b"))
    made.keep_only(["stays"])
    assert made.get("goes") is None
    assert made.get("stays") == Hint("a", "b")


def test_members_are_told_apart_from_everything_else():
    one, other = hint_of(targets("i-1")), hint_of(targets("i-1", "i-2"))
    assert one.fingerprint == other.fingerprint
    assert one.members != other.members


@given(st.permutations(["i-1", "i-2", "i-3", "i-4"]))
def test_the_order_of_members_does_not_matter(ids):
    assert hint_of(targets(*ids)) == hint_of(targets("i-1", "i-2", "i-3", "i-4"))


def test_claims_count_in_any_order():
    assert hint_of(Stack(), ["a", "b"]) == hint_of(Stack(), ["b", "a"])
    assert hint_of(Stack(), ["a"]) != hint_of(Stack(), ["b"])
