"""The sweep: everything of a cluster in its region, from one list call a kind and page, however many owners there are."""

from collections.abc import Iterable, Iterator

from cloudlb.model import Owner
from cloudlb.plan.resource import CloudId, Key
from cloudlb.provider import Entry, Inventory
from cloudlb_gcp import names, ownership
from cloudlb_gcp.collections import (
    ADDRESSES,
    BACKEND_SERVICES,
    FIREWALLS,
    FORWARDING_RULES,
    HEALTH_CHECKS,
    NETWORK_ENDPOINT_GROUPS,
)
from cloudlb_gcp.reading.common import marks, path
from cloudlb_gcp.session import Json, Place, Session


def sweep(
    session: Session,
    cluster: str,
    where: tuple[str, str, str],
    owner: Owner | None = None,
    *,
    brief: bool = False,
) -> Inventory:
    """List what is the cluster's, or only one owner's. `where` are project, region and the network's project.

    `brief`: forwarding rules, and reservations that hold the addresses of those that are being made anew. Raises
    CloudErrors.
    """
    project, region, host = where
    wanted = names.EVERYTHING if owner is None else names.listing_filter(owner)
    here = Place(project=project, within=region)
    found = [
        *session.pages(FORWARDING_RULES, here, wanted),
        *session.pages(ADDRESSES, here, wanted),
    ]
    if not brief:
        found += session.pages(BACKEND_SERVICES, here, wanted)
        found += session.pages(HEALTH_CHECKS, here, wanted)
        found += session.everywhere(NETWORK_ENDPOINT_GROUPS, project, wanted)
        found += session.pages(FIREWALLS, Place(project=host), wanted)
    return Inventory(tuple(_entries(found, cluster)))


def _entries(found: Iterable[Json], cluster: str) -> Iterator[Entry]:
    """Yield an entry for each object of ours: a reservation stands for the rule whose address it holds."""
    seen: set[str] = set()
    for each in found:
        carried = marks(each)
        owner = ownership.owner_of(carried, cluster)
        if owner is None:
            continue
        where = path(each).replace("/addresses/", "/forwardingRules/")
        if where not in seen:
            seen.add(where)
            yield Entry(
                id=CloudId(where),
                key=Key(carried[ownership.RESOURCE]),
                owner=owner,
                labels=dict(carried),
            )
