"""A small network with nodes in it: what a cluster finds in a project before cloudlb has made anything."""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudlb_gcp.emulator.kinds.instance_groups import InstanceGroups
from cloudlb_gcp.emulator.kinds.network_endpoint_groups import NetworkEndpointGroups
from cloudlb_gcp.emulator.kinds.target_pools import TargetPools
from cloudlb_gcp.emulator.links import GLOBAL, Scope, name_of, url
from cloudlb_gcp.emulator.project import Project

Json = dict[str, Any]

OTHER_REGION = "us-central1"
_SUBNET_SIZE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSeed:
    """An instance. `zone` is a letter; `private_ip` empty takes a free one; `subnet` is a subnetwork's name.

    `tags` None means the tag of the node pool, `service_account` None that of the world; empty means none. `region` empty
    is the region of the emulator's settings.
    """

    name: str
    zone: str
    private_ip: str = ""
    public_ip: str | None = None
    subnet: str = "default"
    tags: tuple[str, ...] | None = None
    service_account: str | None = None
    region: str = ""


DEFAULT_NODES = tuple(
    NodeSeed(name=f"gke-kubia-pool-{number:08x}", zone=zone)
    for number, zone in enumerate("bcdbcd", start=1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What to make: a network with one subnetwork a region, and the nodes.

    `ipv6` is the access type of the subnetworks' IPv6 ranges: EXTERNAL, INTERNAL, or empty for none. `more_subnets` are
    names of further subnetworks in the nodes' region. `node_tag` is the tag that a node pool's instances carry.
    """

    nodes: tuple[NodeSeed, ...] = DEFAULT_NODES
    network: str = "default"
    ipv6: str = ""
    more_subnets: tuple[str, ...] = ()
    node_tag: str = "gke-kubia-pool"
    service_account: str = "nodes@emulated-project.iam.gserviceaccount.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededWorld:
    """What was made; instances in the order of the seeds. `network_project` has the network and its firewall rules."""

    project: str
    network_project: str
    region: str
    network: str
    subnets: tuple[str, ...]
    zones: tuple[str, ...]
    instances: tuple[str, ...]
    provider_ids: tuple[str, ...]
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Private address by instance name."""


@dataclass(slots=True)
class _Planter:
    """Makes one world in one project."""

    project: Project
    world: World
    hosts: dict[str, Iterator[str]] = field(default_factory=dict)

    def place(self) -> None:
        """Make regions, zones, the network and its subnetworks."""
        settings = self.project.settings
        for region, zones in ((settings.region, settings.zones), (OTHER_REGION, ("a", "b"))):
            self.put(Scope("project"), "regions", region, kind="compute#region", status="UP")
            for letter in zones:
                self.zone(f"{region}-{letter}", region)
        network = self.put(
            GLOBAL,
            "networks",
            self.world.network,
            project=self.project.networking,
            kind="compute#network",
            autoCreateSubnetworks=False,
            routingConfig={"routingMode": "REGIONAL"},
        )
        names = ("default", *self.world.more_subnets)
        blocks = ipaddress.IPv4Network("10.128.0.0/9").subnets(new_prefix=_SUBNET_SIZE)
        for region in (settings.region, OTHER_REGION):
            for name in names if region == settings.region else ("default",):
                self.subnet(region, name, network, str(next(blocks)))

    def zone(self, name: str, region: str) -> None:
        place = url(f"projects/{self.project.id}/regions/{region}")
        self.put(Scope("project"), "zones", name, kind="compute#zone", status="UP", region=place)

    def subnet(self, region: str, name: str, network: str, cidr: str) -> None:
        more: Json = {"stackType": "IPV4_ONLY"}
        number = int(ipaddress.IPv4Network(cidr).network_address) >> (32 - _SUBNET_SIZE) & 0xFFF
        if self.world.ipv6:
            external = self.world.ipv6 == "EXTERNAL"
            prefix = f"2600:1900:4000:{number:x}::/64" if external else f"fd20:0:0:{number:x}::/64"
            more = {
                "stackType": "IPV4_IPV6",
                "ipv6AccessType": self.world.ipv6,
                "ipv6CidrRange": prefix,
                ("externalIpv6Prefix" if external else "internalIpv6Prefix"): prefix,
            }
        self.put(
            Scope("region", region),
            "subnetworks",
            name,
            project=self.project.networking,
            kind="compute#subnetwork",
            network=network,
            ipCidrRange=cidr,
            purpose="PRIVATE",
            **more,
        )

    def instance(self, seed: NodeSeed) -> tuple[str, str]:
        """Make an instance and return its path and private address."""
        region = seed.region or self.project.settings.region
        scope = Scope("zone", f"{region}-{seed.zone}")
        networking = self.project.networking
        subnet = networking.path(Scope("region", region), "subnetworks", seed.subnet)
        place = self.project.there(subnet)
        address = seed.private_ip or self.free(str(place["ipCidrRange"]))
        interface: Json = {
            "name": "nic0",
            "network": place["network"],
            "subnetwork": url(subnet),
            "networkIP": address,
            "stackType": place["stackType"],
        }
        if seed.public_ip:
            interface["accessConfigs"] = [
                {"type": "ONE_TO_ONE_NAT", "natIP": seed.public_ip, "networkTier": "PREMIUM"}
            ]
        tags = (self.world.node_tag,) if seed.tags is None else seed.tags
        account = (
            self.world.service_account if seed.service_account is None else seed.service_account
        )
        self.put(
            scope,
            "instances",
            seed.name,
            kind="compute#instance",
            status="RUNNING",
            networkInterfaces=[interface],
            tags={"items": list(tags), "fingerprint": "c2VlZGVkLi4="} if tags else {},
            serviceAccounts=[{"email": account, "scopes": []}] if account else [],
        )
        return self.project.path(scope, "instances", seed.name), address

    def free(self, cidr: str) -> str:
        taken = {
            each["networkIP"]
            for _, found in self.project.store.in_collection("instances")
            for each in found["networkInterfaces"]
        }
        for number, each in enumerate(ipaddress.ip_network(cidr).hosts(), start=1):
            if number > 1 and str(each) not in taken:
                return str(each)
        message = f"no address is free in {cidr}"
        raise ValueError(message)

    def put(
        self,
        scope: Scope,
        collection: str,
        name: str,
        project: Project | None = None,
        **fields: Any,  # noqa: ANN401
    ) -> str:
        project = project or self.project
        path = project.path(scope, collection, name)
        resource: Json = {
            "name": name,
            "id": project.store.number(),
            "selfLink": url(path),
            "creationTimestamp": "2026-01-01T00:00:00.000-00:00",
            **fields,
        }
        if scope.kind in {"region", "zone"}:
            resource[scope.kind] = url(f"projects/{project.id}/{scope.part}")
        project.store.put(path, resource, frozenset())
        return url(path)


def plant(project: Project, world: World) -> SeededWorld:
    """Make a world in an empty project."""
    planter = _Planter(project, world)
    planter.place()
    made = [(seed, *planter.instance(seed)) for seed in world.nodes]
    region = project.settings.region
    return SeededWorld(
        project=project.id,
        network_project=project.networking.id,
        region=region,
        network=world.network,
        subnets=("default", *world.more_subnets),
        zones=tuple(sorted({f"{region}-{seed.zone}" for seed in world.nodes})),
        instances=tuple(seed.name for seed in world.nodes),
        provider_ids=tuple(provider_id(project, seed) for seed in world.nodes),
        addresses={seed.name: address for seed, _, address in made},
    )


def add(project: Project, world: World, seed: NodeSeed) -> str:
    """Make one more instance, and return its providerID."""
    _Planter(project, world).instance(seed)
    return provider_id(project, seed)


def provider_id(project: Project, seed: NodeSeed) -> str:
    """Return what the cluster calls an instance."""
    region = seed.region or project.settings.region
    return f"gce://{project.id}/{region}-{seed.zone}/{seed.name}"


def add_subnet(project: Project, world: World, name: str, cidr: str, *, network: str = "") -> None:
    """Make one more subnetwork in the region, in a network that is made if it is not there."""
    planter = _Planter(project, world)
    path = project.path(GLOBAL, "networks", network or world.network)
    if path not in project.store:
        planter.put(GLOBAL, "networks", network, kind="compute#network")
    planter.subnet(project.settings.region, name, url(path), cidr)


def remove(project: Project, name: str) -> None:
    """Delete an instance: groups lose it, as they do when a real one goes."""
    for path, found in list(project.store.in_collection("networkEndpointGroups")):
        members = tuple(each for each in found["_members"] if each.get("instance") != name)
        if members != found["_members"]:
            kind = NetworkEndpointGroups()
            kind.keep(project, path, {**found, "_members": members})
    for path, found in list(project.store.in_collection("instanceGroups")):
        links_left = tuple(each for each in found["_members"] if name_of(each) != name)
        if links_left != found["_members"]:
            InstanceGroups().keep(project, path, {**found, "_members": links_left})
    for path, found in list(project.store.in_collection("targetPools")):
        left = [each for each in found.get("instances", ()) if name_of(each) != name]
        if left != list(found.get("instances", ())):
            rest = {key: value for key, value in found.items() if key != "instances"}
            TargetPools().keep(project, path, {**rest, "instances": left} if left else rest)
    for path, _ in list(project.store.in_collection("instances")):
        if path.endswith(f"/{name}"):
            project.store.remove(path)
