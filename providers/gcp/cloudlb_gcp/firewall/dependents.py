"""Health checks and backend services that hang together with firewall rules, and what holds them.

Ours carry our marks. One of another controller is known by the firewall rule that goes with it: their names differ by a
prefix or suffix (gcp.md 2.0), and what is known of the rule is known of both. A backend service holds its health checks, and
forwarding rules hold the backend service. Only regional backend services are looked at: those of passthrough load balancers.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from cloudlb.errors import Conflict
from cloudlb.firewall.made import OURS, Dependent, Origin
from cloudlb.firewall.rules import Rule
from cloudlb.plan.apply import unfenced
from cloudlb_gcp import ownership
from cloudlb_gcp.collections import (
    ALL_BACKEND_SERVICES,
    ALL_HEALTH_CHECKS,
    BACKEND_SERVICES,
    HEALTH_CHECKS,
    Collection,
)
from cloudlb_gcp.errors import is_taken
from cloudlb_gcp.firewall.around import Surroundings
from cloudlb_gcp.firewall.makers import CLOUD_PROVIDER, INGRESS
from cloudlb_gcp.firewall.rule import time_of
from cloudlb_gcp.links import part_of, path_of
from cloudlb_gcp.session import Json, Place, Session

_COMPANIONS = (
    "{}",
    "{}-fw",
    "{}-fw-ipv6",
    "{}-ipv6",
    "k8s-fw-{}",
    "{}-hc",
    "{}-http-hc",
    "k8s-{}-http-hc",
)
"""What the firewall rule is called that goes with a backend service or health check of another controller."""

_NOT_KEPT = frozenset(
    {"id", "kind", "selfLink", "selfLinkWithId", "creationTimestamp", "fingerprint", "region"}
)
"""What the API says of a resource itself, and takes from nobody."""


_COLLECTIONS = {
    ("backendServices", True): BACKEND_SERVICES,
    ("healthChecks", True): HEALTH_CHECKS,
    ("healthChecks", False): ALL_HEALTH_CHECKS,
}
"""By a path's word, and whether it is regional."""

_KINDS = {"backendServices": "backend service", "healthChecks": "health check"}


def dependents(
    session: Session, around: Surroundings, rules: Sequence[Rule]
) -> Iterator[Dependent]:
    """Yield the backend services and health checks whose maker is known. Raises CloudErrors."""
    project, by_name = around.landscape.project, {each.id: each for each in rules}
    services = list(session.everywhere(ALL_BACKEND_SERVICES, project))
    checks = list(session.everywhere(ALL_HEALTH_CHECKS, project))
    holders, users = _holders(services), _balanced(around.forwarding_rules)
    regional = [each for each in services if "/regions/" in path_of(each["selfLink"])]
    for found in (*regional, *checks):
        path = path_of(found["selfLink"])
        made = _dependent(found, by_name)
        if made is not None:
            held = frozenset(map(_id_of, holders.get(path, ())))
            yield replace(made, dependents=held, users=tuple(users.get(path, ())))


def _holders(services: Sequence[Json]) -> Mapping[str, Sequence[str]]:
    """Return the backend services that use each health check, by the checks' paths."""
    found: dict[str, list[str]] = defaultdict(list)
    for each in services:
        for check in each.get("healthChecks", ()):
            found[path_of(check)].append(path_of(each["selfLink"]))
    return found


def _balanced(forwarding_rules: Sequence[Json]) -> Mapping[str, Sequence[str]]:
    """Return the forwarding rules of each backend service, by the services' paths."""
    found: dict[str, list[str]] = defaultdict(list)
    for each in forwarding_rules:
        if each.get("backendService"):
            found[path_of(each["backendService"])].append(f"forwarding rule {each['name']}")
    return found


def _id_of(path: str) -> str:
    """Return a path without its project: that is a dependent's place."""
    return path.removeprefix(f"projects/{part_of(path, 'projects')}/")


def _dependent(found: Json, rules: Mapping[str, Rule]) -> Dependent | None:
    carried = ownership.marks_in(found.get("description", ""))
    cluster = carried.get(ownership.CLUSTER, "")
    companions = [] if cluster else _companions(str(found["name"]), rules)
    if not (cluster or companions):
        return None
    path = path_of(found["selfLink"])
    project = part_of(path, "projects")
    made = Dependent(
        id=_id_of(path),
        kind=_KINDS[path.split("/")[-2]],
        place=project,
        place_name=project,
        description=str(found.get("description", "")),
        created=time_of(found.get("creationTimestamp")),
        rules=frozenset(each.id for each in companions),
        saved=_saved(found, path),
    )
    if cluster:
        origin = Origin(maker=OURS, cluster=cluster)
        return replace(made, origin=origin, owner=ownership.owner_of(carried, cluster))
    return replace(made, origin=_of_its_rule(companions))


def _of_its_rule(companions: Sequence[Rule]) -> Origin:
    """Return what is known of the rules that go with a dependent: all of them have to be dead."""
    known = [each.origin for each in companions]
    alive = (origin for origin in known if not origin.gone or origin.elsewhere)
    first = next(alive, known[0])
    said = f"the firewall rule {companions[known.index(first)].id} goes with it"
    return replace(first, facts=(said, *first.facts))


def _companions(name: str, rules: Mapping[str, Rule]) -> list[Rule]:
    found = (rules.get(form.format(name)) for form in _COMPANIONS)
    return [
        each
        for each in found
        if each is not None and each.origin.maker in (CLOUD_PROVIDER, INGRESS)
    ]


def _saved(found: Json, path: str) -> str:
    """Return all that makes a resource, as text: where it is, and what `insert` takes."""
    body = {key: value for key, value in found.items() if key not in _NOT_KEPT}
    return json.dumps({"path": path, "body": body}, sort_keys=True)


def collection_of(path: str) -> Collection:
    """Return the collection that a resource of this path is in. Raises KeyError for another kind."""
    return _COLLECTIONS[path.split("/")[-2], "/regions/" in path]


def put_back(session: Session, saved: str) -> tuple[str, bool]:
    """Make a resource again under its own name; return its id, and whether it had to be made."""
    found = json.loads(saved)
    path = str(found["path"])
    try:
        session.insert(collection_of(path), Place.of(path), found["body"], unfenced)
    except Conflict as error:
        if not is_taken(error):
            raise
        return _id_of(path), False
    return _id_of(path), True
