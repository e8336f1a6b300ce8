"""The emulator as the command line knows it: entry point group `cloudlb.emulators`."""

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from cloudlb.testing.recorder import Recorder
from cloudlb_gcp.emulator.seed import NodeSeed, SeededWorld, World
from cloudlb_gcp.emulator.server import Emulator
from cloudlb_gcp.emulator.settings import EmulatorSettings

Node = tuple[str, str, tuple[str, ...]]
"""(provider id, zone, addresses), as a cluster knows a node; zone and addresses may be empty."""

_PROVIDER_ID = re.compile(
    r"gce://(?P<project>[^/]+)/(?P<region>[a-z0-9-]+)-(?P<zone>[a-z])/(?P<name>[^/]+)"
)


class Standing:
    """A running emulator with a network and nodes in it."""

    def __init__(self, emulator: Emulator, world: SeededWorld) -> None:
        """Take a started emulator and what is in it."""
        self.emulator = emulator
        self.world = world

    @property
    def endpoint_url(self) -> str:
        """The URL of the API."""
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
        """Return variables that point cloudlb and gcloud here."""
        return self.emulator.environment()

    def stop(self) -> None:
        """Stop listening."""
        self.emulator.stop()

    def describe(self) -> tuple[str, ...]:
        """Return lines for a person: where it listens, and what is in it."""
        world = self.world
        width = max((len(each) for each in world.provider_ids), default=0)
        return (
            f"GCP     {self.endpoint_url}  project {world.project}  region {world.region}",
            f"network {world.network}  subnetworks {', '.join(world.subnets)}",
            *(
                f"node    {provider_id:{width}}  {world.addresses[name]}"
                for provider_id, name in zip(world.provider_ids, world.instances, strict=True)
            ),
        )

    def commands(self) -> tuple[str, ...]:
        """Return commands of gcloud to look at it with."""
        return (
            "gcloud compute forwarding-rules list",
            "gcloud compute backend-services list",
            "gcloud compute firewall-rules list",
        )

    def examples(self) -> tuple[str, ...]:
        """Return manifests of our examples whose nodes are its instances."""
        return ("examples/gke", "examples/kubia/08-loadbalancer.yaml")


EXAMPLE_NODES = tuple(
    NodeSeed(name=f"gke-kubia-pool-3f2a9c10-{end}", zone=zone)
    for end, zone in (("7k2d", "b"), ("m4xq", "c"), ("w9tz", "d"))
)
"""The nodes of examples/gke."""


class EmulatorFactory:
    """Starts emulated projects."""

    name = "gcp"

    def start(
        self,
        *,
        port: int = 0,
        latency: float = 0.0,
        throttle: Literal["off", "realistic"] = "off",
        nodes: Iterable[Node] = (),
    ) -> Standing:
        """Start one with these nodes, or with those of our examples. OSError when the port is taken.

        Project and region are those of the first node whose provider id is Compute Engine's; nodes elsewhere are left
        out: there is no instance to make for them.
        """
        settings = EmulatorSettings(port=port, latency=latency, throttle=throttle)
        found = [match for each in nodes if (match := _PROVIDER_ID.fullmatch(each[0]))]
        if found:
            here = [each for each in found if each["region"] == found[0]["region"]]
            letters = sorted({each["zone"] for each in here} | set(settings.zones))
            settings = EmulatorSettings(
                port=port,
                latency=latency,
                throttle=throttle,
                project=found[0]["project"],
                region=found[0]["region"],
                zones=tuple(letters),
            )
            seeds = tuple(NodeSeed(name=each["name"], zone=each["zone"]) for each in here)
        else:
            seeds = EXAMPLE_NODES
        emulator = Emulator(settings).start()
        return Standing(emulator, emulator.seed(World(nodes=seeds)))


EMULATOR = EmulatorFactory()
