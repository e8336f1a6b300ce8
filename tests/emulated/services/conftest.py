"""The whole pipeline on an emulated AWS account: manifests in, and the account itself to look at."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from cloudlb.controller.verdicts import Round
from cloudlb.kube.documents import Document
from cloudlb.testing.laws.common import must
from cloudlb.testing.manifests import Manifest
from cloudlb.testing.process import Process, cluster_of
from cloudlb_aws.emulator import World
from cloudlb_aws.emulator.examined import CLUSTER, AwsWorld


@dataclass
class Pipeline:
    """An account with three nodes, a cluster, and a process that remembers what it did."""

    world: AwsWorld
    process: Process

    def client(self, service: str) -> Any:
        """Return a client beside ours."""
        return self.world.emulator.client(service)

    def write(self, *manifests: Manifest) -> None:
        """Put objects into the cluster, and do nothing about them."""
        refused = self.process.cluster.apply([Document.of(each) for each in manifests])
        assert not refused, refused

    def apply(self, *manifests: Manifest) -> list[str]:
        """Put objects into the cluster, bring the cloud to them, and return the operations called."""
        self.write(*manifests)
        recorder = self.world.emulator.recorder
        mark = recorder.mark()
        must(self.process.apply())
        return [call.operation for call in recorder.since(mark)]

    def tried(self, *manifests: Manifest) -> Round:
        """The same, where it need not go well."""
        self.write(*manifests)
        return self.process.apply()

    def restart(self) -> None:
        """Forget everything that the process knows."""
        self.process = Process(self.world, self.process.cluster)
        self.process.reconciler.look_around()

    # What is in the account.

    def balancer(self) -> dict[str, Any]:
        """Return the only load balancer."""
        (found,) = self.client("elbv2").describe_load_balancers()["LoadBalancers"]
        return found

    def listeners(self) -> dict[tuple[int, str], dict[str, Any]]:
        """Return the listeners by port and protocol."""
        arn = self.balancer()["LoadBalancerArn"]
        found = self.client("elbv2").describe_listeners(LoadBalancerArn=arn)["Listeners"]
        return {(each["Port"], each["Protocol"]): each for each in found}

    def groups(self) -> dict[str, dict[str, Any]]:
        """Return the target groups by their logical id."""
        found = self.client("elbv2").describe_target_groups()["TargetGroups"]
        return {self.tags(each["TargetGroupArn"])["cloudlb.io/resource"]: each for each in found}

    def group(self) -> dict[str, Any]:
        """Return the only target group."""
        (found,) = self.groups().values()
        return found

    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags of something."""
        found = self.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"][0]
        return {each["Key"]: each["Value"] for each in found["Tags"]}

    def group_attributes(self, arn: str = "") -> dict[str, str]:
        """Return the attributes of a target group."""
        arn = arn or self.group()["TargetGroupArn"]
        found = self.client("elbv2").describe_target_group_attributes(TargetGroupArn=arn)
        return {each["Key"]: each["Value"] for each in found["Attributes"]}

    def balancer_attributes(self) -> dict[str, str]:
        """Return the attributes of the load balancer."""
        arn = self.balancer()["LoadBalancerArn"]
        found = self.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn)
        return {each["Key"]: each["Value"] for each in found["Attributes"]}

    def targets(self, arn: str = "") -> set[tuple[str, int]]:
        """Return who is registered, and not on the way out."""
        arn = arn or self.group()["TargetGroupArn"]
        found = self.client("elbv2").describe_target_health(TargetGroupArn=arn)
        return {
            (each["Target"]["Id"], each["Target"]["Port"])
            for each in found["TargetHealthDescriptions"]
            if each["TargetHealth"]["State"] != "draining"
        }

    def rules(self) -> list[dict[str, Any]]:
        """Return the ingress rules of all groups but the seeded ones' own."""
        found = self.client("ec2").describe_security_group_rules()["SecurityGroupRules"]
        return [each for each in found if not each["IsEgress"]]


@pytest.fixture
def seed() -> World:
    """What is in the account at first."""
    return World(
        cluster=CLUSTER,
        eips=3,
        certificates=("a.example.com", "b.example.com"),
        prefix_lists=(("office", ("203.0.113.0/24",)),),
    )


@pytest.fixture
def aws(seed: World) -> Iterator[Pipeline]:
    """An empty cluster on a fresh account."""
    with AwsWorld(seed) as world:
        yield Pipeline(world, Process(world, cluster_of(world, [])))
