"""The second half of `make demo`: the controller itself, on a real Kubernetes API server where there is one.

Objects go in over the API; everything else is the controller's doing, and is looked at from outside.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import boto3
from packet import Packet
from ruamel.yaml import YAML

from cloudlb.cli.emulation import Standing
from cloudlb.kube.api_errors import KubeNotFound
from cloudlb.kube.client import KubeApi
from cloudlb.testing.kube.process import ControllerProcess, until
from cloudlb.testing.kube.server import CONTROLLER, KubeServer
from cloudlb.testing.manifests import node

EXAMPLES = Path(__file__).parent / "kubia"
CLIENT = "203.0.113.77"
NAME = "kubia-loadbalancer"
SERVICES = "/api/v1/namespaces/default/services"


class Teller(Protocol):
    """What of the demo is used here."""

    account: Any
    console: Any

    def step(self, title: str, *words: str) -> None:
        """Open a new step."""

    def check(self, passed: object, yes: str, no: str = "") -> None:
        """Print the result of a check."""

    def reachable(self, packet: Packet, *, wanted: bool = True) -> None:
        """Follow a packet."""


@dataclass
class Cluster:
    """A real API server with the nodes of the examples, and a controller beside it."""

    demo: Teller
    server: KubeServer
    api: KubeApi
    controller: ControllerProcess

    def service(self) -> dict[str, Any] | None:
        """Read the Service; None when it is gone."""
        try:
            found: dict[str, Any] = json.loads(self.api.get(f"{SERVICES}/{NAME}"))
        except KubeNotFound:
            return None
        return found

    def address(self) -> str:
        """Return the address that the Service has."""
        found = self.service() or {}
        ingress = found.get("status", {}).get("loadBalancer", {}).get("ingress") or [{}]
        return str(ingress[0].get("hostname", ""))

    def show(self) -> None:
        """Print the Service as kubectl would, and what the controller last said."""
        found = self.service()
        if found is None:
            return
        spec = found["spec"]
        ports = ",".join(
            f"{each['port']}:{each['nodePort']}/{each['protocol']}" for each in spec["ports"]
        )
        self._line("$ kubectl get service " + NAME, "bold green")
        for name, kind, address, last in (
            ("NAME", "TYPE", "EXTERNAL-IP", "PORT(S)"),
            (NAME, spec["type"], self.address() or "<pending>", ports),
        ):
            self._line(f"{name:<20} {kind:<14} {address:<82} {last}")
        for each in found["status"].get("conditions", []):
            text = f"{each['type']}={each['status']} ({each['reason']})"
            self._line(f"  {text}", "dim")

    def said(self) -> None:
        """Print what the controller has done so far."""
        for each in self.controller.said("applied"):
            self._line(f"  controller: {each['owner']}: {each['plan']}", "dim")

    def _line(self, text: str, style: str = "") -> None:
        self.demo.console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def story(demo: Teller, standing: Standing) -> None:
    """Tell the story of one Service under the controller."""
    demo.step(
        "Now the controller, on a real Kubernetes API server",
        "kube-apiserver and etcd run on this machine, `cloudlb run` beside them, with the rights of",
        "deploy/rbac.yaml and no more. A Service is created; nothing else is done by hand.",
    )
    with running(demo, standing) as cluster:
        created(cluster)
        edited(cluster)
        grown(cluster)
        deleted(cluster)
        code = cluster.controller.terminate()
        demo.check(code == 0, "the controller ended cleanly when it was asked to")


def created(cluster: Cluster) -> None:
    """Wait for the address of a new Service."""
    demo = cluster.demo
    cluster.server.create(*YAML(typ="safe").load_all(EXAMPLES / "08-loadbalancer.yaml"))
    until(cluster.address, "an address")
    cluster.show()
    demo.reachable(Packet(client=CLIENT, host=cluster.address(), port=80))


def edited(cluster: Cluster) -> None:
    """Change the port."""
    demo, before = cluster.demo, cluster.address()
    demo.step("An edit of the Service: another port")
    ports = [{"port": 8080, "targetPort": 8080, "protocol": "TCP"}]
    cluster.api.patch(f"{SERVICES}/{NAME}", {"spec": {"ports": ports}})
    until(lambda: _reaches(cluster, 8080), "the new port")
    cluster.show()
    demo.check(cluster.address() == before, "the address is the same as before")
    demo.reachable(Packet(client=CLIENT, host=before, port=8080))


def grown(cluster: Cluster) -> None:
    """Add a node."""
    demo = cluster.demo
    demo.step("A node more")
    ec2 = boto3.client("ec2")
    pattern = ec2.describe_instances()["Reservations"][0]["Instances"][0]
    (instance,) = ec2.run_instances(
        ImageId="ami-emulated",
        MinCount=1,
        MaxCount=1,
        SubnetId=pattern["SubnetId"],
        SecurityGroupIds=[each["GroupId"] for each in pattern["SecurityGroups"]],
    )["Instances"]
    name, zone = instance["InstanceId"], pattern["Placement"]["AvailabilityZone"]
    made = node("node-d", f"aws:///{zone}/{name}", zone=zone, address=instance["PrivateIpAddress"])
    cluster.server.create(made)
    until(lambda: name in _targets(), "the new target")
    demo.check(passed=True, yes=f"{name} takes traffic as well: {len(_targets())} targets")


def deleted(cluster: Cluster) -> None:
    """Delete the Service."""
    demo = cluster.demo
    demo.step("The Service is deleted", "It vanishes once nothing of it is left in the cloud.")
    cluster.api.delete(f"{SERVICES}/{NAME}")
    until(lambda: cluster.service() is None, "the Service gone")
    cluster.said()
    demo.check(not demo.account.remains(), "the account is as it was before: nothing of it is left")


@contextmanager
def running(demo: Teller, standing: Standing) -> Iterator[Cluster]:
    """Start an API server and a controller, and end both."""
    with tempfile.TemporaryDirectory(prefix="cloudlb-demo-") as folder, KubeServer() as server:
        server.grant()
        nodes = YAML(typ="safe").load_all(EXAMPLES / "01-nodes.yaml")
        server.create(*(each for each in nodes if each["kind"] == "Node"))
        controller = ControllerProcess(
            arguments=(f"--kubeconfig={server.kubeconfig(CONTROLLER)}", "--default-class=true"),
            environment=standing.environment(),
            log=Path(folder) / "controller.log",
        ).start()
        try:
            controller.wait_ready()
            yield Cluster(demo, server, server.api(), controller)
        finally:
            controller.kill()


def _targets() -> set[str]:
    elbv2 = boto3.client("elbv2")
    return {
        health["Target"]["Id"]
        for group in elbv2.describe_target_groups()["TargetGroups"]
        for health in elbv2.describe_target_health(TargetGroupArn=group["TargetGroupArn"])[
            "TargetHealthDescriptions"
        ]
    }


def _reaches(cluster: Cluster, port: int) -> bool:
    packet = Packet(client=CLIENT, host=cluster.address(), port=port)
    return all(hop.passed for hop in cluster.demo.account.follow(packet))
