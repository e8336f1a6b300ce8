"""`cloudlb firewall` in a project with a decade of mess: the verdict on each rule, prune, and the way back."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.cloud import compute_v1
from typer.testing import CliRunner

from cloudlb.cli.emulation import load
from cloudlb.cli.main import app
from cloudlb.cli.rules import plain
from cloudlb.errors import UsageError
from cloudlb.firewall import pruning
from cloudlb.firewall.living import Living, Need
from cloudlb.firewall.verdicts import Judged, Verdict, judge
from cloudlb.model import Owner, OwnerKind
from cloudlb.plan.resource import Key
from cloudlb.provider import CloudSettings
from cloudlb.testing.laws.common import applied, process_of
from cloudlb.testing.manifests import service
from cloudlb.testing.process import cluster_of
from cloudlb.translate.nodes import EligibleNodes
from cloudlb_gcp import ownership
from cloudlb_gcp.firewall import GcpFirewall, connect

NODES = {"target_tags": ["gke-kubia-pool"]}
DEAD_TAG = {"target_tags": ["gke-old-1a2b3c4d-node"]}
EVERYBODY = ["0.0.0.0/0"]


def marked(uid: str, name: str, cluster: str, **more: str) -> str:
    owner = Owner(cluster=cluster, kind=OwnerKind.SERVICE, namespace="default", name=name, uid=uid)
    marks = json.loads(ownership.description(owner, Key("firewall/ipv4")))
    return json.dumps({**marks, **more})


def by_incumbent(service_name: str, address: str = "") -> str:
    said = {"kubernetes.io/service-name": service_name}
    return json.dumps(said | ({"kubernetes.io/service-ip": address} if address else {}))


class Mess:
    """A project as ten years of controllers and people have left it, around one live Service."""

    def __init__(self, world) -> None:
        self.world = world
        self.process = applied(world, (service("kubia"),))
        (self.address,) = self.process.addresses()["kubia"]
        self.cluster = self.process.cluster.cluster_id
        self.uid = self.process.cluster.get("Service", "default", "kubia").metadata.uid
        self.firewall: GcpFirewall = connect(self._settings(), world.pace)
        alias = f"{self.address}/32"
        uid = "f" * 31
        self.expected: dict[str, Verdict] = {}
        # Ours, and not ours any more.
        self._plant("gone", Verdict.ORPHAN, description=marked("uid-gone", "gone", self.cluster))
        self._plant("again", Verdict.ORPHAN, description=marked("uid-old", "kubia", self.cluster))
        self._plant("theirs", Verdict.FOREIGN, description=marked("uid-x", "x", "cluster-2"))
        self._plant("third", Verdict.FOREIGN, description=marked("uid-x", "x", "cluster-3"))
        self._plant(
            "half", Verdict.UNKNOWN, description=json.dumps({"cloudlb.io/cluster": self.cluster})
        )
        # cloud-provider-gcp.
        self._plant(
            f"k8s-fw-a{uid}",
            Verdict.LEFTOVER,
            description=by_incumbent("shop/old", "192.0.2.1"),
            destination_ranges=["192.0.2.1/32"],
        )
        self._plant(
            f"k8s-fw-a{uid[:-1]}e", Verdict.LEFTOVER, description=by_incumbent("shop/ancient")
        )
        self._plant(
            f"k8s-fw-a{uid[:-1]}d",
            Verdict.LIVE,
            description=by_incumbent("default/kubia", "192.0.2.9"),
            destination_ranges=["192.0.2.9/32"],
        )
        self._plant(
            f"k8s-fw-a{uid[:-1]}c",
            Verdict.LIVE,
            description=by_incumbent("other/served"),
            destination_ranges=[alias],
        )
        self._plant(
            "k8s-0123456789abcdef-node-http-hc",
            Verdict.LEFTOVER,
            description='{"kubernetes.io/cluster-id":"0123456789abcdef"}',
            **DEAD_TAG,
        )
        self._plant(
            "k8s-fedcba9876543210-node-http-hc",
            Verdict.LIVE,
            description='{"kubernetes.io/cluster-id":"fedcba9876543210"}',
            **NODES,
        )
        # ingress-gce.
        networking = json.dumps(
            {"networking.gke.io/service-name": "shop/gone", "networking.gke.io/api-version": "ga"}
        )
        self._plant(
            "k8s2-7kpbhpki-shop-gone-956p2p7x",
            Verdict.LEFTOVER,
            description=networking,
            destination_ranges=["192.0.2.3/32"],
        )
        self._plant(
            "k8s2-7kpbhpki-l4-shared-hc-fw",
            Verdict.LIVE,
            description=networking.replace("shop/gone", ""),
            **NODES,
        )
        self._plant(
            "k8s2-aaaaaaaa-l4-shared-hc-fw",
            Verdict.LEFTOVER,
            description=networking.replace("shop/gone", ""),
            **DEAD_TAG,
        )
        self._plant(
            "k8s-fw-l7--0123456789abcdef",
            Verdict.LEFTOVER,
            description="GCE L7 firewall rule",
            **DEAD_TAG,
        )
        # GKE.
        self._plant("gke-old-1a2b3c4d-ssh", Verdict.LEFTOVER, **DEAD_TAG)
        self._plant(
            "gke-old-1a2b3c4d-all",
            Verdict.LEFTOVER,
            allowed=["all"],
            sources=["10.8.0.0/14"],
            **DEAD_TAG,
        )
        self._plant("gke-kubia-vms", Verdict.LIVE, **NODES)
        # People's, with names and descriptions that look like something else.
        self._plant("gke-notes", Verdict.UNKNOWN, sources=["192.0.2.0/24"], target_tags=["notes"])
        self._plant("k8s-fw-mine", Verdict.UNKNOWN, sources=["192.0.2.0/24"], target_tags=["mine"])
        self._plant(
            "clb-by-hand",
            Verdict.UNKNOWN,
            sources=["192.0.2.0/24"],
            description="{not json",
            target_tags=["x"],
        )
        self._plant(
            "office", Verdict.UNKNOWN, allowed=["tcp:22"], sources=["192.0.2.0/24"], **NODES
        )
        self._plant(
            "office-one", Verdict.SHADOWED, allowed=["tcp:22"], sources=["192.0.2.7/32"], **NODES
        )
        self._plant(
            "office-off",
            Verdict.UNKNOWN,
            allowed=["tcp:22"],
            sources=["192.0.2.7/32"],
            disabled=True,
            **NODES,
        )
        self._plant("open", Verdict.WIDE, allowed=["tcp:30000-32767"], **NODES)
        # Made for a while.
        mine = {"cloudlb.io/cluster": self.cluster}
        self._plant(
            "debug",
            Verdict.EXPIRED,
            description=json.dumps({**mine, "cloudlb.io/expires": "2020-01-01T00:00:00Z"}),
            **NODES,
        )
        self._plant(
            "debug-on",
            Verdict.LIVE,
            description=json.dumps({**mine, "cloudlb.io/expires": "2999-01-01T00:00:00Z"}),
            **NODES,
        )
        for each in world.stored("firewalls", "service/default/kubia") + world.stored(
            "firewalls", "cluster/shared"
        ):
            if each["name"] not in self.expected:
                self.expected[each["name"]] = Verdict.LIVE

    def _settings(self) -> CloudSettings:
        emulator = self.world.emulator
        return CloudSettings(
            cluster=self.cluster,
            region=emulator.settings.region,
            endpoint_url=emulator.endpoint_url,
        )

    def _plant(
        self,
        name: str,
        verdict: Verdict,
        *,
        allowed=("tcp:8080",),
        sources=EVERYBODY,
        **fields: Any,
    ) -> None:
        self.expected[name] = verdict
        fields.setdefault("target_tags", ["gke-kubia-pool"])
        self.world.plant_firewall(name, allowed, sources, **fields)

    def alive(self) -> Living:
        health = Need("service/default/kubia", "TCP", 10256, owned=True)
        return Living(
            cluster=self.cluster,
            owned={self.uid: "service/default/kubia"},
            uids={"service/default/kubia": self.uid},
            needs=(health,),
        )

    def judged(self) -> dict[str, Judged]:
        nodes = EligibleNodes(self.process.cluster.nodes()).select(())
        found = self.firewall.rules(nodes, everything=True)
        return {each.rule.id: each for each in judge(found, self.alive(), datetime.now(UTC))}


@pytest.fixture
def mess(world) -> Mess:
    return Mess(world)


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
    choice = pruning.Choice(kinds=pruning.DEAD)
    shown, _ = pruning.condemned(mess.judged().values(), choice)
    path = pruning.write_restore_file(tmp_path, "gcp", shown, datetime.now(UTC))

    done = pruning.delete(mess.firewall, shown)

    assert {each.result for each in done} == {"deleted"}
    left = {each["name"] for each in mess.world.stored("firewalls")}
    assert left == {name for name, verdict in mess.expected.items() if verdict not in pruning.DEAD}
    again, _ = pruning.condemned(mess.judged().values(), choice)
    assert again == (), "a second prune is empty"

    for each in pruning.read_restore_file(path)["rules"]:
        assert mess.firewall.restore(each["saved"]) == each["rule"]
        assert mess.firewall.restore(each["saved"]) == "", "it is there already"
    assert comparable(mess.world.stored("firewalls")) == comparable(before)


def comparable(rules) -> list[dict[str, Any]]:
    made_anew = {"id", "creationTimestamp"}
    return [{key: each[key] for key in each if key not in made_anew} for each in rules]


def test_a_rule_that_was_deleted_meanwhile_is_no_error(mess):
    found = mess.judged()["gone"]
    assert mess.firewall.delete(found.rule) is True
    assert mess.firewall.delete(found.rule) is False


def test_the_age_of_a_rule_is_known(mess):
    ages = {name: each.rule.created for name, each in mess.judged().items()}

    assert all(ages.values())
    choice = pruning.Choice(kinds=pruning.DEAD, before=min(ages.values()))
    condemned, kept = pruning.condemned(mess.judged().values(), choice)
    assert condemned == ()
    assert {each.why for each in kept} == {"it is not old enough"}


def test_only_rules_around_the_nodes_are_listed_unless_all_are_asked_for(mess):
    nodes = EligibleNodes(mess.process.cluster.nodes()).select(())

    around = {each.id for each in mess.firewall.rules(nodes)}

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

    found = firewall.rules(nodes, everything=True)

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
        firewall.rules(())


def test_the_quota_is_told(mess):
    (quota,) = mess.firewall.quotas()

    assert quota.what == "firewall rules of project emulated-project"
    assert (quota.used, quota.limit) == (len(mess.world.stored("firewalls")), 5000)


@pytest.mark.skipif(
    shutil.which("gcloud") is None, reason="the gcloud command line is not installed"
)
def test_gcloud_sees_the_same_rules_before_and_after(mess, tmp_path):
    before = gcloud_rules(mess.world, tmp_path)
    shown, _ = pruning.condemned(mess.judged().values(), pruning.Choice(kinds=pruning.DEAD))

    pruning.delete(mess.firewall, shown)
    between = gcloud_rules(mess.world, tmp_path)
    for each in shown:
        mess.firewall.restore(each.rule.saved)

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
