"""What a survey found: the network around the cluster and the instances behind its nodes. Frozen data and look-ups."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from cloudlb.model import Owner
from cloudlb_gcp import names
from cloudlb_gcp.links import InstanceId, name_of, part_of
from cloudlb_gcp.resources.firewall import Firewall
from cloudlb_gcp.resources.forwarding_rule import ForwardingRule

NETWORK_NOT_KNOWN = (
    "the network is not known: no node's providerID names an instance that exists",
    "check --region, or name the network with --network",
)
"""What is wrong, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """A subnetwork of the region. `ipv6_access` is EXTERNAL, INTERNAL, or empty where it has no IPv6 range."""

    path: str
    network: str
    cidr: str
    ipv6_access: str = ""

    @property
    def name(self) -> str:
        """Its name."""
        return name_of(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """An instance, by its first network interface: that is the one load balancers send to."""

    id: InstanceId
    network: str
    subnetwork: str
    address: str = ""
    external_address: str = ""
    tags: tuple[str, ...] = ()
    service_account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """A reserved address of the region. `type` is EXTERNAL or INTERNAL; `tier` is empty for internal ones."""

    name: str
    address: str
    type: str
    version: str = "IPV4"
    tier: str = ""
    subnetwork: str = ""
    users: tuple[str, ...] = ()
    ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """A forwarding rule of this cluster: which of its owners (by uid) answers on which address."""

    name: str
    owner: str
    address: str
    subnetwork: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A firewall rule of anybody, as far as it matters for letting traffic in. `ours` carries cloudlb's marks."""

    name: str
    priority: int
    allows: bool
    ours: bool = False
    enabled: bool = True
    sources: frozenset[str]
    destinations: frozenset[str] = frozenset()
    protocols: tuple[tuple[str, tuple[str, ...]], ...] = ()
    target_tags: frozenset[str] = frozenset()
    target_accounts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A firewall rule of an owner of the cluster that stands, as it stands."""

    uid: str
    firewall: Firewall


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A forwarding rule of an owner of the cluster that stands, as it stands."""

    uid: str
    rule: ForwardingRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Landscape:
    """Everything a design may know about the project. Safe to share; a new survey makes a new one.

    `network` is the path of the nodes' network: in a shared VPC its project is another one than `project`. It is empty
    where nothing tells it: neither settings nor a node's instance.
    `rules` are the network's firewall rules, `standing` those of them that the cluster's owners have; `denied` says what
    of them is not ours to do (create, update, delete, list; see rights.py). `serving` are the cluster's forwarding rules.
    """

    project: str
    region: str
    network: str
    subnets: tuple[Subnet, ...] = ()
    instances: tuple[Instance, ...] = ()
    addresses: tuple[Reserved, ...] = ()
    rules: tuple[Rule, ...] = ()
    standing: tuple[Standing, ...] = ()
    denied: frozenset[str] = frozenset()
    serving: tuple[Serving, ...] = ()
    node_tags: tuple[str, ...] = ()
    """The network tags that the settings name in the place of the nodes' own."""
    manage_firewall: bool = True
    """Whether firewall rules are ours to make where an object does not say."""
    labels: tuple[tuple[str, str], ...] = ()
    """Labels that the settings put on everything that has some."""
    _instances: dict[InstanceId, Instance] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Index the instances."""
        self._instances.update((each.id, each) for each in self.instances)

    @property
    def network_project(self) -> str:
        """The project that the network belongs to."""
        return part_of(self.network, "projects") or self.project

    def reaches(self, instance: Instance) -> bool:
        """Tell whether a load balancer can have an instance behind it: one of its project, region and network."""
        where = (instance.id.project, instance.id.region, instance.network)
        return where == (self.project, self.region, self.network)

    def instance(self, instance_id: InstanceId) -> Instance | None:
        """Find an instance."""
        return self._instances.get(instance_id)

    def subnet(self, word: str) -> Subnet | None:
        """Find a subnetwork of the network by name or path."""
        for each in self.subnets:
            if word in (each.path, each.name) and each.network == self.network:
                return each
        return None

    def range_of(self, uid: str, rule: ForwardingRule) -> str:
        """Return the address, or the range, that an owner's forwarding rule has or gets; empty where it is not known."""
        for each in self.serving:
            if (each.uid, each.rule.key) == (uid, rule.key):
                rule = rule.settled(each.rule)
        return rule.reach

    def standing_of(self, uid: str) -> dict[str, Firewall]:
        """Find the firewall rules of an owner that stand, by their ids."""
        return {each.firewall.id: each.firewall for each in self.standing if each.uid == uid}

    def rule(self, name: str) -> Rule | None:
        """Find a firewall rule by name."""
        return next((each for each in self.rules if each.name == name), None)

    def reserved(self, name: str) -> Reserved | None:
        """Find a reserved address by name."""
        return next((each for each in self.addresses if each.name == name), None)

    def fronts_of(self, owner: Owner) -> Iterator[Front]:
        """Yield each rule that an owner has, or had until its renewal took it down."""
        for each in self.serving:
            if each.uid == owner.uid:
                yield Front(
                    name=each.rule.name,
                    owner=owner.uid,
                    address=each.rule.address,
                    subnetwork=each.rule.subnetwork,
                )
        for held in self.addresses:
            if held.ours and names.is_of(owner, held.name):
                yield Front(
                    name=held.name,
                    owner=owner.uid,
                    address=held.address,
                    subnetwork=held.subnetwork,
                )

    def holder_of(self, address: str, scheme: str) -> Reserved | None:
        """Find the reserved address that holds an IP, other than one that cloudlb itself holds for a while.

        The same private address may be reserved in other networks, too: those are not meant. One of the scheme counts
        before any other.
        """
        found = [
            each
            for each in self.addresses
            if each.address == address
            and not each.ours
            and (each.type != "INTERNAL" or self.subnet(each.subnetwork) is not None)
        ]
        return min(found, key=lambda each: each.type != scheme, default=None)
