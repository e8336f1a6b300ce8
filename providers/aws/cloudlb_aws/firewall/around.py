"""What is around the rules of a VPC: its groups, what wears them, its load balancers, and which clusters live in it."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from cloudlb_aws import ownership
from cloudlb_aws.batches import batches
from cloudlb_aws.firewall.groups import EKS, GroupMaker, maker_of
from cloudlb_aws.landscape import CLUSTER_TAG, Instance, Landscape
from cloudlb_aws.reading.security_group import tags_of, where
from cloudlb_aws.session import Json, Session

_PAGE = 1000
_MOST_VALUES = 200
"""Values that one filter of an EC2 Describe call takes."""


class Surroundings:
    """Read where a rule asks for it, and once. All members raise CloudErrors."""

    def __init__(
        self,
        session: Session,
        landscape: Landscape,
        further: Sequence[Instance],
        groups: Mapping[str, Json],
    ) -> None:
        """`landscape` has the nodes of the cluster at home, `further` are those of other ones that were read."""
        self.landscape = landscape
        self.groups = groups
        self._session = session
        self._homes = _names(landscape.instances) | {landscape.cluster_name} - {""}
        self._further = _names(further)

    @cached_property
    def makers(self) -> Mapping[str, GroupMaker]:
        """Who made the groups that another controller made, by group id."""
        found = {key: maker_of(group) for key, group in self.groups.items()}
        return {key: maker for key, maker in found.items() if maker is not None}

    @cached_property
    def ours(self) -> frozenset[str]:
        """The groups that carry a mark of cloudlb, whatever cluster it is of."""
        return frozenset(
            key for key, group in self.groups.items() if ownership.CLUSTER in tags_of(group)
        )

    @cached_property
    def balancers(self) -> frozenset[str]:
        """The names of all load balancers of the region."""
        return frozenset(str(each["LoadBalancerName"]) for each in self._balancers)

    @cached_property
    def dressed(self) -> frozenset[str]:
        """The groups that a load balancer wears."""
        return frozenset(
            str(group) for each in self._balancers for group in each.get("SecurityGroups") or ()
        )

    @cached_property
    def interfaces(self) -> Mapping[str, str]:
        """A network interface by each group of a controller that one wears.

        Whatever such a group is for, a load balancer of any kind or a control plane, has interfaces.
        """
        found: dict[str, str] = {}
        for some in batches(sorted({*self.makers, *self.ours}), _MOST_VALUES):
            pages = self._session.ec2.pages(
                "DescribeNetworkInterfaces", Filters=[where("group-id", *some)], MaxResults=_PAGE
            )
            for page in pages:
                for each in page["NetworkInterfaces"]:
                    for group in each.get("Groups") or ():
                        found.setdefault(group["GroupId"], each["NetworkInterfaceId"])
        return found

    def is_worn(self, group: str) -> str:
        """Say what wears a group; empty if nothing does."""
        if group in self.dressed:
            return "a load balancer wears it"
        interface = self.interfaces.get(group)
        return f"{interface} wears it" if interface else ""

    def is_home(self, cluster: str) -> bool:
        """Tell whether the nodes of the cluster at home say that this is its name."""
        return cluster in self._homes

    def was_read(self, cluster: str) -> bool:
        """Tell whether the nodes of a further cluster that was read say that this is its name."""
        return cluster in self._further

    def may_live(self, cluster: str) -> bool:
        """Tell whether a cluster that was not read may be alive.

        Its instances or groups carry its tag, or its control plane wears its group; or nothing says what the cluster at
        home is called, and it may be that one.
        """
        return not self._homes or cluster in self._alive

    @cached_property
    def _alive(self) -> frozenset[str]:
        return frozenset(
            (*self._tagged_groups(), *self._control_planes(), *self._tagged_instances())
        )

    def _tagged_groups(self) -> Iterator[str]:
        for key, group in self.groups.items():
            if key not in self.makers:
                yield from _clusters(group)

    def _control_planes(self) -> Iterator[str]:
        """Yield the clusters whose control planes are there: a cluster may have no instance of its own."""
        for key, maker in self.makers.items():
            if maker.name == EKS and self.is_worn(key):
                yield maker.cluster

    def _tagged_instances(self) -> Iterator[str]:
        running = [
            where("vpc-id", self.landscape.vpc_id),
            where("instance-state-name", "pending", "running", "stopping", "stopped"),
            where("tag-key", f"{CLUSTER_TAG}*"),
        ]
        pages = self._session.ec2.pages("DescribeInstances", Filters=running, MaxResults=_PAGE)
        for page in pages:
            for reservation in page["Reservations"]:
                for each in reservation["Instances"]:
                    yield from _clusters(each)

    @cached_property
    def _balancers(self) -> Sequence[Json]:
        return [
            each
            for page in self._session.elbv2.pages("DescribeLoadBalancers")
            for each in page["LoadBalancers"]
        ]


def _names(instances: Sequence[Instance]) -> frozenset[str]:
    return frozenset(name for each in instances for name in each.clusters)


def _clusters(described: Json) -> Iterator[str]:
    for key in tags_of(described):
        if key.startswith(CLUSTER_TAG):
            yield key.removeprefix(CLUSTER_TAG)
