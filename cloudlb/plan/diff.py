"""Desired against observed: the pure function that makes every plan.

For each desired resource the best candidate among the observed objects of its key is chosen; its fields are compared
with references resolved to the cloud's ids where these are known. What is not chosen, or not desired, is deleted.

| candidate                                             | change                                            |
|-------------------------------------------------------|---------------------------------------------------|
| none                                                  | create                                            |
| equal in every managed field                          | none                                              |
| differs in fields that can change in place            | update                                            |
| differs in an immutable field                         | replace: create, re-point, delete                 |
| the same, and shares an exclusive value               | replace: delete, create (interrupts traffic)      |
| refers to something that must be deleted first        | the same                                          |
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from cloudlb.plan.change import Action, Change, FieldChange, Plan
from cloudlb.plan.links import Links, part_of_any
from cloudlb.plan.resource import (
    Found,
    Key,
    Meaning,
    Observed,
    Ref,
    Resource,
    Stack,
    exclusive_values,
    meanings,
    references,
    resolve,
)

NOTHING = Observed()


def diff(desired: Stack, observed: Observed, shared: Observed = NOTHING) -> Plan:
    """Compute what has to change so that `observed` becomes `desired`.

    `shared` is what exists of the stack that all owners share; desired resources may refer into it.
    Raises ValueError if the references of `desired` form a cycle.
    """
    order = _topological(desired)
    work = _Work(shared=shared)
    for resource in order:
        work.decide(resource, observed.of(resource.key))
    removed = tuple(_removals(desired, observed, work))
    going = tuple(change.found for change in removed if change.found is not None)
    going += tuple(work.replaced())
    changes = [_absorbing(change, going) for change in (*work.changes, *_backwards(removed))]
    changed = frozenset(change.key for change in changes)
    return Plan(
        changes=tuple(changes),
        kept=tuple(work.kept),
        depends=tuple(_dependencies(order, changed)),
    )


@dataclass(slots=True)
class _Work:
    """The state of one diff: what was decided for the resources seen so far, in topological order."""

    shared: Observed
    changes: list[Change] = field(default_factory=list)
    kept: list[Found[Any]] = field(default_factory=list)
    standing: dict[Key, Found[Any]] = field(default_factory=dict)
    chosen: dict[Key, Found[Any]] = field(default_factory=dict)
    deleted_first: set[Key] = field(default_factory=set)

    def decide(self, resource: Resource, candidates: tuple[Found[Any], ...]) -> None:
        """Choose a candidate for a desired resource and note the change, if any."""
        resource = resolve(resource, self._known)
        if not candidates:
            self.changes.append(_creation(resource))
            return
        found = min(candidates, key=lambda each: (_distance(each.value, resource), each.id))
        self.chosen[resource.key] = found
        if _same(found.value, resource):
            self.standing[resource.key] = found
            self.kept.append(found)
            return
        change = self._change(resource, found)
        self.changes.append(change)
        if change.action is Action.UPDATE:
            self.standing[resource.key] = found
        elif change.interrupts:
            self.deleted_first.add(resource.key)

    def replaced(self) -> Iterator[Found[Any]]:
        """Yield the observed objects that replacements will delete."""
        for change in self.changes:
            if change.action is Action.REPLACE and change.found is not None:
                yield change.found

    def _known(self, ref: Ref) -> str | None:
        if ref.shared:
            found = next(iter(self.shared.of(ref.key)), None)
        else:
            found = self.standing.get(ref.key)
        return None if found is None else found.attributes.get(ref.attribute)

    def _change(self, resource: Resource, found: Found[Any]) -> Change:
        fields = tuple(compare(found.value, resource))
        forcing = [each.field for each in fields if _forces(found.value, each)]
        uprooted = [
            str(ref.key) for _, ref in references(resource) if ref.key in self.deleted_first
        ]
        if not forcing and not uprooted:
            return Change(
                action=Action.UPDATE,
                key=resource.key,
                desired=resource,
                found=found,
                fields=fields,
                reason="differs",
            )
        shared_values = exclusive_values(found.value) & exclusive_values(resource)
        return Change(
            action=Action.REPLACE,
            key=resource.key,
            desired=resource,
            found=found,
            fields=fields,
            reason=_why_replaced(fields, forcing, uprooted),
            interrupts=bool(shared_values or uprooted),
            moves_address=resource.HOLDS_ADDRESS,
        )


def compare(old: Resource, new: Resource) -> Iterator[FieldChange]:
    """Yield the managed fields in which two resources of one kind differ, in the order of declaration."""
    for name, meaning in meanings(type(new)).items():
        if meaning.create_only:
            continue
        wanted = getattr(new, name)
        have = _comparable(getattr(old, name), wanted, meaning)
        if have != wanted:
            yield FieldChange(name, have, wanted, secret=meaning.secret, members=meaning.members)


def _same(old: Resource, new: Resource) -> bool:
    return next(compare(old, new), None) is None


def _comparable(old: Any, new: Any, meaning: Meaning) -> Any:  # noqa: ANN401
    """Leave out of an overlay what nobody desires."""
    if not meaning.overlay:
        return old
    wanted = {name for name, _ in new}
    return tuple(pair for pair in old if pair[0] in wanted)


def _forces(old: Resource, change: FieldChange) -> bool:
    return meanings(type(old))[change.field].forces_replacement(change.old, change.new)


def _distance(old: Resource, new: Resource) -> tuple[int, int]:
    """Rank a candidate: first by what would force its replacement, then by how much differs."""
    fields = tuple(compare(old, new))
    return sum(_forces(old, each) for each in fields), len(fields)


def _creation(resource: Resource) -> Change:
    return Change(
        action=Action.CREATE,
        key=resource.key,
        desired=resource,
        found=None,
        reason="does not exist",
    )


def _why_replaced(
    fields: tuple[FieldChange, ...], forcing: Iterable[str], uprooted: Iterable[str]
) -> str:
    named = list(forcing)
    if not named:
        return f"{', '.join(sorted(set(uprooted)))} is deleted first"
    replaced = [each.field for each in fields if each.field in named and isinstance(each.new, Ref)]
    if len(replaced) == len(named):
        return f"its {_words(replaced)} is replaced"
    return f"{_words([name for name in named if name not in replaced])} can not change in place"


def _words(names: Iterable[str]) -> str:
    return " and ".join(name.replace("_", " ") for name in names)


def _removals(desired: Stack, observed: Observed, work: _Work) -> Iterator[Change]:
    keys = {resource.key for resource in desired}
    for found in observed:
        if work.chosen.get(found.key) is found:
            continue
        yield Change(
            action=Action.DELETE,
            key=found.key,
            desired=None,
            found=found,
            reason="left over from a replacement" if found.key in keys else "no longer wanted",
        )


def _absorbing(change: Change, going: tuple[Found[Any], ...]) -> Change:
    """Mark a deletion that happens by itself, because the whole that the object is a part of goes."""
    deletes = change.action in (Action.DELETE, Action.REPLACE)
    if deletes and change.found is not None and part_of_any(change.found, going):
        return replace(change, absorbed=True)
    return change


def _backwards(removed: tuple[Change, ...]) -> Iterator[Change]:
    """Order deletions for people: what refers to something comes before what it refers to."""
    places = {id(change.found): place for place, change in enumerate(removed)}
    found = tuple(change.found for change in removed if change.found is not None)
    links = Links(found)
    graph: dict[int, set[int]] = {place: set() for place in range(len(removed))}
    for each in found:
        for target in links.targets(each):
            graph[places[id(target)]].add(places[id(each)])
    return (removed[place] for place in TopologicalSorter(graph).static_order())


def _topological(desired: Stack) -> tuple[Resource, ...]:
    by_key: Mapping[Key, Resource] = {resource.key: resource for resource in desired}
    graph = {
        resource.key: {ref.key for _, ref in references(resource) if not ref.shared}
        for resource in desired
    }
    try:
        return tuple(by_key[key] for key in TopologicalSorter(graph).static_order())
    except CycleError as error:
        message = f"the references of a stack form a cycle: {' → '.join(error.args[1])}"
        raise ValueError(message) from error


def _dependencies(
    order: Iterable[Resource], changed: frozenset[Key]
) -> Iterator[tuple[Key, frozenset[Key]]]:
    """Yield for each changed key all changed keys that it depends on, also through unchanged ones."""
    through: dict[Key, frozenset[Key]] = {}
    for resource in order:
        direct = {ref.key for _, ref in references(resource) if not ref.shared}
        through[resource.key] = frozenset(direct).union(*(through[key] for key in direct))
        if resource.key in changed:
            yield resource.key, through[resource.key] & changed
