"""A bed for tests of the calling half: an emulated account, a connected cloud, and resources to make in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from cloudlb.model import Owner, OwnerKind
from cloudlb.plan.apply import Pace, Run, apply, unfenced
from cloudlb.plan.change import Action, Change
from cloudlb.plan.diff import compare, diff
from cloudlb.plan.outcome import Outcome
from cloudlb.plan.resource import Found, Observed, Ref, Resource, Stack
from cloudlb.provider import CloudSettings, Inventory
from cloudlb.testing.clock import ManualClock
from cloudlb_aws import options
from cloudlb_aws.cloud import AwsCloud, connect
from cloudlb_aws.emulator import Emulator, EmulatorSettings, SeededWorld, World
from cloudlb_aws.resources.ingress_rules import IngressRule, IngressRules
from cloudlb_aws.resources.listener import Listener
from cloudlb_aws.resources.load_balancer import LoadBalancer, SubnetMapping
from cloudlb_aws.resources.node_rules import NodeRules, PortRange
from cloudlb_aws.resources.security_group import SecurityGroup
from cloudlb_aws.resources.target_group import HealthCheck, TargetGroup
from cloudlb_aws.resources.targets import Target, Targets

CLUSTER = "6f1f7a3e-0000-4000-8000-000000000001"
OWNER = Owner(
    cluster=CLUSTER,
    kind=OwnerKind.SERVICE,
    namespace="default",
    name="kubia",
    uid="6f1f7a3e-0000-4000-8000-0000000000aa",
)
SHARED = Owner.of_cluster(CLUSTER)
ONE_TRY = Pace(attempts=1, faults=1)
"""Shows what a single call says: nothing is tried again."""
CHECK = HealthCheck(
    protocol="TCP",
    port="traffic-port",
    path="",
    matcher="",
    interval=10,
    timeout=10,
    healthy_threshold=3,
    unhealthy_threshold=3,
)
OPEN = IngressRule(protocol="tcp", from_port=80, to_port=80, source="0.0.0.0/0")


def changed(pairs: tuple[tuple[str, str], ...], **values: str) -> tuple[tuple[str, str], ...]:
    """Return options with some values changed; a double underscore in a key stands for a dot."""
    news = {key.replace("__", "."): value for key, value in values.items()}
    return tuple(sorted((dict(pairs) | news).items()))


@dataclass
class Bed:
    """An emulated account with a VPC and three nodes, and a cloud connected to it."""

    emulator: Emulator
    world: SeededWorld
    clock: ManualClock
    cloud: AwsCloud
    owner: Owner = OWNER
    shared: Owner = SHARED
    raw: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return a client beside ours, as another program would use it."""
        return self.raw.setdefault(service, self.emulator.client(service))

    def again(self) -> AwsCloud:
        """Connect as a new process would, with nothing remembered."""
        self.cloud = connect(settings_of(self.emulator), ONE_TRY)
        return self.cloud

    def create(self, desired: Resource, owner: Owner | None = None) -> Found[Any]:
        """Create one resource."""
        return self.cloud.driver(owner or self.owner).create(desired, unfenced)

    def update(
        self, found: Found[Any], desired: Resource, owner: Owner | None = None
    ) -> Found[Any]:
        """Update one resource by the fields in which it differs."""
        fields = tuple(compare(found.value, desired))
        change = Change(
            action=Action.UPDATE, key=desired.key, desired=desired, found=found, fields=fields
        )
        return self.cloud.driver(owner or self.owner).update(change, desired, unfenced)

    def delete(self, found: Found[Any], owner: Owner | None = None) -> None:
        """Delete one resource."""
        self.cloud.driver(owner or self.owner).delete(found, unfenced)

    def operations(self, mark: int) -> tuple[str, ...]:
        """Return the calls since a mark."""
        return tuple(call.operation for call in self.emulator.recorder.since(mark))

    def mark(self) -> int:
        """Return a mark for `operations`."""
        return self.emulator.recorder.mark()

    def observe(self, expected: Stack = Stack(), owner: Owner | None = None) -> Observed:
        """Sweep and observe, as a new process would."""
        owner = owner or self.owner
        return self.cloud.observe(owner, self.cloud.sweep(owner), expected)

    def blind(self, expected: Stack = Stack(), owner: Owner | None = None) -> Observed:
        """Observe without a sweep."""
        return self.cloud.observe(owner or self.owner, Inventory(), expected)

    def apply(self, stack: Stack, observed: Observed | None = None) -> Outcome:
        """Bring the owner's stack about."""
        observed = self.observe(stack) if observed is None else observed
        run = Run(
            driver=self.cloud.driver(self.owner),
            shared=self.blind(owner=self.shared),
            pace=Pace(sleep=self.clock.advance, clock=self.clock),
        )
        outcome = apply(diff(stack, observed, run.shared), run)
        assert outcome.ok, outcome.errors
        return outcome

    def converged(self, stack: Stack) -> bool:
        """Tell whether a new observation finds nothing to do."""
        return not diff(stack, self.observe(stack), self.blind(owner=self.shared))

    # Resources, each with what most tests want.

    def group(self, **other: Any) -> SecurityGroup:
        """Make a front group."""
        given = {
            "id": "frontend",
            "name": "clb-default-kubia-0123456789",
            "description": "cloudlb: service/default/kubia",
            "vpc_id": self.world.vpc_id,
        }
        return SecurityGroup(**(given | other))

    def backend_group(self) -> SecurityGroup:
        """Make the backend group."""
        return self.group(id="backend", name="clb-traffic-0123456789", description="cloudlb")

    def rules(self, *rules: IngressRule, **other: Any) -> IngressRules:
        """Make the rules of the front group."""
        given = {"id": "frontend", "group": Ref(self.group().key, "group_id")}
        return IngressRules(**(given | {"rules": frozenset(rules or (OPEN,))} | other))

    def node_rules(self, source: str, *ports: int) -> NodeRules:
        """Make rules on the nodes' group."""
        group = self.world.node_security_group
        return NodeRules(
            id=group,
            group=group,
            source=source,
            ports=frozenset(
                PortRange(protocol="tcp", from_port=port, to_port=port) for port in ports
            ),
        )

    def target_group(self, **other: Any) -> TargetGroup:
        """Make a target group for TCP to nodes."""
        protocol = other.get("protocol", "TCP")
        target_type = other.get("target_type", "instance")
        given = {
            "id": "tcp-80",
            "name": "clb-default-kubia-tg00000001",
            "vpc_id": self.world.vpc_id,
            "protocol": protocol,
            "target_type": target_type,
            "ip_address_type": "ipv4",
            "generation": "g1",
            "port": 30080,
            "health_check": CHECK,
            "options": tuple(sorted(options.target_group_defaults(protocol, target_type))),
        }
        return TargetGroup(**(given | other))

    def targets(self, *instances: str, **other: Any) -> Targets:
        """Make members at one node port."""
        members = frozenset(Target(id=each, port=30080) for each in instances)
        given = {"id": "tcp-80", "group": Ref(self.target_group().key, "arn"), "members": members}
        return Targets(**(given | other))

    def balancer(self, **other: Any) -> LoadBalancer:
        """Make an internet-facing load balancer in all public subnets."""
        scheme = other.get("scheme", "internet-facing")
        given = {
            "id": "network",
            "name": "clb-default-kubia-1b00000001",
            "type": "network",
            "scheme": scheme,
            "ip_address_type": "ipv4",
            "mappings": tuple(
                SubnetMapping(subnet_id=each) for each in sorted(self.world.public_subnets)
            ),
            "security_groups": frozenset({Ref(self.rules().key, "group_id")}),
            "private_link_rules": "on",
            "ipv6_source_nat": "off",
            "options": tuple(sorted(options.load_balancer_defaults("network"))),
        }
        return LoadBalancer(**(given | other))

    def listener(self, **other: Any) -> Listener:
        """Make a listener for TCP on port 80."""
        port, protocol = other.get("port", 80), other.get("protocol", "TCP")
        given = {
            "id": str(port),
            "load_balancer": Ref(self.balancer().key, "arn"),
            "port": port,
            "protocol": protocol,
            "target_group": Ref(self.targets().key, "target_group_arn"),
            "options": tuple(sorted(options.listener_defaults(protocol))),
        }
        return Listener(**(given | other))

    def stack(self, *instead: Resource) -> Stack:
        """Make a whole stack, with some resources exchanged for others of the same key, or added."""
        usual: list[Resource] = [
            self.group(),
            self.rules(),
            self.target_group(),
            self.targets(*self.world.instances),
            self.balancer(),
            self.listener(),
        ]
        return Stack(tuple({each.key: each for each in (*usual, *instead)}.values()))


def settings_of(emulator: Emulator) -> CloudSettings:
    """Return the settings for an emulated account."""
    return CloudSettings(
        cluster=CLUSTER,
        cluster_name="kubia",
        region=emulator.settings.region,
        endpoint_url=emulator.endpoint_url,
    )


@pytest.fixture
def seed() -> World:
    """What the account holds at first; override it in a module or class."""
    return World(
        eips=3,
        certificates=("a.example.com", "b.example.com", "c.example.com"),
        prefix_lists=(("office", ("203.0.113.0/24",)),),
    )


@pytest.fixture
def bed(seed: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bed]:
    """A fresh account and a cloud connected to it."""
    clock = ManualClock()
    with Emulator(EmulatorSettings(clock=clock)) as emulator:
        world = emulator.seed(seed)
        for key, value in emulator.environment().items():
            monkeypatch.setenv(key, value)
        settings = replace(settings_of(emulator), network=world.vpc_id)
        yield Bed(emulator=emulator, world=world, clock=clock, cloud=connect(settings, ONE_TRY))
