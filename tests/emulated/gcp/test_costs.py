"""What a restart and an audit cost in calls, however many Services there are."""

from collections import Counter

import pytest

from cloudlb.controller.queue import Queue
from cloudlb.controller.reconciler import Reconciler, Way
from cloudlb.controller.triage import Triage
from cloudlb.provider import CloudSettings
from cloudlb.testing.laws.common import applied, assert_converged, must, process_of
from cloudlb.testing.manifests import port, service
from cloudlb.testing.process import cluster_of
from cloudlb.translate.service import Settings
from cloudlb_gcp.emulator import NodeSeed, World
from cloudlb_gcp.listing import KEPT_SECONDS

ONE_ZONE = World(nodes=tuple(NodeSeed(name=f"gke-kubia-pool-{n}", zone="b") for n in range(2)))
MANY = tuple(service(f"s{number}", port(1000 + number)) for number in range(12))
LISTS = {
    "addresses.list",
    "firewalls.list",
    "forwardingRules.list",
    "networkEndpointGroups.aggregatedList",
    "regionBackendServices.list",
    "regionHealthChecks.list",
}
ENDPOINTS = "networkEndpointGroups.listNetworkEndpoints"


@pytest.fixture
def many(new_world):
    """Twelve Services in one zone."""
    world = new_world(ONE_ZONE, operation_seconds=0.0)
    applied(world, MANY)
    return world


def started(world, *, brief: bool = True) -> Reconciler:
    """Return what a controller reconciles with or, without `brief`, a command."""
    cluster = cluster_of(world, MANY)
    settings = Settings(
        table=world.provider.annotations,
        capabilities=world.provider.capabilities,
        default_class=True,
    )
    reconciler = Reconciler(
        provider=world.provider,
        cloud=world.connect(CloudSettings(cluster=cluster.cluster_id, cluster_name="laws")),
        cluster=cluster,
        settings=settings,
        way=Way(pace=world.pace, brief=brief),
    )
    reconciler.look_around()
    reconciler.start()
    return reconciler


def test_a_run_over_many_services_lists_each_kind_once(many):
    def work() -> None:
        reconciler = started(many, brief=False)
        must(reconciler.reconcile_all(reconciler.intents()))

    calls = Counter(many.calls_of(work))

    assert calls.pop(ENDPOINTS) == len(MANY), "one for each group"
    network = ("subnetworks.list", "addresses.list", "forwardingRules.list", "firewalls.list")
    assert calls == Counter(LISTS) + Counter([*network, "instances.list"])


class NoHints:
    """What is left of the hints when their ConfigMap was lost."""

    def keep_only(self, _uids: object) -> None:
        """Keep nothing."""

    def get(self, _uid: str) -> None:
        """Know nothing."""


def sorted_out(reconciler: Reconciler) -> int:
    """Let a controller that starts without hints decide what to look at; return how many Services that are."""
    triage = Triage(
        cluster=reconciler._cluster,
        reconciler=reconciler,
        settings=reconciler._settings,
        hints=NoHints(),
        queue=Queue(),
    )
    return triage.run()


def test_a_controller_without_hints_lists_each_kind_once(many):
    reconciler = started(many)

    def work() -> None:
        assert sorted_out(reconciler) == len(MANY)
        for intent in reconciler.intents():
            must(reconciler.reconcile(intent))

    calls = Counter(many.calls_of(work))

    assert calls.pop(ENDPOINTS) == len(MANY)
    assert calls == Counter(LISTS)


def test_a_controller_of_new_services_lists_nothing_that_is_not_there(new_world):
    world = new_world(ONE_ZONE, operation_seconds=0.0)
    reconciler = started(world)

    calls = world.calls_of(lambda: sorted_out(reconciler))

    assert "networkEndpointGroups.aggregatedList" not in calls


def test_an_audit_lists_each_kind_once_for_its_owner(many):
    reconciler = started(many)
    intent = reconciler.intents()[0]
    reconciler.list_all()

    calls = Counter(many.calls_of(lambda: reconciler.drifted(intent)))

    assert calls == Counter([*LISTS, ENDPOINTS])


def test_what_was_listed_long_ago_is_listed_again(many):
    process = process_of(many, MANY[:1])
    many.clock.advance(KEPT_SECONDS + 1.0)

    calls = many.calls_of(process.forecast)

    assert calls.count("regionBackendServices.list") == 1


def test_what_was_listed_is_used_once(many):
    process = process_of(many, MANY)
    process.forecast()
    name = many.stored("backendServices")[0]["name"]
    many.change_backend_service(name, {"sessionAffinity": "CLIENT_IP"})

    assert not process.reconciler.drifted(next(each for each in process.intents()[1:]))
    assert process.reconciler.drifted(process.intents()[0])


def test_a_group_that_went_since_it_was_listed_is_no_failure(many):
    process = process_of(many, MANY)
    must(process_of(many, MANY).delete(lambda intent: intent.owner.name == "s0"))

    must(process.apply())

    assert_converged(many, MANY)


def test_a_name_that_a_stranger_has_is_noticed_in_a_sweep_too(many):
    process = process_of(many, MANY[:1])
    (found,) = process.observed()[0].kind("forwarding-rule")
    many.squat(found)

    (verdict,) = process_of(many, MANY[:1]).apply().verdicts

    assert type(verdict.errors[0]).__name__ == "NotOwned"
