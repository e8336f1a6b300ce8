"""What was applied stays applied, at no cost, however the cloud behaves meanwhile."""

import pytest

from cloudlb.model import Owner
from cloudlb.plan.diff import diff
from cloudlb.provider import Inventory
from cloudlb.testing.laws.common import (
    NewWorld,
    applied,
    assert_converged,
    changes_of,
    must,
    needs_targets,
    process_of,
)
from cloudlb.testing.laws.scenarios import SCENARIOS, named
from cloudlb.testing.manifests import Manifest, port, service
from cloudlb.testing.process import KillAt, Killed
from cloudlb.testing.world import World


class Convergence:
    """What was applied stays applied, at no cost, however the cloud behaves meanwhile."""

    @pytest.mark.parametrize("manifests", named(SCENARIOS))
    def test_l1_a_plan_that_was_applied_leaves_nothing_to_plan(
        self, world: World, manifests: tuple[Manifest, ...]
    ) -> None:
        """L1, convergence: after an apply, a new process plans nothing."""
        needs_targets(world, *manifests)
        before = process_of(world, manifests).forecast()
        assert changes_of(before)

        applied(world, manifests)

        assert_converged(world, manifests)

    @pytest.mark.parametrize("manifests", named(SCENARIOS))
    def test_l2_applying_twice_is_applying_once(
        self, world: World, manifests: tuple[Manifest, ...]
    ) -> None:
        """L2, idempotence: the second apply writes nothing and changes nothing."""
        needs_targets(world, *manifests)
        applied(world, manifests)
        contents, writes = world.contents(), world.writes()

        applied(world, manifests)

        assert (world.writes(), world.contents()) == (writes, contents)

    @pytest.mark.parametrize("every", [2, 3, 5])
    def test_l13_throttling_slows_and_does_not_stop(self, new_world: NewWorld, every: int) -> None:
        """L13: with every k-th call refused all the same converges, in a bounded number of calls."""
        manifests = SCENARIOS["three ports"]
        calm = new_world()
        applied(calm, manifests)

        world = new_world()
        world.throttle(every)
        applied(world, manifests)

        assert world.calls() <= 3 * calm.calls() + 3
        world.throttle(0)
        assert_converged(world, manifests)

    @pytest.mark.parametrize("calls", [1, 3, 8])
    def test_l14_reads_that_lag_make_no_duplicates(self, world: World, calls: int) -> None:
        """L14: a process that was killed is followed by one whose reads do not show its last writes yet."""
        manifests = (service("kubia", port(80), port(443)),)
        world.lag(calls)
        with pytest.raises(Killed):
            process_of(world, manifests, fence=KillAt(6)).apply()

        for _ in range(3):
            process_of(world, manifests).apply()
        world.lag(0)

        applied(world, manifests)
        assert_converged(world, manifests)

    def test_l25_standing_still_costs_nothing(self, world: World) -> None:
        """L25: an unchanged object costs no call in the same process, and no write in a new one."""
        process = applied(world, SCENARIOS["two services"])
        calls, writes = world.calls(), world.writes()

        must(process.apply())
        assert world.calls() == calls

        applied(world, SCENARIOS["two services"])
        assert world.writes() == writes

    def test_a_cluster_internal_service_costs_nothing(self, world: World) -> None:
        """What is not ours to balance is ignored, with no call but the sweep of a new process."""
        manifests = (
            service("a", type="ClusterIP"),
            service("b", type="NodePort"),
            service("c", loadBalancerClass="example.com/other"),
        )
        process = process_of(world, manifests)
        calls = world.calls()

        must(process.apply())

        assert world.calls() == calls

    def test_the_engine_agrees_with_the_pipeline(self, world: World) -> None:
        """What a converged cloud holds differs in nothing from what the design says."""
        process = applied(world, SCENARIOS["three ports"])

        (intent,) = process.intents()
        shared = process.cloud.observe(Owner.of_cluster(process.cluster.cluster_id), Inventory())

        assert not diff(intent.stack, process.reconciler.observed(intent), shared)
