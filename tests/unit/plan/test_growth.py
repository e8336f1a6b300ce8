"""The part of a plan that only adds, row by row of its table."""

from dataclasses import replace

from cloudlb.plan.change import Action, Plan
from cloudlb.plan.diff import diff
from cloudlb.plan.partial import growth
from cloudlb.plan.resource import Found, Key, Resource, Stack

from .things import Check, balancer, found, group, listener, members, observed


def grown(desired: tuple[Resource, ...], *existing: Found[Resource]) -> Plan:
    return growth(diff(Stack(desired), observed(*existing)))


def told(plan: Plan) -> list[str]:
    return [f"{each.action} {each.key}" for each in plan]


def test_of_nothing_nothing_grows_and_what_is_there_is_kept() -> None:
    there = found(group())

    plan = grown((group(),), there)

    assert not plan
    assert plan.kept == (there,)


def test_what_is_new_is_created() -> None:
    assert told(grown((group(), members()))) == ["create group/x", "create members/x"]


def test_members_become_the_union_of_old_and_new() -> None:
    there = (found(group()), found(replace(members("x", "a", "b"), group="group-x")))

    (change,) = grown((group(), members("x", "b", "c")), *there)

    assert change.action is Action.UPDATE
    assert change.desired == replace(members("x", "a", "b", "c"), group="group-x")
    (field,) = change.fields
    assert (field.old, field.new) == (frozenset("ab"), frozenset("abc"))


def test_members_that_only_leave_stay_for_now() -> None:
    there = (found(group()), found(replace(members("x", "a", "b"), group="group-x")))

    plan = grown((group(), members("x", "a")), *there)

    assert not plan
    assert set(plan.kept) == set(there)


def test_a_setting_does_not_change_for_those_who_use_it_now() -> None:
    there = found(group(check=Check(path="/old")))

    plan = grown((group(check=Check(path="/new")),), there)

    assert not plan
    assert plan.kept == (there,)


def test_of_a_replacement_only_the_new_object_comes() -> None:
    there = found(group(name="old", protocol="udp"))

    plan = grown((group(),), there)

    (change,) = plan
    assert (change.action, change.found, change.fields) == (Action.CREATE, None, ())
    assert change.reason == "does not exist"
    assert plan.kept == (there,)


def test_a_replacement_that_must_delete_first_waits_and_so_does_what_needs_it() -> None:
    there = (
        found(group(protocol="udp")),
        found(replace(members("x", "a"), group="group-x"), group="group-x"),
    )

    plan = grown((group(), members("x", "a"), balancer(), listener()), *there)

    assert told(plan) == ["create balancer/b"]
    assert set(plan.kept) == set(there)
    assert dict(plan.depends) == {Key("balancer/b"): frozenset()}


def test_what_takes_what_another_one_still_holds_waits() -> None:
    holder = found(balancer("c", name="old", addresses=("192.0.2.1",)))
    desired = (balancer("b", addresses=("192.0.2.1",)), balancer("c", addresses=("192.0.2.2",)))

    assert told(grown(desired, holder)) == ["create balancer/c"]


def test_nothing_is_deleted() -> None:
    there = found(group())

    plan = grown((), there)

    assert not plan
    assert plan.kept == (there,)
