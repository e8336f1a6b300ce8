"""What firewall rules know the nodes by, where nodes differ."""

import json

import pytest
from typer.testing import CliRunner

from cloudlb.cli.main import app
from cloudlb.errors import UsageError
from cloudlb.testing.laws.common import applied, assert_converged, must, process_of
from cloudlb.testing.manifests import LOCAL, port, service
from cloudlb_gcp.emulator import NodeSeed, World

TAGGED = tuple(NodeSeed(name=f"gke-kubia-pool-{n}", zone="b") for n in range(3))
UNTAGGED = NodeSeed(name="untagged", zone="c", tags=())
NAMELESS = NodeSeed(name="nameless", zone="d", tags=(), service_account="")
ACCOUNT = World().service_account


def targets(world, owner: str) -> set[tuple[str, ...]]:
    """Return what the rules of an owner name."""
    return {
        tuple(each.get("targetTags", ())) + tuple(each.get("targetServiceAccounts", ()))
        for each in world.stored("firewalls", owner)
    }


def members(world) -> set[str]:
    return {m["instance"] for g in world.stored("networkEndpointGroups") for m in g["_members"]}


def test_a_node_that_no_rule_can_name_is_left_out_and_stops_nobody(new_world):
    world = new_world(World(nodes=(*TAGGED, NAMELESS)))

    done = must(process_of(world, (service("kubia"),)).apply())

    assert members(world) == {each.name for each in TAGGED}
    assert targets(world, "") == {("gke-kubia-pool",)}
    (problem,) = done.verdicts[0].intent.problems
    assert problem.reason == "NodesLeftOut"
    assert "nameless" in problem.message
    assert_converged(world, (service("kubia"),))


def test_where_no_node_is_left_that_a_rule_could_name_it_is_an_error(new_world):
    world = new_world(World(nodes=(NAMELESS,)))

    (verdict,) = process_of(world, (service("kubia"),)).apply().verdicts

    assert not verdict.ok
    assert [each.reason for each in verdict.intent.problems] == ["NoFirewallTarget"]
    assert world.contents() == {}


def test_where_rules_are_made_by_others_every_node_takes_traffic(new_world):
    world = new_world(World(nodes=(*TAGGED, NAMELESS)))

    applied(world, (service("kubia", annotations={"cloudlb.io/manage-firewall": "false"}),))

    assert "nameless" in members(world)


def test_nodes_with_tags_and_nodes_with_accounts_only_have_a_rule_each(new_world):
    bare = tuple(
        NodeSeed(name=f"gke-kubia-pool-{n}", zone="b", service_account="") for n in range(2)
    )
    world = new_world(World(nodes=(*bare, UNTAGGED)))
    manifests = (service("kubia", **LOCAL),)

    applied(world, manifests)

    assert members(world) == {each.name for each in (*bare, UNTAGGED)}
    assert targets(world, "") == {("gke-kubia-pool",), (ACCOUNT,)}
    assert len(world.stored("firewalls")) == 4
    assert_converged(world, manifests)


def test_the_shared_rule_is_for_nodes_of_both_kinds(new_world):
    world = new_world(World(nodes=(*TAGGED, UNTAGGED)))
    nodes = list(world.nodes())
    for each in nodes:
        tagged = each["metadata"]["name"] != UNTAGGED.name
        each["metadata"]["labels"]["pool"] = "a" if tagged else "b"
    world.nodes = lambda: nodes
    key = "cloudlb.io/target-node-labels"
    manifests = (
        service("one", annotations={key: "pool=a"}),
        service("two", annotations={key: "pool=b"}),
    )

    applied(world, manifests)

    assert targets(world, "cluster/shared") == {("gke-kubia-pool",), (ACCOUNT,)}
    assert_converged(world, manifests)
    applied(world, manifests[:1])
    must(process_of(world, manifests).delete(lambda each: each.owner.name == "two"))
    assert targets(world, "cluster/shared") == {("gke-kubia-pool",)}


# Settings.


def test_tags_that_the_settings_name_stand_in_the_place_of_the_nodes_own(new_world):
    world = new_world(World(nodes=(*TAGGED, NAMELESS)))
    world.set(node_tags=("pool", "web"))
    manifests = (service("kubia"),)

    done = must(process_of(world, manifests).apply())

    assert done.verdicts[0].intent.problems == ()
    assert "nameless" in members(world)
    assert targets(world, "") == {("pool", "web")}
    assert_converged(world, manifests)


def test_tags_that_can_not_be_are_refused(world):
    world.set(node_tags=("Web",))

    with pytest.raises(UsageError, match="'Web' can not be a network tag"):
        process_of(world, ())


def test_a_setting_gives_all_rules_up_but_those_of_services_that_ask_for_them(world):
    asking = {"cloudlb.io/manage-firewall": "true"}
    manifests = (service("kubia"), service("asking", port(81), annotations=asking))
    applied(world, manifests)
    world.set(manage_firewall=False)

    done = must(process_of(world, manifests).apply())

    (kubia,) = (each for each in done.verdicts if each.owner.name == "kubia")
    reasons = {each.reason for each in kubia.intent.problems}
    assert reasons == {"FirewallGivenUp", "FirewallChangeRequired"}
    assert world.stored("firewalls", "service/default/kubia") == []
    assert len(world.stored("firewalls", "service/default/asking")) == 1
    assert len(world.stored("firewalls", "cluster/shared")) == 1
    assert_converged(world, manifests)
    applied(world, manifests[:1])
    must(process_of(world, manifests).delete(lambda each: each.owner.name == "asking"))
    assert world.stored("firewalls") == []


def test_the_command_line_takes_both_settings(world, tmp_path):
    manifests = tmp_path / "all.yaml"
    documents = (*world.nodes(), service("kubia"))
    manifests.write_text("\n---\n".join(map(json.dumps, documents)))
    arguments = ["-f", str(manifests), "--endpoint-url", world.emulator.endpoint_url]

    def planned(*more: str) -> str:
        done = CliRunner().invoke(app, ["plan", "-v", *arguments, *more])
        assert done.exit_code in {0, 2}, done.output
        return " ".join(done.output.split())

    assert "web" in planned("--node-tag", "web")
    given_up = planned("--manage-firewall=false")
    assert "gcloud compute firewall-rules create allow-default-kubia-" in given_up
    assert "firewall/ipv4" in planned()
    assert "firewall/ipv4" not in given_up
