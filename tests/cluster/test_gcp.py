"""The controller process on GCP: a real API server, an emulated Compute Engine, real clients on both sides."""

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cloudlb.cli.main import app
from cloudlb.testing.kube.process import until
from cloudlb.testing.kube.server import KubeServer
from cloudlb.testing.manifests import Manifest, node, port, service
from cloudlb_gcp.emulator import Emulator, EmulatorSettings, NodeSeed, SeededWorld

from .bed import NODES, Bed

SECONDS = 0.2
"""How long an operation takes."""


class GcpBed(Bed):
    """A namespace and an emulated project, and what to do with them."""

    emulator: Emulator
    world: SeededWorld

    def address(self, name: str = "kubia") -> str:
        """Return the address in a Service's status, empty if there is none."""
        found = self.get(name)
        ingress = (found or {}).get("status", {}).get("loadBalancer", {}).get("ingress") or [{}]
        return ingress[0].get("ip", "")

    def node_manifests(self) -> list[Manifest]:
        """Return the nodes of the emulated project."""
        return [
            node(
                name,
                provider_id,
                zone=provider_id.split("/")[3],
                address=self.world.addresses[name],
            )
            for name, provider_id in zip(self.world.instances, self.world.provider_ids, strict=True)
        ]

    def stored(self, collection: str) -> list[dict]:
        """Return what the project holds of one collection."""
        return [
            dict(resource)
            for path, resource in self.emulator.contents().items()
            if path.rsplit("/", 2)[-2] == collection
        ]

    def empty(self) -> bool:
        """Tell whether nothing is left of what cloudlb made."""
        kinds = (
            "addresses",
            "backendServices",
            "firewalls",
            "forwardingRules",
            "healthChecks",
            "networkEndpointGroups",
        )
        return not any(self.stored(kind) for kind in kinds)


@pytest.fixture
def bed(server: KubeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[GcpBed]:
    """A namespace of its own, six nodes that are instances of the project, and no controller yet."""
    with Emulator(EmulatorSettings(operation_seconds=SECONDS)) as emulator:
        for key, value in emulator.environment().items():
            monkeypatch.setenv(key, value)
        made = GcpBed(
            server=server,
            emulator=emulator,
            world=emulator.seed(),
            namespace=f"t-{uuid.uuid4().hex[:8]}",
            folder=tmp_path,
            api=server.api(),
        )
        made.api.post("/api/v1/namespaces", {"metadata": {"name": made.namespace}})
        made.add_nodes()
        yield made
        made.clean_up()


def polls_left_out(calls: list[str]) -> list[str]:
    return [call for call in calls if "Operations." not in call]


def test_a_service_lives_its_whole_life(bed: GcpBed):
    bed.controller()
    bed.service("kubia")

    address = bed.programmed()

    assert address.startswith("198.18.")
    (ingress,) = bed.get()["status"]["loadBalancer"]["ingress"]
    assert (ingress["ip"], ingress["ipMode"]) == (address, "VIP")
    assert bed.events()[-1] == "EnsuredLoadBalancer"

    bed.patch("kubia", {"spec": {"ports": [port(8080)]}})
    until(lambda: [e["ports"] for e in bed.stored("forwardingRules")] == [["8080"]], "the new port")
    assert bed.programmed() == address
    until(lambda: bed.stored("addresses") == [], "the address is released")

    bed.delete()
    bed.gone()
    until(bed.empty, "nothing left")


def test_a_node_more_is_one_attach_an_owner_and_no_read(bed: GcpBed):
    bed.controller()
    for name in ("one", "two"):
        bed.service(name)
        bed.programmed(name)
    zone = bed.emulator.settings.zones[0]
    provider_id = bed.emulator.add_node(NodeSeed(name="gke-kubia-pool-more", zone=zone))

    with bed.counting() as calls:
        bed.api.post(
            NODES,
            node(
                "gke-kubia-pool-more",
                provider_id,
                zone=provider_id.split("/")[3],
                address="10.128.0.99",
            ),
        )
        until(
            lambda: (
                sum(
                    any(m["instance"] == "gke-kubia-pool-more" for m in each["_members"])
                    for each in bed.stored("networkEndpointGroups")
                )
                == 2
            ),
            "attached twice",
        )

    assert sorted(polls_left_out(calls)) == [
        "instances.list",
        "networkEndpointGroups.attachNetworkEndpoints",
        "networkEndpointGroups.attachNetworkEndpoints",
    ]


def test_a_restart_costs_lists_and_no_write(bed: GcpBed):
    first = bed.controller()
    names = [f"kubia-{number}" for number in range(8)]
    for name in names:
        bed.service(name)
    for name in names:
        bed.programmed(name)
    first.terminate()

    with bed.counting() as calls:
        again = bed.controller()
        until(lambda: again.said("ready"), "ready")

    assert all(call.endswith((".list", ".aggregatedList")) for call in calls), calls
    assert len(calls) <= 20, calls


def test_killed_in_the_middle_of_a_renewal_the_next_one_brings_the_rule_back_at_its_address(
    bed: GcpBed,
):
    first = bed.controller()
    bed.service("kubia")
    address = bed.programmed()
    bed.emulator.configure(operation_seconds=1.0)

    bed.patch("kubia", {"spec": {"ports": [port(8080)]}})
    until(lambda: bed.stored("forwardingRules") == [], "the rule is down")
    first.kill()
    assert [each["address"] for each in bed.stored("addresses")] == [address]

    bed.emulator.configure(operation_seconds=SECONDS)
    bed.controller()
    until(lambda: [e["ports"] for e in bed.stored("forwardingRules")] == [["8080"]], "the new port")
    assert bed.programmed() == address
    until(lambda: bed.stored("addresses") == [], "the address is released")


@pytest.fixture
def firewall(bed: GcpBed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """`cloudlb firewall …` of an administrator, in an empty folder."""
    monkeypatch.setenv("KUBECONFIG", str(bed.server.kubeconfig()))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["firewall", *arguments])


def test_node_ports_are_opened_for_a_while_and_closed_again(bed: GcpBed, firewall):
    made = bed.create(service("web", port(80), type="NodePort"))
    number = made["spec"]["ports"][0]["nodePort"]
    name = f"{bed.namespace}/web"

    nobody = firewall("open", name, "--direct")
    assert nobody.exit_code == 1
    assert "--source 0.0.0.0/0" in nobody.stderr
    assert bed.stored("firewalls") == []

    done = firewall(
        "open", name, "--direct", "--source=192.0.2.0/24", "--source=::/0", "--expires=8h"
    )
    assert done.exit_code == 0, done.stderr
    four, six = bed.stored("firewalls")
    assert four["allowed"] == [{"IPProtocol": "tcp", "ports": [str(number)]}]
    assert (four["sourceRanges"], six["sourceRanges"]) == (["192.0.2.0/24"], ["::/0"])
    assert four["targetTags"] == ["gke-kubia-pool"]
    assert f"http://10.128.0.2:{number}" in done.stdout
    assert "everybody on the internet" in done.stderr

    listed = json.loads(firewall("list", "-o", "json").stdout)["rules"]
    assert {each["verdict"] for each in listed} == {"live"}
    assert all(each["expires"] for each in listed)
    assert firewall("prune", "--expired", "--dry-run").exit_code == 0

    closed = firewall("close", name, "--direct")
    assert closed.exit_code == 0, closed.stderr
    assert bed.stored("firewalls") == []


def test_what_was_opened_for_a_service_that_has_gone_is_an_orphan(bed: GcpBed, firewall):
    bed.create(service("web", port(80), type="NodePort"))
    assert (
        firewall("open", f"{bed.namespace}/web", "--direct", "--source=192.0.2.0/24").exit_code == 0
    )
    bed.delete("web")
    bed.gone("web")

    shown = firewall("prune", "--dry-run", "-o", "json")
    assert shown.exit_code == 2
    (rule,) = json.loads(shown.stdout)["rules"]
    assert (rule["verdict"], rule["whose"]) == ("orphan", f"service/{bed.namespace}/web")

    young = firewall("prune", "--yes", "--older-than=1d")
    assert (young.exit_code, len(bed.stored("firewalls"))) == (0, 1)
    assert "not old enough" in young.stderr


def test_a_node_port_service_is_opened_by_annotation_and_closed_again(bed: GcpBed, firewall):
    bed.controller().wait_ready()
    bed.create(service("web", port(80), type="NodePort"))
    name = f"{bed.namespace}/web"

    assert firewall("open", name, "--source=192.0.2.0/24").exit_code == 0
    until(lambda: bed.condition("Programmed", "web").get("status") == "True", "programmed")
    (rule,) = bed.stored("firewalls")
    assert (rule["sourceRanges"], rule["targetTags"]) == (["192.0.2.0/24"], ["gke-kubia-pool"])

    again = firewall("open", name, "--source=0.0.0.0/0")
    assert "everybody on the internet" in again.stderr
    until(lambda: bed.stored("firewalls")[0]["sourceRanges"] == ["0.0.0.0/0"], "wider")
    assert bed.condition("Accepted", "web")["reason"] in {"Accepted", "AcceptedWithWarnings"}

    bed.delete("web")
    bed.gone("web")
    assert bed.empty()
