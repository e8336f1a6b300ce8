"""What is around the rules of a network: forwarding rules, instances, and the nodes of the clusters that were read."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from cloudlb.model import Node
from cloudlb_gcp.cloud import GcpCloud
from cloudlb_gcp.collections import FORWARDING_RULES, INSTANCE_GROUPS, INSTANCES
from cloudlb_gcp.landscape import Landscape
from cloudlb_gcp.links import instance_id, path_of, zonal
from cloudlb_gcp.session import Json

_NODE_TAG = re.compile(r"(?P<cluster>gke-.+-)[0-9a-f]{8}-node")


class Surroundings:
    """Read where a rule asks for it, and once. All members raise CloudErrors."""

    def __init__(self, cloud: GcpCloud, landscape: Landscape, further: Sequence[Node]) -> None:
        """`landscape` has the nodes of the cluster at home, `further` are those of other ones that were read."""
        self.landscape = landscape
        self._cloud = cloud
        self._further = frozenset(_paths(further))

    @cached_property
    def forwarding_rules(self) -> Sequence[Json]:
        """All forwarding rules of the project."""
        return tuple(self._cloud.session.everywhere(FORWARDING_RULES, self.landscape.project))

    @cached_property
    def balancers(self) -> frozenset[str]:
        """The names of all forwarding rules, and their addresses."""
        return frozenset(
            str(text)
            for each in self.forwarding_rules
            for text in (each["name"], each.get("IPAddress", ""))
        )

    @cached_property
    def live_tags(self) -> frozenset[str]:
        """The network tags and service accounts of all instances of the project."""
        return frozenset(mark for each in self._instances for mark in _marks(each))

    @cached_property
    def home_tags(self) -> frozenset[str]:
        """Those of the nodes of the cluster at home."""
        tags = {tag for each in self.landscape.instances for tag in each.tags}
        return frozenset(tags | {each.service_account for each in self.landscape.instances})

    @cached_property
    def further_tags(self) -> frozenset[str]:
        """Those of the nodes of the further clusters that were read."""
        return frozenset(
            mark
            for each in self._instances
            if path_of(each["selfLink"]) in self._further
            for mark in _marks(each)
        )

    def is_for_nodes(self, targets: frozenset[str]) -> bool:
        """Tell whether what has these targets counts for the nodes of a cluster that was read."""
        return not targets or not targets.isdisjoint(self.home_tags | self.further_tags)

    def pool_of(self, tag: str) -> str:
        """Name an instance group that may be a node pool of the cluster whose nodes carry a tag; empty if there is none.

        A pool without nodes is a group all the same: GKE calls it `gke-<cluster>-<pool>-<hash>-grp`, and tags its nodes
        `gke-<cluster>-<hash>-node`.
        """
        found = _NODE_TAG.fullmatch(tag)
        if found is None:
            return ""
        return next((each for each in self._groups if each.startswith(found["cluster"])), "")

    @cached_property
    def _groups(self) -> Sequence[str]:
        found = self._cloud.session.everywhere(INSTANCE_GROUPS, self.landscape.project)
        return tuple(sorted(str(each["name"]) for each in found))

    @cached_property
    def _instances(self) -> Sequence[Json]:
        return tuple(self._cloud.session.everywhere(INSTANCES, self.landscape.project))


def _paths(nodes: Iterable[Node]) -> Iterator[str]:
    for each in nodes:
        if (found := instance_id(each.provider_id)) is not None:
            yield zonal(found.project, found.zone, "instances", found.name)


def _marks(instance: Json) -> Iterator[str]:
    yield from map(str, instance.get("tags", {}).get("items", ()))
    for account in instance.get("serviceAccounts", ()):
        yield str(account.get("email", ""))
