"""Owners do not disturb each other, nothing foreign is touched, mistakes stay where they were made."""

import itertools

import pytest

from cloudlb.testing.laws.common import (
    Reordered,
    applied,
    assert_converged,
    must,
    process_of,
)
from cloudlb.testing.laws.scenarios import INTERNAL, SCENARIOS, named
from cloudlb.testing.manifests import Manifest, port, service
from cloudlb.testing.world import World


class Isolation:
    """Owners do not disturb each other, nothing foreign is touched, mistakes stay where they were made."""

    def test_l5_what_is_not_ours_is_never_touched(self, world: World) -> None:
        """L5: another cluster's objects and unmarked ones stay as they are through a whole life."""
        world.plant("another-cluster")
        foreign = world.contents()
        assert foreign

        for manifests in (SCENARIOS["two services"], (service("one", annotations=INTERNAL),)):
            applied(world, manifests)
            process_of(world, manifests).delete()
        process_of(world, SCENARIOS["two services"]).delete()

        assert world.contents() == foreign

    def test_l5_a_taken_name_is_an_error_for_that_object_alone(self, world: World) -> None:
        """L5: an object that has our name and not our marks is reported, and not touched; others go on."""
        manifests = SCENARIOS["two services"]
        process = applied(world, manifests)
        intent = next(each for each in process.intents() if each.owner.name == "one")
        holder = next(
            each for each in process.reconciler.observed(intent) if each.value.HOLDS_ADDRESS
        )
        before = world.contents()
        world.squat(holder)
        after = world.contents()
        changed = {key for key, each in after.items() if before.get(key) != each}
        # Where names are ids, the squatter is a changed object; elsewhere it is a new one.
        (squatter,) = after.keys() - before.keys() or changed
        squatted = after[squatter]

        done = process_of(world, manifests).apply()

        verdicts = {verdict.owner.name: verdict for verdict in done.verdicts}
        assert not verdicts["one"].ok
        assert verdicts["two"].ok
        assert world.contents().get(squatter) == squatted

    def test_l6_names_that_are_cut_short_do_not_collide(self, world: World) -> None:
        """L6: owners whose long names begin alike have objects of their own."""
        stem = "a-very-long-name-that-every-cloud-cuts-somewhere-in-the-mid"
        manifests = (
            service(f"{stem}-1"),
            service(f"{stem}-2"),
            service(f"{stem}-2", namespace="x"),
        )

        process = applied(world, manifests)

        owned = [{each.id for each in observed} for observed in process.observed()]
        assert all(owned)
        assert all(not a & b for a, b in itertools.combinations(owned, 2))
        assert_converged(world, manifests)

    def test_l8_the_order_of_nodes_does_not_matter(self, world: World) -> None:
        """L8: nodes in another order make the same plan."""
        manifests = (service(),)
        nodes = list(world.nodes())
        straight = process_of(world, manifests)

        reversed_world = Reordered(world, nodes[::-1])
        backwards = process_of(reversed_world, manifests)

        assert [e.plan for e in straight.forecast().previews] == [
            e.plan for e in backwards.forecast().previews
        ]

    def test_l11_what_is_shared_outlives_all_but_its_last_user(self, world: World) -> None:
        """L11: deleting one of two users takes nothing from the other; with the last one, all goes."""
        manifests = SCENARIOS["two services"]
        process = applied(world, manifests)

        must(process.delete(only=lambda intent: intent.owner.name == "one"))
        assert_converged(world, manifests[1:])

        must(process_of(world, manifests[1:]).delete())
        assert world.contents() == {}

    @pytest.mark.parametrize(
        "manifest",
        named(
            {
                "a scheme that does not exist": service(
                    annotations={"cloudlb.io/scheme": "sideways"}
                ),
                "a target type that does not exist": service(
                    annotations={"cloudlb.io/target-type": "cats"}
                ),
                "only a protocol that nobody balances": service("kubia", port(80, "SCTP")),
            }
        ),
    )
    def test_l12_what_is_invalid_is_refused_before_anything_is_made(
        self, world: World, manifest: Manifest
    ) -> None:
        """L12: a mistake is told with a remedy, and costs no write."""
        done = process_of(world, (manifest,)).apply()

        (verdict,) = done.verdicts
        assert not verdict.ok
        assert any(problem.message for problem in verdict.intent.problems)
        assert world.writes() == 0
        assert world.contents() == {}

    def test_l12_an_invalid_edit_keeps_what_serves(self, world: World) -> None:
        """L12: what was good goes on serving, and its address stays known."""
        before = applied(world, (service(),)).addresses()
        contents = world.contents()

        bad = service(annotations={"cloudlb.io/scheme": "sideways"})
        (verdict,) = process_of(world, (bad,)).apply().verdicts

        assert not verdict.ok
        assert world.contents() == contents
        assert tuple(str(each) for each in verdict.addresses) == before["kubia"]

    @pytest.mark.parametrize(
        ("namespace", "name"),
        [
            pytest.param("n" * 63, "s" * 63, id="both-as-long-as-can-be"),
            pytest.param("0", "a", id="as-short-as-can-be"),
            pytest.param("0-0", "x-", id="digits-and-hyphens"),
            pytest.param("internal", "internal", id="a-word-that-clouds-reserve"),
            pytest.param("default", "sg-default", id="prefixes-that-clouds-reserve"),
        ],
    )
    def test_l23_names_are_valid_for_any_object(
        self, world: World, namespace: str, name: str
    ) -> None:
        """L23: whatever an object is called, its resources get names that the cloud takes."""
        manifests = (service(name.rstrip("-"), namespace=namespace),)

        applied(world, manifests)

        assert_converged(world, manifests)

    def test_l24_a_sweep_lists_what_observing_finds(self, world: World) -> None:
        """L24: the inventory names the same owners, and no object that observing does not know."""
        manifests = (*SCENARIOS["two services"], service("three", port(82), annotations=INTERNAL))
        process = applied(world, manifests)

        inventory = process.cloud.sweep()

        owners = {intent.owner.uid for intent in process.intents()}
        swept = {each.owner.uid for each in inventory.entries} - {process.cluster.cluster_id}
        assert swept == owners
        for intent, observed in zip(process.intents(), process.observed(), strict=True):
            listed = {each.id for each in inventory.of(intent.owner)}
            assert listed <= {each.id for each in observed}
            assert listed
