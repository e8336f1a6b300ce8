"""What this process made or adopted a moment ago.

AWS's services learn of each other's new objects late: a call that names one may be told that it does not exist. And an
object that was there already may hold more than its creator knows of. Both are known here, and only here.
"""

import time
from collections.abc import Callable, Iterable
from threading import Lock

SETTLING_SECONDS = 60.0
"""How long after its creation an object may still be unknown somewhere. EC2's guide says "a few minutes"; seconds are usual."""


class Recent:
    """Remembers ids for a while. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Remember nothing. `clock` counts seconds."""
        self._clock = clock
        self._made: dict[str, float] = {}
        self._adopted: dict[str, float] = {}
        self._lock = Lock()

    def note_made(self, *ids: str) -> None:
        """Note ids (or keys) of what a creating call has just returned."""
        self._note(self._made, ids)

    def note_adopted(self, *ids: str) -> None:
        """Note ids of what was there already: what is in it has to be looked at."""
        self._note(self._adopted, ids)

    def made(self, ids: Iterable[str]) -> bool:
        """Tell whether any of these was made a moment ago."""
        return self._holds(self._made, ids)

    def adopted(self, *ids: str) -> bool:
        """Tell whether any of these was adopted a moment ago."""
        return self._holds(self._adopted, ids)

    def _note(self, book: dict[str, float], ids: Iterable[str]) -> None:
        now = self._clock()
        with self._lock:
            for old in [each for each, at in book.items() if at + SETTLING_SECONDS < now]:
                del book[old]
            book.update(dict.fromkeys(ids, now))

    def _holds(self, book: dict[str, float], ids: Iterable[str]) -> bool:
        now = self._clock()
        with self._lock:
            return any(each in book and book[each] + SETTLING_SECONDS >= now for each in ids)
