"""The emulator as the command line knows it: entry point group `cloudlb.emulators`."""

from collections.abc import Iterable, Mapping
from typing import Literal

from cloudlb.testing.recorder import Recorder
from cloudlb_aws.emulator.seed import DEFAULT_NODES, NodeSeed, SeededWorld, World
from cloudlb_aws.emulator.server import Emulator
from cloudlb_aws.emulator.settings import EmulatorSettings

Node = tuple[str, str, tuple[str, ...]]
"""(provider id, zone, addresses), as a cluster knows a node; zone and addresses may be empty."""


class Standing:
    """A running emulator with a network and nodes in it."""

    def __init__(self, emulator: Emulator, world: SeededWorld) -> None:
        """Take a started emulator and what is in it."""
        self.emulator = emulator
        self.world = world

    @property
    def endpoint_url(self) -> str:
        """The URL for every service's endpoint."""
        return self.emulator.endpoint_url

    @property
    def recorder(self) -> Recorder:
        """Sees every call."""
        return self.emulator.recorder

    @property
    def region(self) -> str:
        """The region that it plays."""
        return self.emulator.settings.region

    def environment(self) -> Mapping[str, str]:
        """Return variables that point any SDK or tool here."""
        return self.emulator.environment()

    def stop(self) -> None:
        """Stop listening and forget everything."""
        self.emulator.stop()

    def describe(self) -> tuple[str, ...]:
        """Return lines for a person: where it listens, and what is in it."""
        world = self.world
        nodes = [
            f"node    {provider_id}  {world.addresses[instance]}"
            for provider_id, instance in zip(world.provider_ids, world.instances, strict=True)
        ]
        return (
            f"AWS     {self.endpoint_url}  region {self.region}  account {self.emulator.account_id}",
            f"VPC     {world.vpc_id}",
            *(f"public  {zone}  {subnet}" for zone, subnet in self._by_zone(world.public_subnets)),
            *(f"private {zone}  {subnet}" for zone, subnet in self._by_zone(world.private_subnets)),
            f"group   {world.node_security_group}  (security group of the nodes)",
            *nodes,
        )

    def commands(self) -> tuple[str, ...]:
        """Return commands of the `aws` command line to look at it with."""
        aws = f"aws --endpoint-url {self.endpoint_url}"
        return (
            f"{aws} elbv2 describe-load-balancers",
            f"{aws} elbv2 describe-target-groups",
            f"{aws} ec2 describe-security-groups",
        )

    def examples(self) -> tuple[str, ...]:
        """Return manifests of our examples whose nodes are its instances."""
        return ("examples/kubia",)

    def _by_zone(self, subnets: tuple[str, ...]) -> Iterable[tuple[str, str]]:
        return zip(self.world.zones, subnets, strict=True)


class EmulatorFactory:
    """Starts emulated AWS accounts."""

    name = "aws"

    def start(
        self,
        *,
        port: int = 0,
        latency: float = 0.0,
        throttle: Literal["off", "realistic"] = "off",
        nodes: Iterable[Node] = (),
    ) -> Standing:
        """Start one with these nodes, or with three of its own. OSError when the port is taken.

        Nodes whose provider id is not AWS's are left out: there is no instance to make for them.
        """
        settings = EmulatorSettings(port=port, latency=latency, throttle=throttle)
        seeds = tuple(filter(None, map(_seed, nodes))) or DEFAULT_NODES
        emulator = Emulator(settings).start()
        zones = tuple(sorted({"a", "b", "c"} | {seed.zone for seed in seeds}))
        return Standing(emulator, emulator.seed(World(nodes=seeds, zones=zones)))


def _seed(node: Node) -> NodeSeed | None:
    """Read `aws:///eu-west-1a/i-0123` with its zone; addresses are the emulator's own, as the VPC gives them."""
    provider_id, zone, _addresses = node
    scheme, _, rest = provider_id.partition("://")
    parts = rest.strip("/").split("/")
    if scheme != "aws" or not parts[-1].startswith("i-"):
        return None
    place = zone or (parts[0] if len(parts) > 1 else "a")
    return NodeSeed(instance_id=parts[-1], zone=place[-1])


EMULATOR = EmulatorFactory()
