"""Whose a Compute Engine object is: a JSON description, written in the call that creates it.

Labels would not do: most kinds have none, their keys take no `/`, and their values end at 63 characters. A description
can be read by eye, cannot be changed on a forwarding rule, and all kinds that we make have one.
"""

import json
from collections.abc import Mapping

from cloudlb.model import Owner, OwnerKind
from cloudlb.plan.resource import Key

PREFIX = "cloudlb.io/"
CLUSTER = PREFIX + "cluster"
OWNER = PREFIX + "owner"
OWNER_UID = PREFIX + "owner-uid"
RESOURCE = PREFIX + "resource"
DIRECT = PREFIX + "direct"
EXPIRES = PREFIX + "expires"
"""Marks of a firewall rule that a person made by command, and of one for a while: a time as RFC 3339 has it."""

Marks = Mapping[str, str]


def description(owner: Owner, key: Key, more: Mapping[str, str] | None = None) -> str:
    """Return the description of an object."""
    return json.dumps(
        {
            **(more or {}),
            CLUSTER: owner.cluster,
            OWNER: owner.path,
            OWNER_UID: owner.uid,
            RESOURCE: str(key),
        },
        separators=(",", ":"),
    )


def marks_in(text: object) -> Marks:
    """Read the marks from a description; none where it is no JSON of ours."""
    try:
        found = json.loads(str(text))
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        key: value
        for key, value in found.items()
        if key.startswith(PREFIX) and isinstance(value, str)
    }


def is_ours(marks: Marks, owner: Owner, key: Key | None = None) -> bool:
    """Tell whether an object is this owner's, and this resource of the owner's where a key is given."""
    mine = marks.get(CLUSTER) == owner.cluster and marks.get(OWNER_UID) == owner.uid
    return mine and (key is None or marks.get(RESOURCE) == key)


def owner_of(marks: Marks, cluster: str) -> Owner | None:
    """Read the owner from an object's marks; None where they are not all there, or name another cluster."""
    uid, path, key = marks.get(OWNER_UID), marks.get(OWNER), marks.get(RESOURCE)
    if marks.get(CLUSTER) != cluster or not uid or not path or not key:
        return None
    kind, _, rest = path.partition("/")
    known = {each.lower(): each for each in OwnerKind}
    if kind not in known:
        return None
    namespace, _, name = rest.rpartition("/")
    return Owner(cluster=cluster, kind=known[kind], namespace=namespace, name=name, uid=uid)


def resource_id(marks: Marks) -> str:
    """Return the id part of an object's key."""
    return marks.get(RESOURCE, "").partition("/")[2]
