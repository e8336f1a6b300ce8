"""What the readings of all kinds have in common."""

from collections.abc import Mapping
from typing import Any

from cloudlb_gcp import ownership
from cloudlb_gcp.links import path_of

Json = Mapping[str, Any]


def path(resource: Json) -> str:
    """Return the path of a resource that was read."""
    return path_of(resource["selfLink"])


def marks(resource: Json) -> ownership.Marks:
    """Return the marks in a resource's description."""
    return ownership.marks_in(resource.get("description", ""))


def resource_id(resource: Json) -> str:
    """Return the id part of the key that a resource was made for."""
    return ownership.resource_id(marks(resource))


def whole(value: object) -> int:
    """Read a number, which JSON may have as text."""
    return int(str(value or 0))
