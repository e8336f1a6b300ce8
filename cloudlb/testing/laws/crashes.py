"""A process may die between any two writes: the next one finishes the work, and leaves nothing behind."""

import pytest

from cloudlb.testing.laws.common import (
    NewWorld,
    applied,
    kill_points,
    must,
    needs_targets,
    process_of,
    recovers,
)
from cloudlb.testing.laws.scenarios import MIGRATIONS, named, with_pods
from cloudlb.testing.manifests import LOCAL, Manifest, port, service
from cloudlb.testing.process import KillAt, Killed
from cloudlb.testing.world import World


class Crashes:
    """A process may die between any two writes: the next one finishes the work, and leaves nothing behind."""

    def test_l3_a_create_that_was_killed_anywhere_converges(self, new_world: NewWorld) -> None:
        """L3: killed before any write of a creation, a new process finishes the work, without duplicates."""
        manifests = (service("kubia", port(80), port(443), **LOCAL),)
        world = new_world()

        def run(kill: KillAt) -> None:
            nonlocal world
            world = new_world()
            process_of(world, manifests, fence=kill).apply()

        killed = [recovers(world, manifests, write) for write in kill_points(run)]

        assert killed, "the creation never wrote"

    @pytest.mark.parametrize("pair", named(MIGRATIONS))
    def test_l3_an_update_that_was_killed_anywhere_converges(
        self, new_world: NewWorld, pair: tuple[Manifest, Manifest]
    ) -> None:
        """L3, for replacements: the half-replaced is finished, and nothing of the old is left."""
        needs_targets(new_world(), *pair)
        old, new = (with_pods(each) for each in pair)
        world = new_world()

        def run(kill: KillAt) -> None:
            nonlocal world
            world = new_world()
            applied(world, old)
            process_of(world, new, fence=kill).apply()

        killed = [recovers(world, new, write) for write in kill_points(run)]

        assert killed, "the migration never wrote"

    def test_l4_deleting_leaves_nothing_even_after_a_kill(self, new_world: NewWorld) -> None:
        """L4: whatever prefix of a creation was made, deletion removes all of it."""
        manifests = (service("kubia", port(80), port(443), **LOCAL),)
        world = new_world()

        def run(kill: KillAt) -> None:
            nonlocal world
            world = new_world()
            process_of(world, manifests, fence=kill).apply()

        for write in kill_points(run):
            must(process_of(world, manifests).delete())
            assert world.contents() == {}, f"killed at write {write}"

    def test_l4_a_deletion_that_was_killed_anywhere_is_finished(self, new_world: NewWorld) -> None:
        """L4, for deletions: killed before any of its writes, a new process finishes it."""
        manifests = (service("kubia", port(80), port(443)),)
        world = new_world()

        def run(kill: KillAt) -> None:
            nonlocal world
            world = new_world()
            applied(world, manifests)
            process_of(world, manifests, fence=kill).delete()

        for write in kill_points(run):
            must(process_of(world, manifests).delete())
            assert world.contents() == {}, f"killed at write {write}"

    def test_l18_without_the_right_to_write_nothing_is_written(self, world: World) -> None:
        """L18: a fence that is shut stops every write."""
        with pytest.raises(Killed):
            process_of(world, (service(),), fence=KillAt(1)).apply()

        assert world.writes() == 0
