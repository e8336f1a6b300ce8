"""Firewall rules as the API shows them."""

from collections.abc import Iterable

from cloudlb.plan.resource import CloudId, Found
from cloudlb_gcp import ownership
from cloudlb_gcp.landscape import Rule
from cloudlb_gcp.links import path_of
from cloudlb_gcp.reading.common import Json, marks, path, resource_id, whole
from cloudlb_gcp.resources.firewall import Firewall


def read(resource: Json) -> Found[Firewall]:
    """Read a firewall rule."""
    allowed = resource.get("allowed", ())
    value = Firewall(
        id=resource_id(resource),
        name=str(resource["name"]),
        network=path_of(resource["network"]),
        action="allow" if allowed else "deny",
        priority=whole(resource.get("priority")),
        sources=frozenset(resource.get("sourceRanges", ())),
        destinations=frozenset(map(_plain, resource.get("destinationRanges", ()))),
        protocols=_protocols(allowed or resource.get("denied", ())),
        target_tags=frozenset(resource.get("targetTags", ())),
        target_accounts=frozenset(resource.get("targetServiceAccounts", ())),
        disabled=bool(resource.get("disabled")),
    )
    return found(value, path(resource))


def found(value: Firewall, where: str) -> Found[Firewall]:
    """Return a rule that exists at a path."""
    return Found(id=CloudId(where), value=value, attributes={"path": where})


def rule(resource: Json) -> Rule:
    """Read anybody's rule, for seeing what it lets in or shuts out."""
    entries = resource.get("allowed") or resource.get("denied") or ()
    return Rule(
        name=str(resource["name"]),
        priority=whole(resource.get("priority")),
        allows=bool(resource.get("allowed")),
        ours=ownership.CLUSTER in marks(resource),
        enabled=not resource.get("disabled"),
        sources=frozenset(resource.get("sourceRanges", ())),
        destinations=frozenset(resource.get("destinationRanges", ())),
        protocols=tuple(
            (str(each["IPProtocol"]).lower(), tuple(map(str, each.get("ports", ()))))
            for each in entries
        ),
        target_tags=frozenset(resource.get("targetTags", ())),
        target_accounts=frozenset(resource.get("targetServiceAccounts", ())),
    )


def _plain(text: str) -> str:
    """Write a range of one address as that address."""
    return text.removesuffix("/32")


def _protocols(entries: Iterable[Json]) -> tuple[tuple[str, str], ...]:
    return tuple(
        sorted(
            (str(each["IPProtocol"]).lower(), ",".join(map(str, each.get("ports", ()))))
            for each in entries
        )
    )
