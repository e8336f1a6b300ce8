"""What is to be done next: a queue of keys, each at most once, worked on by one worker at a time.

| law                                                                              |
|----------------------------------------------------------------------------------|
| A key that is added again while it waits is not there twice; the more urgent wish counts, and the earlier time. |
| A key that is added while somebody works on it comes again when that one is done. |
| More urgent keys come first, within one urgency those that have waited longest.   |
| Churn settles: a key waits until there was quiet for a while, but never longer than a limit since it was first added. |
"""

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Urgency(IntEnum):
    """Why a key is there, the most urgent first."""

    EDIT = 0
    DELETION = 1
    RETRY = 2
    CHURN = 3
    AUDIT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """Seconds of quiet that churn waits for, and the seconds after which it waits no longer."""

    quiet: float = 1.0
    limit: float = 5.0


@dataclass(slots=True)
class _Wish:
    """When a key may be worked on, and how urgent that is. Churn keeps when it began."""

    urgency: Urgency
    due: float
    since: float
    churning: float | None = None
    ticket: int = 0


@dataclass(frozen=True, slots=True)
class Item(Generic[K]):
    """A key to work on now, why, and the seconds that it waited beyond its time."""

    key: K
    urgency: Urgency
    waited: float


@dataclass(slots=True)
class Queue(Generic[K]):
    """Safe to use from several threads. Times are those of `clock`, in seconds."""

    settling: Settling = field(default_factory=Settling)
    clock: Callable[[], float] = time.monotonic
    _wishes: dict[K, _Wish] = field(default_factory=dict)
    _busy: set[K] = field(default_factory=set)
    _heap: list[tuple[float, int, K]] = field(default_factory=list)
    _ready: list[tuple[int, int, K]] = field(default_factory=list)
    _tickets: "itertools.count[int]" = field(default_factory=itertools.count)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _closed: bool = False

    def add(self, key: K, urgency: Urgency, after: float = 0.0) -> None:
        """Ask for a key to be worked on, `after` seconds from now at the earliest."""
        with self._changed:
            now = self.clock()
            self._merge(key, _Wish(urgency=urgency, due=now + after, since=now + after))

    def churn(self, key: K) -> None:
        """Ask for a key to be worked on once its changes have settled."""
        with self._changed:
            now = self.clock()
            wish = self._wishes.get(key)
            began = wish.churning if wish is not None and wish.churning is not None else now
            due = min(now + self.settling.quiet, began + self.settling.limit)
            if wish is not None and wish.urgency is Urgency.CHURN and wish.churning is not None:
                wish.due = due
                self._place(key, wish)
                return
            self._merge(key, _Wish(urgency=Urgency.CHURN, due=due, since=due, churning=began))

    def take(self, timeout: float | None = None) -> Item[K] | None:
        """Wait for the next key and begin it; None when the time is up or the queue is closed.

        Every key that was taken has to be given back with `done`.
        """
        end = None if timeout is None else self.clock() + timeout
        with self._changed:
            while not self._closed:
                item = self._next()
                if item is not None:
                    return item
                wait = self._until_due()
                if end is not None:
                    left = end - self.clock()
                    if left <= 0:
                        return None
                    wait = left if wait is None else min(wait, left)
                self._changed.wait(wait)
            return None

    def done(self, key: K) -> None:
        """Give a key back: it may be worked on again."""
        with self._changed:
            self._busy.discard(key)
            wish = self._wishes.get(key)
            if wish is not None:
                self._place(key, wish)

    def close(self) -> None:
        """Hand out nothing more, and wake everybody who waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        """Count the keys that wait, due or not."""
        return len(self._wishes)

    def backlog(self) -> tuple[int, float]:
        """Return how many keys are due, and the seconds for which the oldest of them has been."""
        with self._changed:
            now = self.clock()
            due = [wish.since for wish in self._wishes.values() if wish.due <= now]
            return len(due), max((now - since for since in due), default=0.0)

    @property
    def quiet(self) -> bool:
        """Whether nobody works on anything."""
        return not self._busy

    @property
    def idle(self) -> bool:
        """Whether nobody works and nothing is due but what was put off on purpose."""
        with self._changed:
            now = self.clock()
            pending = [
                wish
                for wish in self._wishes.values()
                if wish.due <= now or wish.churning is not None or wish.urgency < Urgency.RETRY
            ]
            return not self._busy and not pending

    def _merge(self, key: K, wish: _Wish) -> None:
        old = self._wishes.get(key)
        if old is not None:
            wish.urgency = min(wish.urgency, old.urgency)
            wish.due = min(wish.due, old.due)
            wish.since = min(wish.since, old.since)
            if wish.urgency is not Urgency.CHURN:
                wish.churning = None
        self._wishes[key] = wish
        self._place(key, wish)

    def _place(self, key: K, wish: _Wish) -> None:
        """Note when a wish comes due; older notes of it no longer count."""
        wish.ticket = next(self._tickets)
        if key not in self._busy:
            heapq.heappush(self._heap, (wish.due, wish.ticket, key))
            self._changed.notify()

    def _next(self) -> Item[K] | None:
        now = self.clock()
        while self._heap and self._heap[0][0] <= now:
            _, ticket, key = heapq.heappop(self._heap)
            wish = self._wishes.get(key)
            if wish is not None and wish.ticket == ticket and key not in self._busy:
                heapq.heappush(self._ready, (wish.urgency, ticket, key))
        while self._ready:
            _, ticket, key = heapq.heappop(self._ready)
            wish = self._wishes.get(key)
            if wish is None or wish.ticket != ticket or key in self._busy:
                continue
            del self._wishes[key]
            self._busy.add(key)
            return Item(key, wish.urgency, max(0.0, now - wish.since))
        return None

    def _until_due(self) -> float | None:
        return max(0.0, self._heap[0][0] - self.clock()) if self._heap else None
