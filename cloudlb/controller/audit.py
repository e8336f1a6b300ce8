"""The audit: every owner is looked at in full once an interval, at an even rate, and what nobody owns any more goes.

The inventory is swept once an interval. An owner that it lists and the cluster does not know is an orphan: found twice
in a row, what it has is deleted.
"""

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from cloudlb.controller.intent import Intent
from cloudlb.controller.queue import Queue, Urgency
from cloudlb.controller.reconciler import Reconciler
from cloudlb.kube.informer import Key
from cloudlb.kube.objects import ObjectMeta, Service
from cloudlb.model import Owner

_log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Audit:
    """Looks at everything in its turn. `tick` is called about once a second, by one thread."""

    reconciler: Reconciler
    queue: Queue[Key]
    interval: float
    owned: Callable[[], list[Key]]
    is_live: Callable[[str, str], bool]
    """Tells whether an object (namespace, uid) exists, or may exist where nobody looks."""
    clock: Callable[[], float] = time.monotonic
    orphans: int = 0
    _next: dict[Key, float] = field(default_factory=dict)
    _sweep_at: float = math.inf
    _last_tick: float = math.nan
    _suspects: frozenset[str] = frozenset()

    def tick(self) -> None:
        """Ask for what is due. Raises CloudlbErrors of reading."""
        if self.interval <= 0:
            return
        now = self.clock()
        if math.isnan(self._last_tick):
            self._last_tick = now
            self._sweep_at = now + self.interval
        self._ask(now)
        self._last_tick = now
        if now >= self._sweep_at:
            self._sweep_at = now + self.interval
            self._look_at_all()

    def _ask(self, now: float) -> None:
        owned = self.owned()
        known = set(owned)
        for key in self._next.keys() - known:
            del self._next[key]
        for key in owned:
            # Spread evenly from the start on: nobody is looked at in the same second as everybody else.
            self._next.setdefault(key, now + random.uniform(0, self.interval))  # noqa: S311
        due = sorted((when, key) for key, when in self._next.items() if when <= now)
        most = 1 + math.ceil(len(owned) * (now - self._last_tick) / self.interval)
        for _, key in due[:most]:
            self._next[key] = now + self.interval
            self.queue.add(key, Urgency.AUDIT)

    def _look_at_all(self) -> None:
        self.reconciler.look_again()
        for error in self.reconciler.check_shared():
            _log.warning("what all share is not as it should be", error=str(error))
        dead = [
            each for each in self.reconciler.sweep() if not self.is_live(each.namespace, each.uid)
        ]
        self.orphans = len(dead)
        suspects = self._suspects
        self._suspects = frozenset(each.uid for each in dead)
        for owner in dead:
            if owner.uid in suspects:
                self._remove(owner)

    def _remove(self, owner: Owner) -> None:
        _log.warning("an orphan is removed", owner=owner.path, uid=owner.uid)
        service = Service(
            metadata=ObjectMeta(name=owner.name, namespace=owner.namespace, uid=owner.uid)
        )
        (verdict,) = self.reconciler.reconcile(
            Intent(owner=owner, service=service, wanted=False)
        ).verdicts
        for error in verdict.errors:
            _log.warning("an orphan is left", owner=owner.path, error=str(error))
