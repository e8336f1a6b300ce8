"""Nodes that come, go, vanish, and are elsewhere, under a process that keeps running."""

import pytest

from cloudlb.errors import UsageError
from cloudlb.kube.documents import Document
from cloudlb.model import Node
from cloudlb.provider import CloudSettings
from cloudlb.testing.laws.common import applied, assert_converged, must, process_of
from cloudlb.testing.manifests import node, port, service
from cloudlb_gcp.emulator import NodeSeed, World
from cloudlb_gcp.emulator import errors as gce
from cloudlb_gcp.emulator.seed import OTHER_REGION
from cloudlb_gcp.provider import PROVIDER

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


def modelled(manifest) -> Node:
    name, provider_id = manifest["metadata"]["name"], manifest["spec"]["providerID"]
    return Node(name=name, provider_id=provider_id)


def elsewhere(world):
    """Run an instance in another region, and return its node."""
    provider_id = world.emulator.add_node(NodeSeed(name="far", zone="a", region=OTHER_REGION))
    return node("far", provider_id, zone=f"{OTHER_REGION}-a", address="10.200.0.9")


def test_a_node_of_another_region_is_left_out_with_a_warning_and_breaks_nobody(world):
    process = applied(world, (service("kubia"),))
    before = members(world)
    join(process, world, elsewhere(world))
    process.cluster.apply([Document.of(service("new", port(81)))])

    done = must(process.apply())

    assert set(members(world)) == set(before)
    said = [str(each) for verdict in done.verdicts for each in verdict.intent.problems]
    assert len(said) == 2
    assert all("outside of region europe-west1" in each and "traffic: far" in each for each in said)


def test_once_the_region_is_known_nodes_of_another_one_do_not_make_it_doubtful(world):
    settings = CloudSettings(cluster="c", endpoint_url=world.emulator.endpoint_url)
    cloud = PROVIDER.connect(settings, world.pace)
    here = [modelled(each) for each in world.nodes()]
    far = modelled(elsewhere(world))
    assert cloud.survey(here).region == "europe-west1"

    assert cloud.survey([*here, far]).region == "europe-west1"
    cloud.refresh()
    assert cloud.survey([far, *here]).region == "europe-west1"

    with pytest.raises(UsageError, match="say which one with --region"):
        PROVIDER.connect(settings, world.pace).survey([*here, far])


def test_once_the_network_is_known_nodes_of_another_one_do_not_make_it_doubtful(world):
    process = applied(world, (service("kubia"),))
    world.emulator.add_subnet("theirs", "10.240.0.0/20", network="other")
    seed = NodeSeed(name="strange", zone="b", subnet="theirs")
    provider_id = world.emulator.add_node(seed)
    join(process, world, node("strange", provider_id, zone="europe-west1-b", address="10.240.0.9"))

    (verdict,) = must(process.apply()).verdicts

    assert "and network default get no traffic: strange" in str(verdict.intent.problems[0])
    assert "strange" not in members(world)


def test_without_nodes_what_stands_goes_on_standing_and_can_be_deleted(world):
    applied(world, (service("kubia"),))
    before = world.contents()
    world.nodes = list

    (verdict,) = process_of(world, (service("kubia"),)).apply().verdicts

    assert "the network is not known" in str(verdict.intent.problems[0])
    assert [str(each) for each in verdict.addresses] == [
        each["IPAddress"] for each in world.stored("forwardingRules")
    ]
    assert world.contents() == before
    must(process_of(world, (service("kubia"),)).delete())
    assert world.contents() == {}


def test_nodes_that_come_after_the_start_tell_the_network(world):
    nodes, world.nodes = world.nodes(), list
    process = process_of(world, (service("kubia"),))
    assert not process.apply().ok
    for each in nodes:
        join(process, world, each)

    must(process.apply())

    assert members(world) == sorted(world.seeded.instances)
