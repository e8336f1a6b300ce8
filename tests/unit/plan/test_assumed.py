"""What is taken to exist: a stack with the ids that are known, good for changes of members and for nothing else."""

import pytest
from hypothesis import given

from cloudlb.plan.assumed import Known, assumed, changes_members_only
from cloudlb.plan.change import Plan
from cloudlb.plan.diff import diff
from cloudlb.plan.resource import CloudId, Observed, Resource, Stack

from .stacks import stacks
from .things import Check, balancer, group, listener, members

BEFORE = Stack((group("x"), members("x", "m"), balancer("b"), listener(80, on="b", to="x")))


def known(stack: Stack) -> Known:
    """Know an id of everything, and every attribute that refs may ask for."""
    return {
        each.key: (CloudId(f"id-{each.key}"), {"id": f"id-{each.key}", "arn": f"arn-{each.key}"})
        for each in stack
    }


def _planned(*instead: Resource) -> Plan:
    after = Stack(tuple({each.key: each for each in (*BEFORE, *instead)}.values()))
    return diff(after, assumed(BEFORE, known(BEFORE), Observed()))


@given(stacks())
def test_a_stack_that_is_assumed_differs_in_nothing_from_itself(stack):
    assert not diff(stack, assumed(stack, known(stack), Observed()))


@given(stacks())
def test_nor_does_it_where_no_id_is_known(stack):
    nothing = {each.key: (CloudId(""), {}) for each in stack}
    assert not diff(stack, assumed(stack, nothing, Observed()))


def test_a_member_more_is_a_change_of_members_only():
    plan = _planned(members("x", "m", "n"))
    assert [change.key for change in plan] == [members("x").key]
    assert changes_members_only(plan)


@pytest.mark.parametrize(
    "instead",
    [
        pytest.param(group("x", check=Check(path="/ready")), id="a setting"),
        pytest.param(group("y"), id="something new"),
        pytest.param(group("x", protocol="udp"), id="a replacement"),
    ],
)
def test_everything_else_is_not(instead):
    assert not changes_members_only(_planned(instead))


def test_members_of_what_has_no_known_id_are_not():
    nothing = {each.key: (CloudId(""), {}) for each in BEFORE}
    after = Stack((*[each for each in BEFORE if each.KIND != "members"], members("x", "n")))
    assert not changes_members_only(diff(after, assumed(BEFORE, nothing, Observed())))


def test_no_change_is_no_other_change():
    assert changes_members_only(Plan())
