"""From a plan to steps, and what each step waits for.

The laws (`waits` has them in code):

1. What an object refers to exists, opened and filled, before the object does, or turns to it (references, also through
   unchanged ones). An update that turns to nothing new waits only for what is created.
2. Nothing is deleted while something else still refers to it: deletions go against the references, and wait for the
   updates that turn a reference away.
3. A replaced object goes only after everything that depends on its successor has come; unless the two can not live at
   the same time, in which case the old one goes first, as soon as everything else is ready that its successor and
   those who depend on it need.
4. What needs something that another object holds exclusively waits for that one to go, or to let go.
5. A part goes with its whole: its deletion costs no call and is done when the whole's is.
6. Everything else is independent: no step waits for one that it has nothing to do with.
"""

from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from cloudlb.plan.change import Plan
from cloudlb.plan.resource import Key
from cloudlb.plan.step import Step, Verb, split
from cloudlb.plan.waits import Waits

__all__ = ["Step", "Verb", "knots", "steps"]


def steps(plan: Plan) -> tuple[Step, ...]:
    """Split a plan into steps with what each waits for; indices run from 0, in a possible order of execution.

    Raises ValueError if the plan can not be ordered (a defect: `diff` makes only plans that can).
    """
    waits = Waits(plan, split(plan))
    while cycle := _cycle(waits):
        _loosen(waits, cycle)
    return _numbered(waits)


def knots(plan: Plan) -> frozenset[Key]:
    """Return the keys whose present object would have to go before its successor, or its update, can come.

    Without that, steps would wait for each other: something must be deleted before a new object can come, and is held
    by what is to turn to that new object. Empty for nearly every plan.
    """
    if not plan:
        return frozenset()
    waits = Waits(plan, split(plan))
    while cycle := _cycle(waits):
        if keys := _holding(waits, cycle):
            return keys
        _loosen(waits, cycle)
    return frozenset()


def _cycle(waits: Waits) -> list[Step]:
    """Return steps in a circle, each waiting for the one before, and the first for the last; empty if there is none."""
    sorter = TopologicalSorter({index: sorted(each) for index, each in waits.edges.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        return [waits.steps[index] for index in error.args[1]]
    return []


def _holding(waits: Waits, cycle: list[Step]) -> frozenset[Key]:
    """Find in a circle what holds on to something that has to be deleted."""
    found = set()
    for awaited, step in pairwise(cycle):
        if step.verb is Verb.DELETE and awaited.verb is not Verb.DELETE:
            gentle = step.change.desired is not None and not step.change.interrupts
            if gentle and waits.turns(step.key, awaited):
                found.add(step.key)
            elif awaited.verb is Verb.UPDATE:
                found.add(awaited.key)
    return frozenset(found)


def _loosen(waits: Waits, cycle: list[Step]) -> None:
    """Drop one wait of a circle that only makes success likelier."""
    for awaited, step in pairwise(cycle):
        if (step.index, awaited.index) in waits.soft:
            waits.edges[step.index].discard(awaited.index)
            return
    path = " → ".join(f"{step.verb} {step.key}" for step in cycle)
    message = f"a plan that waits for itself: {path}"
    raise ValueError(message)


def _numbered(waits: Waits) -> tuple[Step, ...]:
    graph = {index: sorted(each) for index, each in waits.edges.items()}
    order = tuple(TopologicalSorter(graph).static_order())
    place = {old: new for new, old in enumerate(order)}
    return tuple(
        replace(
            waits.steps[old],
            index=place[old],
            after=frozenset(place[each] for each in waits.edges[old]),
        )
        for old in order
    )
