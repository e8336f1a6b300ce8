"""Deleting and putting back, many at a time and at a bounded rate: the controller needs the cloud's API as well.

One that fails does not keep the others. Whoever interrupts it (Ctrl-C) is told what was done until then; the next run
takes up the rest.
"""

import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from cloudlb.errors import CloudlbError
from cloudlb.firewall.made import Dependent
from cloudlb.firewall.pruning import Done, Sentence
from cloudlb.firewall.restore_file import Restore, Saved
from cloudlb.firewall.rules import Firewall, Told, untold
from cloudlb.firewall.verdicts import Judged, JudgedDependent

GONE = "it has gone meanwhile"
INTERRUPTED = "it was interrupted: run it again for the rest"

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """How many calls are made at once, and how many seconds lie between their beginnings at least."""

    workers: int = 8
    spacing: float = 0.2
    sleep: Callable[[float], None] = time.sleep


TEMPO = Tempo()


@dataclass(frozen=True, slots=True)
class Back:
    """What became of a saved rule or dependent: its id now, whether it had to be made, or why it is not there."""

    saved: Saved
    id: str = ""
    made: bool = False
    error: str = ""


def carry_out(
    firewall: Firewall, going: Sentence, tempo: Tempo = TEMPO, told: Told = untold
) -> list[Done]:
    """Delete the rules, then the dependents in their order; return what became of each."""
    done = [
        _result(each, outcome)
        for each, outcome in _all(going.rules, lambda one: firewall.delete(one.rule), tempo, told)
    ]
    stayed = {each.judged.made.id for each in done if each.why and each.why != GONE}
    interrupted = any(each.why == INTERRUPTED for each in done)
    for dependent in going.dependents:
        try:
            last = _removed(firewall, dependent, stayed, interrupted=interrupted)
        except KeyboardInterrupt:
            interrupted = True
            last = Done(dependent, "kept", INTERRUPTED)
        done.append(last)
        if last.why and last.why != GONE:
            stayed.add(dependent.made.id)
    return done


def put_back(
    firewall: Firewall, restore: Restore, tempo: Tempo = TEMPO, told: Told = untold
) -> list[Back]:
    """Put back the dependents in their order, then the rules; return what became of each."""
    done = []
    moved: dict[str, str] = {}
    for each in restore.dependents:
        outcome = _attempted(partial(firewall.put_back, each.text, moved))
        if outcome.value is None:
            done.append(Back(each, error=outcome.error))
        else:
            moved[each.id], made = outcome.value
            done.append(Back(each, id=moved[each.id], made=made))
    results = _all(restore.rules, lambda one: firewall.restore(one.text, moved), tempo, told)
    done += [
        Back(each, id=found.value or "", made=bool(found.value), error=found.error)
        for each, found in results
    ]
    return done


@dataclass(frozen=True, slots=True)
class _Outcome(Generic[R]):
    value: R | None = None
    error: str = ""


def _all(
    items: Sequence[T], work: Callable[[T], R], tempo: Tempo, told: Told
) -> Iterable[tuple[T, _Outcome[R]]]:
    """Do the same to many. An interruption lets what has begun end, and begins nothing more."""
    begun: list[Future[_Outcome[R]]] = []
    ended = itertools.count(1)
    pool = ThreadPoolExecutor(max_workers=tempo.workers)
    try:
        for number, each in enumerate(items):
            if number:
                tempo.sleep(tempo.spacing)
            begun.append(pool.submit(_attempted, partial(work, each)))
            begun[-1].add_done_callback(lambda _future: told(next(ended)))
        wait(begun)
    except KeyboardInterrupt:
        pass  # What has not begun is told of as such.
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    outcomes = [_outcome_of(each) for each in begun]
    outcomes += [_Outcome(error=INTERRUPTED)] * (len(items) - len(begun))
    return tuple(zip(items, outcomes, strict=True))


def _outcome_of(future: Future[_Outcome[R]]) -> _Outcome[R]:
    try:
        return future.result()
    except CancelledError:
        return _Outcome(error=INTERRUPTED)


def _attempted(work: Callable[[], R]) -> _Outcome[R]:
    try:
        return _Outcome(work())
    except (CloudlbError, KeyError, ValueError) as error:
        return _Outcome(error=str(error) or type(error).__name__)


def _result(each: Judged | JudgedDependent, outcome: _Outcome[bool]) -> Done:
    if outcome.error:
        interrupted = outcome.error == INTERRUPTED
        return Done(each, "kept" if interrupted else "failed", outcome.error)
    return Done(each, "deleted") if outcome.value else Done(each, "kept", GONE)


def _removed(
    firewall: Firewall, each: JudgedDependent, stayed: Iterable[str], *, interrupted: bool
) -> Done:
    if interrupted:
        return Done(each, "kept", INTERRUPTED)
    made: Dependent = each.dependent
    holding = sorted((made.rules | made.dependents).intersection(stayed))
    if holding:
        return Done(each, "kept", f"{holding[0]} is still there, and needs it")
    return _result(each, _attempted(lambda: firewall.remove(made)))
