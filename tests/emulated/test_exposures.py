"""Node ports that are opened by annotation: the same on every cloud, through the same pipeline."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from cloudlb.testing.laws.common import applied, assert_converged, kill_points, must, process_of
from cloudlb.testing.manifests import Manifest, port, service
from cloudlb.testing.process import KillAt
from cloudlb_aws.emulator.examined import AwsWorld
from cloudlb_gcp.emulator.examined import GcpWorld

EXPOSE = "cloudlb.io/expose-node-ports"
ONE, OTHER = "192.0.2.0/24", "198.51.100.0/24"

NewWorld = Callable[[], Any]


@pytest.fixture(params=[AwsWorld, GcpWorld], ids=["aws", "gcp"])
def new_world(request) -> Iterator[NewWorld]:
    """Make emulated clouds, each closed when the next one is asked for."""
    stack = ExitStack()

    def make() -> Any:
        stack.close()
        return stack.enter_context(request.param())

    with stack:
        yield make


@pytest.fixture
def world(new_world: NewWorld) -> Any:
    return new_world()


def exposed(sources: str = ONE, kind: str = "NodePort", **spec: Any) -> Manifest:
    spec.setdefault("annotations", {EXPOSE: sources} if sources else {})
    return service(
        "kubia", port(80, nodePort=30080), port(53, "UDP", nodePort=30053), type=kind, **spec
    )


def opened(world: Any) -> set[tuple[str, int, str]]:
    """Return (protocol, port, source) of everything that is open to an address range."""
    if isinstance(world, AwsWorld):
        found = world.emulator.client("ec2").describe_security_group_rules()["SecurityGroupRules"]
        group = world.seeded.node_security_group
        return {
            (each["IpProtocol"], each["FromPort"], each.get("CidrIpv4") or each.get("CidrIpv6"))
            for each in found
            if not each["IsEgress"]
            and each["GroupId"] == group
            and any(tag["Key"] == "cloudlb.io/cluster" for tag in each.get("Tags", []))
            and "ReferencedGroupInfo" not in each
        }
    return {
        (entry["IPProtocol"], int(number), source)
        for path, rule in world.emulator.contents().items()
        if "/firewalls/clb-" in path and "node-ports" in rule["description"]
        for entry in rule["allowed"]
        for number in entry["ports"]
        for source in rule["sourceRanges"]
    }


def test_a_node_port_service_that_asks_for_it_is_opened_and_gets_nothing_else(world):
    process = applied(world, (exposed(f"{ONE}, {OTHER}, 2001:db8::/32"),))

    assert opened(world) == {
        (protocol, number, source)
        for protocol, number in (("tcp", 30080), ("udp", 30053))
        for source in (ONE, OTHER, "2001:db8::/32")
    }
    assert process.addresses() == {"kubia": ()}
    assert_converged(world, (exposed(f"{ONE}, {OTHER}, 2001:db8::/32"),))


def test_a_node_port_service_that_does_not_ask_costs_nothing(world):
    applied(world, (exposed(""),))

    assert world.contents() == {}
    assert world.writes() == 0


def test_sources_come_and_go(world):
    applied(world, (exposed(ONE),))
    applied(world, (exposed(OTHER),))
    assert {source for _, _, source in opened(world)} == {OTHER}

    applied(world, (exposed(f"{ONE},{OTHER}"),))
    assert {source for _, _, source in opened(world)} == {ONE, OTHER}
    assert_converged(world, (exposed(f"{ONE},{OTHER}"),))


def test_with_the_annotation_or_the_service_all_of_it_goes(world):
    for leaving in (exposed(""), exposed("", kind="ClusterIP")):
        applied(world, (exposed(),))
        manifest = dict(leaving)
        if manifest["spec"]["type"] == "ClusterIP":
            manifest["spec"] = {**manifest["spec"], "ports": [port(80), port(53, "UDP")]}
        must(process_of(world, (manifest,)).delete())
        assert world.contents() == {}
    applied(world, (exposed(),))
    must(process_of(world, (exposed(),)).delete())
    assert world.contents() == {}


def test_a_load_balancer_can_have_it_as_well(world):
    process = applied(world, (exposed(kind="LoadBalancer"),))
    assert process.addresses()["kubia"]
    assert {number for _, number, _ in opened(world)} == {30080, 30053}

    applied(world, (exposed("", kind="LoadBalancer"),))
    assert opened(world) == set()
    assert_converged(world, (exposed("", kind="LoadBalancer"),))


def test_a_load_balancer_that_becomes_a_node_port_service_leaves_only_the_ports(world):
    applied(world, (exposed(kind="LoadBalancer"),))

    process = applied(world, (exposed(),))

    assert process.addresses() == {"kubia": ()}
    assert {number for _, number, _ in opened(world)} == {30080, 30053}
    must(process_of(world, (exposed(),)).delete())
    assert world.contents() == {}


def test_killed_anywhere_the_next_process_finishes(new_world):
    manifests = (exposed(f"{ONE},{OTHER}"), service("other"))
    world = new_world()

    def run(kill: KillAt) -> None:
        nonlocal world
        world = new_world()
        process_of(world, manifests, fence=kill).apply()

    for _write in kill_points(run):
        applied(world, manifests)
        assert_converged(world, manifests)
        must(process_of(world, manifests).delete())
        assert world.contents() == {}


def test_a_deletion_that_was_killed_anywhere_is_finished(new_world):
    manifests = (exposed(f"{ONE},{OTHER}"),)
    world = new_world()

    def run(kill: KillAt) -> None:
        nonlocal world
        world = new_world()
        applied(world, manifests)
        process_of(world, manifests, fence=kill).delete()

    for write in kill_points(run):
        must(process_of(world, manifests).delete())
        assert world.contents() == {}, f"killed at write {write}"


def test_two_services_do_not_disturb_each_other(world):
    other = service("other", port(80, nodePort=30081), type="NodePort", annotations={EXPOSE: ONE})
    process = applied(world, (exposed(), other))

    must(process.delete(only=lambda intent: intent.owner.name == "other"))

    assert {number for _, number, _ in opened(world)} == {30080, 30053}
    assert_converged(world, (exposed(),))


@pytest.mark.parametrize("value", ["everybody", "300.0.0.0/8", "192.0.2.0/24,x"])
def test_what_is_no_network_is_refused_before_anything_is_made(world, value):
    (verdict,) = process_of(world, (exposed(value),)).apply().verdicts

    assert not verdict.ok
    assert "expose-node-ports" in str(verdict.intent.problems[0])
    assert world.writes() == 0


def test_everybody_has_to_be_written_out_and_is_warned_of(world):
    process = applied(world, (exposed("0.0.0.0/0"),))

    (intent,) = process.intents()
    assert "opens 30080/TCP, 30053/UDP to the whole internet" in str(intent.problems[0])
    (verdict,) = process_of(world, (exposed(" , "),)).apply().verdicts
    assert not verdict.ok


def test_a_node_more_changes_nothing_that_is_open(world):
    applied(world, (exposed(),))
    before = opened(world)
    more = [*world.nodes(), world.node()]
    world.nodes = lambda: more

    applied(world, (exposed(),))

    assert opened(world) == before
