"""The landscape: the network around the nodes and the instances behind them, read once and then only where new.

Project, region and network are the settings' or those of the nodes. Nodes that were not seen before cost one call a zone,
or its pages where very many are new, however many load balancers there are.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

from cloudlb.errors import UsageError
from cloudlb.model import Node
from cloudlb.provider import CloudSettings
from cloudlb_gcp import names, ownership
from cloudlb_gcp.collections import (
    ADDRESSES,
    FORWARDING_RULES,
    INSTANCES,
    NETWORK_ENDPOINT_GROUPS,
    SUBNETWORKS,
)
from cloudlb_gcp.landscape import Instance, Landscape, Reserved, Rule, Serving, Standing, Subnet
from cloudlb_gcp.links import InstanceId, instance_id, name_of, part_of, path_of
from cloudlb_gcp.reading import firewall, forwarding_rule
from cloudlb_gcp.reading.common import marks
from cloudlb_gcp.rights import Rights
from cloudlb_gcp.session import Json, Place, Session

FEW = 50
"""New nodes of one zone that are asked for by name, in one call; for more, the zone is listed."""

ABSENT_SECONDS = 60.0
"""How long an instance that was not there is not asked for again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What was read of the network besides the instances."""

    subnets: tuple[Subnet, ...] = ()
    addresses: tuple[Reserved, ...] = ()
    rules: tuple[Rule, ...] = ()
    standing: tuple[Standing, ...] = ()
    serving: tuple[Serving, ...] = ()


class Surveyor:
    """Keeps the landscape of one cluster. Safe to use from several threads."""

    def __init__(
        self,
        session: Session,
        settings: CloudSettings,
        rights: Rights | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Know nothing yet, but what `rights` have learnt. `clock` counts seconds."""
        self._session = session
        self._settings = settings
        self._clock = clock
        self._lock = Lock()
        self._project, self._region, self._network = "", settings.region, ""
        self._instances: dict[InstanceId, Instance] = {}
        self._absent: dict[InstanceId, float] = {}
        self._around: _Around | None = None
        self._rights = rights or Rights()
        self._groups_network: str | None = None
        self._landscape: Landscape | None = None

    def survey(self, nodes: Sequence[Node]) -> Landscape:
        """Return the landscape with the instances of these nodes.

        Without a network where nothing tells it. Raises UsageError where project or region can not be told, or several
        regions or networks are possible; CloudErrors of reading.
        """
        with self._lock:
            network = self._network
            self._learn_nodes(nodes)
            if self._around is None or network != self._network:
                self._around = self._read_around()
            made = self._made()
            if self._landscape is None or made != self._landscape:
                self._landscape = made
            return self._landscape

    def instances(self, nodes: Sequence[Node]) -> Landscape:
        """Return a landscape of nothing but these nodes' instances and their network. Raises as `survey` does."""
        with self._lock:
            self._learn_nodes(nodes)
            return self._made()

    def _learn_nodes(self, nodes: Sequence[Node]) -> None:
        ids = sorted(filter(None, (instance_id(node.provider_id) for node in nodes)))
        self._learn_place(ids)
        self._read_instances(ids)
        self._network = self._network_of_nodes()

    def refresh(self, *, nodes: bool = True) -> None:
        """Forget what is around and, with `nodes`, the instances, but not what is not ours to do."""
        with self._lock:
            self._around, self._landscape = None, None
            if nodes:
                self._instances.clear()
                self._absent.clear()

    def doubt(self, zone: str) -> None:
        """Forget the instances of a zone: one of them was said not to exist. The next survey reads them anew."""
        with self._lock:
            self._instances = {k: v for k, v in self._instances.items() if k.zone != zone}

    def look_again(self) -> None:
        """Read the network around the instances anew with the next survey: it is not as it seemed."""
        with self._lock:
            self._around = None

    def place(self) -> tuple[str, str]:
        """Return project and region. Raises UsageError where they can not be told."""
        with self._lock:
            return self._told_project(), self._told_region()

    def network_project(self) -> str:
        """Return the project of the network, as far as it can be told.

        Raises UsageError where no project is known, CloudErrors of reading.
        """
        with self._lock:
            known = self._network or self._configured_network()
            if not known and self._groups_network is None:
                self._groups_network = self._network_of_groups()
            return part_of(known or self._groups_network or "", "projects") or self._told_project()

    def _network_of_groups(self) -> str:
        """Return the network of what this cluster has.

        Without nodes that tells where its firewall rules are. It is no ground for a design, which would take away what
        stands, for want of nodes.
        """
        found = self._session.everywhere(
            NETWORK_ENDPOINT_GROUPS, self._told_project(), names.EVERYTHING
        )
        mine = (path_of(each.get("network")) for each in found if self._is_ours(each))
        return next(mine, "")

    def _is_ours(self, found: Json) -> bool:
        return marks(found).get(ownership.CLUSTER) == self._settings.cluster

    def _learn_place(self, ids: Sequence[InstanceId]) -> None:
        """Learn project and region from the nodes; what was told once stays told."""
        projects = sorted({each.project for each in ids})
        regions = sorted({each.region for each in ids})
        if len(regions) > 1 and not self._region:
            message = f"the nodes are in several regions ({', '.join(regions)}): say which one with --region"
            raise UsageError(message)
        if projects and not self._project:
            self._project = projects[0]
        if regions and not self._region:
            self._region = regions[0]

    def _told_project(self) -> str:
        found = (
            self._project
            or os.environ.get("GOOGLE_CLOUD_PROJECT")
            or os.environ.get("CLOUDSDK_CORE_PROJECT")
            or self._session.default_project
        )
        if not found:
            message = "no Google Cloud project is known: set GOOGLE_CLOUD_PROJECT, or give the nodes their providerID"
            raise UsageError(message)
        return found

    def _told_region(self) -> str:
        found = self._region or os.environ.get("CLOUDSDK_COMPUTE_REGION", "")
        if not found:
            message = "no region is known: pass --region, or give the nodes their providerID"
            raise UsageError(message)
        return found

    def _configured_network(self) -> str:
        """Return the path of the network that the settings name: by path, by URL or by name."""
        given = path_of(self._settings.network)
        if not given or given.startswith("projects/"):
            return given
        return f"projects/{self._told_project()}/global/networks/{name_of(given)}"

    def _network_of_nodes(self) -> str:
        if configured := self._configured_network():
            return configured
        found = sorted({each.network for each in self._instances.values()})
        if len(found) > 1 and not self._network:
            said = ", ".join(name_of(each) for each in found)
            message = f"the nodes are in several networks ({said}): say which one with --network"
            raise UsageError(message)
        # A node that joins from elsewhere changes nothing for those that are here.
        return found[0] if len(found) == 1 else self._network

    def _read_instances(self, wanted: Sequence[InstanceId]) -> None:
        """Read the instances that are not known yet; forget those of nodes that left."""
        known = {each: self._instances[each] for each in wanted if each in self._instances}
        now = self._clock()
        absent = {each: at for each, at in self._absent.items() if at + ABSENT_SECONDS > now}
        news = [each for each in wanted if each not in known and each not in absent]
        by_zone: dict[tuple[str, str], list[InstanceId]] = {}
        for each in news:
            by_zone.setdefault((each.project, each.zone), []).append(each)
        for (project, zone), ids in sorted(by_zone.items()):
            for found in self._found(project, zone, ids):
                if found.id in ids:
                    known[found.id] = found
        self._instances = known
        self._absent = {**absent, **{each: now for each in news if each not in known}}

    def _found(self, project: str, zone: str, ids: Sequence[InstanceId]) -> Iterator[Instance]:
        wanted = f"name eq ({'|'.join(each.name for each in ids)})" if len(ids) <= FEW else ""
        place = Place(project=project, within=zone)
        for each in self._session.pages(INSTANCES, place, wanted):
            yield _instance(each, InstanceId(project, zone, str(each["name"])))

    def _read_around(self) -> "_Around":
        if not self._network:
            return _Around()
        region = self._told_region()
        host = part_of(self._network, "projects")
        subnets = self._session.pages(SUBNETWORKS, Place(project=host, within=region))
        addresses = self._session.pages(
            ADDRESSES, Place(project=self._told_project(), within=region)
        )
        rules = self._read_rules(host)
        return _Around(
            subnets=tuple(sorted(map(_subnet, subnets), key=lambda each: each.path)),
            addresses=tuple(sorted(map(_reserved, addresses), key=lambda each: each.name)),
            rules=tuple(map(firewall.rule, rules)),
            standing=tuple(self._standing(rules)),
            serving=tuple(self._read_serving(region)),
        )

    def _read_rules(self, host: str) -> Sequence[Json]:
        """Read the inbound rules of the network, as far as they are ours to read."""
        listed = self._rights.listed(self._session, host)
        found = (each for each in listed if path_of(each["network"]) == self._network)
        inbound = (each for each in found if each["direction"] == "INGRESS")
        return sorted(inbound, key=lambda each: str(each["name"]))

    def _standing(self, rules: Iterable[Json]) -> Iterator[Standing]:
        for each in rules:
            carried = marks(each)
            owner = ownership.owner_of(carried, self._settings.cluster)
            if owner is not None and ownership.DIRECT not in carried:
                yield Standing(uid=owner.uid, firewall=firewall.read(each).value)

    def _read_serving(self, region: str) -> Iterator[Serving]:
        here = Place(project=self._told_project(), within=region)
        for each in self._session.pages(FORWARDING_RULES, here, names.EVERYTHING):
            owner = ownership.owner_of(marks(each), self._settings.cluster)
            if owner is not None:
                yield Serving(uid=owner.uid, rule=forwarding_rule.read(each).value)

    def _made(self) -> Landscape:
        around = self._around or _Around()
        return Landscape(
            project=self._told_project(),
            region=self._told_region(),
            network=self._network,
            subnets=around.subnets,
            instances=tuple(self._instances[key] for key in sorted(self._instances)),
            addresses=around.addresses,
            rules=around.rules,
            standing=around.standing,
            denied=self._rights.denied,
            serving=around.serving,
            node_tags=tuple(sorted(set(self._settings.node_tags))),
            manage_firewall=self._settings.manage_firewall,
            labels=tuple(sorted(self._settings.extra_tags)),
        )


def _instance(found: Json, identity: InstanceId) -> Instance:
    interface: Json = next(iter(found.get("networkInterfaces", ())), {})
    public = (each.get("natIP") for each in interface.get("accessConfigs", ()))
    accounts = found.get("serviceAccounts", ())
    return Instance(
        id=identity,
        network=path_of(interface.get("network")),
        subnetwork=path_of(interface.get("subnetwork")),
        address=str(interface.get("networkIP", "")),
        external_address=str(next(filter(None, public), "")),
        tags=tuple(sorted(found.get("tags", {}).get("items", ()))),
        service_account=str(accounts[0]["email"]) if accounts else "",
    )


def _subnet(found: Json) -> Subnet:
    return Subnet(
        path=path_of(found["selfLink"]),
        network=path_of(found["network"]),
        cidr=str(found.get("ipCidrRange", "")),
        ipv6_access=str(found.get("ipv6AccessType", "")),
    )


def _reserved(found: Json) -> Reserved:
    return Reserved(
        name=str(found["name"]),
        address=str(found["address"]),
        type=str(found.get("addressType", "EXTERNAL")),
        version=str(found.get("ipVersion", "IPV4")),
        tier=str(found.get("networkTier", "")) if found.get("addressType") != "INTERNAL" else "",
        subnetwork=path_of(found.get("subnetwork")),
        users=tuple(map(path_of, found.get("users", ()))),
        ours=ownership.CLUSTER in marks(found),
    )
