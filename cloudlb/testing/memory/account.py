"""The cloud itself: named objects in a dictionary, and the few rules that every cloud has in common.

Names are unique by kind; an object may mention others, by id, in its settings, and these exist; what is mentioned can
not be deleted; what is made as a part of another object goes with it. Knows nothing of resources, plans or owners.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from threading import RLock


class Refused(Exception):
    """What the cloud answers instead: `code` is one of taken, missing, busy, invalid, slow. `thing` has the name taken."""

    def __init__(self, code: str, message: str, thing: "Thing | None" = None) -> None:
        self.code = code
        self.thing = thing
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """An object. `settings` hold strings, numbers, frozen structs and frozensets; `address` is for balancers alone."""

    id: str
    kind: str
    name: str
    settings: Mapping[str, object] = field(hash=False)
    marks: Mapping[str, str] = field(hash=False)
    part_of: str = ""
    address: str = ""

    def mentions(self) -> Iterator[str]:
        """Yield every text in its settings, ids of other objects among them."""
        for value in self.settings.values():
            for each in value if isinstance(value, frozenset) else (value,):
                if isinstance(each, str):
                    yield each


class Account:
    """All that exists. `machines` maps the ids of machines, which nodes run on, to their names."""

    def __init__(self, machines: Mapping[str, str]) -> None:
        self.machines = dict(machines)
        self._things: dict[str, Thing] = {}
        self._made = 0
        self._lock = RLock()

    def things(self) -> Mapping[str, Thing]:
        """Return everything, by id."""
        with self._lock:
            return dict(self._things)

    def named(self, kind: str, name: str) -> Thing | None:
        """Find an object by name."""
        with self._lock:
            wanted = (
                each for each in self._things.values() if (each.kind, each.name) == (kind, name)
            )
            return next(wanted, None)

    def create(self, new: Thing) -> Thing:
        """Make an object; its id and address are chosen here. Refuses a taken name and mentions of nothing."""
        with self._lock:
            taken = self.named(new.kind, new.name)
            if taken is not None:
                raise Refused("taken", f"there is a {new.kind} called {new.name}", taken)
            self._made += 1
            address = f"192.0.2.{self._made}" if new.kind == "load-balancer" else ""
            made = replace(new, id=f"{new.kind}-{self._made}", address=address)
            self._keep(made)
            return made

    def change(self, thing_id: str, settings: Mapping[str, object]) -> Thing:
        """Change some settings of an object. Refuses what is not there, and mentions of nothing."""
        with self._lock:
            old = self._get(thing_id)
            new = replace(old, settings={**old.settings, **settings})
            self._keep(new)
            return new

    def delete(self, thing_id: str) -> None:
        """Delete an object and its parts. Refuses what is not there, and what something else mentions."""
        with self._lock:
            self._get(thing_id)
            for each in self._things.values():
                if thing_id in each.mentions() and each.part_of != thing_id:
                    raise Refused("busy", f"{thing_id} is used by {each.id}")
            parts = [each.id for each in self._things.values() if each.part_of == thing_id]
            for gone in (thing_id, *parts):
                del self._things[gone]

    def _get(self, thing_id: str) -> Thing:
        if thing_id not in self._things:
            raise Refused("missing", f"there is no {thing_id}")
        return self._things[thing_id]

    def _keep(self, thing: Thing) -> None:
        for name in ("load_balancer", "pool"):
            mentioned = thing.settings.get(name)
            if mentioned is not None and mentioned not in self._things:
                raise Refused("invalid", f"{name} {mentioned} does not exist")
        self._things[thing.id] = thing
