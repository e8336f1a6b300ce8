"""Desired against observed: the pure function that makes every plan.

For each desired resource the best candidate among the observed objects of its key is chosen; its fields are compared
with references resolved to the cloud's ids where these are known. What is not chosen, or not desired, is deleted.

| candidate                                             | change                                            |
|-------------------------------------------------------|---------------------------------------------------|
| none                                                  | create                                            |
| equal in every managed field                          | none                                              |
| differs in fields that can change in place            | update                                            |
| the same, and one of them means making it anew        | update (interrupts traffic)                       |
| differs in an immutable field                         | replace: create, re-point, delete                 |
| the same, and shares an exclusive value               | replace: delete, create (interrupts traffic)      |
| refers to something that must be deleted first        | the same                                          |
| must let go of something before what it needs can come| the same                                          |
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from cloudlb.plan.change import Action, Change, FieldChange, Plan, Reason
from cloudlb.plan.links import Links, refers_to_any
from cloudlb.plan.meaning import Meaning, schema
from cloudlb.plan.order import knots
from cloudlb.plan.resource import (
    NOTHING,
    Found,
    Key,
    Observed,
    Ref,
    Resource,
    Stack,
    exclusive_values,
    meanings,
    references,
    resolve,
    resolved,
)


def diff(desired: Stack, observed: Observed, shared: Observed = NOTHING) -> Plan:
    """Compute what has to change so that `observed` becomes `desired`.

    `shared` is what exists of the stack that all owners share; desired resources may refer into it.
    """
    deleted_first: frozenset[Key] = frozenset()
    while True:
        plan = _attempt(desired, observed, _Work(shared=shared, deleted_first=deleted_first))
        more = knots(plan) - deleted_first
        if not more:
            return plan
        deleted_first |= more


def _attempt(desired: Stack, observed: Observed, work: "_Work") -> Plan:
    candidates: dict[Key, list[Found[Any]]] = defaultdict(list)
    for found in observed:
        candidates[found.key].append(found)
    for resource in desired.order:
        work.decide(resource, candidates.pop(resource.key, ()))
    removed = (*work.left_over, *_unwanted(candidates))
    if not work.changes and not removed:
        return Plan(kept=tuple(work.kept))
    going = [*work.replaced(), *(change.found for change in removed if change.found is not None)]
    changes = [_marked(change, going, removed) for change in (*work.changes, *_backwards(removed))]
    changed = frozenset(change.key for change in work.changes)
    return Plan(
        changes=tuple(changes),
        kept=tuple(work.kept),
        depends=tuple(_dependencies(desired, changed)),
    )


@dataclass(slots=True)
class _Work:
    """The state of one diff: what was decided for the resources seen so far, in topological order.

    `deleted_first` are keys whose present object has to go before its successor comes, as a former attempt found out.
    """

    shared: Observed
    deleted_first: frozenset[Key]
    changes: list[Change] = field(default_factory=list)
    kept: list[Found[Any]] = field(default_factory=list)
    left_over: list[Change] = field(default_factory=list)
    standing: dict[Key, Found[Any]] = field(default_factory=dict)
    going_first: list[Found[Any]] = field(default_factory=list)

    def decide(self, resource: Resource, candidates: Iterable[Found[Any]]) -> None:
        """Choose a candidate for a desired resource and note the change, if any."""
        found = self._chosen(resource, tuple(candidates))
        if found is None:
            self.changes.append(_creation(resolve(resource, self._known)))
            return
        resource = resource.settled(found.value)
        if resource.key not in self.deleted_first and self._same(found.value, resource):
            self.standing[resource.key] = found
            self.kept.append(found)
        else:
            self._change(resolve(resource, self._known), found)

    def replaced(self) -> Iterator[Found[Any]]:
        """Yield the observed objects that replacements will delete."""
        for change in self.changes:
            if change.action is Action.REPLACE and change.found is not None:
                yield change.found

    def _chosen(self, resource: Resource, candidates: tuple[Found[Any], ...]) -> Found[Any] | None:
        if len(candidates) < 2:
            return next(iter(candidates), None)
        wanted = resolve(resource, self._known)
        best = min(candidates, key=lambda each: (_distance(each.value, wanted), each.id))
        self.left_over += [
            _deletion(each, Reason.LEFT_OVER) for each in candidates if each is not best
        ]
        return best

    def _known(self, ref: Ref) -> str | None:
        if ref.shared:
            found = next(iter(self.shared.of(ref.key)), None)
        else:
            found = self.standing.get(ref.key)
        return None if found is None else found.attributes.get(ref.attribute)

    def _same(self, old: Resource, new: Resource) -> bool:
        """Tell whether nothing differs: what `compare` would say, in the time that a thousand objects leave."""
        fields = schema(type(new))
        return (
            fields.settled(old) == fields.settled(new)
            and all(
                getattr(old, name) == resolved(getattr(new, name), self._known)
                for name in fields.references
                if not fields.meanings[name].create_only
            )
            and all(
                _same_overlay(getattr(old, name), getattr(new, name)) for name in fields.overlays
            )
        )

    def _change(self, resource: Resource, found: Found[Any]) -> None:
        fields = tuple(compare(found.value, resource))
        forcing = [each.field for each in fields if _forces(found.value, each)]
        uprooted = refers_to_any(found, self.going_first)
        first = uprooted or resource.key in self.deleted_first
        if not forcing and not first:
            self.changes.append(_update(resource, found, fields))
            self.standing[resource.key] = found
            return
        first = first or bool(exclusive_values(found.value) & exclusive_values(resource))
        if first:
            self.going_first.append(found)
        change = Change(
            action=Action.REPLACE,
            key=resource.key,
            desired=resource,
            found=found,
            fields=fields,
            reason=self._why_replaced(found, fields, forcing),
            interrupts=first,
            moves_address=resource.HOLDS_ADDRESS,
        )
        self.changes.append(change)

    def _why_replaced(
        self, found: Found[Any], fields: tuple[FieldChange, ...], forcing: list[str]
    ) -> str:
        if not forcing:
            roots = sorted({each.key for each in self.going_first if refers_to_any(found, [each])})
            if roots:
                have = "has" if len(roots) == 1 else "have"
                return f"{_words(roots)} {have} to be deleted first"
            return "has to let go of what stands in the way of what it needs"
        news = [
            each.field for each in fields if each.field in forcing and isinstance(each.new, Ref)
        ]
        if len(news) == len(forcing):
            return f"its {_words(news)} is a new one"
        known = meanings(type(found.value))
        fixed = [name for name in forcing if name not in news and not known[name].because]
        said = [f"{_words(fixed)} can not change in place"] if fixed else []
        return "; ".join(said or sorted({known[name].because for name in forcing} - {""}))


def compare(old: Resource, new: Resource) -> Iterator[FieldChange]:
    """Yield the managed fields in which two resources of one kind differ, in the order of declaration."""
    for name, meaning in meanings(type(new)).items():
        if meaning.create_only:
            continue
        wanted, have = getattr(new, name), getattr(old, name)
        if meaning.overlay:
            if _same_overlay(have, wanted):
                continue
            have = _overlaid(have, wanted)
        if have != wanted:
            yield FieldChange(name, have, wanted, secret=meaning.secret, members=meaning.members)


Pairs = tuple[tuple[Any, Any], ...]


def _same_overlay(old: Pairs, new: Pairs) -> bool:
    return old == new or set(_overlaid(old, new)) == set(new)


def _overlaid(old: Pairs, new: Pairs) -> Pairs:
    """Leave out of an overlay what nobody desires."""
    wanted = {name for name, _ in new}
    return tuple(pair for pair in old if pair[0] in wanted)


def _forces(old: Resource, change: FieldChange) -> bool:
    meaning: Meaning = meanings(type(old))[change.field]
    return meaning.forces_replacement(change.old, change.new)


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
        reason=Reason.MISSING,
    )


def _update(resource: Resource, found: Found[Any], fields: tuple[FieldChange, ...]) -> Change:
    known = meanings(type(found.value))
    return Change(
        action=Action.UPDATE,
        key=resource.key,
        desired=resource,
        found=found,
        fields=fields,
        reason=Reason.DIFFERS,
        interrupts=any(known[each.field].interrupts for each in fields),
    )


def _deletion(found: Found[Any], reason: Reason) -> Change:
    return Change(action=Action.DELETE, key=found.key, desired=None, found=found, reason=reason)


def _unwanted(candidates: Mapping[Key, list[Found[Any]]]) -> Iterator[Change]:
    for found in candidates.values():
        yield from (_deletion(each, Reason.UNWANTED) for each in found)


def _words(names: Iterable[str]) -> str:
    return " and ".join(name.replace("_", " ") for name in names)


def _marked(change: Change, going: Iterable[Found[Any]], removed: Iterable[Change]) -> Change:
    """Mark what can only be told once everything is decided.

    A deletion is absorbed if the whole that the object is a part of goes. What comes in the place of something that is
    no longer wanted, and holds the same exclusively, interrupts traffic like a replacement would.
    """
    if change.found is not None and change.action in (Action.DELETE, Action.REPLACE):
        return replace(change, absorbed=refers_to_any(change.found, going, parts_only=True))
    if change.action is Action.CREATE and change.desired is not None:
        wanted = exclusive_values(change.desired)
        for other in removed if wanted else ():
            if other.reason == Reason.UNWANTED and _holds(other.found, change.desired, wanted):
                return replace(change, interrupts=True, reason=f"takes the place of {other.key}")
    return change


def _holds(
    found: Found[Any] | None, desired: Resource, wanted: frozenset[tuple[str, object]]
) -> bool:
    return (
        found is not None
        and found.value.KIND == desired.KIND
        and not wanted.isdisjoint(exclusive_values(found.value))
    )


def _backwards(removed: tuple[Change, ...]) -> tuple[Change, ...]:
    """Order deletions for people: what refers to something comes before what it refers to."""
    ordered = sorted(removed, key=lambda each: (each.key, each.found.id if each.found else ""))
    places = {id(change.found): place for place, change in enumerate(ordered)}
    found = [change.found for change in ordered if change.found is not None]
    links = Links(found)
    graph: dict[int, list[int]] = {place: [] for place in range(len(ordered))}
    for each in found:
        for target in links.targets(each):
            graph[places[id(target)]].append(places[id(each)])
    try:
        return tuple(ordered[place] for place in TopologicalSorter(graph).static_order())
    except CycleError:
        return tuple(ordered)


def _dependencies(desired: Stack, changed: frozenset[Key]) -> Iterator[tuple[Key, frozenset[Key]]]:
    """Yield for each changed key all changed keys that it depends on, also through unchanged ones."""
    through: dict[Key, frozenset[Key]] = {}
    for resource in desired.order:
        direct = {ref.key for _, ref in references(resource) if not ref.shared}
        through[resource.key] = frozenset(direct).union(*(through[key] for key in direct))
        if resource.key in changed:
            yield resource.key, through[resource.key] & changed
