"""Paths of resources: what follows the version in their URLs, `projects/p/regions/r/backendServices/b`.

Requests take paths, answers have full URLs of either host; we compare and keep paths only.
"""

import re
from dataclasses import dataclass

_BEFORE = re.compile(r"https?://[^/]+/compute/[^/]+/")
_PROVIDER_ID = re.compile(r"gce://(?P<project>[^/]+)/(?P<zone>[a-z0-9-]+)/(?P<name>[a-z0-9-]+)")


@dataclass(frozen=True, slots=True, order=True)
class InstanceId:
    """What a node's providerID says."""

    project: str
    zone: str
    name: str

    @property
    def region(self) -> str:
        """The region of the zone."""
        return region_of(self.zone)


def path_of(link: object) -> str:
    """Return the path of a URL; a path, or nothing, stays as it is."""
    return _BEFORE.sub("", str(link or ""))


def name_of(link: object) -> str:
    """Return the last part of a URL or path."""
    return str(link or "").rpartition("/")[2]


def part_of(path: str, word: str) -> str:
    """Return what follows a word in a path (`zones` → the zone); empty if it is not there."""
    parts = path.split("/")
    return parts[parts.index(word) + 1] if word in parts[:-1] else ""


def region_of(zone: str) -> str:
    """Return the region of a zone."""
    return zone.rpartition("-")[0]


def instance_id(provider_id: str) -> InstanceId | None:
    """Read a node's providerID (`gce://project/zone/name`); None if it is not Compute Engine's."""
    found = _PROVIDER_ID.fullmatch(provider_id)
    return None if found is None else InstanceId(found["project"], found["zone"], found["name"])


def regional(project: str, region: str, collection: str, name: str) -> str:
    """Return the path of a regional resource."""
    return f"projects/{project}/regions/{region}/{collection}/{name}"


def zonal(project: str, zone: str, collection: str, name: str) -> str:
    """Return the path of a zonal resource."""
    return f"projects/{project}/zones/{zone}/{collection}/{name}"


def wide(project: str, collection: str, name: str) -> str:
    """Return the path of a global resource."""
    return f"projects/{project}/global/{collection}/{name}"
