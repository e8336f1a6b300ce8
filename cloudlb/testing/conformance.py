"""The provider laws: what every provider must keep, whatever its cloud.

A provider's test suite derives a class from `ProviderLaws`, gives it a fixture `world` (see `cloudlb.testing.world`),
and pytest runs every law against it. The numbers L1… are those of the project's design notes; a law's docstring is
its text. Bundled and third-party providers run the same suite.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from cloudlb.controller.reconciler import Forecast, Round
from cloudlb.model import Owner
from cloudlb.plan.change import Action, Change
from cloudlb.plan.diff import diff
from cloudlb.provider import Inventory
from cloudlb.testing.manifests import LOCAL, Manifest, endpoint_slice, port, service
from cloudlb.testing.process import KillAt, Killed, Process, cluster_of
from cloudlb.testing.world import World

MANY_WRITES = 60
"""More writes than any scenario here needs: where a kill sweep must have ended."""

PODS = ("10.0.9.1", "10.0.9.2")
INTERNAL = {"cloudlb.io/scheme": "internal"}
TO_PODS = {"cloudlb.io/target-type": "pod"}

SCENARIOS: dict[str, tuple[Manifest, ...]] = {
    "one port": (service(),),
    "local policy": (service(**LOCAL),),
    "three ports": (service("web", port(80), port(443), port(8443)),),
    "udp": (service("dns", port(53, "UDP")),),
    "affinity": (service(sessionAffinity="ClientIP"),),
    "internal": (service(annotations=INTERNAL),),
    "source ranges": (service(loadBalancerSourceRanges=["192.0.2.0/24", "198.51.100.7/32"]),),
    "pods": (service(annotations=TO_PODS), endpoint_slice("kubia", PODS)),
    "two services": (service("one"), service("two", port(81))),
}

MIGRATIONS: dict[str, tuple[Manifest, Manifest]] = {
    "internet to internal": (service(), service(annotations=INTERNAL)),
    "internal to internet": (service(annotations=INTERNAL), service()),
    "nodes to pods": (service(), service(annotations=TO_PODS)),
    "tcp to udp": (service("kubia", port(53)), service("kubia", port(53, "UDP"))),
    "to a cluster-internal service": (service(), service(type="ClusterIP")),
}

EDITS: dict[str, tuple[Manifest, Manifest]] = {
    "one port more": (service("kubia", port(80)), service("kubia", port(80), port(81))),
    "one port less": (service("kubia", port(80), port(81)), service("kubia", port(80))),
    "another node port": (
        service("kubia", port(80, nodePort=30080)),
        service("kubia", port(80, nodePort=30081)),
    ),
    "another source range": (
        service(loadBalancerSourceRanges=["192.0.2.0/24"]),
        service(loadBalancerSourceRanges=["198.51.100.0/24"]),
    ),
    "affinity": (service(), service(sessionAffinity="ClientIP")),
    "policy to Local": (service(), service(**LOCAL)),
    "policy to Cluster": (service(**LOCAL), service()),
}


def _named(cases: dict[str, Any]) -> list[Any]:
    return [pytest.param(case, id=name.replace(" ", "-")) for name, case in cases.items()]


def _changes(forecast: Forecast) -> list[Change]:
    plans = [preview.plan for preview in forecast.previews] + [forecast.shared]
    return [change for plan in plans for change in plan]


def _told(changes: Iterable[Change]) -> list[str]:
    return [f"{each.action} {each.key} {sorted(each.changed)}" for each in changes]


def _must(done: Round) -> Round:
    """Insist that a round went well, showing what did not."""
    said = [str(problem) for verdict in done.verdicts for problem in verdict.intent.problems]
    failed = [repr(error) for verdict in done.verdicts for error in verdict.errors]
    assert done.ok, (said, failed, done.shared_errors)
    return done


class ProviderLaws:
    """Derive from this, add a fixture `world`, and the laws are tests."""

    # What the laws do again and again.

    @staticmethod
    def _process(world: World, manifests: Iterable[Manifest], **how: Any) -> Process:  # noqa: ANN401
        return Process(world, cluster_of(world, manifests), **how)

    def _applied(self, world: World, manifests: Iterable[Manifest]) -> Process:
        process = self._process(world, manifests)
        _must(process.apply())
        return process

    def _converged(self, world: World, manifests: Iterable[Manifest]) -> None:
        """A new process finds nothing to do, and no object twice."""
        process = self._process(world, manifests)
        assert _told(_changes(process.forecast())) == []
        for observed in process.observed():
            assert [n for n, times in Counter(each.key for each in observed).items() if times > 1] == []

    @staticmethod
    def _kill_points(run: Callable[[KillAt], object]) -> Iterator[int]:
        """Run with a kill at the first write, at the second, and so on, until a run outlives its kill."""
        for write in range(1, MANY_WRITES):
            try:
                run(KillAt(write))
            except Killed:
                yield write
                continue
            return
        pytest.fail(f"still writing after {MANY_WRITES} writes")

    # The laws.

    @pytest.mark.parametrize("manifests", _named(SCENARIOS))
    def test_l1_a_plan_that_was_applied_leaves_nothing_to_plan(
        self, world: World, manifests: tuple[Manifest, ...]
    ) -> None:
        """L1, convergence: after an apply, a new process plans nothing."""
        before = self._process(world, manifests).forecast()
        assert _changes(before)

        self._applied(world, manifests)

        self._converged(world, manifests)

    @pytest.mark.parametrize("manifests", _named(SCENARIOS))
    def test_l2_applying_twice_is_applying_once(
        self, world: World, manifests: tuple[Manifest, ...]
    ) -> None:
        """L2, idempotence: the second apply writes nothing and changes nothing."""
        self._applied(world, manifests)
        contents, writes = world.contents(), world.writes()

        self._applied(world, manifests)

        assert (world.writes(), world.contents()) == (writes, contents)

    def test_l3_a_create_that_was_killed_anywhere_converges(self, new_world: Callable[[], World]) -> None:
        """L3: killed before any write of a creation, a new process finishes the work, without duplicates."""
        manifests = (service("kubia", port(80), port(443), **LOCAL),)
        world = new_world()

        def run(kill: KillAt) -> None:
            nonlocal world
            world = new_world()
            self._process(world, manifests, fence=kill).apply()

        killed = [self._recovers(world, manifests, write) for write in self._kill_points(run)]

        assert killed, "the creation never wrote"

    @pytest.mark.parametrize("pair", _named(MIGRATIONS))
    def test_l3_an_update_that_was_killed_anywhere_converges(
        self, new_world: Callable[[], World], pair: tuple[Manifest, Manifest]
    ) -> None:
        """L3, for replacements: the half-replaced is finished, and nothing of the old is left."""
        old, new = (self._with_pods(each) for each in pair)
        world = new_world()

        def run(kill: KillAt) -> None:
            nonlocal world
            world = new_world()
            self._applied(world, old)
            self._process(world, new, fence=kill).apply()

        killed = [self._recovers(world, new, write) for write in self._kill_points(run)]

        assert killed, "the migration never wrote"

    def _recovers(self, world: World, manifests: Iterable[Manifest], write: int) -> int:
        self._applied(world, manifests)
        self._converged(world, manifests)
        return write

    @staticmethod
    def _with_pods(manifest: Manifest) -> tuple[Manifest, ...]:
        return (manifest, endpoint_slice(manifest["metadata"]["name"], PODS))

    def test_l4_deleting_leaves_nothing_even_after_a_kill(self, new_world: Callable[[], World]) -> None:
        """L4: whatever prefix of a creation was made, deletion removes all of it."""
        manifests = (service("kubia", port(80), port(443), **LOCAL),)
        world = new_world()

        def run(kill: KillAt) -> None:
            nonlocal world
            world = new_world()
            self._process(world, manifests, fence=kill).apply()

        for write in self._kill_points(run):
            _must(self._process(world, manifests).delete())
            assert world.contents() == {}, f"killed at write {write}"

    def test_l4_a_deletion_that_was_killed_anywhere_is_finished(
        self, new_world: Callable[[], World]
    ) -> None:
        """L4, for deletions: killed before any of its writes, a new process finishes it."""
        manifests = (service("kubia", port(80), port(443)),)
        world = new_world()

        def run(kill: KillAt) -> None:
            nonlocal world
            world = new_world()
            self._applied(world, manifests)
            self._process(world, manifests, fence=kill).delete()

        for write in self._kill_points(run):
            _must(self._process(world, manifests).delete())
            assert world.contents() == {}, f"killed at write {write}"

    def test_l5_what_is_not_ours_is_never_touched(self, world: World) -> None:
        """L5: another cluster's objects and unmarked ones stay as they are through a whole life."""
        world.plant("another-cluster")
        foreign = world.contents()
        assert foreign

        for manifests in (SCENARIOS["two services"], (service("one", annotations=INTERNAL),)):
            self._applied(world, manifests)
            self._process(world, manifests).delete()
        self._process(world, SCENARIOS["two services"]).delete()

        assert world.contents() == foreign

    def test_l5_a_taken_name_is_an_error_for_that_object_alone(self, world: World) -> None:
        """L5: an object that has our name and not our marks is reported, and not touched; others go on."""
        manifests = SCENARIOS["two services"]
        process = self._applied(world, manifests)
        intent = next(each for each in process.intents() if each.owner.name == "one")
        holder = next(
            each for each in process.reconciler.observed(intent) if each.value.HOLDS_ADDRESS
        )
        world.squat(holder)
        squatted = world.contents()[str(next(iter(world.contents().keys() - self._ids(process))))]

        done = self._process(world, manifests).apply()

        verdicts = {verdict.owner.name: verdict for verdict in done.verdicts}
        assert not verdicts["one"].ok
        assert verdicts["two"].ok
        assert squatted in world.contents().values()

    @staticmethod
    def _ids(process: Process) -> set[str]:
        return {str(each.id) for observed in process.observed() for each in observed}

    def test_l6_names_that_are_cut_short_do_not_collide(self, world: World) -> None:
        """L6: owners whose long names begin alike have objects of their own."""
        stem = "a-very-long-name-that-every-cloud-cuts-somewhere-in-the-mid"
        manifests = (service(f"{stem}-1"), service(f"{stem}-2"), service(f"{stem}-2", namespace="x"))

        process = self._applied(world, manifests)

        owned = [{each.id for each in observed} for observed in process.observed()]
        assert all(owned)
        assert all(not a & b for a, b in itertools.combinations(owned, 2))
        self._converged(world, manifests)

    @pytest.mark.parametrize("pair", _named(EDITS))
    def test_l7_l10_an_edit_keeps_the_address(
        self, world: World, pair: tuple[Manifest, Manifest]
    ) -> None:
        """L7, L10: an edit in place replaces nothing, interrupts nothing and keeps the address."""
        old, new = pair
        addresses = self._applied(world, (old,)).addresses()

        changes = _changes(self._process(world, (new,)).forecast())
        process = self._applied(world, (new,))

        assert changes
        disturbing = [each for each in changes if each.interrupts or each.moves_address]
        assert _told(disturbing) == []
        assert process.addresses() == addresses
        self._converged(world, (new,))

    def test_l7_an_edit_of_one_owner_leaves_the_others_alone(self, world: World) -> None:
        """L7: unrelated owners see no change."""
        self._applied(world, SCENARIOS["two services"])

        edited = (service("one", port(80), port(8080)), service("two", port(81)))
        forecast = self._process(world, edited).forecast()

        plans = {each.intent.owner.name: each.plan for each in forecast.previews}
        assert plans["one"]
        assert not plans["two"]

    def test_l8_the_order_of_nodes_does_not_matter(self, world: World) -> None:
        """L8: nodes in another order make the same plan."""
        manifests = (service(),)
        nodes = list(world.nodes())
        straight = self._process(world, manifests)

        reversed_world = _Reordered(world, nodes[::-1])
        backwards = self._process(reversed_world, manifests)

        assert [e.plan for e in straight.forecast().previews] == [
            e.plan for e in backwards.forecast().previews
        ]

    def test_l9_a_node_more_or_less_changes_members_only(self, world: World) -> None:
        """L9: nodes come and go without any other change."""
        manifests = (service("kubia", port(80), port(443)),)
        nodes = list(world.nodes())
        self._applied(world, manifests)

        fewer = self._process(_Reordered(world, nodes[1:]), manifests).forecast()
        more = self._process(_Reordered(world, [*nodes, world.node()]), manifests).forecast()

        for forecast in (fewer, more):
            changes = [c for preview in forecast.previews for c in preview.plan]
            assert changes
            assert all(c.action is Action.UPDATE for c in changes), _told(changes)
            assert all(field.members for c in changes for field in c.fields), _told(changes)

    def test_l11_what_is_shared_outlives_all_but_its_last_user(self, world: World) -> None:
        """L11: deleting one of two users takes nothing from the other; with the last one, all goes."""
        manifests = SCENARIOS["two services"]
        process = self._applied(world, manifests)

        _must(process.delete(only=lambda intent: intent.owner.name == "one"))
        self._converged(world, manifests[1:])

        _must(self._process(world, manifests[1:]).delete())
        assert world.contents() == {}

    @pytest.mark.parametrize(
        "manifest",
        _named(
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
        done = self._process(world, (manifest,)).apply()

        (verdict,) = done.verdicts
        assert not verdict.ok
        assert any(problem.message for problem in verdict.intent.problems)
        assert world.writes() == 0
        assert world.contents() == {}

    def test_l12_an_invalid_edit_keeps_what_serves(self, world: World) -> None:
        """L12: what was good goes on serving, and its address stays known."""
        before = self._applied(world, (service(),)).addresses()
        contents = world.contents()

        bad = service(annotations={"cloudlb.io/scheme": "sideways"})
        (verdict,) = self._process(world, (bad,)).apply().verdicts

        assert not verdict.ok
        assert world.contents() == contents
        assert tuple(str(each) for each in verdict.addresses) == before["kubia"]

    @pytest.mark.parametrize("every", [2, 3, 5])
    def test_l13_throttling_slows_and_does_not_stop(self, new_world: Callable[[], World], every: int) -> None:
        """L13: with every k-th call refused all the same converges, in a bounded number of calls."""
        manifests = SCENARIOS["three ports"]
        calm = new_world()
        self._applied(calm, manifests)

        world = new_world()
        world.throttle(every)
        self._applied_against_throttle(world, manifests)

        assert world.calls() <= 3 * calm.calls() + 3
        world.throttle(0)
        self._converged(world, manifests)

    def _applied_against_throttle(self, world: World, manifests: Iterable[Manifest]) -> None:
        _must(self._process(world, manifests).apply())

    @pytest.mark.parametrize("calls", [1, 3, 8])
    def test_l14_reads_that_lag_make_no_duplicates(self, world: World, calls: int) -> None:
        """L14: a process that was killed is followed by one whose reads do not show its last writes yet."""
        manifests = (service("kubia", port(80), port(443)),)
        world.lag(calls)
        with pytest.raises(Killed):
            self._process(world, manifests, fence=KillAt(6)).apply()

        for _ in range(3):
            self._process(world, manifests).apply()
        world.lag(0)

        self._applied(world, manifests)
        self._converged(world, manifests)

    def test_l15_what_was_removed_behind_our_back_comes_again(self, new_world: Callable[[], World]) -> None:
        """L15: for each kind of object, its removal is seen and repaired."""
        manifests = (service("kubia", port(80), port(443), **LOCAL),)
        self._repaired(new_world, manifests, lambda world, found: world.remove(found))

    def test_l15_what_was_changed_behind_our_back_is_put_right(
        self, new_world: Callable[[], World]
    ) -> None:
        """L15: for each kind of object, a changed setting is seen and repaired."""
        manifests = (service("kubia", port(80), port(443), **LOCAL),)
        self._repaired(new_world, manifests, lambda world, found: world.spoil(found))

    def _repaired(
        self,
        new_world: Callable[[], World],
        manifests: tuple[Manifest, ...],
        disturb: Callable[[World, Any], bool],
    ) -> None:
        kinds = self._kinds(new_world(), manifests)
        disturbed = []
        for kind in kinds:
            world = new_world()
            process = self._applied(world, manifests)
            cluster = Owner.of_cluster(process.cluster.cluster_id)
            everything = (*process.observed(), process.cloud.observe(cluster, Inventory()))
            found = next(e for observed in everything for e in observed if e.value.KIND == kind)
            if not disturb(world, found):
                continue
            disturbed.append(kind)
            assert _changes(self._process(world, manifests).forecast()), f"{kind}: not noticed"
            self._applied(world, manifests)
            self._converged(world, manifests)
        assert disturbed

    def _kinds(self, world: World, manifests: tuple[Manifest, ...]) -> list[str]:
        process = self._applied(world, manifests)
        cluster = Owner.of_cluster(process.cluster.cluster_id)
        everything = (*process.observed(), process.cloud.observe(cluster, Inventory()))
        return sorted({each.value.KIND for observed in everything for each in observed})

    @pytest.mark.parametrize("pair", _named(MIGRATIONS))
    def test_l16_a_migration_leaks_nothing(
        self, world: World, pair: tuple[Manifest, Manifest]
    ) -> None:
        """L16: from one kind of load balancer to another and then away, nothing stays behind."""
        old, new = (self._with_pods(each) for each in pair)
        self._applied(world, old)
        self._applied(world, new)
        self._converged(world, new)

        _must(self._process(world, new).delete())

        assert world.contents() == {}

    def test_l18_without_the_right_to_write_nothing_is_written(self, world: World) -> None:
        """L18: a fence that is shut stops every write."""
        with pytest.raises(Killed):
            self._process(world, (service(),), fence=KillAt(1)).apply()

        assert world.writes() == 0

    @pytest.mark.parametrize(
        ("namespace", "name"),
        [
            pytest.param("n" * 63, "s" * 63, id="both-as-long-as-can-be"),
            pytest.param("0", "a", id="as-short-as-can-be"),
            pytest.param("0-0", "x-", id="digits-and-hyphens"),
            pytest.param("internal", "internal", id="a-word-that-clouds-reserve"),
            pytest.param("aws-goog-sg", "sg-default", id="prefixes-that-clouds-reserve"),
        ],
    )
    def test_l23_names_are_valid_for_any_object(
        self, world: World, namespace: str, name: str
    ) -> None:
        """L23: whatever an object is called, its resources get names that the cloud takes."""
        manifests = (service(name.rstrip("-"), namespace=namespace),)

        self._applied(world, manifests)

        self._converged(world, manifests)

    def test_l24_a_sweep_lists_what_observing_finds(self, world: World) -> None:
        """L24: the inventory names the same owners, and no object that observing does not know."""
        manifests = (*SCENARIOS["two services"], service("three", port(82), annotations=INTERNAL))
        process = self._applied(world, manifests)

        inventory = process.cloud.sweep()

        owners = {intent.owner.uid for intent in process.intents()}
        swept = {each.owner.uid for each in inventory.entries} - {process.cluster.cluster_id}
        assert swept == owners
        for intent, observed in zip(process.intents(), process.observed(), strict=True):
            listed = {each.id for each in inventory.of(intent.owner)}
            assert listed <= {each.id for each in observed}
            assert listed

    def test_l25_standing_still_costs_nothing(self, world: World) -> None:
        """L25: an unchanged object costs no call in the same process, and no write in a new one."""
        process = self._applied(world, SCENARIOS["two services"])
        calls, writes = world.calls(), world.writes()

        _must(process.apply())
        assert world.calls() == calls

        self._applied(world, SCENARIOS["two services"])
        assert world.writes() == writes

    def test_a_cluster_internal_service_costs_nothing(self, world: World) -> None:
        """What is not ours to balance is ignored, with no call but the sweep of a new process."""
        manifests = (
            service("a", type="ClusterIP"),
            service("b", type="NodePort"),
            service("c", loadBalancerClass="example.com/other"),
        )
        process = self._process(world, manifests)
        calls = world.calls()

        _must(process.apply())

        assert world.calls() == calls

    def test_the_engine_agrees_with_the_pipeline(self, world: World) -> None:
        """What a converged cloud holds differs in nothing from what the design says."""
        process = self._applied(world, SCENARIOS["three ports"])

        (intent,) = process.intents()
        shared = process.cloud.observe(Owner.of_cluster(process.cluster.cluster_id), Inventory())

        assert not diff(intent.stack, process.reconciler.observed(intent), shared)


class _Reordered:
    """A world whose nodes are listed otherwise."""

    def __init__(self, world: World, nodes: list[Manifest]) -> None:
        self._world = world
        self._nodes = nodes

    def nodes(self) -> list[Manifest]:
        """Return the other list."""
        return self._nodes

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._world, name)
