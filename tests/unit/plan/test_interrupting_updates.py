"""Updates for which the cloud takes an object down and makes it anew in its place: it stays itself, and traffic stops."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from cloudlb.plan.change import Action, Plan
from cloudlb.plan.diff import diff
from cloudlb.plan.document import document
from cloudlb.plan.order import Verb, steps
from cloudlb.plan.partial import growth
from cloudlb.plan.render import Section, lines
from cloudlb.plan.resource import CloudId, Found, Key, Observed, Ref, Resource, Stack, attribute


@dataclass(frozen=True, slots=True, kw_only=True)
class Door(Resource):
    """What answers on an address; its ports can not change in place."""

    KIND: ClassVar[str] = "door"
    HOLDS_ADDRESS: ClassVar[bool] = True

    ports: str = attribute(interrupts=True)
    room: Ref | str = attribute(reference=True, interrupts=True)
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room(Resource):
    """What is behind."""

    KIND: ClassVar[str] = "room"

    size: int = attribute(immutable=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard(Resource):
    """Who lets people in at the door's address."""

    KIND: ClassVar[str] = "guard"

    at: Ref | str = attribute(reference=True)


ROOM, DOOR = Room(id="r", size=1), Door(id="d", ports="80", room=Ref(Key("room/r"), "path"))
GUARD = Guard(id="g", at=Ref(Key("door/d"), "address"))
THERE = Observed(
    (
        Found(id=CloudId("room-1"), value=ROOM, attributes={"path": "room-1"}),
        Found(
            id=CloudId("door-1"),
            value=replace(DOOR, room="room-1"),
            attributes={"address": "192.0.2.1"},
        ),
        Found(id=CloudId("guard-1"), value=replace(GUARD, at="192.0.2.1")),
    )
)


def planned(*desired: Resource) -> Plan:
    return diff(Stack(desired), THERE)


def test_what_is_equal_is_kept() -> None:
    assert not planned(ROOM, DOOR, GUARD)


def test_an_interrupting_field_makes_an_update_that_interrupts_and_moves_no_address() -> None:
    (change,) = planned(ROOM, replace(DOOR, ports="8080"), GUARD)

    assert (change.action, change.key) == (Action.UPDATE, "door/d")
    assert change.interrupts
    assert not change.moves_address


def test_another_field_does_not() -> None:
    (change,) = planned(ROOM, replace(DOOR, label="x"), GUARD)

    assert not change.interrupts


def test_who_refers_to_it_is_left_alone() -> None:
    plan = planned(ROOM, replace(DOOR, ports="8080"), GUARD)

    assert [str(each.key) for each in plan] == ["door/d"]


def test_it_waits_for_what_it_turns_to_and_what_it_leaves_goes_after_it() -> None:
    plan = planned(replace(ROOM, size=2), DOOR, GUARD)

    order = [(each.verb, str(each.key)) for each in steps(plan)]
    assert order == [
        (Verb.CREATE, "room/r"),
        (Verb.UPDATE, "door/d"),
        (Verb.DELETE, "room/r"),
    ]


def test_growth_leaves_it_for_later() -> None:
    assert not growth(planned(ROOM, replace(DOOR, ports="8080"), GUARD))


def test_the_plan_says_so() -> None:
    plan = planned(ROOM, replace(DOOR, ports="8080"), GUARD)

    text = "\n".join(line.text for line in lines([Section(owner_path="service/a/b", plan=plan)]))

    assert "~ door/d  interrupts traffic: it is made anew; its address is held meanwhile" in text
    assert "ports  80 → 8080" in text


@pytest.mark.parametrize(("ports", "expected"), [("8080", True), ("80", False)])
def test_the_document_says_so(ports: str, expected: bool) -> None:
    plan = planned(ROOM, replace(DOOR, ports=ports, label="x"), GUARD)

    (change,) = document([Section(owner_path="service/a/b", plan=plan)])["objects"][0]["changes"]
    assert change["interrupts"] is expected
