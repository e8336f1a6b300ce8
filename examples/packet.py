"""Follows a packet through an AWS account, from a client to a node port, by nothing but the account's own answers.

The demo uses it to check that what was applied can be reached: load balancer, its security groups, listener, target
group, healthy targets, the nodes' security groups, node port. Every hop is read with boto3.
"""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Describe = Mapping[str, Any]

_INSIDE = ipaddress.ip_network("10.0.0.0/16")  # the emulated VPC


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """A connection attempt: from a client's address to an address and port of a load balancer."""

    client: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Hop:
    """One thing that was checked. The first hop that is not `passed` is where the packet dies."""

    passed: bool
    text: str


class Account:
    """Reads one AWS account. `client` makes a boto3 client of a service."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self._elbv2 = client("elbv2")
        self._ec2 = client("ec2")

    def follow(self, packet: Packet) -> Iterator[Hop]:
        """Yield hop by hop what happens to a packet; stop where it dies."""
        for hop in self._hops(packet):
            yield hop
            if not hop.passed:
                return

    def load_balancers(self) -> list[Describe]:
        """Return all load balancers."""
        found: list[Describe] = self._elbv2.describe_load_balancers()["LoadBalancers"]
        return found

    def owner_of(self, balancer: Describe) -> str:
        """Return whose a load balancer is, by its ownership tag."""
        arn = balancer["LoadBalancerArn"]
        tags = self._elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
        return next((str(tag["Value"]) for tag in tags if tag["Key"] == "cloudlb.io/owner"), "")

    def address_of(self, owner: str) -> str:
        """Return the address of an owner's load balancer, lower case; empty if there is none."""
        found = (each for each in self.load_balancers() if self.owner_of(each) == owner)
        return next((str(each["DNSName"]).lower() for each in found), "")

    def health_check(self, host: str, port: int) -> tuple[str, str]:
        """Return how the targets behind a port are checked (`HTTP /healthz`), and at which port."""
        balancer = self._balancer(host)
        listener = self._listener(balancer, port) if balancer else None
        if listener is None:
            return "not at all", "none"
        arn = listener["DefaultActions"][0]["TargetGroupArn"]
        group = self._elbv2.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
        path = group.get("HealthCheckPath", "")
        return f"{group['HealthCheckProtocol']} {path}".strip(), group["HealthCheckPort"]

    def remains(self) -> list[str]:
        """Return what a load balancer controller could have left: everything beside the network itself."""
        groups = self._ec2.describe_security_groups()["SecurityGroups"]
        return [
            *(f"load balancer {each['LoadBalancerName']}" for each in self.load_balancers()),
            *(
                f"target group {each['TargetGroupName']}"
                for each in self._elbv2.describe_target_groups()["TargetGroups"]
            ),
            *(
                f"security group {each['GroupName']} ({each['GroupId']})"
                for each in groups
                if _marked(each)
            ),
            *(
                f"rule {each['SecurityGroupRuleId']} in {each['GroupId']}"
                for each in self._ec2.describe_security_group_rules()["SecurityGroupRules"]
                if _marked(each)
            ),
        ]

    def _hops(self, packet: Packet) -> Iterator[Hop]:
        balancer = self._balancer(packet.host)
        if balancer is None:
            yield Hop(False, f"no load balancer answers to {packet.host}")
            return
        state = balancer["State"]["Code"]
        yield Hop(state == "active", f"load balancer {balancer['LoadBalancerName']} is {state}")
        inside = ipaddress.ip_address(packet.client) in _INSIDE
        open_to_all = balancer["Scheme"] == "internet-facing"
        yield Hop(open_to_all or inside, f"it is {balancer['Scheme']}")
        groups = balancer.get("SecurityGroups", [])
        door = f"port {packet.port} from {packet.client}"
        yield self._entry(groups, packet.client, packet.port, door)
        listener = self._listener(balancer, packet.port)
        if listener is None:
            yield Hop(False, f"no listener on port {packet.port}")
            return
        group = listener["DefaultActions"][0]["TargetGroupArn"]
        yield Hop(True, f"listener {listener['Protocol']}:{packet.port} forwards to {_name(group)}")
        yield from self._targets(group, groups)

    def _targets(self, group: str, sources: list[str]) -> Iterator[Hop]:
        states = self._elbv2.describe_target_health(TargetGroupArn=group)[
            "TargetHealthDescriptions"
        ]
        healthy = [each["Target"] for each in states if each["TargetHealth"]["State"] == "healthy"]
        yield Hop(bool(healthy), f"{len(healthy)} of {len(states)} targets are healthy")
        for target in healthy:
            yield self._node(target["Id"], target["Port"], sources)

    def _node(self, instance: str, port: int, sources: list[str]) -> Hop:
        reservations = self._ec2.describe_instances(InstanceIds=[instance])["Reservations"]
        groups = [each["GroupId"] for each in reservations[0]["Instances"][0]["SecurityGroups"]]
        for rule in self._rules(groups):
            source = rule.get("ReferencedGroupInfo", {}).get("GroupId")
            if source in sources and _covers(rule, port):
                text = f"node {instance} lets tcp:{port} in from {source}"
                return Hop(True, text)
        return Hop(False, f"node {instance} lets nothing in to tcp:{port}")

    def _entry(self, groups: list[str], client: str, port: int, door: str) -> Hop:
        for rule in self._rules(groups):
            network = rule.get("CidrIpv4") or rule.get("CidrIpv6")
            if network and _covers(rule, port) and _within(client, network):
                return Hop(True, f"security group {rule['GroupId']} lets in {door} ({network})")
        return Hop(False, f"no security group of the load balancer lets in {door}")

    def _rules(self, groups: list[str]) -> list[Describe]:
        named = [{"Name": "group-id", "Values": groups}]
        rules = self._ec2.describe_security_group_rules(Filters=named)["SecurityGroupRules"]
        return [each for each in rules if not each["IsEgress"]]

    def _balancer(self, host: str) -> Describe | None:
        return next((b for b in self.load_balancers() if b["DNSName"].lower() == host), None)

    def _listener(self, balancer: Describe, port: int) -> Describe | None:
        arn = balancer["LoadBalancerArn"]
        listeners = self._elbv2.describe_listeners(LoadBalancerArn=arn)["Listeners"]
        return next((each for each in listeners if each["Port"] == port), None)


def _covers(rule: Describe, port: int) -> bool:
    if rule["IpProtocol"] == "-1":
        return True
    return rule["IpProtocol"] == "tcp" and rule["FromPort"] <= port <= rule["ToPort"]


def _within(client: str, network: str) -> bool:
    address, net = ipaddress.ip_address(client), ipaddress.ip_network(network)
    return address.version == net.version and address in net


def _name(arn: str) -> str:
    return arn.split("/")[1]


def _marked(found: Describe) -> bool:
    return any(tag["Key"].startswith("cloudlb.io/") for tag in found.get("Tags", []))
