"""Which other controller made a firewall rule, and whether what it was for is left.

| maker              | recognised by                                                   | gone when                           |
|--------------------|-----------------------------------------------------------------|-------------------------------------|
| cloud-provider-gcp | `k8s-fw-…`, or `kubernetes.io/…` keys in a JSON description      | no forwarding rule has its address, |
| ingress-gce        | `k8s2-…`, `k8s-fw-l7--…`, `networking.gke.io/…` in a description | or its name; where it has neither,  |
| GKE                | `gke-…` with a target tag of the same beginning                 | no instance carries its target tags |

Sources: gcp.md 2.0 and 2.8. What names an address is judged by that address alone, what is for the nodes of a cluster by
the instances and node pools that are there: a rule that names neither is never called gone. Target tags tell the cluster.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cloudlb.firewall.made import NOBODY, Origin
from cloudlb_gcp.firewall.around import Surroundings
from cloudlb_gcp.session import Json

CLOUD_PROVIDER = "cloud-provider-gcp"
INGRESS = "ingress-gce"
GKE = "GKE"

_UID = "a(?P<uid>[0-9a-f]{31})"
_BALANCED = re.compile(f"k8s-fw-(?P<balancer>{_UID})(?:-deny)?")
_HEALTH = re.compile(f"k8s-{_UID}-http-hc|a(?P<own>[0-9a-f]{{31}})-hc")
_NODES_OF_PROVIDER = re.compile(r"k8s-.*-node(?:-http)?-hc")
_INGRESS = re.compile(r"k8s2-[0-9a-z]{8}-.+|k8s-fw-l7--.+")
_SERVICE_KEYS = ("kubernetes.io/service-name", "networking.gke.io/service-name")
_FOREIGN_KEYS = {
    "kubernetes.io/service-name": CLOUD_PROVIDER,
    "kubernetes.io/cluster-id": CLOUD_PROVIDER,
    "networking.gke.io/service-name": INGRESS,
}


def origin_of(found: Json, around: Surroundings) -> Origin:
    """Tell who made a firewall rule that is not ours."""
    said = _json(found.get("description", ""))
    maker = _maker(found, said)
    if not maker:
        return NOBODY
    service = next(filter(None, map(said.get, _SERVICE_KEYS)), "")
    gone, facts = _gone(found, around)
    origin = Origin(
        maker=maker,
        named=f"service/{service}" if service else "",
        uid=_uid(str(found["name"])),
        gone=gone,
        facts=facts,
    )
    return _settled(origin, found, around) if gone else origin


def targets_of(found: Json) -> frozenset[str]:
    """Return the target tags and service accounts of a firewall rule."""
    return frozenset((*found.get("targetTags", ()), *found.get("targetServiceAccounts", ())))


def _settled(origin: Origin, found: Json, around: Surroundings) -> Origin:
    """Say of which cluster a rule is whose load balancer has gone: its target tags are those of that cluster's nodes."""
    targets = targets_of(found)
    if not targets.isdisjoint(around.home_tags):
        return origin
    if further := sorted(targets & around.further_tags):
        return replace(origin, cluster=further[0])
    if live := sorted(targets & around.live_tags):
        return replace(origin, elsewhere=f"the cluster of the instances with the tag {live[0]}")
    if pool := next(filter(None, map(around.pool_of, sorted(targets))), ""):
        return replace(origin, elsewhere=f"the cluster of the instance group {pool}")
    if not targets:
        words = "it has no target tag: nothing tells its cluster"
        return replace(origin, gone=False, facts=(*origin.facts, words))
    return origin


def _maker(found: Json, said: Mapping[str, str]) -> str:
    name = str(found["name"])
    by_key = next((who for key, who in _FOREIGN_KEYS.items() if key in said), "")
    if by_key:
        return by_key
    if any(each.fullmatch(name) for each in (_BALANCED, _HEALTH, _NODES_OF_PROVIDER)):
        return CLOUD_PROVIDER
    if _INGRESS.fullmatch(name):
        return INGRESS
    tags = [str(tag) for tag in found.get("targetTags", ())]
    if name.startswith("gke-") and any(_same_cluster(name, tag) for tag in tags):
        return GKE
    return ""


def _uid(name: str) -> str:
    for pattern in (_BALANCED, _HEALTH):
        if found := pattern.fullmatch(name):
            groups = found.groupdict()
            return str(groups.get("uid") or groups.get("own") or "")
    return ""


def _gone(found: Json, around: Surroundings) -> tuple[bool, tuple[str, ...]]:
    balanced = _BALANCED.fullmatch(str(found["name"]))
    addresses = [str(each).partition("/")[0] for each in found.get("destinationRanges", ())]
    tags = sorted(map(str, found.get("targetTags", ())))
    if addresses:
        return _by_balancer(addresses, "has its address", around)
    if balanced:
        return _by_balancer([balanced["balancer"]], "is called", around)
    if tags:
        return _by_tags(tags, around)
    return False, ("it names no address and no target tag: nothing is concluded from that",)


def _by_balancer(
    wanted: Sequence[str], words: str, around: Surroundings
) -> tuple[bool, tuple[str, ...]]:
    known = around.balancers
    there = [each for each in wanted if each in known or f"{each}/96" in known]
    said = ", ".join(there or wanted)
    return not there, (f"{'a' if there else 'no'} forwarding rule {words} {said}",)


def _by_tags(tags: Sequence[str], around: Surroundings) -> tuple[bool, tuple[str, ...]]:
    there = [tag for tag in tags if tag in around.live_tags]
    if there:
        return False, (f"instances carry its target tag {there[0]}",)
    said = f"no instance of the project carries any of its target tags ({', '.join(tags)})"
    if pool := next(filter(None, map(around.pool_of, tags)), ""):
        return False, (said, f"the instance group {pool} may be a node pool of its cluster")
    return True, (said,)


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
