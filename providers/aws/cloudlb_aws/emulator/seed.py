"""A small network with nodes in it: what a cluster finds in an account before cloudlb has made anything."""

import copy
import functools
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field

from moto.acm.utils import make_arn_for_certificate

from cloudlb_aws.emulator.accounts import Account
from cloudlb_aws.emulator.moto import Backend, Certificate, Instance, Subnet, Vpc

DEFAULT_CLUSTER = "kubia"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSeed:
    """An instance. `zone` is a letter; `private_ip` empty takes a free one of the zone's private subnet.

    With a `public_ip` it sits in the zone's public subnet.
    """

    instance_id: str
    zone: str
    private_ip: str = ""
    public_ip: str | None = None


DEFAULT_NODES = tuple(
    NodeSeed(instance_id=f"i-0a0000000000000a{number}", zone=zone)
    for number, zone in enumerate("abc", start=1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What to make. Every zone gets a public and a private /20 of the VPC, tagged for its role and the cluster.

    `role_tags` and `cluster_tags` leave those tags out, so that subnets must be told apart by their route tables.
    `ipv6` gives the VPC and every subnet an IPv6 range. `node_groups` is how many security groups the nodes have;
    `node_group_tags` whether the first one is tagged for the cluster. `eips` addresses are allocated, `certificates`
    (domain names) imported into ACM, `prefix_lists` maps names to their CIDRs.
    """

    vpc_cidr: str = "10.0.0.0/16"
    ipv6: bool = False
    zones: tuple[str, ...] = ("a", "b", "c")
    nodes: tuple[NodeSeed, ...] = DEFAULT_NODES
    cluster: str = DEFAULT_CLUSTER
    role_tags: bool = True
    cluster_tags: bool = True
    node_groups: int = 1
    node_group_tags: bool = True
    eips: int = 0
    certificates: tuple[str, ...] = ()
    prefix_lists: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededWorld:
    """Ids of what was made. Subnets are in the order of the zones, nodes in that of the seeds."""

    vpc_id: str
    zones: tuple[str, ...]
    public_subnets: tuple[str, ...]
    private_subnets: tuple[str, ...]
    node_security_group: str
    node_security_groups: tuple[str, ...]
    instances: tuple[str, ...]
    provider_ids: tuple[str, ...]
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Private address by instance id."""
    allocations: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    prefix_lists: Mapping[str, str] = field(default_factory=dict)
    """Prefix list id by name."""


@functools.cache
def _certificate(domain: str) -> Certificate:
    """Make a key and a certificate once a process: that takes a tenth of a second."""
    from moto.acm.models import CertBundle  # noqa: PLC0415  (slow to import, wanted by few)

    made = CertBundle.generate_cert(domain, "000000000000", "eu-west-1")
    made.status = "ISSUED"
    return made


@dataclass(frozen=True, slots=True)
class _Planter:
    """Makes one world in one account, piece by piece."""

    world: World
    account: Account

    @property
    def ec2(self) -> Backend:
        return self.account.ec2

    def tags(self, name: str, **more: str) -> dict[str, str]:
        """Return a Name, the cluster's tag where it is wanted, and more."""
        mine = {f"kubernetes.io/cluster/{self.world.cluster}": "shared"}
        return {"Name": name} | (mine if self.world.cluster_tags else {}) | more

    def zone_name(self, letter: str) -> str:
        return f"{self.account.region}{letter}"

    def vpc(self) -> Vpc:
        vpc = self.ec2.create_vpc(
            self.world.vpc_cidr, amazon_provided_ipv6_cidr_block=self.world.ipv6
        )
        vpc.add_tags({"Name": f"{self.world.cluster}-vpc"})
        return vpc

    def subnets(self, vpc: Vpc, role: str) -> dict[str, Subnet]:
        """Make one subnet a zone: the public ones first in the range, the private ones after them."""
        blocks = list(ipaddress.IPv4Network(self.world.vpc_cidr).subnets(prefixlen_diff=4))
        offset = 0 if role == "elb" else len(self.world.zones)
        kind = "public" if role == "elb" else "private"
        made = {}
        for index, letter in enumerate(self.world.zones, start=offset):
            subnet = self.ec2.create_subnet(
                vpc.id,
                str(blocks[index]),
                ipv6_cidr_block=self._ipv6_block(vpc, index),
                availability_zone=self.zone_name(letter),
            )
            subnet.map_public_ip_on_launch = kind == "public"
            role_tag = {f"kubernetes.io/role/{role}": "1"} if self.world.role_tags else {}
            subnet.add_tags(self.tags(f"{self.world.cluster}-{kind}-{letter}", **role_tag))
            made[letter] = subnet
        return made

    def _ipv6_block(self, vpc: Vpc, index: int) -> str | None:
        if not self.world.ipv6:
            return None
        block = vpc.get_cidr_block_association_set(ipv6=True)[0]["cidr_block"]
        return str(list(ipaddress.IPv6Network(block).subnets(new_prefix=64))[index])

    def routes(self, vpc: Vpc, public: dict[str, Subnet]) -> None:
        """Make an internet gateway, a table that leads to it for the public subnets; the others use the main table."""
        gateway = self.ec2.create_internet_gateway()
        self.ec2.attach_internet_gateway(gateway.id, vpc.id)
        table = self.ec2.create_route_table(vpc.id)
        table.add_tags(self.tags(f"{self.world.cluster}-public"))
        self.ec2.create_route(table.id, "0.0.0.0/0", gateway_id=gateway.id)
        if self.world.ipv6:
            self.ec2.create_route(table.id, None, "::/0", gateway_id=gateway.id)
        for subnet in public.values():
            self.ec2.associate_route_table(table.id, subnet_id=subnet.id)

    def node_groups(self, vpc: Vpc) -> list[str]:
        made = []
        for number in range(self.world.node_groups):
            name = f"{self.world.cluster}-nodes" + (f"-{number + 1}" if number else "")
            group = self.ec2.create_security_group(name, "Nodes of the cluster", vpc_id=vpc.id)
            group.add_tags({"Name": name})
            if number == 0 and self.world.node_group_tags:
                group.add_tags({f"kubernetes.io/cluster/{self.world.cluster}": "owned"})
            made.append(group.id)
        return made

    def node(self, seed: NodeSeed, *, subnet: Subnet, groups: list[str]) -> Instance:
        """Make an instance with the id asked for: moto would choose one itself."""
        reservation = self.ec2.run_instances(
            "ami-emulated",
            1,
            None,
            [],
            security_group_ids=list(groups),
            subnet_id=subnet.id,
            private_ip=seed.private_ip or None,
            associate_public_ip=seed.public_ip is not None,
            instance_type="m6i.large",
            is_instance_type_default=False,
            region_name=self.account.region,
            block_device_mappings=[],
        )
        instance = reservation.instances[0]
        instance.id = seed.instance_id
        instance.add_tags(
            {
                "Name": f"{self.world.cluster}-{seed.instance_id}",
                f"kubernetes.io/cluster/{self.world.cluster}": "owned",
            }
        )
        if seed.public_ip is not None:
            instance.nics[0].public_ip = seed.public_ip
        return instance

    def elastic_ip(self, number: int) -> str:
        """Allocate an address of the range for documentation (RFC 5737): nothing can answer there by accident."""
        made = self.ec2.allocate_address(domain="vpc", address=f"198.51.100.{number}")
        return str(made.allocation_id)

    def certificate(self, domain: str) -> str:
        """Issue a certificate in ACM, ready for use."""
        made = copy.copy(_certificate(domain))
        made.arn = make_arn_for_certificate(self.account.id, self.account.region)
        made.in_use_by = []
        made.tags = type(made.tags)()
        self.account.acm._certificates[made.arn] = made  # noqa: SLF001  (its own way makes a new key each time)
        return str(made.arn)

    def prefix_list(self, name: str, cidrs: tuple[str, ...]) -> str:
        made = self.ec2.create_managed_prefix_list(
            address_family="IPv6" if ":" in cidrs[0] else "IPv4",
            entry=[{"Cidr": cidr, "Description": ""} for cidr in cidrs],
            max_entries=str(max(10, len(cidrs))),
            prefix_list_name=name,
            tags={},
            owner_id=self.account.id,
        )
        return str(made.id)


def plant(world: World, account: Account) -> SeededWorld:
    """Make a world in an account and return its ids. ValueError for a node in a zone that the world lacks."""
    if strays := {node.zone for node in world.nodes} - set(world.zones):
        message = f"nodes in zone {', '.join(sorted(strays))}, but the world has only {', '.join(world.zones)}"
        raise ValueError(message)
    planter = _Planter(world, account)
    vpc = planter.vpc()
    public, private = planter.subnets(vpc, "elb"), planter.subnets(vpc, "internal-elb")
    planter.routes(vpc, public)
    groups = planter.node_groups(vpc)
    instances = {
        node.instance_id: planter.node(
            node, subnet=(public if node.public_ip else private)[node.zone], groups=groups
        )
        for node in world.nodes
    }
    return SeededWorld(
        vpc_id=vpc.id,
        zones=tuple(planter.zone_name(letter) for letter in world.zones),
        public_subnets=tuple(subnet.id for subnet in public.values()),
        private_subnets=tuple(subnet.id for subnet in private.values()),
        node_security_group=groups[0] if groups else "",
        node_security_groups=tuple(groups),
        instances=tuple(instances),
        provider_ids=tuple(
            f"aws:///{planter.zone_name(node.zone)}/{node.instance_id}" for node in world.nodes
        ),
        addresses={key: instance.private_ip for key, instance in instances.items()},
        allocations=tuple(planter.elastic_ip(number) for number in range(1, world.eips + 1)),
        certificates=tuple(planter.certificate(domain) for domain in world.certificates),
        prefix_lists={name: planter.prefix_list(name, cidrs) for name, cidrs in world.prefix_lists},
    )
