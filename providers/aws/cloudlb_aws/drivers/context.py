"""What every driver works with, and what all of them do: fenced writes, tags, adoption."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from cloudlb.errors import Conflict, NotOwned, NotReady
from cloudlb.model import Owner
from cloudlb.plan.change import Action, Change
from cloudlb.plan.diff import compare
from cloudlb.plan.driver import Fence
from cloudlb.plan.resource import Found, Key, Resource, meanings
from cloudlb_aws import ownership
from cloudlb_aws.drivers.recent import Recent
from cloudlb_aws.session import Json, Session

SHOWS_UP_SECONDS = 1.0
"""When to look again for what AWS says exists and does not show yet."""

Pairs = tuple[tuple[str, str], ...]
R = TypeVar("R", bound=Resource)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One verb on one resource: the way to AWS, whose it is, and the fence that every write passes."""

    session: Session
    owner: Owner
    recent: Recent
    fence: Fence

    def elbv2(self, operation: str, **parameters: object) -> Json:
        """Write to ELBv2, if this process still may."""
        return self.session.elbv2.write(operation, self.fence, **parameters)

    def ec2(self, operation: str, **parameters: object) -> Json:
        """Write to EC2, if this process still may."""
        return self.session.ec2.write(operation, self.fence, **parameters)

    def tags(self, key: Key, extra: Pairs = (), generation: str = "") -> dict[str, str]:
        """Return all tags of an object of the owner."""
        return ownership.tags_of(self.owner, key, extra=extra, generation=generation)

    def check_owner(self, tags: Mapping[str, str], key: Key, what: str) -> None:
        """Raise NotOwned unless the tags say that an object is this one of this owner."""
        if not ownership.is_ours(tags, self.owner, key):
            raise NotOwned(
                f"{what} has the name that {key} of {self.owner} needs, and does not carry its tags;"
                " it is left alone: rename or remove it, or choose another name"
            )

    def note_made(self, key: Key, *ids: str) -> None:
        """Note what a creating call has just returned, by its ids and by its key."""
        self.recent.note_made(*ids, self.mark(key))

    def mark(self, key: Key) -> str:
        """Return what stands for a key of this owner among the ids that are remembered."""
        return f"{self.owner.uid}/{key}"


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as AWS wants them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def specification(kind: str, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the TagSpecifications of an EC2 call that creates objects of one kind."""
    return [{"ResourceType": kind, "Tags": tag_list(tags)}]


def attribute_list(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Return attributes as ELBv2 wants them."""
    return [{"Key": key, "Value": value} for key, value in pairs]


def beyond(options: Pairs, present: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the options that are not so yet."""
    known = set(present)
    return [pair for pair in options if pair not in known]


def not_shown_yet(what: str, operation: str) -> NotReady:
    """Make the error for what AWS says exists, and does not describe yet."""
    message = f"{what} exists, but AWS does not show it yet"
    return NotReady(message, after=SHOWS_UP_SECONDS, operation=operation)


def adoption(found: Found[R], desired: R) -> Change | None:
    """Return the change that brings an object that was there already to what is desired, None if it is so.

    Raises Conflict where only a replacement would do: the next observation sees the object and plans that.
    """
    fields = tuple(compare(found.value, desired))
    if not fields:
        return None
    known = meanings(type(desired))
    fixed = [
        each.field for each in fields if known[each.field].forces_replacement(each.old, each.new)
    ]
    if fixed:
        message = (
            f"{found.id} exists with another {', '.join(fixed)}, which can not change in place"
        )
        raise Conflict(message)
    return Change(
        action=Action.UPDATE, key=desired.key, desired=desired, found=found, fields=fields
    )


def found_of(change: Change) -> Found[Any]:
    """Return what an update changes."""
    if change.found is None:
        message = f"an update of {change.key} without what was found"
        raise AssertionError(message)
    return change.found
