"""What somebody removed or changed behind our back is noticed and put right."""

from collections.abc import Callable
from typing import Any

from cloudlb.model import Owner
from cloudlb.provider import Inventory
from cloudlb.testing.laws.common import (
    NewWorld,
    applied,
    assert_converged,
    changes_of,
    process_of,
)
from cloudlb.testing.manifests import LOCAL, Manifest, port, service
from cloudlb.testing.world import World


class Repair:
    """What somebody removed or changed behind our back is noticed and put right."""

    def test_l15_what_was_removed_behind_our_back_comes_again(self, new_world: NewWorld) -> None:
        """L15: for each kind of object, its removal is seen and repaired."""
        manifests = (service("kubia", port(80), port(443), **LOCAL),)
        _repaired(new_world, manifests, lambda world, found: world.remove(found))

    def test_l15_what_was_changed_behind_our_back_is_put_right(self, new_world: NewWorld) -> None:
        """L15: for each kind of object, a changed setting is seen and repaired."""
        manifests = (service("kubia", port(80), port(443), **LOCAL),)
        _repaired(new_world, manifests, lambda world, found: world.spoil(found))


def _repaired(
    new_world: NewWorld,
    manifests: tuple[Manifest, ...],
    disturb: Callable[[World, Any], bool],
) -> None:
    kinds = _kinds(new_world(), manifests)
    disturbed = []
    for kind in kinds:
        world = new_world()
        process = applied(world, manifests)
        cluster = Owner.of_cluster(process.cluster.cluster_id)
        everything = (*process.observed(), process.cloud.observe(cluster, Inventory()))
        found = next(e for observed in everything for e in observed if kind == e.value.KIND)
        if not disturb(world, found):
            continue
        disturbed.append(kind)
        assert changes_of(process_of(world, manifests).forecast()), f"{kind}: not noticed"
        applied(world, manifests)
        assert_converged(world, manifests)
    assert disturbed


def _kinds(world: World, manifests: tuple[Manifest, ...]) -> list[str]:
    process = applied(world, manifests)
    cluster = Owner.of_cluster(process.cluster.cluster_id)
    everything = (*process.observed(), process.cloud.observe(cluster, Inventory()))
    return sorted({each.value.KIND for observed in everything for each in observed})
