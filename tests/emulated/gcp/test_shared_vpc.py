"""A shared VPC: the network and its firewall rules belong to another project than the load balancers."""

import re

import pytest

from cloudlb.testing.laws.common import applied, assert_converged, must, process_of
from cloudlb.testing.manifests import LOCAL, port, service

HOST = "emulated-host"
RIGHTS = frozenset(f"compute.firewalls.{verb}" for verb in ("create", "update", "delete", "list"))
INTERNAL = {"networking.gke.io/load-balancer-type": "Internal"}
MANIFESTS = (
    service("kubia"),
    service("local", port(81), **LOCAL),
    service("internal", port(82), annotations=INTERNAL),
)


def projects(world, collection: str) -> set[str]:
    """Return the projects that have something of a collection."""
    found = (path.split("/") for path in world.contents())
    return {parts[1] for parts in found if parts[-2] == collection}


def commands(done) -> list[str]:
    told = [each.message for verdict in done.verdicts for each in verdict.intent.problems]
    return [re.search("gcloud .*", each)[0] for each in told]


def test_load_balancers_are_in_the_one_project_and_firewall_rules_in_the_other(new_world):
    world = new_world(host_project=HOST)

    process = applied(world, MANIFESTS)

    assert all(process.addresses().values())
    assert projects(world, "firewalls") == {HOST}
    for collection in ("forwardingRules", "backendServices", "healthChecks"):
        assert projects(world, collection) == {world.seeded.project}
    networks = {each["network"].partition("/projects/")[2] for each in world.stored("firewalls")}
    assert networks == {f"{HOST}/global/networks/default"}
    assert_converged(world, MANIFESTS)
    must(process_of(world, MANIFESTS).delete())
    assert world.contents() == {}


@pytest.mark.parametrize("denied", [RIGHTS, RIGHTS - {"compute.firewalls.list"}])
def test_without_any_right_on_the_host_project_everything_else_is_made(new_world, denied):
    world = new_world(host_project=HOST, denied=denied)
    process = process_of(world, MANIFESTS)

    done = must(process.apply())

    assert all(process.addresses().values())
    assert projects(world, "firewalls") == set()
    assert len(commands(done)) == 6
    assert all(f" --project={HOST} --network=default " in each for each in commands(done))
    must(process_of(world, MANIFESTS).delete())
    assert world.contents() == {}


def test_what_the_security_administrator_makes_in_the_host_project_is_enough(new_world):
    world = new_world(host_project=HOST, denied=RIGHTS - {"compute.firewalls.list"})
    for each in sorted(set(commands(must(process_of(world, MANIFESTS).apply())))):
        if each.split()[4] not in {rule["name"] for rule in world.stored("firewalls")}:
            world.run_by_hand(each)

    done = must(process_of(world, MANIFESTS).apply())

    assert commands(done) == []
    assert projects(world, "firewalls") == {HOST}


def test_rights_that_go_take_no_rule_with_them(new_world):
    world = new_world(host_project=HOST)
    applied(world, MANIFESTS)
    standing = world.stored("firewalls")
    world.emulator.configure(denied=RIGHTS)

    for _ in range(2):
        process = process_of(world, MANIFESTS)
        must(process.apply())
        assert all(process.addresses().values())

    assert world.stored("firewalls") == standing


def test_a_service_that_became_a_cluster_internal_one_leaves_no_rule_in_the_host_project(new_world):
    world = new_world(host_project=HOST)
    applied(world, (service("kubia"),))

    applied(world, (service("kubia", type="ClusterIP"),))

    assert world.contents() == {}
