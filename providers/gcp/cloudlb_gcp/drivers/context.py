"""What every driver works with, and what all of them do: fenced writes, marks, adoption."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from cloudlb.errors import Conflict, NotFound, NotOwned, NotReady
from cloudlb.model import Owner
from cloudlb.plan.change import Action, Change
from cloudlb.plan.diff import compare
from cloudlb.plan.driver import Fence
from cloudlb.plan.resource import Found, Key, Resource, meanings
from cloudlb_gcp import ownership
from cloudlb_gcp.collections import Collection
from cloudlb_gcp.errors import is_taken
from cloudlb_gcp.reading.common import marks
from cloudlb_gcp.session import Action as Act
from cloudlb_gcp.session import Json, Place, Session

SHOWS_UP_SECONDS = 1.0
"""When to look again for what the API says exists and does not show yet."""

R = TypeVar("R", bound=Resource)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One verb on one resource: the way to the API, whose it is, and the fence that every write passes.

    `doubt` is told of a zone where an instance was not there.
    """

    session: Session
    owner: Owner
    project: str
    region: str
    fence: Fence
    doubt: Callable[[str], None]

    def regional(self, collection: str, name: str) -> str:
        """Return the path of a regional resource."""
        return f"projects/{self.project}/regions/{self.region}/{collection}/{name}"

    def insert(self, kind: Collection, path: str, body: Json) -> bool:
        """Create a resource at a path; False where something of that name exists."""
        try:
            self.session.insert(kind, Place.of(path), body, self.fence)
        except Conflict as error:
            if not is_taken(error):
                raise
            return False
        return True

    def patch(self, kind: Collection, path: str, body: Json) -> None:
        """Change fields of a resource."""
        self.session.patch(kind, path, body, self.fence)

    def update(self, kind: Collection, path: str, body: Json) -> None:
        """Replace a resource whole."""
        self.session.update(kind, path, body, self.fence)

    def act(self, kind: Collection, path: str, action: Act) -> None:
        """Do something else to a resource."""
        self.session.act(kind, path, action, self.fence)

    def delete(self, kind: Collection, path: str) -> None:
        """Delete a resource; that it is gone already is success."""
        try:
            self.session.delete(kind, path, self.fence)
        except NotFound:
            return

    def description(self, key: Key) -> str:
        """Return the description of an object of the owner."""
        return ownership.description(self.owner, key)

    def taken(self, kind: Collection, path: str, key: Key) -> Json:
        """Read what holds the name that was to be given. Raises NotOwned where it is not ours."""
        try:
            present = self.session.get(kind, path)
        except NotFound as error:
            message = f"{path} exists, but the API does not show it yet"
            raise NotReady(
                message, after=SHOWS_UP_SECONDS, operation=f"{kind.service}.get"
            ) from error
        if not ownership.is_ours(marks(present), self.owner, key):
            raise not_owned(path, self.owner)
        return present


def not_owned(path: str, owner: Owner) -> NotOwned:
    """Make the error for something that has a name of ours, and is not ours."""
    return NotOwned(
        f"{path} has a name that {owner} needs, and its description does not say that it is {owner}'s; it is left"
        " alone: rename or remove it"
    )


Update = Callable[[Context, Change, Any], Found[Any]]


def adopted(context: Context, found: Found[R], desired: R, update: Update) -> Found[R]:
    """Bring an object that was there already to what is desired.

    Raises Conflict where only a replacement would do: the next observation sees the object and plans that.
    """
    desired = desired.settled(found.value)
    fields = tuple(compare(found.value, desired))
    if not fields:
        return found
    known = meanings(type(desired))
    fixed = [e.field for e in fields if known[e.field].forces_replacement(e.old, e.new)]
    if fixed:
        message = (
            f"{found.id} exists with another {', '.join(fixed)}, which can not change in place"
        )
        raise Conflict(message)
    change = Change(
        action=Action.UPDATE, key=desired.key, desired=desired, found=found, fields=fields
    )
    return update(context, change, desired)


def found_of(change: Change) -> Found[Any]:
    """Return what an update changes."""
    if change.found is None:
        message = f"an update of {change.key} without what was found"
        raise AssertionError(message)
    return change.found
