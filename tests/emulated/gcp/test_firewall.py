"""`cloudlb firewall` in a project with a decade of mess: the verdict on each rule, prune, and the way back."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.cloud import compute_v1
from typer.testing import CliRunner

from cloudlb.cli.emulation import load
from cloudlb.cli.main import app
from cloudlb.cli.rules import plain
from cloudlb.errors import UsageError
from cloudlb.firewall import pruning, removal, restore_file
from cloudlb.firewall.rules import Around
from cloudlb.firewall.verdicts import DEAD, Verdict
from cloudlb.provider import CloudSettings
from cloudlb.testing.laws.common import process_of
from cloudlb.testing.manifests import service
from cloudlb.testing.process import cluster_of
from cloudlb.translate.nodes import EligibleNodes
from cloudlb_gcp.firewall import connect

from .mess import AT_ONCE, FAR


def test_every_rule_of_a_decade_gets_its_verdict(mess):
    found = mess.judged()

    assert {name: each.verdict for name, each in found.items()} == mess.expected
    assert all(each.facts for each in found.values())


def test_the_facts_say_how(mess):
    found = mess.judged()

    assert found["gke-old-1a2b3c4d-ssh"].facts == (
        "no instance of the project carries any of its target tags (gke-old-1a2b3c4d-node)",
    )
    assert "no forwarding rule has its address 192.0.2.1" in found[f"k8s-fw-a{'f' * 31}"].facts
    assert "is another one" in found["again"].facts[1]
    assert plain(found["open"])["openings"] == [
        {"protocol": "tcp", "fromPort": 30000, "toPort": 32767}
    ]


def test_prune_takes_what_is_dead_and_nothing_else_and_restore_is_the_way_back(mess, tmp_path):
    before = mess.world.stored("firewalls")
    choice = pruning.Choice(kinds=DEAD)
    shown = pruning.sentence(mess.judged().values(), (), choice)
    path = restore_file.write(tmp_path, "gcp", (shown.rules, ()), datetime.now(UTC))

    done = removal.carry_out(mess.firewall, shown, AT_ONCE)

    assert {each.result for each in done} == {"deleted"}
    left = {each["name"] for each in mess.world.stored("firewalls")}
    assert left == {name for name, verdict in mess.expected.items() if verdict not in DEAD}
    again = pruning.sentence(mess.judged().values(), (), choice)
    assert again.rules == (), "a second prune is empty"

    saved = restore_file.read(path)
    back = removal.put_back(mess.firewall, saved, AT_ONCE)
    assert [(each.id, each.made) for each in back] == [(each.id, True) for each in saved.rules]
    assert not any(each.made for each in removal.put_back(mess.firewall, saved, AT_ONCE))
    assert comparable(mess.world.stored("firewalls")) == comparable(before)


def comparable(rules) -> list[dict[str, Any]]:
    made_anew = {"id", "creationTimestamp", "fingerprint"}
    return [{key: each[key] for key in each if key not in made_anew} for each in rules]


def test_a_rule_that_was_deleted_meanwhile_is_no_error(mess):
    found = mess.judged()["gone"]
    assert mess.firewall.delete(found.rule) is True
    assert mess.firewall.delete(found.rule) is False


def test_the_age_of_a_rule_is_known(mess):
    ages = {name: each.rule.created for name, each in mess.judged().items()}

    assert all(ages.values())
    choice = pruning.Choice(kinds=DEAD, before=min(ages.values()))
    found = pruning.sentence(mess.judged().values(), (), choice)
    assert found.rules == ()
    assert {each.why for each in found.kept if each.judged.verdict in DEAD} == {
        "it is not old enough"
    }


def test_only_rules_around_the_nodes_are_listed_unless_all_are_asked_for(mess):
    nodes = EligibleNodes(mess.process.cluster.nodes()).select(())

    around = {each.id for each in mess.firewall.rules(Around(nodes=nodes))}

    assert "gke-notes" not in around
    assert {"office", "gke-old-1a2b3c4d-ssh", "open"} <= around


def test_egress_rules_let_nobody_in(mess, world):
    body = compute_v1.Firewall(
        name="out", direction="EGRESS", allowed=[compute_v1.Allowed(I_p_protocol="tcp")]
    )
    world.emulator.client(compute_v1.FirewallsClient).insert_unary(
        project=world.seeded.project, firewall_resource=body
    )

    assert "out" not in mess.judged()


def test_five_thousand_rules_are_listed_whole(world):
    process = process_of(world, (service("kubia"),))
    with world.emulator._api.turn():
        store, project = world.emulator._api.project.store, world.seeded.project
        for number in range(5000):
            name = f"rule-{number:04}"
            path = f"projects/{project}/global/firewalls/{name}"
            network = (
                f"https://www.googleapis.com/compute/v1/projects/{project}/global/networks/default"
            )
            rule = {
                "name": name,
                "selfLink": f"https://www.googleapis.com/compute/v1/{path}",
                "network": network,
                "direction": "INGRESS",
                "allowed": [{"IPProtocol": "tcp", "ports": [str(number + 1)]}],
                "sourceRanges": ["192.0.2.0/24"],
            }
            store.put(path, rule, frozenset())
    firewall = connect(
        CloudSettings(
            cluster=process.cluster.cluster_id,
            region=world.seeded.region,
            endpoint_url=world.emulator.endpoint_url,
        ),
        world.pace,
    )
    nodes = EligibleNodes(process.cluster.nodes()).select(())
    mark = world.emulator.recorder.mark()

    found = firewall.rules(Around(nodes=nodes, everything=True))

    assert len(found) == 5000
    calls = [call.operation for call in world.emulator.recorder.since(mark)]
    assert calls.count("firewalls.list") == 10


def test_the_command_line_lists_and_explains(monkeypatch):
    examples = Path(__file__).parents[3] / "examples"
    monkeypatch.setenv("NO_COLOR", "1")
    standing = load("gcp").start(
        nodes=[("gce://emulated-project/europe-west1-b/gke-kubia-pool-3f2a9c10-7k2d", "", ())]
    )
    try:
        for key, value in standing.environment().items():
            monkeypatch.setenv(key, value)
        arguments = [
            "-f",
            f"{examples}/gke",
            "-f",
            f"{examples}/kubia/08-loadbalancer.yaml",
        ]
        run = CliRunner()
        assert run.invoke(app, ["apply", "--yes", *arguments]).exit_code == 0
        listed = run.invoke(app, ["firewall", "list", *arguments])
        assert listed.exit_code == 0, listed.output
        assert "2 rules: 2 live." in listed.stdout
        explained = run.invoke(
            app, ["firewall", "list", "--why", _first_rule(standing), *arguments]
        )
        assert "lets in tcp 80 from 0.0.0.0/0" in explained.stdout
    finally:
        standing.stop()


def _first_rule(standing) -> str:
    paths = [
        path for path in standing.emulator.contents() if "/firewalls/" in path and "-fw4" in path
    ]
    return paths[0].rpartition("/")[2]


def test_a_cluster_without_nodes_names_what_is_missing(world):
    cluster = cluster_of(world, ())
    firewall = connect(
        CloudSettings(
            cluster=cluster.cluster_id,
            region="europe-west1",
            endpoint_url=world.emulator.endpoint_url,
        )
    )
    with pytest.raises(UsageError, match="the network is not known"):
        firewall.rules(Around(nodes=()))


def test_the_quota_is_told(mess):
    (quota,) = mess.firewall.quotas()

    assert quota.what == "firewall rules of project emulated-project"
    assert (quota.used, quota.limit) == (len(mess.world.stored("firewalls")), 5000)


@pytest.mark.skipif(
    shutil.which("gcloud") is None, reason="the gcloud command line is not installed"
)
def test_gcloud_sees_the_same_rules_before_and_after(mess, tmp_path):
    before = gcloud_rules(mess.world, tmp_path)
    going = pruning.sentence(mess.judged().values(), (), pruning.Choice(kinds=DEAD))
    shown = going.rules

    removal.carry_out(mess.firewall, going, AT_ONCE)
    between = gcloud_rules(mess.world, tmp_path)
    for each in shown:
        mess.firewall.restore(each.rule.saved, {})

    assert {each["name"] for each in before} - {each["name"] for each in between} == {
        each.rule.id for each in shown
    }
    assert comparable(gcloud_rules(mess.world, tmp_path)) == comparable(before)


def gcloud_rules(world, folder: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        ["gcloud", "compute", "firewall-rules", "list", "--format=json", "--quiet"],  # noqa: S607
        env={**os.environ, **world.emulator.environment(), "CLOUDSDK_CONFIG": str(folder)},
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return sorted(found, key=lambda each: str(each["name"]))


def test_what_is_younger_than_an_hour_may_be_in_the_making(mess):
    young = mess.judged(later=timedelta(minutes=59))

    assert not [name for name, each in young.items() if each.verdict is Verdict.LEFTOVER]
    assert "may be under way" in young["gke-old-1a2b3c4d-ssh"].facts[-1]
    assert young["gone"].verdict is Verdict.ORPHAN, "of our own we know it"


def test_a_rule_of_a_cluster_that_lives_is_kept_until_that_is_read_and_its_name_given(mess):
    kept = mess.judged()[FAR]
    assert kept.verdict is Verdict.FOREIGN
    assert "gke-far-5e6f7a8b-node, which lives, and was not read" in kept.facts[-1]
    said = pruning.sentence([kept], (), pruning.Choice(kinds=DEAD, home=mess.cluster)).kept
    assert "give its --context" in said[0].why

    read = mess.judged(further=mess.far_nodes)[FAR]
    assert (read.verdict, read.rule.origin.cluster) == (Verdict.LEFTOVER, "gke-far-5e6f7a8b-node")
    careful = pruning.sentence([read], (), pruning.Choice(kinds=DEAD, home=mess.cluster))
    assert careful.rules == ()
    assert "--cluster" in careful.kept[0].why
    named = frozenset({"gke-far-5e6f7a8b-node"})
    asked = pruning.Choice(kinds=DEAD, home=mess.cluster, clusters=named)
    assert pruning.sentence([read], (), asked).rules == (read,)


def test_every_dependent_gets_its_verdict(mess):
    expected = mess.plant_checks()

    found = mess.judged_dependents()

    dead = {each.id: each for each in mess.firewall.dependents(mess.rules())}
    assert {name: found[name].verdict for name in expected} == expected
    assert not [name for name in found if "by-hand" in name]
    others = {name: each for name, each in found.items() if name not in expected}
    assert {each.verdict for each in others.values()} == {Verdict.LIVE}
    service = f"regions/europe-west1/backendServices/a{'f' * 31}"
    assert dead[f"regions/europe-west1/healthChecks/a{'f' * 31}"].dependents == {service}


def test_dependents_go_after_what_holds_them_and_come_back_before(mess, tmp_path):
    mess.plant_checks()
    kinds = ("firewalls", "healthChecks", "backendServices")
    before = {kind: comparable(mess.world.stored(kind)) for kind in kinds}
    choice = pruning.Choice(kinds=DEAD, dependents=True)
    going = pruning.sentence(mess.judged().values(), mess.judged_dependents().values(), choice)
    uid = "f" * 31
    order = [each.dependent.id.rpartition("/")[0::2] for each in going.dependents]
    at = {(kind.rpartition("/")[2], name): number for number, (kind, name) in enumerate(order)}
    assert at["backendServices", f"a{uid}"] < at["healthChecks", f"a{uid}"]
    path = restore_file.write(tmp_path, "gcp", (going.rules, going.dependents), datetime.now(UTC))

    done = removal.carry_out(mess.firewall, going, AT_ONCE)

    assert {each.result for each in done} == {"deleted"}
    left = {each["name"] for each in mess.world.stored("healthChecks")}
    assert {"by-hand", "clb-elsewhere-hc", f"a{uid[:-1]}c"} <= left
    assert not {"clb-default-gone-hc", f"a{uid}", "k8s2-aaaaaaaa-l4-shared-hc"} & left
    again = pruning.sentence(mess.judged().values(), mess.judged_dependents().values(), choice)
    assert again.going == (), "a second prune is empty"

    back = removal.put_back(mess.firewall, restore_file.read(path), AT_ONCE)
    assert not [each.error for each in back if each.error]
    assert {kind: comparable(mess.world.stored(kind)) for kind in kinds} == before
    twice = removal.put_back(mess.firewall, restore_file.read(path), AT_ONCE)
    assert not [each for each in twice if each.made or each.error]


def test_a_dependent_that_something_else_uses_is_kept(mess):
    mess.plant_checks()
    uid = "f" * 31
    region = f"projects/{mess.world.seeded.project}/regions/{mess.world.seeded.region}"
    body = compute_v1.ForwardingRule(
        name="by-hand",
        load_balancing_scheme="EXTERNAL",
        I_p_protocol="TCP",
        port_range="80",
        backend_service=f"{region}/backendServices/a{uid}",
    )
    mess.world.made(
        compute_v1.ForwardingRulesClient,
        region=mess.world.seeded.region,
        forwarding_rule_resource=body,
    )
    choice = pruning.Choice(kinds=DEAD, dependents=True)

    found = pruning.sentence(mess.judged().values(), mess.judged_dependents().values(), choice)

    assert not [each for each in found.dependents if each.dependent.id.endswith(uid)]
    why = {each.judged.made.id.split("/")[2]: each.why for each in found.kept if uid in str(each)}
    assert why["backendServices"] == "forwarding rule by-hand needs it"
    assert why["healthChecks"].endswith(f"backendServices/a{uid} needs it")


def test_a_cluster_whose_node_pools_are_empty_lives(mess):
    assert mess.judged()["gke-old-1a2b3c4d-ssh"].verdict is Verdict.LEFTOVER
    pool = compute_v1.InstanceGroup(name="gke-old-pool-1-9f8e7d6c-grp")
    mess.world.made(
        compute_v1.InstanceGroupsClient,
        zone=f"{mess.world.seeded.region}-b",
        instance_group_resource=pool,
    )

    found = mess.judged()

    kept = found["gke-old-1a2b3c4d-ssh"]
    assert kept.verdict is Verdict.LIVE
    assert "gke-old-pool-1-9f8e7d6c-grp may be a node pool" in kept.facts[-1]
    dead = {name for name, each in found.items() if each.verdict is Verdict.LEFTOVER}
    tagged = {name for name in dead if "gke-old-1a2b3c4d-node" in found[name].rule.targets}
    assert tagged == set()
