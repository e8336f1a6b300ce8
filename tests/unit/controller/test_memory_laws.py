"""The provider laws for a cloud in memory: the proof that engine, pipeline and reconciler know no cloud."""

import pytest

from cloudlb.errors import NotOwned
from cloudlb.plan.apply import unfenced
from cloudlb.testing.conformance import ProviderLaws
from cloudlb.testing.laws.common import NewWorld, applied, must, process_of
from cloudlb.testing.manifests import LOCAL, endpoint_slice, node, port, service
from cloudlb.testing.memory import MemoryWorld
from cloudlb.testing.world import World


class TestMemory(ProviderLaws):
    """Every law, against the provider in memory."""

    @pytest.fixture
    def new_world(self) -> NewWorld:
        return MemoryWorld

    @pytest.fixture
    def world(self, new_world: NewWorld) -> World:
        return new_world()


class TestTheCloudInMemory:
    """What the laws take for granted of this provider."""

    def test_a_service_becomes_four_kinds_of_objects(self) -> None:
        world = MemoryWorld()

        process = applied(world, (service("kubia", port(80, nodePort=30080)),))

        (observed,) = process.observed()
        assert sorted(each.key for each in observed) == [
            "listener/tcp-80",
            "load-balancer/main",
            "pool/tcp-80",
        ]
        (pool,) = observed.kind("pool")
        assert pool.value.targets == {f"machine-{number}:30080" for number in range(3)}
        (firewall,) = (e for e in world.account.things().values() if e.kind == "firewall")
        assert firewall.settings["open"] == {"30080/TCP"}

    def test_creating_it_takes_a_call_an_object_and_a_few_reads(self) -> None:
        world = MemoryWorld()

        applied(world, (service(),))

        assert world.writes() == 4
        assert world.calls() == 4 + 7

    def test_a_node_that_is_no_machine_is_left_out_with_a_warning(self) -> None:
        world = MemoryWorld()
        stranger = node("stranger", "memory:///nowhere", zone="zone-a", address="10.0.0.9")

        process = applied(world, (service(), stranger))

        (intent,) = process.intents()
        assert [each.reason for each in intent.problems] == ["UnknownNode"]
        (observed,) = process.observed()
        (pool,) = observed.kind("pool")
        assert len(pool.value.targets) == 3

    def test_a_name_that_somebody_else_has_is_not_owned(self) -> None:
        world = MemoryWorld()
        process = applied(world, (service(),))
        (observed,) = process.observed()
        world.squat(observed.kind("load-balancer")[0])

        (verdict,) = process_of(world, (service(),)).apply().verdicts

        assert [type(each) for each in verdict.errors] == [NotOwned]

    def test_targets_that_are_no_machines_are_unhealthy_with_a_reason(self) -> None:
        world = MemoryWorld()
        to_pods = service(annotations={"cloudlb.io/target-type": "pod"})
        process = applied(world, (to_pods, endpoint_slice("kubia", ["10.0.9.1"])))

        (health,) = process.reconciler.health(process.observed()[0])

        assert (health.backend, health.healthy, health.total) == ("tcp-80", 0, 1)
        assert health.reasons == (("10.0.9.1:8080", "not a machine"),)

    def test_the_health_check_port_is_opened_as_well(self) -> None:
        world = MemoryWorld()

        applied(world, (service("kubia", port(80, nodePort=30080), **LOCAL),))

        (firewall,) = (e for e in world.account.things().values() if e.kind == "firewall")
        opened = firewall.settings["open"]
        assert isinstance(opened, frozenset)
        assert len(opened) == 2
        assert "30080/TCP" in opened

    def test_what_a_listing_does_not_show_yet_is_found_by_name_and_nothing_is_made_twice(
        self,
    ) -> None:
        world = MemoryWorld()
        process = applied(world, (service("one"), service("two", port(81))))
        contents = world.contents()
        world.lag(1000)

        (one, two) = (
            process_of(world, (service("one"), service("two", port(81)))).forecast().previews
        )

        assert [f"{each.action} {each.key}" for each in one.plan] == ["create listener/tcp-80"]
        assert [f"{each.action} {each.key}" for each in two.plan] == ["create listener/tcp-81"]
        assert process_of(world, (service("one"), service("two", port(81)))).apply().ok
        assert world.contents() == contents
        assert len(process.observed()) == 2

    def test_what_somebody_deleted_before_us_is_no_error(self) -> None:
        world = MemoryWorld()
        process = applied(world, (service(),))
        (observed,), (intent,) = process.observed(), process.intents()
        (balancer,) = observed.kind("load-balancer")
        assert world.remove(balancer)

        process.cloud.driver(intent.owner).delete(balancer, unfenced)

        must(process.delete())
        assert world.contents() == {}
