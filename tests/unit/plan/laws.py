"""The order laws of `cloudlb.plan.order`, as a check of the steps that a plan was split into."""

from typing import Any

from cloudlb.plan.change import Action
from cloudlb.plan.links import held_ids
from cloudlb.plan.order import Step, Verb
from cloudlb.plan.resource import Found, references


class Ancestry:
    """Which steps are done for sure before which."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        self.before: dict[int, frozenset[int]] = {}
        for step in steps:
            known = [self.before[each] for each in sorted(step.after)]
            self.before[step.index] = step.after.union(*known)

    def __call__(self, first: Step, second: Step) -> bool:
        return first.index in self.before[second.index]


def broken(steps: tuple[Step, ...]) -> list[str]:
    """Return in words which laws the waits of some steps break."""
    assert [step.index for step in steps] == list(range(len(steps)))
    for step in steps:
        assert all(each < step.index for each in step.after), f"{step.key} waits for a later step"
    sure = Ancestry(steps)
    return [
        *_references(steps, sure),
        *_referrers(steps, sure),
        *_replacements(steps, sure),
        *_parts(steps, sure),
    ]


def _references(steps: tuple[Step, ...], sure: Ancestry) -> list[str]:
    """Law 1: what an object refers to exists before the object does, or turns to it."""
    creations = {step.key: step for step in steps if step.verb is Verb.CREATE}
    return [
        f"{step.verb} {step.key} does not wait for the creation of {ref.key}"
        for step in steps
        if step.verb is not Verb.DELETE and step.change.desired is not None
        for _, ref in references(step.change.desired)
        if ref.key in creations and not sure(creations[ref.key], step)
    ]


def _referrers(steps: tuple[Step, ...], sure: Ancestry) -> list[str]:
    """Law 2: nothing is deleted while something else still refers to it."""
    return [
        f"deletion of {step.key} does not wait for the {other.verb} of {other.key}, which uses it"
        for step in steps
        if step.verb is Verb.DELETE and not step.absorbed and step.change.found is not None
        for other in _last_steps(steps)
        if not other.absorbed and _uses(other, step.change.found) and not sure(other, step)
    ]


def _last_steps(steps: tuple[Step, ...]) -> list[Step]:
    """Return the steps after which an object that exists now is gone, or no longer as it was."""
    return [
        step
        for step in steps
        if step.change.found is not None
        and (step.verb is Verb.DELETE or step.change.action is Action.UPDATE)
    ]


def _uses(step: Step, target: Found[Any]) -> bool:
    user = step.change.found
    assert user is not None
    other_kind = type(user.value) is not type(target.value)
    return other_kind and target.id in held_ids(user)


def _replacements(steps: tuple[Step, ...], sure: Ancestry) -> list[str]:
    """Law 3: the old object goes after its successor came, or before, where traffic is interrupted."""
    creations = {step.key: step for step in steps if step.verb is Verb.CREATE}
    wrong = []
    for step in steps:
        if step.verb is not Verb.DELETE or step.change.action is not Action.REPLACE:
            continue
        new = creations[step.key]
        if step.change.interrupts and not sure(step, new):
            wrong.append(f"the new {step.key} does not wait for the old one to go")
        if not step.change.interrupts and not step.absorbed and not sure(new, step):
            wrong.append(f"the old {step.key} goes before the new one came")
    return wrong


def _parts(steps: tuple[Step, ...], sure: Ancestry) -> list[str]:
    """Law 5: an absorbed deletion is done when its whole's is."""
    deletions = [step for step in steps if step.verb is Verb.DELETE]
    return [
        f"{part.key} is told as deleted before any whole of it is"
        for part in deletions
        if part.absorbed and part.change.found is not None
        if not any(
            sure(whole, part)
            for whole in deletions
            if whole.change.found is not None
            and whole.change.found.id in held_ids(part.change.found, parts_only=True)
        )
    ]
