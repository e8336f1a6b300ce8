"""The blast-radius guard: one owner may lose all its targets, many at once may not."""

import pytest

from cloudlb.controller.guard import Guard, empties
from cloudlb.errors import NotReady
from cloudlb.model import Owner, OwnerKind
from cloudlb.plan.change import Action, Change, FieldChange, Plan
from cloudlb.plan.resource import CloudId, Found
from cloudlb.testing.clock import ManualClock
from cloudlb_aws.resources.targets import Target, Targets

OLD = frozenset({Target(id="i-1", port=30080)})


def owner(number: int) -> Owner:
    return Owner(
        cluster="c", kind=OwnerKind.SERVICE, namespace="default", name=f"s{number}", uid=str(number)
    )


def plan(new: frozenset[Target], old: frozenset[Target] = OLD) -> Plan:
    desired = Targets(id="tcp-80", group="arn", members=new)
    found = Found(id=CloudId("arn"), value=Targets(id="tcp-80", group="arn", members=old))
    field = FieldChange("members", old, new, secret=False, members=True)
    change = Change(
        action=Action.UPDATE, key=desired.key, desired=desired, found=found, fields=(field,)
    )
    return Plan(changes=(change,))


EMPTYING, FILLING = plan(frozenset()), plan(OLD, frozenset())


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def guard(clock: ManualClock, owners: int = 100) -> Guard:
    return Guard(owners=lambda: owners, clock=clock)


def test_what_counts_as_emptying():
    assert empties(EMPTYING)
    assert not empties(FILLING)
    assert not empties(Plan())


def test_a_few_may_lose_all_their_targets(clock):
    watch = guard(clock, owners=5)
    for number in range(3):
        watch.approve(owner(number), EMPTYING)
    assert watch.held == 0


def test_many_at_once_are_held_back_and_the_message_says_what_to_think_of(clock):
    watch = guard(clock)
    for number in range(20):
        watch.approve(owner(number), EMPTYING)
    with pytest.raises(NotReady, match="list of nodes or endpoints that is wrong") as caught:
        watch.approve(owner(20), EMPTYING)
    assert caught.value.after == 60.0
    assert watch.held == 1


def test_other_plans_pass_meanwhile(clock):
    watch = guard(clock, owners=1)
    for number in range(3):
        watch.approve(owner(number), EMPTYING)
    with pytest.raises(NotReady):
        watch.approve(owner(9), EMPTYING)
    watch.approve(owner(10), FILLING)
    watch.approve(owner(11), Plan())


def test_the_same_owner_again_counts_once(clock):
    watch = guard(clock, owners=1)
    for _ in range(50):
        watch.approve(owner(1), EMPTYING)
    assert watch.held == 0


def test_one_after_the_other_is_fine(clock):
    watch = guard(clock, owners=1)
    for number in range(50):
        watch.approve(owner(number), EMPTYING)
        clock.advance(61.0)
    assert watch.held == 0


def test_an_owner_that_has_targets_again_no_longer_counts(clock):
    watch = guard(clock, owners=1)
    for number in range(3):
        watch.approve(owner(number), EMPTYING)
    watch.approve(owner(0), FILLING)
    watch.approve(owner(5), EMPTYING)
    assert watch.held == 0
