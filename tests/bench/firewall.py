"""What it costs to list and judge 5,000 firewall rules: calls and CPU seconds on both clouds: `make bench-firewall`."""

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from figures import Row, counted, show

from cloudlb.firewall.living import Living
from cloudlb.firewall.rules import Around, Firewall, Opening, Rule
from cloudlb.firewall.verdicts import Court
from cloudlb.model import Node
from cloudlb.plan.pace import PACE
from cloudlb.provider import CloudSettings
from cloudlb_aws import firewall as aws
from cloudlb_aws.emulator.examined import AwsWorld
from cloudlb_gcp import firewall as gcp
from cloudlb_gcp.emulator.examined import GcpWorld

RULES = 5_000
A_GROUP = 50
OFFICE = "198.51.100.0/24"

Shape = Callable[[int], dict[str, object]]
SHAPES: dict[str, Shape] = {
    "each its own port": lambda number: {"openings": (Opening("tcp", number + 1, number + 1),)},
    "each its own tag": lambda number: {"targets": frozenset({f"tag-{number}"})},
    "ranges of ports, each its own source": lambda number: {
        "openings": (Opening("tcp", number, number + 2),),
        "sources": (f"10.{number // 250}.{number % 250}.0/24",),
    },
    "all alike": lambda _number: {},
}


def judging() -> Iterable[Row]:
    """Judge rules that nobody's mark is on: each is held against the others."""
    for words, shape in SHAPES.items():
        rules = [_rule(number, shape) for number in range(RULES)]
        started = time.process_time()
        Court(Living(cluster="bench"), datetime.now(UTC)).rules(rules)
        seconds = time.process_time() - started
        yield Row(
            operation=f"judge {RULES:,} unknown rules: {words}",
            figure=f"{seconds:.2f} s CPU",
            budget="seconds",
            kept=seconds < 5,
        )


def _rule(number: int, shape: Shape) -> Rule:
    usual = {"openings": (Opening("tcp", 443, 443),), "sources": ("0.0.0.0/0",)}
    return Rule(id=f"r-{number}", place="n", place_name="n", **(usual | shape(number)))  # type: ignore[arg-type]


def on_aws() -> Iterable[Row]:
    """Read rules of many security groups."""
    with AwsWorld() as world:
        ec2 = world.emulator.client("ec2")
        for number in range(RULES // A_GROUP):
            group = ec2.create_security_group(
                GroupName=f"k8s-{number}",
                Description="[k8s] Managed SecurityGroup for LoadBalancer",
                VpcId=world.seeded.vpc_id,
            )["GroupId"]
            permissions = [
                {
                    "IpProtocol": "tcp",
                    "FromPort": port,
                    "ToPort": port,
                    "IpRanges": [{"CidrIp": OFFICE}],
                }
                for port in range(1, A_GROUP + 1)
            ]
            ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permissions)
        settings = CloudSettings(
            cluster="bench",
            region=world.emulator.settings.region,
            network=world.seeded.vpc_id,
            endpoint_url=world.emulator.endpoint_url,
        )
        yield _listed("AWS", aws.connect(settings, PACE), world, ())


def on_gcp() -> Iterable[Row]:
    """Read rules of one network."""
    with GcpWorld() as world:
        project = world.seeded.project
        network = f"projects/{project}/global/networks/default"
        with world.emulator._api.turn():
            for number in range(RULES):
                path = f"projects/{project}/global/firewalls/rule-{number:05}"
                rule = {
                    "name": f"rule-{number:05}",
                    "selfLink": f"https://www.googleapis.com/compute/v1/{path}",
                    "network": f"https://www.googleapis.com/compute/v1/{network}",
                    "direction": "INGRESS",
                    "allowed": [{"IPProtocol": "tcp", "ports": [str(number + 1)]}],
                    "sourceRanges": [OFFICE],
                }
                world.emulator._api.project.store.put(path, rule, frozenset())
        settings = CloudSettings(
            cluster="bench",
            region=world.seeded.region,
            endpoint_url=world.emulator.endpoint_url,
        )
        nodes = [Node(name=each, provider_id=each) for each in world.seeded.provider_ids]
        yield _listed("GCP", gcp.connect(settings, PACE), world, nodes)


def _listed(
    cloud: str, firewall: Firewall, world: AwsWorld | GcpWorld, nodes: Sequence[Node]
) -> Row:
    recorder = world.emulator.recorder
    mark, started = recorder.mark(), time.monotonic()
    found = firewall.rules(Around(nodes=nodes, everything=True))
    Court(Living(cluster="bench"), datetime.now(UTC)).rules(found)
    seconds = time.monotonic() - started
    calls = tuple(call.operation for call in recorder.since(mark))
    return Row(
        operation=f"list {len(found):,} rules on {cloud}",
        figure=f"{len(calls)} calls, {seconds:.1f} s",
        budget="seconds",
        kept=seconds < 10,
        detail=counted(calls),
    )


if __name__ == "__main__":
    sys.exit(show([*judging(), *on_aws(), *on_gcp()]))
