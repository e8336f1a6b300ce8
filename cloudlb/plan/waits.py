"""Which step waits for which: the laws of `order`, one method each."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from cloudlb.plan.change import Plan
from cloudlb.plan.links import Links
from cloudlb.plan.meaning import schema
from cloudlb.plan.resource import Key, Resource
from cloudlb.plan.step import Step, Verb

Value = tuple[str, str, object]
"""What one object holds exclusively: kind, field, value."""


class Waits:
    """Collects, law by law, which step waits for which.

    `edges` maps the index of a step to those that it waits for. `soft` has the edges (waiting, waited for) that only
    make success likelier; where they contradict each other, one may be dropped.
    """

    def __init__(self, plan: Plan, steps: tuple[Step, ...]) -> None:
        """Apply every law to the steps of a plan."""
        self.steps = steps
        self.edges: dict[int, set[int]] = {step.index: set() for step in steps}
        self.soft: set[tuple[int, int]] = set()
        self._forward = {step.key: step for step in steps if step.verb is not Verb.DELETE}
        self._deletions = [step for step in steps if step.verb is Verb.DELETE]
        self._last = {
            id(each.change.found): each for each in steps if each.change.found is not None
        }
        self._links = Links(each.change.found for each in steps if each.change.found is not None)
        self._depends = {key: sorted(needed) for key, needed in plan.depends}
        self._dependents = self._reversed()
        self._for_references()
        self._for_referrers()
        exclusive = self._for_exclusive_values()
        self._for_successors(careful=exclusive)
        self._for_readiness()

    def turns(self, key: Key, other: Step) -> bool:
        """Tell whether law 3 makes the old object of a key wait for another step."""
        return other in self._dependents.get(key, ())

    def _reversed(self) -> dict[Key, list[Step]]:
        dependents: dict[Key, list[Step]] = defaultdict(list)
        for key, step in self._forward.items():
            dependents[key].append(step)
            for needed in self._depends.get(key, ()):
                dependents[needed].append(step)
        return dependents

    def _for_references(self) -> None:
        """Law 1."""
        for key, step in self._forward.items():
            for needed in self._depends.get(key, ()):
                other = self._forward.get(needed)
                if other is not None and (other.verb is Verb.CREATE or _turns_somewhere(step)):
                    self._wait(step, other)

    def _for_referrers(self) -> None:
        """Laws 2 and 5."""
        for step in self._last.values():
            found = step.change.found
            if found is None:
                continue
            wholes = {id(each) for each in self._links.wholes(found)}
            for target in self._links.targets(found):
                other = self._last[id(target)]
                if other.verb is not Verb.DELETE:
                    continue
                if step.absorbed and id(target) in wholes:
                    self._wait(step, other)
                else:
                    self._wait(other, step, soft=step.verb is Verb.DELETE)

    def _for_exclusive_values(self) -> bool:
        """Law 4. Tells whether there was anything to wait for."""
        holders: dict[Value, list[Step]] = defaultdict(list)
        for step in self._last.values():
            for value in _given_up(step):
                holders[value].append(step)
        waited = False
        for step in self._forward.values() if holders else ():
            for value in _taken(step):
                for holder in holders.get(value, ()):
                    if holder.index != step.index and not _gentle_twin(holder, step):
                        self._wait(step, holder, soft=holder.verb is Verb.UPDATE)
                        waited = True
        return self._for_interrupted() or waited

    def _for_interrupted(self) -> bool:
        """Law 3, where the old object goes first."""
        first = [step for step in self._deletions if step.change.interrupts]
        for step in first:
            self._wait(self._forward[step.key], step)
        return bool(first)

    def _for_readiness(self) -> None:
        """Law 3: before traffic is interrupted, all that can be made ready is."""
        for step in self._deletions:
            if step.change.interrupts and not step.absorbed:
                for other in self._preparing(step.key):
                    if not self._reaches(other, step):
                        self._wait(step, other, soft=True)

    def _preparing(self, key: Key) -> Iterator[Step]:
        """Yield what an object, and those that depend on it, need besides that object."""
        dependents = self._dependents.get(key, [])
        after = {each.key for each in dependents}
        needed = {each for step in dependents for each in self._depends.get(step.key, ())}
        yield from (self._forward[each] for each in sorted(needed - after) if each in self._forward)

    def _for_successors(self, *, careful: bool) -> None:
        """Law 3. `careful`: something goes before something comes, so that waiting may close a circle."""
        for step in self._deletions:
            if step.change.interrupts:
                continue
            gentle = step.change.desired is not None and not step.absorbed
            for going in self._with_wholes(step):
                for other in self._dependents.get(step.key, ()):
                    if gentle or not careful or not self._reaches(other, going):
                        self._wait(going, other)

    def _with_wholes(self, step: Step) -> Iterator[Step]:
        """Yield a deletion or, where it goes along with others, those."""
        seen, todo = {step.index}, [step]
        while todo:
            each = todo.pop()
            if not each.absorbed or each.change.found is None:
                yield each
                continue
            wholes = [self._last[id(found)] for found in self._links.wholes(each.change.found)]
            fresh = [whole for whole in wholes if whole.index not in seen]
            seen |= {whole.index for whole in fresh}
            todo += [w for w in fresh if w.verb is Verb.DELETE and not w.change.interrupts]

    def _reaches(self, start: Step, end: Step) -> bool:
        """Tell whether `start` waits for `end`, also through others."""
        seen, todo = {start.index}, [start.index]
        while todo:
            for index in self.edges[todo.pop()] - seen:
                if index == end.index:
                    return True
                seen.add(index)
                todo.append(index)
        return False

    def _wait(self, step: Step, other: Step, *, soft: bool = False) -> None:
        if step.index == other.index:
            return
        known = other.index in self.edges[step.index]
        self.edges[step.index].add(other.index)
        edge = (step.index, other.index)
        if soft and not known:
            self.soft.add(edge)
        elif not soft:
            self.soft.discard(edge)


def _turns_somewhere(step: Step) -> bool:
    """Tell whether a step makes an object refer to something that it did not refer to."""
    if step.verb is Verb.CREATE or step.change.desired is None:
        return True
    return not step.change.changed.isdisjoint(schema(type(step.change.desired)).references)


def _gentle_twin(holder: Step, step: Step) -> bool:
    """Tell whether two steps are the halves of one replacement (whose order is not decided here)."""
    return holder.change is step.change


def _values(resource: Resource, *, changeable: bool = False) -> Iterator[Value]:
    fields = schema(type(resource))
    for name, exclusive in fields.exclusive:
        if not changeable or not fields.meanings[name].create_only:
            for value in exclusive(getattr(resource, name)):
                yield resource.KIND, name, value


def _given_up(step: Step) -> Iterable[Value]:
    """Return what is free once a step is done."""
    found, desired = step.change.found, step.change.desired
    if found is None:
        return ()
    if step.verb is Verb.UPDATE and desired is not None:
        return set(_values(found.value, changeable=True)) - set(_values(desired))
    return _values(found.value)


def _taken(step: Step) -> Iterable[Value]:
    """Return what has to be free before a step."""
    found, desired = step.change.found, step.change.desired
    if desired is None:
        return ()
    if step.verb is Verb.UPDATE and found is not None:
        return set(_values(desired, changeable=True)) - set(_values(found.value))
    return _values(desired)
