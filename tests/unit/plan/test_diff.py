"""What `diff` decides: every action with its reason, and what each meaning of a field does to it."""

from dataclasses import replace

import pytest

from cloudlb.plan.change import Action, Change, FieldChange, Plan
from cloudlb.plan.diff import diff
from cloudlb.plan.resource import Found, Key, Observed, Resource, Stack

from .things import (
    Check,
    Plot,
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


def planned(desired: list[Resource], *existing: Resource | Found[Resource]) -> Plan:
    return diff(Stack(tuple(desired)), observed(*existing))


def only_change(plan: Plan) -> Change:
    (change,) = plan
    return change


def told(plan: Plan) -> list[str]:
    return [f"{each.action} {each.key}" for each in plan]


def reasons(plan: Plan) -> dict[str, str]:
    return {str(each.key): each.reason for each in plan}


def test_what_does_not_exist_is_created() -> None:
    change = only_change(planned([group()]))

    assert (change.action, change.desired, change.found) == (Action.CREATE, group(), None)
    assert change.reason == "does not exist"
    assert change.fields == ()
    assert not change.interrupts
    assert not change.moves_address


def test_what_is_equal_is_kept() -> None:
    there = found(group(seal="secret"))

    plan = planned([group(seal="secret")], there)

    assert not plan
    assert len(plan) == 0
    assert plan.kept == (there,)


def test_what_differs_is_updated_field_by_field() -> None:
    there = found(group(check=Check(path="/old")))

    change = only_change(planned([group(check=Check(path="/new"))], there))

    assert (change.action, change.found) == (Action.UPDATE, there)
    assert change.reason == "differs"
    assert change.fields == (FieldChange("check", Check(path="/old"), Check(path="/new")),)
    assert change.changed == {"check"}


def test_what_is_not_desired_is_deleted() -> None:
    there = found(group())

    change = only_change(planned([], there))

    assert (change.action, change.desired, change.found) == (Action.DELETE, None, there)
    assert change.reason == "no longer wanted"


def test_an_immutable_field_replaces() -> None:
    there = found(group(name="old", protocol="udp"))

    change = only_change(planned([group(name="new")], there))

    assert (change.action, change.found) == (Action.REPLACE, there)
    assert change.reason == "protocol can not change in place"
    assert change.fields == (FieldChange("protocol", "udp", "tcp"),)
    assert not change.interrupts


def test_all_fields_that_force_a_replacement_are_named() -> None:
    there = found(balancer(scheme="internal", addresses=("192.0.2.1",), name="old"))

    change = only_change(planned([balancer()], there))

    assert change.reason == "scheme and addresses can not change in place"


def test_a_replacement_of_what_holds_an_address_moves_it() -> None:
    there = found(balancer(name="old", scheme="internal"))

    assert only_change(planned([balancer()], there)).moves_address
    assert not only_change(planned([group()], found(group(name="o", protocol="udp")))).moves_address


@pytest.mark.parametrize(
    ("old", "new", "action"),
    [
        pytest.param((), ("192.0.2.1",), Action.UPDATE, id="gaining one is an update"),
        pytest.param(("192.0.2.1",), (), Action.REPLACE, id="losing one is a replacement"),
    ],
)
def test_a_predicate_decides_which_changes_replace(
    old: tuple[str, ...], new: tuple[str, ...], action: Action
) -> None:
    plan = planned([balancer(addresses=new)], found(balancer(name="other", addresses=old)))

    assert only_change(plan).action is action


def test_a_replacement_that_shares_an_exclusive_value_interrupts() -> None:
    plan = planned([group(protocol="tcp")], found(group(protocol="udp")))

    assert only_change(plan).interrupts


def test_one_of_several_exclusive_values_is_enough() -> None:
    there = balancer(name="old", addresses=("192.0.2.1", "192.0.2.2"))

    change = only_change(planned([balancer(addresses=("192.0.2.2",))], there))

    assert (change.action, change.interrupts) == (Action.REPLACE, True)


def test_an_empty_exclusive_value_is_held_by_nobody() -> None:
    there = found(plot(name="", region="south"))

    assert not only_change(planned([plot(name="")], there)).interrupts


def test_a_name_used_only_for_creating_is_never_compared() -> None:
    assert not planned([group(name="new")], found(group(name="adopted")))


def test_of_an_overlay_only_what_is_desired_counts() -> None:
    there = found(group(options=(("depth", "3"), ("theirs", "1"))))

    assert not planned([group(options=(("depth", "3"),))], there)
    assert not planned([group()], there)


def test_the_order_of_an_overlay_does_not_count() -> None:
    there = found(group(options=(("b", "2"), ("a", "1"))))

    assert not planned([group(options=(("a", "1"), ("b", "2")))], there)


def test_a_change_of_an_overlay_leaves_out_what_nobody_desires() -> None:
    there = found(group(options=(("depth", "3"), ("theirs", "1"))))

    change = only_change(planned([group(options=(("depth", "4"),))], there))

    assert change.fields == (FieldChange("options", (("depth", "3"),), (("depth", "4"),)),)


def test_an_overlay_that_is_not_there_yet_differs() -> None:
    change = only_change(planned([group(options=(("depth", "4"),))], found(group())))

    assert change.fields == (FieldChange("options", (), (("depth", "4"),)),)


def test_members_are_marked_as_such() -> None:
    there = (found(group()), found(replace(members("x", "a"), group="group-x")))

    change = only_change(planned([group(), members("x", "b")], *there))

    assert change.fields == (
        FieldChange("members", frozenset({"a"}), frozenset({"b"}), members=True),
    )


def test_a_secret_is_marked_as_such() -> None:
    change = only_change(planned([group(seal="new")], found(group(seal="old"))))

    assert [each.secret for each in change.fields] == [True]


def test_a_reference_is_compared_by_the_id_it_leads_to() -> None:
    there = (found(group()), found(replace(members(), group="group-x")))

    assert not planned([group(), members()], *there)


def test_a_reference_to_something_else_replaces_and_says_which() -> None:
    there = (found(group()), found(replace(members(), group="group-y")))

    change = only_change(planned([group(), members()], *there))

    assert change.reason == "group can not change in place"
    assert change.fields == (FieldChange("group", "group-y", "group-x"),)


def test_what_belongs_to_a_new_object_is_new_as_well() -> None:
    there = (
        found(group(name="old", protocol="udp")),
        found(replace(members("x", "a"), group="group-x")),
    )

    plan = planned([group(), members("x", "a")], *there)

    assert reasons(plan) == {
        "group/x": "protocol can not change in place",
        "members/x": "its group is a new one",
    }
    changes = {str(each.key): each for each in plan}
    assert changes["members/x"].absorbed
    assert not changes["group/x"].absorbed


def test_a_known_reference_is_resolved_in_a_change_and_an_unknown_one_stays() -> None:
    plan = planned([group(), group("y"), members(), members("y")], found(group()))

    changes = {str(each.key): each.desired for each in plan}
    assert changes["members/x"] == replace(members(), group="group-x")
    assert changes["members/y"] == members("y")


def test_a_reference_into_what_is_shared_is_resolved_there() -> None:
    shared = observed(found(group("s"), "shared-group"))
    desired = replace(members(), group=ref("group/s", shared=True))

    plan = diff(Stack((desired,)), Observed(), shared)

    assert only_change(plan).desired == replace(members(), group="shared-group")
    assert dict(plan.depends) == {"members/x": frozenset()}


def test_a_reference_into_what_is_shared_stays_until_that_exists() -> None:
    desired = replace(members(), group=ref("group/s", shared=True))

    assert only_change(diff(Stack((desired,)), Observed())).desired == desired


def test_a_new_object_that_takes_the_place_of_an_unwanted_one_interrupts() -> None:
    there = found(balancer("old", addresses=("192.0.2.1",)))

    plan = planned([balancer("new", addresses=("192.0.2.1",))], there)

    created = next(each for each in plan if each.action is Action.CREATE)
    assert created.interrupts
    assert created.reason == "takes the place of balancer/old"


def test_another_kind_never_stands_in_the_way() -> None:
    plan = planned([group(name="same")], found(plot(name="same")))

    assert not any(each.interrupts for each in plan)


class TestDoubledObjects:
    """A replacement that was interrupted leaves two objects of one key."""

    def test_the_better_one_is_kept_and_the_other_deleted(self) -> None:
        good, bad = found(group(), "good"), found(group(protocol="udp"), "bad")

        plan = planned([group()], bad, good)

        assert plan.kept == (good,)
        assert only_change(plan).found == bad
        assert reasons(plan) == {"group/x": "left over from a replacement"}

    def test_what_need_not_be_replaced_is_better_than_what_differs_less(self) -> None:
        updatable = found(
            group(check=Check(path="/other"), seal="other", options=(("a", "0"),)), "z"
        )
        immutable = found(group(protocol="udp", options=(("a", "1"),)), "a")

        plan = planned([group(options=(("a", "1"),))], updatable, immutable)

        assert {(each.action, each.found) for each in plan} == {
            (Action.UPDATE, updatable),
            (Action.DELETE, immutable),
        }

    def test_of_equal_ones_the_lowest_id_stays(self) -> None:
        plan = planned([group()], found(group(), "b"), found(group(), "a"), found(group(), "c"))

        assert [each.id for each in plan.kept] == ["a"]
        assert [each.found and each.found.id for each in plan] == ["b", "c"]

    def test_all_of_them_go_when_nobody_wants_them(self) -> None:
        plan = planned([], found(group(), "a"), found(group(), "b"))

        assert reasons(plan) == {"group/x": "no longer wanted"}
        assert len(plan) == 2

    def test_the_one_whose_references_lead_to_what_stays_is_better(self) -> None:
        there = found(group())
        good = found(replace(members(), group="group-x"), "z")
        bad = found(replace(members(), group="gone"), "a")

        plan = planned([group(), members()], there, bad, good)

        assert set(plan.kept) == {there, good}
        assert only_change(plan).found == bad


class TestWhatHasToGoFirst:
    """Replacements that pull others along."""

    def test_what_stands_on_something_that_goes_first_goes_first_itself(self) -> None:
        there = (
            found(Plot(id="a", name="plot-a", region="south")),
            found(replace(rules("a", 80), plot="plot-a"), plot="plot-a"),
            found(replace(balancer(), plots=frozenset({"plot-a"}))),
        )

        plan = planned([plot(), rules("a", 80), balancer(on="a")], *there)

        changes = {str(each.key): each for each in plan}
        assert all(each.action is Action.REPLACE for each in plan)
        assert all(each.interrupts for each in plan)
        assert changes["balancer/b"].reason == "plot/a and rules/a have to be deleted first"

    def test_an_update_that_turns_to_a_successor_is_made_anew_if_it_would_hold_the_old_one(
        self,
    ) -> None:
        there = (
            found(group(protocol="udp")),
            found(replace(members(), group="group-x"), group="group-x"),
            found(balancer()),
            found(replace(listener(), balancer="balancer-b", target="group-x")),
        )

        plan = planned([group(), members(), balancer(), listener()], *there)

        changes = {str(each.key): each for each in plan}
        assert changes["listener/b-80"].action is Action.REPLACE
        assert changes["listener/b-80"].interrupts
        assert changes["listener/b-80"].reason == "group/x and members/x have to be deleted first"
        assert [str(each.key) for each in plan.kept] == ["balancer/b"]


class TestParts:
    """What is a part goes with its whole."""

    def test_the_parts_of_what_is_deleted_are_absorbed(self) -> None:
        there = (
            found(balancer()),
            found(replace(listener(), balancer="balancer-b", target="group-x")),
        )

        plan = planned([], *there)

        assert {str(e.key): e.absorbed for e in plan} == {
            "balancer/b": False,
            "listener/b-80": True,
        }

    def test_a_part_of_what_stays_is_deleted_by_itself(self) -> None:
        there = (
            found(balancer()),
            found(replace(listener(), balancer="balancer-b", target="group-x")),
        )

        assert not only_change(planned([balancer()], *there)).absorbed

    def test_what_merely_refers_is_not_absorbed(self) -> None:
        there = (found(plot()), found(replace(balancer(), plots=frozenset({"plot-a"}))))

        assert not any(each.absorbed for each in planned([], *there))


class TestForPeople:
    """The order of a plan, and what it knows about dependencies."""

    def test_what_something_refers_to_comes_before_it(self) -> None:
        plan = planned([listener(), members(), group(), balancer(on="a"), rules("a", 80), plot()])

        assert told(plan) == [
            "create plot/a",
            "create rules/a",
            "create balancer/b",
            "create group/x",
            "create members/x",
            "create listener/b-80",
        ]

    def test_deletions_come_last_and_the_other_way_round(self) -> None:
        there = (
            found(plot()),
            found(replace(balancer(), plots=frozenset({"plot-a"}))),
            found(replace(listener(), balancer="balancer-b", target="group-x")),
        )

        assert told(planned([group("new")], *there)) == [
            "create group/new",
            "delete listener/b-80",
            "delete balancer/b",
            "delete plot/a",
        ]

    def test_dependencies_reach_through_what_stays(self) -> None:
        there = (
            found(plot()),
            found(replace(rules("a", 443), plot="plot-a"), plot="plot-a"),
            found(replace(balancer(), plots=frozenset({"plot-a"}))),
        )
        desired = [plot(), rules("a", 80), balancer(on="a"), group(), members(), listener()]

        plan = planned(desired, *there)

        depends = dict(plan.depends)
        assert depends[Key("listener/b-80")] == {"rules/a", "group/x", "members/x"}
        assert "balancer/b" not in depends


def test_the_plan_does_not_depend_on_the_order_of_anything() -> None:
    desired = [listener(), members(), group(), balancer(on="a"), rules("a", 80), plot()]
    there = [
        found(group(protocol="udp", name="old"), "1"),
        found(group("gone"), "2"),
        found(group("gone"), "3"),
    ]

    assert planned(desired, *there) == planned(desired[::-1], *there[::-1])
