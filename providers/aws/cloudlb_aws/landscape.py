"""What a survey found: the network around the cluster and the instances behind its nodes. Frozen data and look-ups."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

CLUSTER_TAG = "kubernetes.io/cluster/"

_INSTANCE_ID = re.compile(r"i-[0-9a-f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """A subnet. `public`: its route table leads to an internet gateway. `zone_type` as DescribeAvailabilityZones has it."""

    id: str
    zone: str
    cidr: str
    free_addresses: int
    vpc_id: str = ""
    name: str = ""
    zone_type: str = "availability-zone"
    outpost: str = ""
    ipv6_cidrs: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    public: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A security group. `foreign_rules` counts the inbound rules that are not ours; they use up its quota too."""

    id: str
    name: str
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    foreign_rules: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """An instance; `groups` are those of its primary network interface, `state` as EC2 has it.

    `clusters` are the names of the clusters that its tags say it belongs to.
    """

    id: str
    vpc_id: str
    zone: str = ""
    private_ip: str = ""
    groups: tuple[str, ...] = ()
    state: str = "running"
    clusters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Landscape:
    """Everything a design may know about the account. Safe to share; a new survey makes a new one."""

    region: str
    vpc_id: str
    cluster_name: str = ""
    account: str = ""
    vpc_cidrs_v4: tuple[str, ...] = ()
    vpc_cidrs_v6: tuple[str, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    groups: tuple[Group, ...] = ()
    instances: tuple[Instance, ...] = ()
    rules_per_group: int = 60
    """The quota `Inbound or outbound rules per security group`, AWS's default unless told otherwise."""
    extra_tags: tuple[tuple[str, str], ...] = ()
    """Tags that the settings put on everything."""
    _instances: dict[str, Instance] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _groups: dict[str, Group] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index what is looked up most."""
        self._instances.update((each.id, each) for each in self.instances)
        self._groups.update((each.id, each) for each in self.groups)

    def instance(self, instance_id: str) -> Instance | None:
        """Find an instance."""
        return self._instances.get(instance_id)

    def group(self, group_id: str) -> Group | None:
        """Find a security group of the VPC by id."""
        return self._groups.get(group_id)

    def groups_named(self, name: str) -> tuple[Group, ...]:
        """Find the security groups whose Name tag, or else name, is this; sorted by id."""
        tagged = [each for each in self.groups if each.tags.get("Name") == name]
        found = tagged or [each for each in self.groups if each.name == name]
        return tuple(sorted(found, key=lambda each: each.id))

    def find_subnets(self, word: str) -> tuple[Subnet, ...]:
        """Find subnets by id, or by Name tag; sorted by id."""
        found = [each for each in self.subnets if word in (each.id, each.name)]
        return tuple(sorted(found, key=lambda each: each.id))


def instance_id_of(provider_id: str) -> str:
    """Read the instance id from a node's providerID (`aws:///eu-west-1a/i-0123`); empty if it names none."""
    scheme, _, rest = provider_id.partition("://")
    last = rest.rpartition("/")[2]
    return last if scheme == "aws" and _INSTANCE_ID.fullmatch(last) else ""


def instance_ids(provider_ids: Iterable[str]) -> tuple[str, ...]:
    """Read the instance ids of many nodes: unique, sorted, those that name none left out."""
    return tuple(sorted(set(filter(None, map(instance_id_of, provider_ids)))))
