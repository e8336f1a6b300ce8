"""Nodes that come, go, vanish, and are elsewhere, under a process that keeps running."""

from cloudlb.kube.documents import Document
from cloudlb.testing.laws.common import applied, assert_converged, must, process_of
from cloudlb.testing.manifests import service
from cloudlb_gcp.emulator import NodeSeed, World
from cloudlb_gcp.emulator import errors as gce

ENDPOINTS = "networkEndpointGroups."
ONE_ZONE = tuple(NodeSeed(name=f"gke-kubia-pool-{number}", zone="b") for number in range(4))


def leave(process, world, *names: str) -> None:
    """Take nodes out of the cluster of a running process, and of the world's list."""
    left = [each for each in world.nodes() if each["metadata"]["name"] not in names]
    world.nodes = lambda: left
    for name in names:
        assert process.cluster.delete("Node", "", name)
    process.reconciler.look_around()


def join(process, world, node) -> None:
    """Add a node to the cluster of a running process, and to the world's list."""
    here = [*world.nodes(), node]
    world.nodes = lambda: here
    process.cluster.apply([Document.of(node)])
    process.reconciler.look_around()


def members(world) -> list[str]:
    groups = world.stored("networkEndpointGroups")
    return sorted(member["instance"] for each in groups for member in each["_members"])


def test_a_node_that_went_with_its_instance_is_detached_already(world):
    process = applied(world, (service("kubia"),))
    gone = world.seeded.instances[0]
    world.emulator.remove_node(gone)
    leave(process, world, gone)

    calls = world.calls_of(lambda: must(process.apply()))

    assert gone not in members(world)
    assert calls.count(f"{ENDPOINTS}listNetworkEndpoints") == 1, "one look at the group, no more"
    assert_converged(world, (service("kubia"),))


def test_of_two_nodes_that_leave_the_one_that_is_still_there_is_detached(new_world):
    world = new_world(World(nodes=ONE_ZONE))
    process = applied(world, (service("kubia"),))
    gone, cordoned, *_ = world.seeded.instances
    world.emulator.remove_node(gone)
    leave(process, world, gone, cordoned)

    must(process.apply())

    assert members(world) == sorted(set(world.seeded.instances) - {gone, cordoned})


def test_a_refused_detach_of_nodes_that_are_all_there_stays_a_failure(world):
    process = applied(world, (service("kubia"),))
    world.emulator.refuse(
        f"{ENDPOINTS}detachNetworkEndpoints", gce.invalid("x", "y", "no"), times=9
    )
    leave(process, world, world.seeded.instances[0])

    (verdict,) = process.apply().verdicts

    assert "detachNetworkEndpoints" in str(verdict.errors[0])


def test_an_instance_that_vanished_since_the_survey_is_left_out_with_a_warning(world):
    process = process_of(world, (service("kubia"),))
    process.forecast()
    gone = world.seeded.instances[0]
    world.emulator.remove_node(gone)

    calls = world.calls_of(process.apply)
    (verdict,) = process.apply().verdicts

    assert verdict.ok, verdict.errors
    assert f"no traffic: {gone}" in str(verdict.intent.problems[0])
    assert members(world) == sorted(set(world.seeded.instances) - {gone})
    assert len(world.stored("forwardingRules")) == 1
    assert calls.count("instances.list") == 1
    assert calls.count(f"{ENDPOINTS}attachNetworkEndpoints") <= 6


def test_a_node_that_vanishes_as_it_joins_keeps_nothing_else_back(world):
    process = applied(world, (service("kubia"),))
    fresh, stays = world.node(), world.node()
    join(process, world, fresh)
    join(process, world, stays)
    world.emulator.remove_node(fresh["metadata"]["name"])

    must(process.apply())

    assert members(world) == sorted((*world.seeded.instances, stays["metadata"]["name"]))
