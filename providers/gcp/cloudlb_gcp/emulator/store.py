"""What a project holds: resources by path, who refers to whom, and the past that slow reads still see.

A change shows at once, but what was there before still holds what it referred to until the change's operation is done:
nothing that a deleted rule points at can be deleted while that deletion runs.
"""

import base64
import binascii
import copy
import hashlib
import itertools
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leaving:
    """What a resource was before a change, as long as the change's operation runs."""

    resource: Json
    links: frozenset[str]
    until: float


class Store:
    """Resources by path. Not safe for threads: the API takes one call at a time."""

    def __init__(self, clock: Callable[[], float], seconds: Callable[[], float]) -> None:
        """Hold nothing. `seconds` is how long operations run on the `clock`."""
        self._clock = clock
        self._seconds = seconds
        self._leaving: dict[str, _Leaving] = {}
        self._objects: dict[str, Json] = {}
        self._users: dict[str, set[str]] = defaultdict(set)
        self._links: dict[str, frozenset[str]] = {}
        self._past: deque[tuple[int, Mapping[str, Json]]] = deque()
        self._writes = 0
        self._numbers = itertools.count(4_200_000_000_000_000_001)

    def __contains__(self, path: str) -> bool:
        """Tell whether something is there."""
        return path in self._objects

    def number(self) -> str:
        """Return a number that nothing has yet, as the API writes 64-bit ids."""
        return str(next(self._numbers))

    def get(self, path: str) -> Json | None:
        """Return a resource as it is now; the caller may not change it."""
        return self._objects.get(path)

    def put(self, path: str, resource: Json, links: frozenset[str]) -> None:
        """Create or replace a resource that refers to these paths."""
        self._leave(path)
        self._unlink(path)
        self._objects[path] = resource
        self._links[path] = links
        for each in links:
            self._users[each].add(path)

    def remove(self, path: str) -> None:
        """Remove a resource."""
        self._leave(path)
        self._unlink(path)
        del self._objects[path]

    def users(self, path: str) -> tuple[str, ...]:
        """Return who refers to a resource, sorted."""
        return tuple(sorted(self._users.get(path, ())))

    def holders(self, path: str) -> tuple[str, ...]:
        """Return who keeps a resource from being deleted: its users, and those that were until a running operation."""
        now = self._clock()
        before = {
            each
            for each, leaving in self._leaving.items()
            if path in leaving.links and now < leaving.until
        }
        return tuple(sorted(before | set(self.users(path))))

    def going(self, collection: str) -> Iterator[tuple[str, Json]]:
        """Yield what was in a collection, and is being deleted by an operation that still runs."""
        now = self._clock()
        for path, leaving in self._leaving.items():
            gone = path not in self._objects and now < leaving.until
            if gone and path.rsplit("/", 2)[-2] == collection:
                yield path, leaving.resource

    def all(self, prefix: str = "") -> Iterator[tuple[str, Json]]:
        """Yield paths and resources as they are now, sorted by path."""
        for path in sorted(self._objects):
            if path.startswith(prefix):
                yield path, self._objects[path]

    def in_collection(self, *collections: str) -> Iterator[tuple[str, Json]]:
        """Yield what is in collections of any scope."""
        for path, resource in self._objects.items():
            if path.rsplit("/", 2)[-2] in collections:
                yield path, resource

    @contextmanager
    def tried(self) -> Iterator[None]:
        """Let changes be made that are taken back at the end."""
        objects, links, leaving = dict(self._objects), dict(self._links), self._leaving
        users = {path: set(each) for path, each in self._users.items()}
        try:
            yield
        finally:
            self._objects, self._links, self._leaving = objects, links, leaving
            self._users = defaultdict(set, users)

    def note_write(self, lag: int) -> None:
        """Keep the present for reads that lag by this many writes; forget what is older."""
        self._writes += 1
        if lag:
            self._past.append((self._writes, copy.deepcopy(self._objects)))
        while self._past and self._past[0][0] <= self._writes - lag:
            self._past.popleft()

    def seen(self, lag: int) -> Mapping[str, Json]:
        """Return the resources as a read sees them that lags by so many writes."""
        if lag and self._past:
            return self._past[0][1]
        return self._objects

    def _leave(self, path: str) -> None:
        """Remember what a resource was, for as long as the operation that changes it will run."""
        now, seconds = self._clock(), self._seconds()
        self._leaving = {key: each for key, each in self._leaving.items() if now < each.until}
        if path in self._objects and seconds > 0:
            self._leaving[path] = _Leaving(
                resource=self._objects[path], links=self._links[path], until=now + seconds
            )

    def _unlink(self, path: str) -> None:
        for each in self._links.pop(path, frozenset()):
            self._users[each].discard(path)


def fingerprint(resource: Mapping[str, Any], salt: str) -> str:
    """Return a fingerprint that changes with every write: eight bytes, in the alphabet of base64 that URLs take."""
    told = repr(sorted(resource.items(), key=lambda pair: pair[0])) + salt
    return base64.urlsafe_b64encode(hashlib.sha256(told.encode()).digest()[:8]).decode()


def same_fingerprint(one: object, other: object) -> bool:
    """Compare fingerprints as the bytes that they are: clients may write them in either alphabet of base64."""
    return _bytes(one) == _bytes(other)


def _bytes(fingerprint: object) -> bytes | str:
    """Decode a fingerprint; one that is no base64 stays what it is, and equals none."""
    text = str(fingerprint)
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return text
