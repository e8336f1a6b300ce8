"""Steps: what a plan is split into for its execution."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from cloudlb.plan.change import Action, Change, Plan
from cloudlb.plan.resource import Key


class Verb(StrEnum):
    """What a step does."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call (or group of calls) on one object; `after` are the indices of the steps that it waits for."""

    index: int
    verb: Verb
    change: Change
    after: frozenset[int] = frozenset()

    @property
    def key(self) -> Key:
        """The key of the object."""
        return self.change.key

    @property
    def absorbed(self) -> bool:
        """Tell whether this deletion happens by itself."""
        return self.verb is Verb.DELETE and self.change.absorbed


def split(plan: Plan) -> tuple[Step, ...]:
    """Split the changes of a plan into steps that wait for nothing yet: a replacement is a creation and a deletion."""
    return tuple(
        Step(index=index, verb=verb, change=change)
        for index, (verb, change) in enumerate(_verbs(plan))
    )


def _verbs(plan: Plan) -> Iterator[tuple[Verb, Change]]:
    for change in plan:
        match change.action:
            case Action.CREATE:
                yield Verb.CREATE, change
            case Action.UPDATE:
                yield Verb.UPDATE, change
            case Action.DELETE:
                yield Verb.DELETE, change
            case Action.REPLACE:
                yield Verb.CREATE, change
                yield Verb.DELETE, change
