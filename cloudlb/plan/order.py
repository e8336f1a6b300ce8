"""From a plan to steps, and what each step waits for.

The laws:

1. What an object refers to exists, opened and filled, before the object does (references, also through unchanged ones).
2. Nothing is deleted while something else still refers to it: deletions go against the references, and wait for the
   updates that turn a reference away.
3. A replaced object goes only after everything that depends on its successor has come; unless the two can not live at
   the same time, in which case the old one goes first.
4. An object that needs what a doomed one holds exclusively waits for that one to go.
5. A part goes with its whole: its deletion costs no call and is done when the whole's is.
6. Everything else is independent: no step waits for one that it has nothing to do with.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter

from cloudlb.plan.change import Action, Change, Plan
from cloudlb.plan.links import Links
from cloudlb.plan.resource import Key, exclusive_values


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


def steps(plan: Plan) -> tuple[Step, ...]:
    """Split a plan into steps with what each waits for; indices run from 0, in a possible order of execution.

    Raises ValueError if the plan can not be ordered (a defect of a design: its references and exclusive values
    contradict each other).
    """
    bare = [
        Step(index=index, verb=verb, change=change)
        for index, (verb, change) in enumerate(_verbs(plan.changes))
    ]
    waits = _Waits(plan, bare)
    waits.for_references()
    waits.for_referrers()
    waits.for_successors()
    waits.for_exclusive_values()
    return _in_order(bare, waits.edges)


def _verbs(changes: Iterable[Change]) -> Iterator[tuple[Verb, Change]]:
    for change in changes:
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


class _Waits:
    """Collects, law by law, which step waits for which."""

    def __init__(self, plan: Plan, bare: list[Step]) -> None:
        self.edges: dict[int, set[int]] = {step.index: set() for step in bare}
        self._depends = dict(plan.depends)
        self._forward = {step.key: step for step in bare if step.verb is not Verb.DELETE}
        self._deletions = [step for step in bare if step.verb is Verb.DELETE]
        self._last_of_found = {
            id(step.change.found): step for step in bare if step.change.found is not None
        }
        self._links = Links(
            change.found for change in plan.changes if change.found is not None
        )

    def for_references(self) -> None:
        """Law 1."""
        for key, step in self._forward.items():
            for needed in self._depends.get(key, ()):
                if needed in self._forward:
                    self._wait(step, self._forward[needed])

    def for_referrers(self) -> None:
        """Laws 2 and 5."""
        for step in self._last_of_found.values():
            found = step.change.found
            if found is None:
                continue
            wholes = {id(each) for each in self._links.wholes(found)}
            for target in self._links.targets(found):
                other = self._last_of_found[id(target)]
                if other.verb is not Verb.DELETE:
                    continue
                if step.absorbed and id(target) in wholes:
                    self._wait(step, other)
                else:
                    self._wait(other, step)

    def for_successors(self) -> None:
        """Law 3."""
        dependents: dict[Key, list[Step]] = defaultdict(list)
        for key, step in self._forward.items():
            dependents[key].append(step)
            for needed in self._depends.get(key, ()):
                dependents[needed].append(step)
        for step in self._deletions:
            if step.change.interrupts:
                self._wait(self._forward[step.key], step)
            elif not step.absorbed and not self._blocks(step):
                for dependent in dependents.get(step.key, ()):
                    self._wait(step, dependent)

    def for_exclusive_values(self) -> None:
        """Law 4, for objects that are not each other's successors."""
        for step in self._deletions:
            for other in self._forward.values():
                if other.change.desired is not None and self._excludes(step, other):
                    self._wait(other, step)

    def _blocks(self, deletion: Step) -> bool:
        return any(self._excludes(deletion, other) for other in self._forward.values())

    @staticmethod
    def _excludes(deletion: Step, other: Step) -> bool:
        found, desired = deletion.change.found, other.change.desired
        if found is None or desired is None or other.change is deletion.change:
            return False
        if other.verb is not Verb.CREATE or found.value.KIND != desired.KIND:
            return False
        return bool(exclusive_values(found.value) & exclusive_values(desired))

    def _wait(self, step: Step, other: Step) -> None:
        if step.index != other.index:
            self.edges[step.index].add(other.index)


def _in_order(bare: list[Step], edges: dict[int, set[int]]) -> tuple[Step, ...]:
    try:
        order = tuple(TopologicalSorter(edges).static_order())
    except CycleError as error:
        path = " → ".join(f"{bare[index].verb} {bare[index].key}" for index in error.args[1])
        message = f"a plan that waits for itself: {path}"
        raise ValueError(message) from error
    place = {old: new for new, old in enumerate(order)}
    return tuple(
        Step(
            index=place[old],
            verb=bare[old].verb,
            change=bare[old].change,
            after=frozenset(place[each] for each in edges[old]),
        )
        for old in order
    )
