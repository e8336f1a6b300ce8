"""A cloud in memory that is as strict as clouds are: it takes any resources, by what their fields mean.

It refuses to make what refers to nothing, to hold twice what is exclusive, and to delete what something else uses.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from cloudlb.errors import CloudlbError, NotFound, NotReady, Rejected
from cloudlb.plan.apply import Run, apply
from cloudlb.plan.change import Change, Plan
from cloudlb.plan.diff import compare, diff
from cloudlb.plan.driver import Fence
from cloudlb.plan.links import held_ids
from cloudlb.plan.outcome import Outcome
from cloudlb.plan.pace import Pace
from cloudlb.plan.resource import (
    CloudId,
    Found,
    Observed,
    Resource,
    Stack,
    exclusive_values,
    meanings,
    resolve,
)
from cloudlb.testing.clock import ManualClock

from .things import Listener, Members, Rules

UNIQUE: dict[type[Resource], Callable[[Any], object]] = {
    Listener: lambda each: (each.balancer, each.port),
    Members: lambda each: each.group,
    Rules: lambda each: each.plot,
}
"""What only one object of a kind can be, besides its exclusive values: one listener a port, one set of members a group."""


@dataclass
class Faults:
    """Errors to raise at certain calls (the first is 1): instead of carrying them out, or after that."""

    before: dict[int, CloudlbError] = field(default_factory=dict)
    after: dict[int, CloudlbError] = field(default_factory=dict)


class World:
    """The cloud and the driver in one. `log` has what was written; `refused` every deletion that came too early."""

    def __init__(self, *, faults: Faults | None = None) -> None:
        self.clock = ManualClock()
        self.pace = Pace(
            workers=1, sleep=self.clock.advance, clock=self.clock, jitter=lambda _low, high: high
        )
        self.faults = faults or Faults()
        self.calls = 0
        self.log: list[str] = []
        self.refused: list[str] = []
        self._objects: dict[str, Found[Any]] = {}
        self._made = 0
        self._lock = Lock()

    def observed(self) -> Observed:
        """Return what exists."""
        return Observed(tuple(self._objects.values()))

    def hold(self, stack: Stack) -> bool:
        """Let a stack exist beside what does already. False, and nothing done, where the two can not live together."""
        before = dict(self._objects)
        standing: dict[str, Found[Any]] = {}
        for each in stack.order:
            wanted = resolve(each, lambda ref: standing[ref.key].attributes[ref.attribute])
            if self._occupied(wanted):
                self._objects = before
                return False
            standing[each.key] = self._add(wanted)
        return True

    def reach(self, desired: Stack, *, fence: Fence = lambda: None, workers: int = 1) -> Outcome:
        """Plan and apply once."""
        return self.apply(diff(desired, self.observed()), fence=fence, workers=workers)

    def apply(self, plan: Plan, *, fence: Fence = lambda: None, workers: int = 1) -> Outcome:
        """Apply a plan."""
        pace = replace(self.pace, workers=workers)
        return apply(plan, Run(driver=self, fence=fence, pace=pace))

    def create(self, desired: Resource, fence: Fence) -> Found[Any]:
        """Make an object, or adopt what an earlier call made."""
        with self._call(fence, f"create {desired.key}") as settle:
            self._check_references(desired)
            others = self._occupied(desired)
            if not all(_is_earlier(other.value, desired) for other in others):
                raise Rejected(f"{desired.key}: taken by {', '.join(o.key for o in others)}")
            mine = next(iter(others), None)
            made = (
                self._add(desired)
                if mine is None
                else self._put(mine, _keeping_names(mine.value, desired))
            )
            settle()
            return made

    def update(self, change: Change, desired: Resource, fence: Fence) -> Found[Any]:
        """Change an object."""
        assert change.found is not None
        with self._call(fence, f"update {desired.key}") as settle:
            if change.found.id not in self._objects:
                raise NotFound(f"{desired.key} is gone")
            self._check_references(desired)
            desired = _keeping_names(change.found.value, desired)
            others = self._occupied(desired, besides=change.found)
            if others:
                raise Rejected(f"{desired.key}: taken by {', '.join(o.key for o in others)}")
            made = self._put(change.found, desired)
            settle()
            return made

    def delete(self, found: Found[Any], fence: Fence) -> None:
        """Delete an object and its parts, unless something else uses it."""
        with self._call(fence, f"delete {found.key}") as settle:
            identities = {found.id}
            users = [e for e in self._users(identities) if not self._is_part(e, identities)]
            if users:
                self.refused.append(f"{found.key}: used by {', '.join(e.key for e in users)}")
                raise NotReady(f"{found.key} is in use", after=5.0)
            for each in [found, *self._users(identities)]:
                self._objects.pop(each.id, None)
            settle()

    def _call(self, fence: Fence, said: str) -> "_Call":
        return _Call(self, fence, said)

    def _users(self, identities: set[CloudId]) -> list[Found[Any]]:
        return [
            each
            for each in self._objects.values()
            if each.id not in identities and held_ids(each) & identities
        ]

    def _is_part(self, each: Found[Any], identities: set[CloudId]) -> bool:
        return bool(held_ids(each, parts_only=True) & identities)

    def _check_references(self, desired: Resource) -> None:
        probe = Found(id=CloudId(""), value=desired)
        missing = held_ids(probe) - self._objects.keys()
        if missing:
            raise Rejected(f"{desired.key} refers to {sorted(missing)}, which does not exist")

    def _occupied(
        self, desired: Resource, *, besides: Found[Any] | None = None
    ) -> list[Found[Any]]:
        """Find who has what only one can have."""
        wanted, unique = exclusive_values(desired), UNIQUE.get(type(desired))
        return [
            each
            for each in self._objects.values()
            if type(each.value) is type(desired)
            and (besides is None or each.id != besides.id)
            and (
                wanted & exclusive_values(each.value)
                or (unique is not None and unique(desired) == unique(each.value))
            )
        ]

    def _add(self, desired: Resource) -> Found[Any]:
        self._made += 1
        made = CloudId(f"{desired.KIND}-{self._made}")
        return self._put(Found(id=made, value=desired), desired)

    def _put(self, old: Found[Any], desired: Resource) -> Found[Any]:
        attributes = {"id": str(old.id)}
        match desired:
            case Rules(plot=str(plot)):
                attributes["plot"] = plot
            case Members(group=str(group)):
                attributes["group"] = group
        self._objects[old.id] = Found(id=old.id, value=desired, attributes=attributes)
        return self._objects[old.id]


class _Call:
    """One write: fenced, one at a time, logged, and failing where it is told to."""

    def __init__(self, world: World, fence: Fence, said: str) -> None:
        self._world, self._fence, self._said = world, fence, said

    def __enter__(self) -> Callable[[], None]:
        self._fence()
        self._world._lock.acquire()
        self._world.calls += 1
        error = self._world.faults.before.get(self._world.calls)
        if error is not None:
            self._world._lock.release()
            raise error
        return self._settle

    def _settle(self) -> None:
        self._world.log.append(self._said)
        error = self._world.faults.after.get(self._world.calls)
        if error is not None:
            raise error

    def __exit__(self, *_: object) -> None:
        self._world._lock.release()


def _is_earlier(old: Resource, desired: Resource) -> bool:
    """Tell whether an object may be what an earlier try at the same creation made."""
    meaning = meanings(type(desired))
    return old.key == desired.key and not any(
        meaning[each.field].forces_replacement(each.old, each.new) for each in compare(old, desired)
    )


def _keeping_names(old: Resource, desired: Resource) -> Resource:
    """Leave as it is what is only used for creating."""
    kept = {name: getattr(old, name) for name, e in meanings(type(old)).items() if e.create_only}
    return replace(desired, **kept)


def holding(*stacks: Iterable[Resource]) -> World:
    """Make a world in which stacks exist, as far as they can live together."""
    world = World()
    for each in stacks:
        world.hold(Stack(tuple(each)))
    return world
