"""The landscape: the VPC around the nodes and the instances behind them, read once and then only where new.

The VPC and the cluster's name are the settings' or the instances'; the region is the settings' or the nodes'. What was
told once stays told while there are no nodes: an empty list of them says nothing about the network. A node that was not
seen before costs one call for its instance, however many load balancers there are.
"""

from collections.abc import Iterable, Sequence
from threading import Lock

from cloudlb.errors import NotFound, UsageError
from cloudlb.model import Node
from cloudlb.provider import CloudSettings
from cloudlb_aws.landscape import Instance, Landscape, instance_ids
from cloudlb_aws.reading import instances, network
from cloudlb_aws.reading.network import Network
from cloudlb_aws.session import Session, region_of_zone


class Surveyor:
    """Keeps the landscape of one cluster. Safe to use from several threads."""

    def __init__(self, session: Session, settings: CloudSettings) -> None:
        """Know nothing yet."""
        self._session = session
        self._settings = settings
        self._lock = Lock()
        self._network: Network | None = None
        self._instances: dict[str, Instance] = {}
        self._last_vpc, self._last_cluster = "", ""
        self._landscape: Landscape | None = None

    def survey(self, nodes: Sequence[Node]) -> Landscape:
        """Return the landscape with the instances of these nodes.

        Raises UsageError where the region or the VPC can not be told, CloudErrors of reading.
        """
        with self._lock:
            self._session.suggest_region(_region(nodes))
            self._read_instances(instance_ids(node.provider_id for node in nodes))
            if self._network is None:
                self._network = self._read_network()
            made = self._made(self._network)
            if self._landscape is None or made != self._landscape:
                self._landscape = made
            return self._landscape

    def refresh(self, *, nodes: bool = True) -> None:
        """Forget the network and, with `nodes`, the instances: the next survey reads anew."""
        with self._lock:
            self._network, self._landscape = None, None
            if nodes:
                self._instances.clear()

    def shows_group_of(self, marks: Iterable[tuple[str, str]]) -> bool | None:
        """Tell whether any security group carried these tags when the network was read; None if it was not."""
        wanted = set(marks)
        with self._lock:
            if self._network is None:
                return None
            return any(wanted <= set(group.tags.items()) for group in self._network.groups)

    def _read_instances(self, wanted: Sequence[str]) -> None:
        """Read instances that are not known, or were not running when last seen; forget those of nodes that left."""
        known = {each: self._instances[each] for each in wanted if each in self._instances}
        settled = {key for key, each in known.items() if each.state == instances.RUNNING}
        news = instances.read(self._session.ec2, [each for each in wanted if each not in settled])
        self._instances = {
            **{key: known[key] for key in settled},
            **{each.id: each for each in news},
        }

    def _read_network(self) -> Network:
        vpc_id = self._settings.network or self._vpc_of_instances()
        try:
            return network.read(self._session.ec2, vpc_id, self._settings.cluster)
        except NotFound as error:
            if error.operation != "DescribeVpcs":
                raise
            message = f"there is no VPC {vpc_id} in region {self._session.region}: check --network and --region"
            raise UsageError(message) from error

    def _vpc_of_instances(self) -> str:
        found = sorted({each.vpc_id for each in self._instances.values() if each.vpc_id})
        if len(found) == 1:
            self._last_vpc = found[0]
            return found[0]
        if not found and self._last_vpc:
            return self._last_vpc
        if found:
            message = (
                f"the nodes are in several VPCs ({', '.join(found)}): say which one with --network"
            )
        else:
            message = (
                f"the VPC is not known: no node's providerID names an instance that exists in region"
                f" {self._session.region}; check --region, or name the VPC with --network"
            )
        raise UsageError(message)

    def _cluster_of_instances(self) -> str:
        """Tell the cluster's name by the nodes' own tags, empty where these name none or several."""
        found = {name for each in self._instances.values() for name in each.clusters}
        if self._instances:
            self._last_cluster = found.pop() if len(found) == 1 else ""
        return self._last_cluster

    def _made(self, found: Network) -> Landscape:
        return Landscape(
            region=self._session.region,
            vpc_id=found.vpc_id,
            cluster_name=self._settings.cluster_name or self._cluster_of_instances(),
            account=found.account,
            vpc_cidrs_v4=found.cidrs_v4,
            vpc_cidrs_v6=found.cidrs_v6,
            subnets=found.subnets,
            groups=found.groups,
            instances=tuple(self._instances[key] for key in sorted(self._instances)),
            extra_tags=self._settings.extra_tags,
        )


def _region(nodes: Iterable[Node]) -> str:
    """Tell the region that nodes are in: by their zones, as label or in the providerID (`aws:///eu-west-1a/i-…`)."""
    for node in nodes:
        zone = node.zone or node.provider_id.removeprefix("aws:///").partition("/")[0]
        if region := region_of_zone(zone):
            return region
    return ""
