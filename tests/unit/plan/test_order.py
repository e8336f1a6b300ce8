"""The order of steps: what waits for what, law by law, on plans small enough to read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from cloudlb.plan.change import Action, Change, Plan
from cloudlb.plan.diff import diff
from cloudlb.plan.order import Step, knots, steps
from cloudlb.plan.resource import Found, Key, Resource, Stack, attribute, only

from .laws import broken
from .things import (
    balancer,
    found,
    group,
    listener,
    members,
    observed,
    plot,
    ref,
    rules,
)

FRONT = [group(), members("x", "m"), balancer(), listener()]


def front(**fields: str) -> tuple[Found[Resource], ...]:
    """Let a whole front exist, with another group."""
    return (
        found(group(**fields)),
        found(replace(members("x", "m"), group="group-x"), group="group-x"),
        found(balancer()),
        found(replace(listener(), balancer="balancer-b", target="group-x")),
    )


def waits(plan: Plan) -> dict[str, set[str]]:
    """Return what each step waits for, in words."""
    found = steps(plan)
    assert broken(found) == []
    return {_told(step): {_told(found[each]) for each in step.after} for step in found}


def _told(step: Step) -> str:
    return f"{step.verb} {step.key}"


def planned(desired: Sequence[Resource], *existing: Found[Resource]) -> Plan:
    return diff(Stack(tuple(desired)), observed(*existing))


def test_nothing_to_do_takes_no_steps() -> None:
    assert steps(Plan()) == ()
    assert knots(Plan()) == frozenset()


def test_what_is_referred_to_comes_first_and_strangers_do_not_wait() -> None:
    assert waits(planned([*FRONT, plot()])) == {
        "create plot/a": set(),
        "create group/x": set(),
        "create balancer/b": set(),
        "create members/x": {"create group/x"},
        "create listener/b-80": {"create balancer/b", "create members/x", "create group/x"},
    }


def test_members_are_registered_before_a_listener_turns_to_their_group() -> None:
    plan = planned(FRONT, *front(protocol="udp", name="old"))

    found = waits(plan)

    assert found["update listener/b-80"] == {"create group/x", "create members/x"}
    assert found["delete group/x"] == {
        "update listener/b-80",
        "create members/x",
        "create group/x",
    }


def test_a_part_that_goes_with_its_whole_is_done_after_it() -> None:
    plan = planned(FRONT, *front(protocol="udp", name="old"))

    assert "delete group/x" in waits(plan)["delete members/x"]


def test_deletions_go_against_the_references() -> None:
    there = (
        found(plot()),
        found(replace(rules("a", 80), plot="plot-a"), plot="plot-a"),
        found(replace(balancer(), plots=frozenset({"plot-a"}))),
        found(replace(listener(), balancer="balancer-b", target="group-x")),
    )

    assert waits(planned([], *there)) == {
        "delete balancer/b": set(),
        "delete listener/b-80": {"delete balancer/b"},
        "delete plot/a": {"delete balancer/b"},
        "delete rules/a": {"delete balancer/b", "delete plot/a"},
    }


def test_an_update_that_turns_to_nothing_new_waits_for_no_update() -> None:
    there = (
        found(plot()),
        found(replace(rules("a", 80), plot="plot-a"), plot="plot-a"),
        found(replace(balancer(tags=(("a", "1"),)), plots=frozenset({"plot-a"}))),
    )

    plan = planned([plot(), rules("a", 443), balancer(on="a")], *there)

    assert waits(plan) == {"update rules/a": set(), "update balancer/b": set()}


def test_what_interrupts_waits_until_all_else_is_ready() -> None:
    there = found(balancer("b", scheme="internal"))

    plan = planned([*FRONT, listener(443)], there)

    found_waits = waits(plan)
    assert "delete balancer/b" in found_waits["create balancer/b"]
    assert {"create group/x", "create members/x"} <= found_waits["delete balancer/b"]


def test_what_needs_a_value_that_an_unwanted_object_holds_waits_for_it_to_go() -> None:
    there = found(balancer("old", addresses=("192.0.2.1",)))

    plan = planned([balancer("new", addresses=("192.0.2.1",))], there)

    assert waits(plan)["create balancer/new"] == {"delete balancer/old"}


def test_what_needs_a_value_that_another_one_lets_go_of_waits_for_that() -> None:
    there = found(balancer("c", name="old-c", addresses=("192.0.2.1",)))
    desired = [balancer("b", addresses=("192.0.2.1",)), balancer("c", addresses=("192.0.2.2",))]

    assert "delete balancer/c" in waits(planned(desired, there))["create balancer/b"]


def test_two_that_exchange_what_only_one_can_hold_still_have_an_order() -> None:
    there = (
        found(balancer("b", name="old-b", addresses=("192.0.2.1",))),
        found(balancer("c", name="old-c", addresses=("192.0.2.2",))),
    )
    desired = [balancer("b", addresses=("192.0.2.2",)), balancer("c", addresses=("192.0.2.1",))]

    plan = planned(desired, *there)

    assert all(each.interrupts for each in plan)
    assert waits(plan)["create balancer/b"] == {"delete balancer/b", "delete balancer/c"}


def test_a_listener_that_holds_what_has_to_go_first_is_a_knot() -> None:
    existing = front(protocol="udp")
    by_key = {each.key: each for each in existing}
    plan = Plan(
        changes=(
            _change(Action.REPLACE, by_key[Key("group/x")], group(), interrupts=True),
            _change(
                Action.UPDATE,
                by_key[Key("listener/b-80")],
                replace(listener(), balancer="balancer-b"),
            ),
        ),
        depends=(
            (Key("group/x"), frozenset()),
            (Key("listener/b-80"), frozenset({Key("group/x")})),
        ),
    )

    assert knots(plan) == {"listener/b-80"}


def _change(
    action: Action, there: Found[Resource], desired: Resource, *, interrupts: bool = False
) -> Change:
    return Change(
        action=action, key=desired.key, desired=desired, found=there, interrupts=interrupts
    )


def test_the_whole_of_a_part_that_moved_away_goes_after_all_have_come() -> None:
    """The members leave group x for group y; group x goes once the listener leads to them at their new place."""
    there = (
        found(group("x")),
        found(replace(members("x", "m"), group="group-x"), group="group-x"),
    )
    moved = replace(members("x", "m"), group=ref("group/y"))

    plan = planned([group("y"), moved, balancer(), listener()], *there)

    assert "create listener/b-80" in waits(plan)["delete group/x"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot(Resource):
    """Holds a number that only one can hold, and may change it."""

    KIND: ClassVar[str] = "slot"

    number: str = attribute(exclusive=only)


def test_what_takes_a_value_waits_for_the_update_that_lets_go_of_it() -> None:
    there = (found(Slot(id="a", number="1")), found(Slot(id="b", number="2")))

    plan = planned([Slot(id="a", number="2"), Slot(id="b", number="3")], *there)

    assert waits(plan) == {"update slot/b": set(), "update slot/a": {"update slot/b"}}


def test_two_updates_that_exchange_values_wait_for_each_other_no_more_than_possible() -> None:
    there = (found(Slot(id="a", number="1")), found(Slot(id="b", number="2")))

    plan = planned([Slot(id="a", number="2"), Slot(id="b", number="1")], *there)

    assert sorted(len(each) for each in waits(plan).values()) == [0, 1]


def test_references_in_a_circle_among_what_is_deleted_stop_nothing() -> None:
    there = (
        found(replace(listener(), balancer="elsewhere", target="balancer-b"), "listener-1"),
        found(replace(balancer(), plots=frozenset({"listener-1"})), "balancer-b"),
    )

    found_steps = steps(planned([], *there))

    assert len(found_steps) == 2
    assert sum(len(step.after) for step in found_steps) == 1
