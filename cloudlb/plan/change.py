"""What a plan says: changes, each with its fields and its reason, as plain data."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cloudlb.plan.resource import Found, Key, Resource


class Action(StrEnum):
    """What happens to one object."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"


class Reason(StrEnum):
    """Why something happens, where that takes no further words."""

    MISSING = "does not exist"
    DIFFERS = "differs"
    UNWANTED = "no longer wanted"
    LEFT_OVER = "left over from a replacement"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, as observed and as desired. `new` may hold refs whose value is not known before the apply."""

    field: str
    old: object
    new: object
    secret: bool = False
    members: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One object's change.

    `desired` is None for a deletion, `found` is None for a creation. In `desired`, every reference whose value is
    already known is resolved. `interrupts` says that traffic stops for a while: the old object must go before the new
    one can come. `moves_address` says that clients will find another address. `absorbed` marks the deletion of a part
    whose whole is deleted: it costs no call.
    """

    action: Action
    key: Key
    desired: Resource | None
    found: Found[Any] | None
    fields: tuple[FieldChange, ...] = ()
    reason: str = ""
    interrupts: bool = False
    moves_address: bool = False
    absorbed: bool = False

    @property
    def changed(self) -> frozenset[str]:
        """The names of the fields that change."""
        return frozenset(each.field for each in self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that has to happen for one owner, sorted for people: by action's place in the graph, then key.

    `kept` are the observed objects that stay as they are. `depends` has, for each changed key of the desired stack, all
    changed keys that it depends on, also through unchanged ones.
    """

    changes: tuple[Change, ...] = ()
    kept: tuple[Found[Any], ...] = ()
    depends: tuple[tuple[Key, frozenset[Key]], ...] = ()

    def __iter__(self) -> Iterator[Change]:
        """Iterate over the changes."""
        return iter(self.changes)

    def __len__(self) -> int:
        """Count the changes."""
        return len(self.changes)

    def __bool__(self) -> bool:
        """Tell whether anything has to change."""
        return bool(self.changes)


UNCHANGED = Plan()
"""Nothing to do, and nothing known to exist."""
