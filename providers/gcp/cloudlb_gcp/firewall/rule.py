"""One inbound rule as the API describes it, in the terms of `cloudlb firewall`, and what puts it back."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cloudlb.firewall.made import OURS, Origin
from cloudlb.firewall.rules import Opening, Rule
from cloudlb_gcp import ownership
from cloudlb_gcp.firewall.around import Surroundings
from cloudlb_gcp.firewall.makers import origin_of, targets_of
from cloudlb_gcp.links import name_of, path_of
from cloudlb_gcp.session import Json

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


def rule_of(found: Json, around: Surroundings) -> Rule:
    """Normalise a firewall rule."""
    carried = ownership.marks_in(found.get("description", ""))
    cluster = carried.get(ownership.CLUSTER, "")
    origin = Origin(maker=OURS, cluster=cluster) if cluster else origin_of(found, around)
    network = path_of(found["network"])
    return Rule(
        id=str(found["name"]),
        place=network,
        place_name=name_of(network),
        openings=tuple(sorted(_openings(found))),
        sources=_sources(found),
        targets=targets_of(found),
        destinations=frozenset(found.get("destinationRanges", ())),
        allows=bool(found.get("allowed")),
        disabled=bool(found.get("disabled")),
        description=str(found.get("description", "")),
        origin=origin,
        owner=ownership.owner_of(carried, cluster) if cluster else None,
        direct=ownership.DIRECT in carried,
        created=time_of(found.get("creationTimestamp")),
        expires=time_of(carried.get(ownership.EXPIRES)),
        saved=_saved(found),
    )


def time_of(text: object) -> datetime | None:
    """Read a time as RFC 3339 has it; None for anything else."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


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
