"""Choosing what is to go: rules that nobody needs, and what hangs together with them. Pure.

Between the plan that a person saw and the deletion, everything is read and judged again; what is not exactly as it was
shown, or not condemned any more, is kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cloudlb.firewall.made import Made
from cloudlb.firewall.verdicts import DEAD, Judged, JudgedDependent, Verdict

Item = Judged | JudgedDependent
T = TypeVar("T", Judged, JudgedDependent)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one rule or dependent: `deleted`, `kept` or `failed`, and why."""

    judged: Item
    result: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which rules are to go: the kinds and, with `before`, only those that were made before a time.

    Of clusters that are not at `home`, only the rules of those that are named. With `dependents`, what hangs together with
    them as well. Raises ValueError for a kind that is not dead.
    """

    kinds: frozenset[Verdict]
    before: datetime | None = None
    home: str = ""
    clusters: frozenset[str] = frozenset()
    dependents: bool = False

    def __post_init__(self) -> None:
        """Check the kinds."""
        if not self.kinds <= DEAD:
            message = f"only {', '.join(sorted(DEAD))} may be removed"
            raise ValueError(message)

    def spared(self, made: Made) -> str:
        """Say why something dead of a chosen kind is kept all the same; empty if it is not."""
        cluster = made.owner.cluster if made.owner is not None else made.origin.cluster
        if self.home and cluster and cluster not in {self.home, *self.clusters}:
            return (
                f"it belongs to the cluster {cluster}: give that with --cluster to have it removed"
            )
        if self.before is None:
            return ""
        if made.created is None:
            return "its age is not known"
        if made.created >= self.before:
            return "it is not old enough"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """The rules that are to go, then the dependents in the order in which they can; and what is kept, with the reason."""

    rules: tuple[Judged, ...] = ()
    dependents: tuple[JudgedDependent, ...] = ()
    kept: tuple[Done, ...] = ()

    def __len__(self) -> int:
        """How many are to go."""
        return len(self.going)

    @property
    def going(self) -> tuple[Item, ...]:
        """All that is to go."""
        return (*self.rules, *self.dependents)


def sentence(
    rules: Iterable[Judged], dependents: Iterable[JudgedDependent], choice: Choice
) -> Sentence:
    """Choose what is to go."""
    rules = tuple(rules)
    wanted, kept = _chosen(rules, choice)
    hanging, held = _chosen(tuple(dependents), choice) if choice.dependents else ((), ())
    going, holding = _in_order(hanging, frozenset(each.rule.id for each in wanted))
    foreign = tuple(
        Done(each, "kept", _unread(each)) for each in rules if each.verdict is Verdict.FOREIGN
    )
    return Sentence(rules=wanted, dependents=going, kept=(*kept, *foreign, *held, *holding))


def _chosen(items: Sequence[T], choice: Choice) -> tuple[tuple[T, ...], tuple[Done, ...]]:
    dead = [each for each in items if each.verdict in choice.kinds]
    kept = [Done(each, "kept", why) for each in dead if (why := choice.spared(each.made))]
    return tuple(each for each in dead if not choice.spared(each.made)), tuple(kept)


def _unread(each: Judged) -> str:
    owner = each.rule.owner
    how = f"--context and --cluster {owner.cluster}" if owner else "its --context"
    return f"{each.facts[-1]}: give {how} to have it looked at"


def _in_order(
    dead: Sequence[JudgedDependent], rules: frozenset[str]
) -> tuple[tuple[JudgedDependent, ...], tuple[Done, ...]]:
    """Order dependents so that each comes after what holds it; and say what holds those that have to stay."""
    going: list[JudgedDependent] = []
    gone: set[str] = set()
    left = list(dead)
    while ready := [each for each in left if not _holding(each, rules, gone)]:
        going += ready
        gone |= {each.dependent.id for each in ready}
        left = [each for each in left if each not in ready]
    kept = (Done(each, "kept", f"{_holding(each, rules, gone)} needs it") for each in left)
    return tuple(going), tuple(kept)


def _holding(each: JudgedDependent, rules: frozenset[str], gone: Iterable[str]) -> str:
    """Name one thing that holds a dependent, beside these rules and dependents; empty if nothing does."""
    made = each.dependent
    held = (*made.users, *sorted(made.rules - rules), *sorted(made.dependents.difference(gone)))
    return held[0] if held else ""


def still(shown: Sequence[T], now: Iterable[T]) -> tuple[list[T], list[Done]]:
    """Split what was shown into what is just so now, and what is kept because it is not."""
    by_id = {each.made.id: each for each in now}
    same: list[T] = []
    kept: list[Done] = []
    for each in shown:
        found = by_id.get(each.made.id)
        if found is None:
            kept.append(Done(each, "kept", "it has gone meanwhile"))
        elif found.made != each.made:
            kept.append(Done(each, "kept", "it was changed meanwhile"))
        elif found.verdict not in DEAD:
            kept.append(Done(each, "kept", f"it is {found.verdict} now: {'; '.join(found.facts)}"))
        else:
            same.append(each)
    return same, kept
