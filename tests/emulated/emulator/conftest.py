"""One small emulated AWS a test, and makers of valid things in it: a test states only what is wrong with its own."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudlb.testing.clock import ManualClock
from cloudlb_aws.emulator import Emulator, EmulatorSettings, SeededWorld, World

WORLD = World(
    eips=3,
    ipv6=True,
    certificates=("one.example", "two.example"),
    prefix_lists=(("office", ("192.0.2.0/24",)),),
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def emulator(clock: ManualClock) -> Iterator[Emulator]:
    with Emulator(EmulatorSettings(clock=clock)) as running:
        yield running


@pytest.fixture
def world(emulator: Emulator) -> SeededWorld:
    return emulator.seed(WORLD)


@pytest.fixture
def elb(emulator: Emulator) -> Any:
    return emulator.client("elbv2", validate=False)


@pytest.fixture
def ec2(emulator: Emulator) -> Any:
    return emulator.client("ec2")


@pytest.fixture
def tagging(emulator: Emulator) -> Any:
    return emulator.client("resourcegroupstaggingapi")


Refused = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def refused() -> Refused:
    @contextmanager
    def refused(code: str) -> Iterator[None]:
        with pytest.raises(ClientError) as caught:
            yield
        assert caught.value.response["Error"]["Code"] == code, str(caught.value)

    return refused


@dataclass
class Maker:
    """Makes valid things; keyword arguments replace or add parameters of the call."""

    elb: Any
    ec2: Any
    world: SeededWorld

    def balancer(self, **changes: Any) -> dict[str, Any]:
        params = {"Name": "one", "Type": "network", "Subnets": list(self.world.public_subnets)}
        if "SubnetMappings" in changes:
            del params["Subnets"]
        return self.elb.create_load_balancer(**params | changes)["LoadBalancers"][0]

    def balancer_arn(self, **changes: Any) -> str:
        return self.balancer(**changes)["LoadBalancerArn"]

    def target_group(self, **changes: Any) -> dict[str, Any]:
        params = {
            "Name": "targets",
            "Protocol": "TCP",
            "Port": 30080,
            "VpcId": self.world.vpc_id,
            "TargetType": "instance",
        }
        return self.elb.create_target_group(**params | changes)["TargetGroups"][0]

    def target_group_arn(self, **changes: Any) -> str:
        return self.target_group(**changes)["TargetGroupArn"]

    def listener(self, balancer: str, group: str, **changes: Any) -> dict[str, Any]:
        params = {"Protocol": "TCP", "Port": 80, "DefaultActions": forward(group)}
        return self.elb.create_listener(LoadBalancerArn=balancer, **params | changes)["Listeners"][
            0
        ]

    def security_group(self, name: str = "front", **changes: Any) -> str:
        params = {"GroupName": name, "Description": "for a test", "VpcId": self.world.vpc_id}
        return self.ec2.create_security_group(**params | changes)["GroupId"]

    def allow(self, group: str, **changes: Any) -> list[dict[str, Any]]:
        reply = self.ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=[permission(**changes)]
        )
        return reply["SecurityGroupRules"]


def forward(*groups: str) -> list[dict[str, Any]]:
    if len(groups) == 1:
        return [{"Type": "forward", "TargetGroupArn": groups[0]}]
    weighted = [{"TargetGroupArn": each, "Weight": 1} for each in groups]
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": weighted}}]


def permission(**changes: Any) -> dict[str, Any]:
    usual = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
    if not {"IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs"} & changes.keys():
        usual["IpRanges"] = [{"CidrIp": "0.0.0.0/0"}]
    return {key: value for key, value in (usual | changes).items() if value is not None}


@pytest.fixture
def make(elb: Any, ec2: Any, world: SeededWorld) -> Maker:
    return Maker(elb, ec2, world)
