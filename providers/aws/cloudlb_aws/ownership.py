"""Whose an AWS object is: tags, written in the call that creates it.

Every tag key of ours is defined here and nowhere else. Tags that users ask for are recorded in a tag of ours, so that
removing one from the annotation removes it from the cloud, and tags of others are never touched.
"""

from collections.abc import Iterable, Mapping

from cloudlb.model import Owner, OwnerKind
from cloudlb.plan.resource import Key

PREFIX = "cloudlb.io/"
CLUSTER = PREFIX + "cluster"
OWNER = PREFIX + "owner"
OWNER_UID = PREFIX + "owner-uid"
RESOURCE = PREFIX + "resource"
GENERATION = PREFIX + "generation"
TAG_KEYS = PREFIX + "tag-keys"
DIRECT = PREFIX + "direct"
EXPIRES = PREFIX + "expires"
"""Tags of a rule that a person made by command, and of one for a while: a time as RFC 3339 has it."""

LONGEST_VALUE = 256
"""Characters of a tag's value that AWS takes."""

Pairs = tuple[tuple[str, str], ...]


def tags_of(
    owner: Owner, key: Key, *, extra: Iterable[tuple[str, str]] = (), generation: str = ""
) -> dict[str, str]:
    """Return all tags of an object: our marks, what users asked for, and the record of the latter."""
    extra = tuple(sorted(extra))
    ours = {**marks(owner), OWNER: owner.path[:LONGEST_VALUE], RESOURCE: str(key)}
    if generation:
        ours[GENERATION] = generation
    return {**dict(extra), **_record(name for name, _ in extra), **ours}


def marks(owner: Owner) -> dict[str, str]:
    """Return the tags that decide whose an object is."""
    return {CLUSTER: owner.cluster, OWNER_UID: owner.uid}


def is_ours(tags: Mapping[str, str], owner: Owner, key: Key | None = None) -> bool:
    """Tell whether an object is this owner's, and this resource of the owner's where a key is given."""
    mine = all(tags.get(name) == value for name, value in marks(owner).items())
    return mine and (key is None or tags.get(RESOURCE) == key)


def owner_of(tags: Mapping[str, str], cluster: str) -> Owner | None:
    """Read the owner from an object's tags; None where they are not all there, or name another cluster."""
    uid, path, key = tags.get(OWNER_UID), tags.get(OWNER), tags.get(RESOURCE)
    if tags.get(CLUSTER) != cluster or not uid or not path or not key:
        return None
    kind, _, rest = path.partition("/")
    known = {each.lower(): each for each in OwnerKind}
    if kind not in known:
        return None
    namespace, _, name = rest.rpartition("/")
    return Owner(cluster=cluster, kind=known[kind], namespace=namespace, name=name, uid=uid)


def resource_id(tags: Mapping[str, str]) -> str:
    """Return the id part of an object's key."""
    return tags.get(RESOURCE, "").partition("/")[2]


def generation_of(tags: Mapping[str, str]) -> str:
    """Return which load balancer of its owner a target group was made for."""
    return tags.get(GENERATION, "")


def extra_of(tags: Mapping[str, str]) -> Pairs:
    """Return the tags that users asked for, as far as they are still there, sorted."""
    recorded = " ".join(tags[name] for name in _record_names(tags)).split(" ")
    return tuple(sorted((name, tags[name]) for name in set(recorded) & tags.keys()))


def _record(keys: Iterable[str]) -> dict[str, str]:
    """Spread keys over as many tags as their length needs. Keys hold no space: the design sees to that."""
    values: list[str] = []
    for key in keys:
        if values and len(values[-1]) + 1 + len(key) <= LONGEST_VALUE:
            values[-1] += f" {key}"
        else:
            values.append(key)
    return {_record_name(number): value for number, value in enumerate(values, start=1)}


def _record_name(number: int) -> str:
    return TAG_KEYS if number == 1 else f"{TAG_KEYS}-{number}"


def _record_names(tags: Mapping[str, str]) -> list[str]:
    return [name for name in tags if name == TAG_KEYS or name.startswith(f"{TAG_KEYS}-")]
