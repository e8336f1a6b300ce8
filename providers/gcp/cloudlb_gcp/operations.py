"""Waiting for operations: many at once, with one call for all of a scope, and longer and longer pauses.

Every thread that made a change waits here. Of those whose operations are in one scope, one asks for all of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Condition
from typing import Any

from cloudlb.errors import Transient
from cloudlb.plan.pace import Pace
from cloudlb_gcp.links import path_of

Json = Mapping[str, Any]

Poll = Callable[[str, tuple[str, ...]], Mapping[str, Json]]
"""Asks how the named operations of a scope stand."""

FIRST, LONGER, LONGEST = 0.05, 1.6, 3.0
"""Seconds before the first question, and how the pauses grow. Most operations take one to twenty seconds."""

AT_ONCE = 50
"""Operations asked for in one call: their names make the filter, and a URL has a length."""


class Operations:
    """The operations that this process waits for. Safe to use from several threads."""

    def __init__(self, poll: Poll, pace: Pace) -> None:
        """`poll` asks; `pace` sleeps, and says how long to be patient."""
        self._poll = poll
        self._pace = pace
        self._lock = Condition()
        self._desks: dict[str, _Desk] = {}

    def finished(self, operation: Json) -> Json:
        """Return an operation when it is done. Raises CloudErrors of asking, Transient when patience is used up."""
        if operation.get("status") == "DONE":
            return operation
        scope, _, name = path_of(operation["selfLink"]).rpartition("/operations/")
        with self._lock:
            desk = self._desks.setdefault(scope, _Desk(scope))
        return self._awaited(desk, name)

    def _awaited(self, desk: "_Desk", name: str) -> Json:
        pause, until = FIRST, self._pace.clock() + self._pace.patience
        with desk.lock:
            desk.waiting.add(name)
        try:
            while True:
                with desk.lock:
                    while desk.asking and name not in desk.done:
                        desk.lock.wait()
                    if name in desk.done:
                        return desk.done.pop(name)
                    desk.asking = True
                self._ask(desk, name, pause)
                pause = min(pause * LONGER, LONGEST)
                if self._pace.clock() > until and name not in desk.done:
                    message = (
                        f"operation {name} is still running after {self._pace.patience:.0f} seconds"
                    )
                    raise Transient(message, operation="operations.get")
        finally:
            with desk.lock:
                desk.waiting.discard(name)
                desk.done.pop(name, None)

    def _ask(self, desk: "_Desk", name: str, pause: float) -> None:
        """Pause, then ask for all that wait, the caller's own among them; then let somebody else."""
        found: Mapping[str, Json] = {}
        try:
            self._pace.sleep(pause)
            with desk.lock:
                others = sorted(desk.waiting - desk.done.keys() - {name})
            found = self._poll(desk.scope, (name, *others[: AT_ONCE - 1]))
        finally:
            with desk.lock:
                desk.asking = False
                for each, operation in found.items():
                    if operation.get("status") == "DONE" and each in desk.waiting:
                        desk.done[each] = operation
                desk.lock.notify_all()


@dataclass(slots=True)
class _Desk:
    """Who waits for operations of one scope, and what is done."""

    scope: str
    lock: Condition = field(default_factory=Condition)
    waiting: set[str] = field(default_factory=set)
    done: dict[str, Json] = field(default_factory=dict)
    asking: bool = False
