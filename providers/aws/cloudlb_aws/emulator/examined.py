"""The emulator as a world for the provider laws (`cloudlb.testing.world`): seeded, watched and disturbed.

Nothing waits in real time: the emulated cloud lives on a clock that the engine's pauses move.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from cloudlb.plan.apply import Pace
from cloudlb.plan.resource import Found
from cloudlb.provider import Cloud, CloudSettings, Provider
from cloudlb.testing.clock import ManualClock
from cloudlb.testing.faults import FaultKind
from cloudlb.testing.manifests import Manifest, node
from cloudlb_aws.emulator.seed import World as Seed
from cloudlb_aws.emulator.server import Emulator
from cloudlb_aws.emulator.settings import EmulatorSettings
from cloudlb_aws.provider import PROVIDER

CLUSTER = "laws"
INTERFACES_LINGER = 30.0
"""Seconds for which a deleted load balancer's network interfaces still hold its security groups."""


class AwsWorld:
    """One emulated AWS account with a VPC and three nodes. A context manager."""

    def __init__(self, seed: Seed | None = None, settings: EmulatorSettings | None = None) -> None:
        self.clock = ManualClock()
        settings = settings or EmulatorSettings(interface_seconds=INTERFACES_LINGER)
        self.emulator = Emulator(replace(settings, clock=self.clock))
        self.seed = seed or Seed(cluster=CLUSTER)
        self.pace = Pace(sleep=self.clock.advance, clock=self.clock)
        self._unseen = 0
        self._unseen_writes = 0

    def __enter__(self) -> Self:
        """Start the account, and put the credentials for it into the environment."""
        self.emulator.start()
        self.seeded = self.emulator.seed(self.seed)
        self._environment = dict(os.environ)
        os.environ.update(self.emulator.environment())
        self._clients = {
            name: self.emulator.client(name)
            for name in ("ec2", "elbv2", "resourcegroupstaggingapi")
        }
        with self._unwatched():
            self._native = self._everything()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it, and restore the environment."""
        os.environ.clear()
        os.environ.update(self._environment)
        self.emulator.stop()

    @property
    def provider(self) -> Provider:
        """The provider under examination."""
        return PROVIDER

    def nodes(self) -> Sequence[Manifest]:
        """Return the nodes that the account was seeded with, and those that came later."""
        return [
            node(
                f"node-{index}",
                provider_id,
                zone=provider_id.split("/")[3],
                address=self.seeded.addresses[instance],
            )
            for index, (provider_id, instance) in enumerate(
                zip(self.seeded.provider_ids, self.seeded.instances, strict=True)
            )
        ]

    def node(self) -> Manifest:
        """Run one more instance."""
        with self._unwatched():
            reply = self._clients["ec2"].run_instances(
                ImageId="ami-emulated",
                MinCount=1,
                MaxCount=1,
                SubnetId=self.seeded.private_subnets[0],
                SecurityGroupIds=[self.seeded.node_security_group],
            )
        (instance,) = reply["Instances"]
        zone = self.seeded.zones[0]
        name, address = instance["InstanceId"], instance["PrivateIpAddress"]
        return node(name, f"aws:///{zone}/{name}", zone=zone, address=address)

    def connect(self, settings: CloudSettings) -> Cloud:
        """Connect to the account as a new process would."""
        region, endpoint = self.emulator.settings.region, self.emulator.endpoint_url
        settings = replace(settings, region=region, endpoint_url=endpoint)
        return PROVIDER.connect(settings, self.pace)

    def contents(self) -> Mapping[str, object]:
        """Return all load balancers, target groups, listeners, groups and rules that were not seeded."""
        with self._unwatched():
            everything = self._everything()
        return {key: value for key, value in everything.items() if self._native.get(key) != value}

    def plant(self, cluster: str) -> None:
        """Make another cluster's load balancer with all that belongs to it, an unmarked one, and unmarked rules."""
        tags = {
            "cloudlb.io/cluster": cluster,
            "cloudlb.io/owner": "service/default/one",
            "cloudlb.io/owner-uid": "00000000-0000-0000-0000-000000000000",
        }
        with self._unwatched():
            self._plant_load_balancer("theirs", tags)
            self._plant_load_balancer("nobodys", {})
            self._clients["ec2"].authorize_security_group_ingress(
                GroupId=self.seeded.node_security_group,
                IpPermissions=[_permission(22, "192.0.2.0/24"), _permission(80, "192.0.2.0/24")],
            )

    def squat(self, found: Found[Any]) -> None:
        """Delete a load balancer and make one of the same name that carries no marks."""
        with self._unwatched():
            self._clients["elbv2"].delete_load_balancer(LoadBalancerArn=found.id)
            self.clock.advance(10 * INTERFACES_LINGER)
            self._clients["elbv2"].create_load_balancer(
                Name=found.attributes["name"],
                Type="network",
                Scheme="internal",
                Subnets=[self.seeded.private_subnets[0]],
            )

    def remove(self, found: Found[Any]) -> bool:
        """Delete an object, where AWS lets anybody do so."""
        verbs: dict[str, Callable[[Found[Any]], object]] = {
            "load-balancer": lambda each: self._clients["elbv2"].delete_load_balancer(
                LoadBalancerArn=each.id
            ),
            "listener": lambda each: self._clients["elbv2"].delete_listener(ListenerArn=each.id),
            "ingress-rules": self._revoke_all,
            "node-rules": self._revoke_ours,
            "targets": self._deregister_all,
        }
        verb = verbs.get(found.value.KIND)
        if verb is None:  # a group in use can not be deleted by anybody
            return False
        with self._unwatched():
            verb(found)
        return True

    def spoil(self, found: Found[Any]) -> bool:
        """Change a setting that cloudlb manages."""
        elb = self._clients["elbv2"]
        verbs: dict[str, Callable[[Found[Any]], object]] = {
            "load-balancer": lambda each: elb.modify_load_balancer_attributes(
                LoadBalancerArn=each.id,
                Attributes=[{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}],
            ),
            "target-group": lambda each: elb.modify_target_group(
                TargetGroupArn=each.id, HealthCheckIntervalSeconds=77
            ),
            "ingress-rules": lambda each: self._clients["ec2"].authorize_security_group_ingress(
                GroupId=each.attributes["group_id"],
                IpPermissions=[_permission(4444, "198.51.100.0/24")],
            ),
            "targets": lambda each: elb.register_targets(
                TargetGroupArn=each.attributes["target_group_arn"],
                Targets=[{"Id": self.seeded.instances[0], "Port": 4444}],
            ),
        }
        verb = verbs.get(found.value.KIND)
        if verb is None:
            return False
        with self._unwatched():
            verb(found)
        return True

    def throttle(self, every: int) -> None:
        """Refuse every n-th call; 0 refuses none."""
        self.emulator.faults.clear()
        if every:
            self.emulator.faults.every(every, FaultKind.THROTTLE)

    def lag(self, calls: int) -> None:
        """Let reads, the tagging API's among them, lag behind."""
        self.emulator.configure(lag_calls=calls, tag_lag_calls=calls)

    def calls(self) -> int:
        """Count the calls of whoever is examined."""
        return self.emulator.recorder.count() - self._unseen

    def writes(self) -> int:
        """Count the writes of whoever is examined."""
        return self.emulator.recorder.count(write=True) - self._unseen_writes

    @contextmanager
    def _unwatched(self) -> Iterator[None]:
        """Make calls that do not count."""
        recorder = self.emulator.recorder
        calls, writes = recorder.count(), recorder.count(write=True)
        try:
            yield
        finally:
            self._unseen += recorder.count() - calls
            self._unseen_writes += recorder.count(write=True) - writes

    def _everything(self) -> dict[str, object]:
        return {**self._balancers(), **self._target_groups(), **self._groups(), **self._rules()}

    def _balancers(self) -> dict[str, object]:
        elb = self._clients["elbv2"]
        found: dict[str, object] = {}
        for each in _all(elb, "describe_load_balancers", "LoadBalancers"):
            arn = each["LoadBalancerArn"]
            each.pop("State", None)
            settings = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
            found[arn] = (_fixed(each), _fixed(settings), self._tags(arn))
            for listener in _all(elb, "describe_listeners", "Listeners", LoadBalancerArn=arn):
                found[listener["ListenerArn"]] = _fixed(listener)
        return found

    def _target_groups(self) -> dict[str, object]:
        elb = self._clients["elbv2"]
        found: dict[str, object] = {}
        for each in _all(elb, "describe_target_groups", "TargetGroups"):
            arn = each["TargetGroupArn"]
            health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
            settings = elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
            targets = _fixed([target["Target"] for target in health])
            found[arn] = (_fixed(each), _fixed(settings), targets, self._tags(arn))
        return found

    def _tags(self, arn: str) -> object:
        (reply,) = self._clients["elbv2"].describe_tags(ResourceArns=[arn])["TagDescriptions"]
        return _fixed(reply["Tags"])

    def _groups(self) -> dict[str, object]:
        found = _all(self._clients["ec2"], "describe_security_groups", "SecurityGroups")
        return {
            each["GroupId"]: (each["GroupName"], _fixed(each.get("Tags", []))) for each in found
        }

    def _rules(self) -> dict[str, object]:
        found = _all(self._clients["ec2"], "describe_security_group_rules", "SecurityGroupRules")
        return {each["SecurityGroupRuleId"]: _fixed(each) for each in found if not each["IsEgress"]}

    def _plant_load_balancer(self, name: str, tags: Mapping[str, str]) -> None:
        elb = self._clients["elbv2"]
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        marks = {"Tags": pairs} if pairs else {}
        group = elb.create_target_group(
            Name=name,
            Protocol="TCP",
            Port=30999,
            VpcId=self.seeded.vpc_id,
            TargetType="instance",
            **marks,
        )["TargetGroups"][0]["TargetGroupArn"]
        balancer = elb.create_load_balancer(
            Name=name, Type="network", Subnets=[self.seeded.public_subnets[0]], **marks
        )["LoadBalancers"][0]["LoadBalancerArn"]
        elb.create_listener(
            LoadBalancerArn=balancer,
            Protocol="TCP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        elb.register_targets(TargetGroupArn=group, Targets=[{"Id": self.seeded.instances[0]}])

    def _revoke_all(self, found: Found[Any]) -> None:
        self._revoke(found.attributes["group_id"], lambda _tags: True)

    def _revoke_ours(self, found: Found[Any]) -> None:
        self._revoke(found.attributes["group_id"], lambda tags: "cloudlb.io/cluster" in tags)

    def _revoke(self, group: str, wanted: Callable[[set[str]], bool]) -> None:
        ec2 = self._clients["ec2"]
        filters = [{"Name": "group-id", "Values": [group]}]
        rules = _all(ec2, "describe_security_group_rules", "SecurityGroupRules", Filters=filters)
        doomed = [
            rule["SecurityGroupRuleId"]
            for rule in rules
            if not rule["IsEgress"] and wanted({tag["Key"] for tag in rule.get("Tags", [])})
        ]
        ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=doomed)

    def _deregister_all(self, found: Found[Any]) -> None:
        elb, arn = self._clients["elbv2"], found.attributes["target_group_arn"]
        health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        elb.deregister_targets(TargetGroupArn=arn, Targets=[each["Target"] for each in health])


def _permission(port: int, cidr: str) -> dict[str, object]:
    return {
        "IpProtocol": "tcp",
        "FromPort": port,
        "ToPort": port,
        "IpRanges": [{"CidrIp": cidr}],
    }


def _all(client: Any, operation: str, key: str, **arguments: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    pages = client.get_paginator(operation).paginate(**arguments)
    return [each for page in pages for each in page[key]]


def _fixed(value: object) -> object:
    """Make a reply comparable whatever the order of its lists."""
    if isinstance(value, Mapping):
        return tuple(sorted((key, _fixed(each)) for key, each in value.items()))
    if isinstance(value, list):
        return tuple(sorted((_fixed(each) for each in value), key=repr))
    return value
