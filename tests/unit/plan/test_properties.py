"""Properties of the engine, over random stacks and random states of a strict cloud in memory."""

from collections import Counter
from dataclasses import dataclass, replace
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudlb.errors import CloudlbError, Throttled, Transient
from cloudlb.plan.diff import diff
from cloudlb.plan.order import steps
from cloudlb.plan.partial import growth
from cloudlb.plan.resource import Resource, Stack, meanings

from .laws import broken
from .stacks import resources, stacks
from .world import Faults, World

EXAMPLES = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
FEWER = settings(EXAMPLES, max_examples=60)


class Killed(BaseException):
    """The process ends here."""


@dataclass
class KillAt:
    """A fence that lets some writes pass, and then kills."""

    left: int

    def __call__(self) -> None:
        if self.left <= 0:
            raise Killed
        self.left -= 1


def worlds() -> st.SearchStrategy[World]:
    """Draw a world with what one or two stacks left in it: two of a key, what nobody wants, other settings."""
    return st.lists(stacks(), max_size=2).map(_holding)


def _holding(found: list[Stack]) -> World:
    world = World()
    for each in found:
        world.hold(each)
    return world


def assert_reached(world: World, desired: Stack) -> None:
    assert not diff(desired, world.observed())
    keys = Counter(each.key for each in world.observed())
    assert keys == Counter(each.key for each in desired)


@EXAMPLES
@given(stacks())
def test_nothing_differs_from_itself(stack: Stack) -> None:
    world = World()
    assert world.hold(stack)

    plan = diff(stack, world.observed())

    assert not plan
    assert len(plan.kept) == len(stack)


@EXAMPLES
@given(worlds(), stacks())
def test_one_apply_reaches_the_desired_stack_from_anywhere(world: World, desired: Stack) -> None:
    outcome = world.reach(desired)

    assert outcome.errors == ()
    assert_reached(world, desired)
    assert world.refused == []
    assert outcome.observed == world.observed()


@FEWER
@given(worlds(), stacks())
def test_so_does_one_with_many_workers(world: World, desired: Stack) -> None:
    outcome = world.reach(desired, workers=4)

    assert outcome.errors == ()
    assert_reached(world, desired)
    assert world.refused == []


@EXAMPLES
@given(worlds(), stacks(), stacks(), st.integers(0, 12), st.integers(0, 12))
def test_so_does_the_next_process_after_kills_at_any_write(
    world: World, abandoned: Stack, desired: Stack, first: int, second: int
) -> None:
    for stack, writes in ((abandoned, first), (desired, second)):
        try:
            world.reach(stack, fence=KillAt(writes))
        except Killed:
            continue

    outcome = world.reach(desired)

    assert outcome.errors == ()
    assert_reached(world, desired)


def _faults() -> st.SearchStrategy[Faults]:
    error: st.SearchStrategy[CloudlbError] = st.sampled_from((Transient("lost"), Throttled("slow")))
    # Eight at most, so that they are never as many in a row as end the trying.
    calls = st.dictionaries(st.integers(1, 12), error, max_size=4)
    return st.builds(Faults, before=calls, after=calls)


@FEWER
@given(worlds(), stacks(), _faults())
def test_so_does_one_whose_calls_fail_before_or_after_they_were_carried_out(
    world: World, desired: Stack, faults: Faults
) -> None:
    world.faults = faults
    world.calls = 0

    outcome = world.reach(desired)

    assert outcome.errors == ()
    assert_reached(world, desired)


@EXAMPLES
@given(worlds(), stacks())
def test_the_order_keeps_its_laws(world: World, desired: Stack) -> None:
    assert broken(steps(diff(desired, world.observed()))) == []


@FEWER
@given(worlds(), resources(), st.randoms(use_true_random=False))
def test_the_same_set_in_any_order_gives_the_same_plan(
    world: World, desired: tuple[Resource, ...], random: Random
) -> None:
    shuffled = list(desired)
    random.shuffle(shuffled)

    assert diff(Stack(tuple(shuffled)), world.observed()) == diff(Stack(desired), world.observed())
    assert steps(diff(Stack(tuple(shuffled)), world.observed())) == steps(
        diff(Stack(desired), world.observed())
    )


def _untouched_but_for_more(old: Resource, new: Resource) -> bool:
    """Tell whether nothing of an object changed, except that it has more members."""
    more = {name for name, each in meanings(type(old)).items() if each.members}
    return replace(new, **{name: getattr(old, name) for name in more}) == old and all(
        getattr(old, name) <= getattr(new, name) for name in more
    )


@EXAMPLES
@given(worlds(), stacks())
def test_growing_first_takes_nothing_away_and_the_rest_still_gets_there(
    world: World, desired: Stack
) -> None:
    before = world.observed()

    grown = world.apply(growth(diff(desired, before)))

    assert grown.errors == ()
    after = {each.id: each.value for each in world.observed()}
    assert all(_untouched_but_for_more(each.value, after[each.id]) for each in before)
    outcome = world.reach(desired)
    assert outcome.errors == ()
    assert_reached(world, desired)
