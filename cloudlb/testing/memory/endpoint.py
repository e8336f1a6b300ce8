"""The API of the account, as a client meets it: every call is counted, some are refused, and listing lags behind.

Looking up a name is always current, as it is on real clouds; listing by marks is not.
"""

from collections.abc import Mapping
from threading import Lock

from cloudlb.testing.memory.account import Account, Refused, Thing

Things = Mapping[str, Thing]


class Endpoint:
    """What a client talks to. `every` refuses each n-th call (0: none); `lag` hides what the last calls wrote."""

    def __init__(self, account: Account) -> None:
        self.calls = 0
        self.writes = 0
        self.every = 0
        self.lag = 0
        self._account = account
        self._lock = Lock()
        self._history: list[tuple[int, Things]] = [(0, {})]

    def list(self, marks: Mapping[str, str]) -> tuple[Thing, ...]:
        """List what carries all these marks, by id."""
        self._arrive()
        things = self._seen() if self.lag else self._account.things()
        return tuple(
            thing for _, thing in sorted(things.items()) if marks.items() <= thing.marks.items()
        )

    def named(self, kind: str, name: str) -> Thing | None:
        """Look up a name."""
        self._arrive()
        return self._account.named(kind, name)

    def machines(self) -> Mapping[str, str]:
        """List machines: names by id."""
        self._arrive()
        return dict(self._account.machines)

    def health(self, pool: str) -> Mapping[str, str]:
        """Tell for each target of a pool what is wrong with it, empty if nothing is."""
        self._arrive()
        thing = self._account.things().get(pool)
        if thing is None:
            raise Refused("missing", f"there is no {pool}")
        targets = thing.settings["targets"]
        assert isinstance(targets, frozenset)
        known = set(self._account.machines.values())
        return {
            target: "" if target.partition(":")[0] in known else "not a machine"
            for target in sorted(targets)
        }

    def create(self, new: Thing) -> Thing:
        """Make an object."""
        self._arrive(write=True)
        made = self._account.create(new)
        self._remember()
        return made

    def change(self, thing_id: str, settings: Mapping[str, object]) -> Thing:
        """Change some settings of an object."""
        self._arrive(write=True)
        changed = self._account.change(thing_id, settings)
        self._remember()
        return changed

    def delete(self, thing_id: str) -> None:
        """Delete an object and its parts."""
        self._arrive(write=True)
        self._account.delete(thing_id)
        self._remember()

    def _arrive(self, *, write: bool = False) -> None:
        with self._lock:
            self.calls += 1
            self.writes += write
            if self.every and self.calls % self.every == 0:
                raise Refused("slow", "too many calls")

    def _remember(self) -> None:
        with self._lock:
            self._history.append((self.calls, self._account.things()))

    def _seen(self) -> Things:
        """Return what existed so many calls ago."""
        with self._lock:
            return next(
                things
                for call, things in reversed(self._history)
                if call <= max(self.calls - self.lag, 0)
            )
