"""References between resources: every form that requests use, and the one form that the API stores.

A resource's path is what follows the version in its URL: `projects/p/regions/r/backendServices/b`. The API accepts full
URLs of either host and partial ones, and always stores and returns the canonical URL (gcp.md 5.6, 6).
"""

import re
from dataclasses import dataclass

BASE = "https://www.googleapis.com/compute/v1/"

_URL = re.compile(r"https?://[^/]+/compute/(?:v1|beta|alpha)/(?P<path>projects/.+)")
_VALUE = re.compile(r"[^/]+")


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a resource lives: `kind` is global, region, zone or project; `name` is the region's or the zone's."""

    kind: str
    name: str = ""

    @property
    def part(self) -> str:
        """The scope's part of a path."""
        return {"region": "regions/", "zone": "zones/"}.get(self.kind, self.kind) + self.name


GLOBAL = Scope("global")


def path_of(project: str, scope: Scope, collection: str, name: str = "") -> str:
    """Return the path of a resource, or of a collection."""
    middle = f"/{scope.part}" if scope.kind != "project" else ""
    return f"projects/{project}{middle}/{collection}" + (f"/{name}" if name else "")


def url(path: str) -> str:
    """Return the canonical URL of a path."""
    return BASE + path


def path_in(link: str, project: str) -> str | None:
    """Return the path that a reference means: full or partial URL, with or without a slash before; None if it is neither."""
    link = link.removeprefix("/")
    if found := _URL.fullmatch(link):
        return found["path"]
    if link.startswith("projects/"):
        return link
    if link.startswith(("zones/", "regions/", "global/")):
        return f"projects/{project}/{link}"
    return None


def collection_of(path: str) -> str:
    """Return the collection that a resource's path is in."""
    return path.rsplit("/", 2)[-2]


def name_of(path: str) -> str:
    """Return the last part of a path or URL."""
    return path.rsplit("/", 1)[-1]


def scope_of(path: str) -> Scope:
    """Return the scope of a resource's path."""
    parts = path.split("/")
    match parts[2:]:
        case ["regions", name, _, _]:
            return Scope("region", name)
        case ["zones", name, _, _]:
            return Scope("zone", name)
        case ["global", _, _]:
            return GLOBAL
    return Scope("project")


def region_of(scope: Scope) -> str:
    """Return the region that a scope lies in; empty for what is global."""
    return scope.name.rpartition("-")[0] if scope.kind == "zone" else scope.name
