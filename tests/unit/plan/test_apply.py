"""Carrying plans out: parallel branches, the fence, retries by class of error, and what an outcome says."""

import threading
from dataclasses import replace

import pytest

from cloudlb.errors import (
    CloudlbError,
    Conflict,
    Denied,
    Fenced,
    NotFound,
    NotReady,
    QuotaExceeded,
    Rejected,
    Throttled,
    Transient,
)
from cloudlb.plan.apply import Run, apply
from cloudlb.plan.change import Action, Plan
from cloudlb.plan.diff import diff
from cloudlb.plan.driver import Fence
from cloudlb.plan.outcome import Outcome, Progress, State
from cloudlb.plan.resource import NOTHING, Found, Resource, Stack

from .things import balancer, found, group, listener, members, observed, plot, ref
from .world import Faults, World, holding

FRONT = (group(), members("x", "m"), balancer(), listener())


def planned(world: World, *desired: Resource) -> Plan:
    return diff(Stack(desired), world.observed())


def states(outcome: Outcome) -> dict[str, State]:
    return {f"{each.step.verb} {each.step.key}": each.state for each in outcome.results}


class Killed(BaseException):
    """The process ends here."""


def test_a_plan_is_carried_out_in_order_with_references_resolved() -> None:
    world = World()

    outcome = world.apply(planned(world, *FRONT))

    assert outcome.ok
    assert outcome.errors == ()
    assert outcome.observed == world.observed()
    (made,) = world.observed().kind("listener")
    (target,) = world.observed().kind("group")
    assert isinstance(made.value, type(listener()))
    assert made.value.target == target.id


def test_nothing_to_do_calls_nothing_and_still_tells_what_exists() -> None:
    world = holding([group()])

    outcome = world.apply(planned(world, group()), fence=_shut)

    assert outcome.ok
    assert outcome.observed == world.observed()
    assert world.calls == 0


def _shut() -> None:
    raise Fenced("not the leader")


def test_independent_branches_run_at_the_same_time() -> None:
    """Each of two creations waits until the other has begun: one after the other, they would never end."""
    meeting = threading.Barrier(2)

    class Meeting(World):
        def create(self, desired: Resource, fence: Fence) -> Found[Resource]:
            meeting.wait(timeout=10)
            return super().create(desired, fence)

    world = Meeting()

    outcome = world.apply(planned(world, group(), plot()), workers=2)

    assert outcome.ok


def test_never_more_workers_than_asked_for() -> None:
    lock, busy, most = threading.Lock(), 0, 0

    class Counting(World):
        def create(self, desired: Resource, fence: Fence) -> Found[Resource]:
            nonlocal busy, most
            with lock:
                busy += 1
                most = max(most, busy)
            try:
                return super().create(desired, fence)
            finally:
                with lock:
                    busy -= 1

    world = Counting()
    world.apply(planned(world, *(group(str(each)) for each in range(30))), workers=3)

    assert 1 <= most <= 3


class TestFence:
    """The fence is asked before every write."""

    def test_it_is_asked_once_a_write(self) -> None:
        world, asked = World(), 0

        def fence() -> None:
            nonlocal asked
            asked += 1

        world.apply(planned(world, *FRONT), fence=fence)

        assert world.calls == len(FRONT)
        # Once by the engine and once by the driver, which may make several calls a verb.
        assert asked == 2 * len(FRONT)

    def test_once_shut_nothing_is_written_and_nothing_more_is_tried(self) -> None:
        world = World()

        outcome = world.apply(planned(world, *FRONT), fence=_shut)

        assert world.calls == 0
        assert not outcome.ok
        assert [type(each) for each in outcome.errors] == [Fenced]
        assert list(states(outcome).values()).count(State.PENDING) == len(FRONT) - 1

    def test_a_fence_that_shuts_between_two_tries_ends_the_trying(self) -> None:
        world = World(faults=Faults(before={1: Throttled("slow")}))
        asked = 0

        def fence() -> None:
            nonlocal asked
            asked += 1
            if asked > 2:
                raise Fenced("no longer the leader")

        outcome = world.apply(planned(world, group()), fence=fence)

        assert [type(each) for each in outcome.errors] == [Fenced]
        assert world.calls == 1

    def test_killed_at_each_write_in_turn_the_rest_is_done_by_the_next(self) -> None:
        for write in range(len(FRONT)):
            world, left = World(), [write]

            def fence(left: list[int] = left, world: World = world) -> None:
                if world.calls >= left[0]:
                    raise Killed

            with pytest.raises(Killed):
                world.apply(planned(world, *FRONT), fence=fence)
            assert world.calls == write

            assert world.apply(planned(world, *FRONT)).ok
            assert not planned(world, *FRONT)
            assert len(world.observed()) == len(FRONT)

    def test_after_a_kill_the_other_workers_write_nothing_more(self) -> None:
        world = World()

        def fence() -> None:
            raise Killed

        with pytest.raises(Killed):
            world.apply(planned(world, group(), plot(), balancer()), fence=fence, workers=3)

        assert world.calls == 0

    def test_what_is_under_way_when_another_worker_dies_writes_nothing_more(self) -> None:
        """One step asks its fence again and again; it shuts as soon as the other step has died."""
        begun, idle = threading.Barrier(2), threading.Event()

        class Lingering(World):
            def create(self, desired: Resource, fence: Fence) -> Found[Resource]:
                begun.wait(timeout=10)
                if desired.KIND == "plot":
                    raise Killed
                for _ in range(5000):
                    fence()
                    idle.wait(0.001)
                return super().create(desired, fence)

        world = Lingering()

        with pytest.raises(Killed):
            world.apply(planned(world, group(), plot()), workers=2)

        assert world.calls == 0


class TestFailures:
    """One failure stops what needs the failed, and nothing else."""

    def test_what_needs_the_failed_stays_pending_and_the_rest_goes_on(self) -> None:
        class Broken(World):
            def create(self, desired: Resource, fence: Fence) -> Found[Resource]:
                if desired.KIND == "group":
                    raise QuotaExceeded("no more groups")
                return super().create(desired, fence)

        world = Broken()

        outcome = world.apply(planned(world, *FRONT))

        assert states(outcome) == {
            "create group/x": State.FAILED,
            "create members/x": State.PENDING,
            "create listener/b-80": State.PENDING,
            "create balancer/b": State.DONE,
        }
        assert [type(each) for each in outcome.errors] == [QuotaExceeded]
        assert outcome.observed == world.observed()
        assert not outcome.stale

    @pytest.mark.parametrize(
        "error",
        [
            Denied("may not"),
            Rejected("no"),
            QuotaExceeded("full"),
            Conflict("changed"),
            NotFound("gone"),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_what_another_try_would_not_mend_is_tried_once(self, error: CloudlbError) -> None:
        world = World(faults=Faults(before={1: error}))

        outcome = world.apply(planned(world, group()))

        assert outcome.errors == (error,)
        assert world.calls == 1
        assert world.clock() == 0
        assert outcome.stale == isinstance(error, Conflict)

    def test_a_reference_to_what_is_shared_and_missing_is_a_conflict(self) -> None:
        world = World()
        wanted = replace(members(), group=ref("group/s", shared=True))

        outcome = world.apply(planned(world, wanted))

        (error,) = outcome.errors
        assert isinstance(error, Conflict)
        assert "members/x.group needs group/s.id, which does not exist" in str(error)

    def test_a_reference_to_what_is_shared_is_looked_up_there(self) -> None:
        world = holding([group("s")])
        shared = world.observed()
        wanted = replace(members(), group=ref("group/s", shared=True))
        plan = diff(Stack((wanted,)), NOTHING)

        outcome = apply(plan, Run(driver=world, shared=shared, pace=world.pace))

        assert outcome.ok
        (made,) = world.observed().kind("members")
        assert made.attributes["group"] == shared.found[0].id

    def test_a_defect_is_raised_and_stops_everything(self) -> None:
        class Defect(World):
            def create(self, desired: Resource, fence: Fence) -> Found[Resource]:
                raise ZeroDivisionError

        world = Defect()

        with pytest.raises(ZeroDivisionError):
            world.apply(planned(world, *FRONT))


class TestRetries:
    """Another try by class of error, without real time."""

    def test_throttled_calls_are_tried_again_with_growing_waits(self) -> None:
        world = World(faults=Faults(before={n: Throttled("slow") for n in (1, 2, 3)}))
        told: list[Progress] = []

        outcome = apply(
            planned(world, group()), Run(driver=world, pace=world.pace, report=told.append)
        )

        assert outcome.ok
        assert world.calls == 4
        waits = [each.wait for each in told if each.state is State.WAITING]
        assert waits == [0.25, 0.5, 1.0]
        assert world.clock() == sum(waits)

    def test_the_servers_own_wait_is_honoured(self) -> None:
        world = World(faults=Faults(before={1: Throttled("slow", after=30.0)}))

        assert world.apply(planned(world, group())).ok

        assert world.clock() >= 30

    def test_waits_never_grow_beyond_the_longest(self) -> None:
        world = World(faults=Faults(before={n: Transient("broken") for n in range(1, 10)}))
        world.pace = replace(world.pace, longest=2.0)

        assert world.apply(planned(world, group())).ok

        assert world.clock() == 0.25 + 0.5 + 1.0 + 6 * 2.0

    def test_after_so_many_attempts_in_a_row_the_last_error_is_told(self) -> None:
        world = World(faults=Faults(before={n: Transient(f"broken {n}") for n in range(1, 30)}))

        outcome = world.apply(planned(world, group()))

        assert [str(each) for each in outcome.errors] == ["broken 10"]
        assert world.calls == world.pace.attempts

    def test_what_was_done_before_the_connection_broke_is_not_done_twice(self) -> None:
        world = World(faults=Faults(after={1: Transient("reset")}))

        outcome = world.apply(planned(world, group()))

        assert outcome.ok
        assert len(world.observed()) == 1
        assert world.log == ["create group/x", "create group/x"]

    def test_what_is_not_ready_is_asked_again_until_it_is_and_says_so(self) -> None:
        world = holding([group()])
        world.faults = Faults(before={n: NotReady("in use", after=2.0) for n in range(1, 16)})
        told: list[Progress] = []

        outcome = apply(planned(world), Run(driver=world, pace=world.pace, report=told.append))

        assert outcome.ok
        waits = [each.wait for each in told if each.state is State.WAITING]
        assert len(waits) == 15
        assert waits[0] == 2.0
        assert waits == sorted(waits)
        assert world.clock() == pytest.approx(sum(waits))
        assert [told[0].state, told[-1].state] == [State.RUNNING, State.DONE]
        assert {str(each.error) for each in told if each.state is State.WAITING} == {"in use"}

    def test_patience_ends(self) -> None:
        world = holding([group()])
        world.faults = Faults(before={n: NotReady("in use", after=60.0) for n in range(1, 99)})

        outcome = world.apply(planned(world))

        assert [type(each) for each in outcome.errors] == [NotReady]
        assert world.clock() >= world.pace.patience
        assert outcome.observed == world.observed()

    def test_an_answer_of_not_ready_ends_a_row_of_failures(self) -> None:
        world = holding([group()])
        errors: list[CloudlbError] = [
            *[Throttled("slow")] * 9,
            NotReady("in use", after=1.0),
            *[Throttled("slow")] * 9,
        ]
        world.faults = Faults(before=dict(enumerate(errors, start=1)))

        assert world.apply(planned(world)).ok


class TestOutcome:
    """What an outcome says of steps and of what exists."""

    def test_a_part_that_goes_with_its_whole_costs_no_call(self) -> None:
        world = holding(FRONT)
        told: list[Progress] = []

        outcome = apply(planned(world), Run(driver=world, pace=world.pace, report=told.append))

        assert outcome.ok
        assert sorted(world.log) == ["delete balancer/b", "delete group/x"]
        assert outcome.observed == NOTHING == world.observed()
        running = {str(each.step.key) for each in told if each.state is State.RUNNING}
        assert running == {"balancer/b", "group/x"}

    def test_a_replacement_is_two_steps(self) -> None:
        world = holding([group(protocol="udp", name="old")])

        outcome = world.apply(planned(world, group()))

        assert states(outcome) == {"create group/x": State.DONE, "delete group/x": State.DONE}
        assert [each.step.change.action for each in outcome.results] == [Action.REPLACE] * 2
        assert outcome.observed == world.observed()

    def test_an_old_object_whose_deletion_fails_still_counts_as_there(self) -> None:
        world = holding([group(protocol="udp", name="old")])
        world.faults = Faults(before={2: Denied("may not delete")})

        outcome = world.apply(planned(world, group()))

        assert not outcome.ok
        assert len(outcome.observed) == 2
        assert outcome.observed == world.observed()
        assert world.reach(Stack((group(),))).ok
        assert len(world.observed()) == 1

    def test_what_an_update_made_of_an_object_replaces_what_it_was(self) -> None:
        world = holding([group(), members("x", "old")])

        outcome = world.apply(planned(world, group(), members("x", "new")))

        assert outcome.observed == world.observed()
        (made,) = outcome.observed.kind("members")
        assert made.value.members == {"new"}

    def test_what_is_kept_may_be_referred_to(self) -> None:
        world = holding([group(), members("x", "m"), balancer()])

        outcome = world.apply(planned(world, *FRONT))

        assert [str(each.step.key) for each in outcome.results] == ["listener/b-80"]
        assert outcome.observed == world.observed()

    def test_results_come_in_the_order_of_steps(self) -> None:
        world = World()

        outcome = world.apply(planned(world, *FRONT), workers=4)

        assert [each.step.index for each in outcome.results] == [0, 1, 2, 3]


def test_an_object_that_is_gone_makes_the_plan_stale() -> None:
    world = World()
    plan = diff(
        Stack((group(seal="new"),)), observed(found(group(seal="old"), "gone-with-the-wind"))
    )

    outcome = world.apply(plan)

    assert outcome.stale
