"""The inbound firewall rules of the network around a cluster, and what hangs together with them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cloudlb.errors import Conflict, NotFound, UsageError
from cloudlb.firewall.made import Dependent
from cloudlb.firewall.rules import Around, Door, Quota, Rule, Told, untold
from cloudlb.model import Node
from cloudlb.plan.apply import unfenced
from cloudlb.plan.pace import PACE, Pace
from cloudlb.plan.resource import Key
from cloudlb.provider import CloudSettings
from cloudlb_gcp import names, ownership
from cloudlb_gcp.cloud import GcpCloud
from cloudlb_gcp.cloud import connect as connect_cloud
from cloudlb_gcp.collections import FIREWALLS
from cloudlb_gcp.design.targets import targets_of
from cloudlb_gcp.errors import is_taken
from cloudlb_gcp.firewall import dependents as hanging
from cloudlb_gcp.firewall.around import Surroundings
from cloudlb_gcp.firewall.rule import rule_of
from cloudlb_gcp.landscape import NETWORK_NOT_KNOWN, Landscape
from cloudlb_gcp.links import part_of, path_of, wide
from cloudlb_gcp.session import Place


def connect(settings: CloudSettings, pace: Pace = PACE) -> "GcpFirewall":
    """Make the reader. No call yet, but UsageError where there are no credentials."""
    return GcpFirewall(connect_cloud(settings, pace))


class GcpFirewall:
    """Reads the rules of one network (`cloudlb.firewall.rules.Firewall`)."""

    def __init__(self, cloud: GcpCloud) -> None:
        """Read nothing yet."""
        self._cloud = cloud
        self._around: Surroundings | None = None

    def rules(self, around: Around, told: Told = untold) -> Sequence[Rule]:
        """Return the inbound rules for the nodes and of known makers, or all inbound rules of the network."""
        landscape = self._surveyed(around.nodes)
        place = Place(project=landscape.network_project)
        known = Surroundings(self._cloud, landscape, around.further)
        rules: list[Rule] = []
        for number, each in enumerate(self._cloud.session.pages(FIREWALLS, place), start=1):
            if path_of(each["network"]) == landscape.network and each["direction"] == "INGRESS":
                rule = rule_of(each, known)
                if around.everything or rule.origin.maker or known.is_for_nodes(rule.targets):
                    rules.append(rule)
            told(number)
        self._around = known
        return tuple(rules)

    def _surveyed(self, nodes: Sequence[Node]) -> Landscape:
        landscape = self._cloud.surveyor.instances(nodes)
        if not landscape.network:
            raise UsageError("; ".join(NETWORK_NOT_KNOWN))
        return landscape

    def dependents(self, rules: Sequence[Rule]) -> Sequence[Dependent]:
        """Return the backend services and health checks that go with the rules that were read last."""
        if self._around is None:
            message = "the rules have not been read"
            raise AssertionError(message)
        return tuple(hanging.dependents(self._cloud.session, self._around, rules))

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
        if not targets_of(landscape.instances, landscape.node_tags):
            message = "no firewall rule can name the nodes: they have neither network tags nor service accounts"
            raise UsageError(message)
        made = []
        for version in (4, 6):
            sources = sorted(each for each in door.sources if (":" in each) == (version == 6))
            for body in _doors(door, version, sources, landscape) if sources else ():
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

    def remove(self, dependent: Dependent) -> bool:
        """Delete a backend service or health check; False if it has gone already."""
        path = f"projects/{dependent.place}/{dependent.id}"
        try:
            self._cloud.session.delete(hanging.collection_of(path), path, unfenced)
        except NotFound:
            return False
        return True

    def put_back(self, saved: str, moved: Mapping[str, str]) -> tuple[str, bool]:
        """Make a backend service or health check again, under its own name."""
        del moved
        return hanging.put_back(self._cloud.session, saved)

    def restore(self, saved: str, moved: Mapping[str, str]) -> str:
        """Put a rule back under its own name."""
        del moved
        body = json.loads(saved)
        project = part_of(str(body["network"]), "projects")
        try:
            self._cloud.session.insert(FIREWALLS, Place(project=project), body, unfenced)
        except Conflict as error:
            if is_taken(error):
                return ""
            raise
        return str(body["name"])


def _doors(
    door: Door, version: int, sources: Sequence[str], landscape: Landscape
) -> Iterator[dict[str, Any]]:
    """Yield a rule for the nodes that have tags, and one for those that have service accounts only."""
    body = _door(door, version, sources, landscape)
    targets = targets_of(landscape.instances, landscape.node_tags)
    if targets.tags:
        yield {**body, "targetTags": sorted(targets.tags)}
    if targets.accounts:
        name = names.for_accounts(str(body["name"]))
        yield {**body, "name": name, "targetServiceAccounts": sorted(targets.accounts)}


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
