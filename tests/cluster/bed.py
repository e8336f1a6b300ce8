"""A bed for cluster tests: a namespace of a real API server, an emulated cloud, and controllers as processes."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cloudlb.kube.api_errors import KubeConflict, KubeNotFound
from cloudlb.kube.client import KubeApi
from cloudlb.kube.live import FINALIZER
from cloudlb.testing.kube.process import ControllerProcess, until
from cloudlb.testing.kube.server import CONTROLLER, KubeServer
from cloudlb.testing.manifests import Manifest, node, service
from cloudlb_aws.emulator import Emulator, SeededWorld

NODES = "/api/v1/nodes"
STRATEGIC = "application/strategic-merge-patch+json"


@dataclass
class Bed:
    """A namespace and an emulated account, and what to do with them."""

    server: KubeServer
    emulator: Emulator
    world: SeededWorld
    namespace: str
    folder: Path
    api: KubeApi
    started: list[ControllerProcess] = field(default_factory=list)

    # Controllers.

    def controller(
        self, *arguments: str, elect: bool = False, port: int | None = None
    ) -> ControllerProcess:
        """Start a controller for this namespace; `port` is that of a proxy before the API server."""
        config = self.server.kubeconfig(CONTROLLER, port=port)
        process = ControllerProcess(
            arguments=(
                f"--kubeconfig={config}",
                f"--watch-namespaces={self.namespace}",
                "--default-class=true",
                f"--leader-election={'true' if elect else 'false'}",
                "--log-level=debug",
                *arguments,
            ),
            environment=self.emulator.environment(),
            log=self.folder / f"controller-{len(self.started)}.log",
        )
        self.started.append(process)
        return process.start()

    # The cluster.

    def path(self, name: str = "", *, kind: str = "services", part: str = "") -> str:
        """Return the path of objects of this namespace."""
        group = "/apis/discovery.k8s.io/v1" if kind == "endpointslices" else "/api/v1"
        path = f"{group}/namespaces/{self.namespace}/{kind}"
        return "/".join(filter(None, (path, name, part)))

    def create(self, manifest: Manifest, kind: str = "services") -> Manifest:
        """Create an object of this namespace."""
        manifest["metadata"]["namespace"] = self.namespace
        return json.loads(self.api.post(self.path(kind=kind), manifest))

    def service(self, name: str = "kubia", *ports: Mapping[str, Any], **spec: Any) -> Manifest:
        """Create a Service of type LoadBalancer."""
        return self.create(service(name, *ports, **spec))

    def get(self, name: str = "kubia", kind: str = "services") -> Manifest | None:
        """Read an object, None if there is none."""
        try:
            return json.loads(self.api.get(self.path(name, kind=kind)))
        except KubeNotFound:
            return None

    def patch(self, name: str, body: Mapping[str, Any], part: str = "") -> Manifest:
        """Change a Service."""
        return json.loads(self.api.patch(self.path(name, part=part), body))

    def delete(self, name: str = "kubia", kind: str = "services") -> None:
        """Delete an object; a finalizer may hold it."""
        self.api.delete(self.path(name, kind=kind))

    def events(self, name: str = "kubia") -> list[str]:
        """Return the reasons of the Events of a Service, oldest first."""
        found = json.loads(self.api.get(self.path(kind="events")))["items"]
        mine = [each for each in found if each["involvedObject"]["name"] == name]
        return [
            each["reason"]
            for each in sorted(mine, key=lambda each: int(each["metadata"]["resourceVersion"]))
        ]

    # Waiting.

    def address(self, name: str = "kubia") -> str:
        """Return the address in a Service's status, empty if there is none."""
        found = self.get(name)
        ingress = (found or {}).get("status", {}).get("loadBalancer", {}).get("ingress") or [{}]
        return ingress[0].get("hostname", "")

    def condition(self, kind: str, name: str = "kubia") -> dict[str, str]:
        """Return one of our conditions."""
        found = (self.get(name) or {}).get("status", {}).get("conditions", [])
        mine = [each for each in found if each["type"] == f"cloudlb.io/{kind}"]
        return mine[0] if mine else {}

    def programmed(self, name: str = "kubia") -> str:
        """Wait until a Service is programmed at its present generation, and return its address."""

        def now() -> str:
            condition = self.condition("Programmed", name)
            return self.address(name) if condition.get("status") == "True" else ""

        return until(now, f"{name} programmed:\n{self._said()}")

    def gone(self, name: str = "kubia") -> None:
        """Wait until a Service is no more."""
        until(lambda: self.get(name) is None, f"{name} gone:\n{self._said()}")

    def _said(self) -> str:
        return "\n".join(each.text()[-3000:] for each in self.started)

    # The cloud.

    def balancers(self) -> dict[str, dict[str, Any]]:
        """Return the load balancers by ARN."""
        found = self.emulator.client("elbv2").describe_load_balancers()["LoadBalancers"]
        return {each["LoadBalancerArn"]: each for each in found}

    def listeners(self) -> list[tuple[int, str]]:
        """Return port and protocol of all listeners."""
        client = self.emulator.client("elbv2")
        return sorted(
            (each["Port"], each["Protocol"])
            for arn in self.balancers()
            for each in client.describe_listeners(LoadBalancerArn=arn)["Listeners"]
        )

    def groups(self) -> list[dict[str, Any]]:
        """Return the target groups."""
        return self.emulator.client("elbv2").describe_target_groups()["TargetGroups"]

    def targets(self) -> set[str]:
        """Return the ids of all targets that take traffic."""
        client = self.emulator.client("elbv2")
        found = set()
        for group in self.groups():
            health = client.describe_target_health(TargetGroupArn=group["TargetGroupArn"])
            found |= {
                each["Target"]["Id"]
                for each in health["TargetHealthDescriptions"]
                if each["TargetHealth"]["State"] != "draining"
            }
        return found

    def security_groups(self) -> list[str]:
        """Return the names of the security groups that cloudlb made."""
        found = self.emulator.client("ec2").describe_security_groups()["SecurityGroups"]
        return sorted(each["GroupName"] for each in found if each["GroupName"].startswith("clb-"))

    def rules(self, **wanted: Any) -> list[dict[str, Any]]:
        """Return the ingress rules that have these fields."""
        found = self.emulator.client("ec2").describe_security_group_rules()["SecurityGroupRules"]
        return [each for each in found if not each["IsEgress"] and wanted.items() <= each.items()]

    def empty(self) -> bool:
        """Tell whether nothing is left of what cloudlb made."""
        from_groups = [each for each in self.rules() if "ReferencedGroupInfo" in each]
        return not (self.balancers() or self.groups() or self.security_groups() or from_groups)

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """Collect the operations that arrive meanwhile."""
        mark = self.emulator.recorder.mark()
        found: list[str] = []
        yield found
        found.extend(each.operation for each in self.emulator.recorder.since(mark))

    # Nodes.

    def node_manifests(self) -> list[Manifest]:
        """Return the nodes of the emulated account."""
        return [
            node(
                f"{self.namespace}-{index}",
                provider_id,
                zone=provider_id.split("/")[3],
                address=self.world.addresses[instance],
            )
            for index, (provider_id, instance) in enumerate(
                zip(self.world.provider_ids, self.world.instances, strict=True)
            )
        ]

    def add_nodes(self) -> None:
        """Tell the cluster of all instances."""
        for each in self.node_manifests():
            self.api.post(NODES, each)

    def run_instance(self) -> Manifest:
        """Run one more instance, and return the Node that it would be."""
        (instance,) = self.emulator.client("ec2").run_instances(
            ImageId="ami-emulated",
            MinCount=1,
            MaxCount=1,
            SubnetId=self.world.private_subnets[0],
            SecurityGroupIds=[self.world.node_security_group],
        )["Instances"]
        name, zone = instance["InstanceId"], self.world.zones[0]
        return node(
            f"{self.namespace}-{name}",
            f"aws:///{zone}/{name}",
            zone=zone,
            address=instance["PrivateIpAddress"],
        )

    def patch_node(self, name: str, body: Mapping[str, Any]) -> None:
        """Change a Node."""
        self.api.patch(f"{NODES}/{name}", body, STRATEGIC)

    def remove_nodes(self) -> None:
        """Delete this test's nodes."""
        for each in json.loads(self.api.get(NODES))["items"]:
            with suppress(KubeNotFound):
                self.api.delete(f"{NODES}/{each['metadata']['name']}")

    def clean_up(self) -> None:
        """End the controllers and let go of everything in the namespace."""
        for each in self.started:
            each.process.kill()
            each.process.wait()
        for each in json.loads(self.api.get(self.path()))["items"]:
            kept = [own for own in each["metadata"].get("finalizers", []) if own != FINALIZER]
            with suppress(KubeNotFound, KubeConflict):
                self.patch(each["metadata"]["name"], {"metadata": {"finalizers": kept}})
        self.remove_nodes()
        self.api.delete(f"/api/v1/namespaces/{self.namespace}")
        for path in (
            "/apis/coordination.k8s.io/v1/namespaces/cloudlb/leases/cloudlb",
            "/api/v1/namespaces/cloudlb/configmaps/cloudlb-hints",
        ):
            with suppress(KubeNotFound):
                self.api.delete(path)
