"""The inbound rules of the network around a cluster, with what tells who made them.

| maker              | recognised by                                                   | gone when                           |
|--------------------|-----------------------------------------------------------------|-------------------------------------|
| cloudlb            | its marks in the description                                    | (told by its owner)                 |
| cloud-provider-gcp | `k8s-fw-…`, or `kubernetes.io/…` keys in a JSON description      | no forwarding rule has its address, |
| ingress-gce        | `k8s2-…`, `k8s-fw-l7--…`, `networking.gke.io/…` in a description | or its name; where it has neither,  |
| GKE                | `gke-…` with a target tag of the same beginning                 | no instance carries its target tags |

Sources: gcp.md 2.0 and 2.8. What names an address is judged by that address alone, what is for the nodes of a cluster by
the instances that are there: a rule that names neither is never called gone.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from cloudlb.errors import Conflict, NotFound, UsageError
from cloudlb.firewall.rules import OURS, Door, Opening, Quota, Rule
from cloudlb.model import Node
from cloudlb.plan.apply import unfenced
from cloudlb.plan.pace import PACE, Pace
from cloudlb.plan.resource import Key
from cloudlb.provider import CloudSettings
from cloudlb_gcp import names, ownership
from cloudlb_gcp.cloud import GcpCloud
from cloudlb_gcp.cloud import connect as connect_cloud
from cloudlb_gcp.collections import FIREWALLS, FORWARDING_RULES, INSTANCES
from cloudlb_gcp.design.firewalls import targets_of
from cloudlb_gcp.errors import is_taken
from cloudlb_gcp.landscape import NETWORK_NOT_KNOWN, Landscape
from cloudlb_gcp.links import name_of, part_of, path_of, wide
from cloudlb_gcp.session import Json, Place

CLOUD_PROVIDER = "cloud-provider-gcp"
INGRESS = "ingress-gce"
GKE = "GKE"

_BALANCED = re.compile(r"k8s-fw-(?P<balancer>a[0-9a-f]{31})(?:-deny)?")
_NODES_OF_PROVIDER = re.compile(r"k8s-.*-node(?:-http)?-hc|k8s-a[0-9a-f]{31}-http-hc")
_INGRESS = re.compile(r"k8s2-[0-9a-z]{8}-.+|k8s-fw-l7--.+")
_SERVICE_KEYS = ("kubernetes.io/service-name", "networking.gke.io/service-name")
_FOREIGN_KEYS = {
    "kubernetes.io/service-name": CLOUD_PROVIDER,
    "kubernetes.io/cluster-id": CLOUD_PROVIDER,
    "networking.gke.io/service-name": INGRESS,
}
_KEPT = (
    "name",
    "description",
    "network",
    "direction",
    "priority",
    "disabled",
    "allowed",
    "denied",
    "sourceRanges",
    "sourceTags",
    "sourceServiceAccounts",
    "destinationRanges",
    "targetTags",
    "targetServiceAccounts",
    "logConfig",
)
"""The fields that make a rule; the others are the API's own."""


def connect(settings: CloudSettings, pace: Pace = PACE) -> "GcpFirewall":
    """Make the reader. No call yet, but UsageError where there are no credentials."""
    return GcpFirewall(connect_cloud(settings, pace))


class GcpFirewall:
    """Reads the rules of one network (`cloudlb.firewall.rules.Firewall`)."""

    def __init__(self, cloud: GcpCloud) -> None:
        """Read nothing yet."""
        self._cloud = cloud

    def rules(self, nodes: Sequence[Node], *, everything: bool = False) -> Sequence[Rule]:
        """Return the inbound rules for the nodes and of known makers, or all inbound rules of the network."""
        landscape = self._surveyed(nodes)
        place = Place(project=landscape.network_project)
        found = [
            each
            for each in self._cloud.session.pages(FIREWALLS, place)
            if path_of(each["network"]) == landscape.network and each["direction"] == "INGRESS"
        ]
        around = _Around(self._cloud, landscape)
        rules = (_rule(each, around) for each in found)
        return tuple(
            each for each in rules if everything or each.maker or around.is_for_nodes(each)
        )

    def _surveyed(self, nodes: Sequence[Node]) -> Landscape:
        landscape = self._cloud.survey(nodes)
        if not landscape.network:
            raise UsageError("; ".join(NETWORK_NOT_KNOWN))
        return landscape

    def quotas(self) -> Sequence[Quota]:
        """Return how many firewall rules the network's project has, and may have."""
        project = self._cloud.surveyor.network_project()
        found = self._cloud.session.get_project(project).get("quotas", ())
        return tuple(
            Quota(
                what=f"firewall rules of project {project}",
                used=int(each.get("usage", 0)),
                limit=int(each.get("limit", 0)),
            )
            for each in found
            if each.get("metric") == "FIREWALLS"
        )

    def open(self, door: Door, nodes: Sequence[Node]) -> tuple[str, ...]:
        """Make one rule for each IP family of the sources, in the network's project."""
        landscape = self._surveyed(nodes)
        targets = targets_of(landscape.instances)
        if not (targets.tags or targets.accounts):
            message = "no firewall rule can name the nodes: they have neither network tags nor service accounts"
            raise UsageError(message)
        made = []
        for version in (4, 6):
            sources = sorted(each for each in door.sources if (":" in each) == (version == 6))
            if sources:
                body = _door(door, version, sources, landscape)
                body["targetTags" if targets.tags else "targetServiceAccounts"] = sorted(
                    targets.tags or targets.accounts
                )
                self._made(body, landscape)
                made.append(str(body["name"]))
        return tuple(made)

    def _made(self, body: Mapping[str, Any], landscape: Landscape) -> None:
        session, place = self._cloud.session, Place(project=landscape.network_project)
        try:
            session.insert(FIREWALLS, place, body, unfenced)
        except Conflict as error:
            if not is_taken(error):
                raise
            path = wide(place.project, "firewalls", str(body["name"]))
            session.update(FIREWALLS, path, body, unfenced)

    def delete(self, rule: Rule) -> bool:
        """Delete a rule; False if it has gone already."""
        path = wide(part_of(rule.place, "projects"), "firewalls", rule.id)
        try:
            self._cloud.session.delete(FIREWALLS, path, unfenced)
        except NotFound:
            return False
        return True

    def restore(self, saved: str) -> str:
        """Put a rule back under its own name."""
        body = json.loads(saved)
        project = part_of(str(body["network"]), "projects")
        try:
            self._cloud.session.insert(FIREWALLS, Place(project=project), body, unfenced)
        except Conflict as error:
            if is_taken(error):
                return ""
            raise
        return str(body["name"])


@dataclass
class _Around:
    """What is around the rules; read where a rule asks for it, and once."""

    cloud: GcpCloud
    landscape: Landscape

    @cached_property
    def balancers(self) -> frozenset[str]:
        """The names of all forwarding rules, and their addresses."""
        found = self.cloud.session.everywhere(FORWARDING_RULES, self.landscape.project)
        return frozenset(
            str(text) for each in found for text in (each["name"], each.get("IPAddress", ""))
        )

    @cached_property
    def tags(self) -> frozenset[str]:
        """The network tags of all instances of the project."""
        found = self.cloud.session.everywhere(INSTANCES, self.landscape.project)
        return frozenset(tag for each in found for tag in each.get("tags", {}).get("items", ()))

    def is_for_nodes(self, rule: Rule) -> bool:
        """Tell whether a rule counts for the nodes of the cluster."""
        nodes = {tag for each in self.landscape.instances for tag in each.tags}
        nodes |= {each.service_account for each in self.landscape.instances}
        return not rule.targets or not nodes.isdisjoint(rule.targets)


def _rule(found: Json, around: _Around) -> Rule:
    carried = ownership.marks_in(found.get("description", ""))
    cluster = carried.get(ownership.CLUSTER, "")
    maker = _Maker(found, around) if not cluster else None
    network = path_of(found["network"])
    return Rule(
        id=str(found["name"]),
        place=network,
        place_name=name_of(network),
        openings=tuple(sorted(_openings(found))),
        sources=_sources(found),
        targets=frozenset((*found.get("targetTags", ()), *found.get("targetServiceAccounts", ()))),
        destinations=frozenset(found.get("destinationRanges", ())),
        allows=bool(found.get("allowed")),
        disabled=bool(found.get("disabled")),
        description=str(found.get("description", "")),
        maker=OURS if cluster else (maker.name if maker else ""),
        owner=ownership.owner_of(carried, cluster) if cluster else None,
        gone=bool(maker and maker.gone),
        named=maker.named if maker else "",
        direct=ownership.DIRECT in carried,
        facts=maker.facts if maker else (),
        created=_time(found.get("creationTimestamp")),
        expires=_time(carried.get(ownership.EXPIRES)),
        saved=_saved(found),
    )


def _door(door: Door, version: int, sources: Sequence[str], landscape: Landscape) -> dict[str, Any]:
    more = {ownership.DIRECT: "true"}
    if door.expires is not None:
        more[ownership.EXPIRES] = door.expires.isoformat(timespec="seconds")
    return {
        "name": names.opened(door.owner, version),
        "description": ownership.description(door.owner, Key(f"open/ipv{version}"), more),
        "network": landscape.network,
        "direction": "INGRESS",
        "sourceRanges": list(sources),
        "allowed": [
            {"IPProtocol": each.protocol, "ports": [each.ports]} for each in sorted(door.openings)
        ],
    }


def _openings(found: Json) -> Iterator[Opening]:
    for entry in found.get("allowed") or found.get("denied") or ():
        protocol = str(entry["IPProtocol"]).lower()
        if not entry.get("ports"):
            yield Opening(protocol)
        for ports in entry.get("ports", ()):
            low, _, high = str(ports).partition("-")
            yield Opening(protocol, int(low), int(high or low))


def _sources(found: Json) -> tuple[str, ...]:
    named = (*found.get("sourceTags", ()), *found.get("sourceServiceAccounts", ()))
    return tuple(sorted(map(str, (*found.get("sourceRanges", ()), *named))))


def _saved(found: Json) -> str:
    """Return all that makes a rule, as text: what `insert` takes."""
    body: dict[str, Any] = {key: found[key] for key in _KEPT if key in found}
    return json.dumps({**body, "network": path_of(found["network"])}, sort_keys=True)


def _time(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class _Maker:
    """Tells which other controller made a rule, and whether what it was for has gone."""

    def __init__(self, found: Json, around: _Around) -> None:
        self._found, self._around = found, around
        self._said = _json(found.get("description", ""))
        self.gone, self.named = False, ""
        self.facts: tuple[str, ...] = ()
        self.name = self._maker()
        if self.name:
            service = next(filter(None, map(self._said.get, _SERVICE_KEYS)), "")
            self.named = f"service/{service}" if service else ""
            self._judge()

    def _maker(self) -> str:
        name = str(self._found["name"])
        by_key = next((who for key, who in _FOREIGN_KEYS.items() if key in self._said), "")
        if by_key:
            return by_key
        if _BALANCED.fullmatch(name) or _NODES_OF_PROVIDER.fullmatch(name):
            return CLOUD_PROVIDER
        if _INGRESS.fullmatch(name):
            return INGRESS
        tags = [str(tag) for tag in self._found.get("targetTags", ())]
        if name.startswith("gke-") and any(_same_cluster(name, tag) for tag in tags):
            return GKE
        return ""

    def _judge(self) -> None:
        balanced = _BALANCED.fullmatch(str(self._found["name"]))
        addresses = [
            str(each).partition("/")[0] for each in self._found.get("destinationRanges", ())
        ]
        tags = sorted(map(str, self._found.get("targetTags", ())))
        if addresses:
            self._by_balancer(addresses, "has its address")
        elif balanced:
            self._by_balancer([balanced["balancer"]], "is called")
        elif tags:
            self._by_tags(tags)
        else:
            self.facts = ("it names no address and no target tag: nothing is concluded from that",)

    def _by_balancer(self, wanted: Sequence[str], words: str) -> None:
        known = self._around.balancers
        there = [each for each in wanted if each in known or f"{each}/96" in known]
        self.gone = not there
        said = ", ".join(there or wanted)
        self.facts = (f"{'a' if there else 'no'} forwarding rule {words} {said}",)

    def _by_tags(self, tags: Sequence[str]) -> None:
        there = [tag for tag in tags if tag in self._around.tags]
        self.gone = not there
        if there:
            self.facts = (f"instances carry its target tag {there[0]}",)
        else:
            self.facts = (
                f"no instance of the project carries any of its target tags ({', '.join(tags)})",
            )


def _same_cluster(name: str, tag: str) -> bool:
    """Tell whether a rule and a tag begin with the same `gke-<cluster>-<hash>`."""
    stem = tag.rpartition("-")[0]
    return stem.startswith("gke-") and name.startswith(f"{stem}-")


def _json(text: object) -> Mapping[str, str]:
    try:
        found = json.loads(str(text))
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
