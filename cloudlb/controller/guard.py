"""The blast-radius guard: holds back what would empty the targets of many owners at once.

One owner whose pods have all gone is that owner's affair. Many within a minute are more likely a list that came back
empty than the truth, and the cloud may as well keep the targets that it has until a person has looked.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from cloudlb.errors import NotReady
from cloudlb.model import Owner
from cloudlb.plan.change import Action, Plan

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Guard:
    """Counts the owners whose targets were or would be emptied within `window` seconds.

    More than `share` of all owners, and more than `few`, are too many: from then on plans that empty are held back,
    `hold` seconds at a time, until fewer want it. Safe to use from several threads.
    """

    owners: Callable[[], int]
    few: int = 3
    share: float = 0.2
    window: float = 60.0
    hold: float = 60.0
    clock: Callable[[], float] = time.monotonic
    held: int = 0
    """How many plans were held back so far."""
    _emptied: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def approve(self, owner: Owner, plan: Plan) -> None:
        """Let a plan pass, or raise NotReady where it would be one too many."""
        if not empties(plan):
            with self._lock:
                self._emptied.pop(owner.uid, None)
            return
        with self._lock:
            now = self.clock()
            self._emptied[owner.uid] = now
            recent = [uid for uid, when in self._emptied.items() if now - when <= self.window]
            self._emptied = {uid: self._emptied[uid] for uid in recent}
            limit = max(self.few, int(self.owners() * self.share))
            if len(recent) <= limit:
                return
            self.held += 1
        message = (
            f"held back: {len(recent)} load balancers would lose all their targets within {self.window:.0f} s,"
            " which looks like a list of nodes or endpoints that is wrong; if it is right, it goes through once"
            " fewer ask for it at a time"
        )
        _log.error("targets are kept", owner=owner.path, count=len(recent))
        raise NotReady(message, after=self.hold)


def empties(plan: Plan) -> bool:
    """Tell whether a plan leaves no member where traffic goes to members, without deleting the whole."""
    return any(
        change.action is Action.UPDATE
        and change.desired is not None
        and type(change.desired).HOLDS_TARGETS
        and any(each.members and each.old and not each.new for each in change.fields)
        for change in plan
    )
