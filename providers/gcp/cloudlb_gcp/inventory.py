"""The sweep: everything of a cluster in its region, from one list call a kind and page, however many owners there are."""

from collections.abc import Iterable, Iterator
from itertools import chain

from cloudlb.plan.resource import CloudId, Key
from cloudlb.provider import Entry, Inventory
from cloudlb_gcp import ownership
from cloudlb_gcp.listing import Listed
from cloudlb_gcp.reading.common import Json, marks, path


def inventory_of(listed: Listed, cluster: str) -> Inventory:
    """Return what is the cluster's of what was listed."""
    return Inventory(tuple(_entries(chain.from_iterable(listed.values()), cluster)))


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
