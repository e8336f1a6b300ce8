"""A copy of all objects of one kind, kept up to date: list once, then watch for ever.

The laws it keeps (kubernetes.md 6.9):

| what happens                                        | what it does                                                      |
|-----------------------------------------------------|-------------------------------------------------------------------|
| the watch ends, is cut, or says nothing for too long | watch again from the last version seen                           |
| 410, as an answer or in the stream                  | list again, replace the copy, tell of what vanished meanwhile     |
| any other error in the stream                       | list again                                                        |
| the API server does not answer                      | wait with jitter, longer each time, honouring Retry-After         |
| a page of a list has expired                        | list again from the start                                         |
| bookmarks                                           | move the version and nothing else                                 |

Changes are told in their order, from one thread, and only when something that we read has changed.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic

import msgspec
import structlog

from cloudlb.kube.api_errors import KubeDenied, KubeError, KubeGone, KubeUnavailable, Status
from cloudlb.kube.client import KubeApi
from cloudlb.kube.kinds import Kind, T, WatchEvent
from cloudlb.kube.listing import PAGE, Reader, meta_of

_log = structlog.get_logger(__name__)

Key = tuple[str, str]
"""(namespace, name); the namespace is empty for kinds that have none."""


@dataclass(frozen=True, slots=True)
class Delta(Generic[T]):
    """An object as it was and as it is: `old` is None for a new one, `new` is None for one that has gone."""

    key: Key
    old: T | None
    new: T | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How patient an informer is; times in seconds.

    A watch is asked to end after between `shortest` and `longest`; `silence` without even a bookmark ends it from our
    side. After a failure it waits up to `pause`, doubled each time up to `longest_pause`.
    """

    page: int = PAGE
    shortest: float = 300.0
    longest: float = 600.0
    silence: float = 150.0
    pause: float = 0.5
    longest_pause: float = 30.0


RHYTHM = Rhythm()

_GRAVES = 1000


class Informer(Generic[T]):
    """Keeps the objects of one kind that `keep` says yes to. Reading is safe from every thread."""

    def __init__(  # noqa: PLR0913  (what to watch, whom to tell, and how)
        self,
        api: KubeApi,
        kind: Kind[T],
        tell: Callable[[Delta[T]], None] = lambda _delta: None,
        *,
        namespace: str = "",
        keep: Callable[[T], bool] = lambda _object: True,
        rhythm: Rhythm = RHYTHM,
    ) -> None:
        """Know nothing yet; `run` fills it."""
        self._api = api
        self._kind = kind
        self._tell = tell
        self.namespace = namespace
        self._path = kind.path(namespace)
        self._keep = keep
        self._rhythm = rhythm
        self._objects: dict[Key, T] = {}
        self._buried: dict[Key, int] = {}
        self._lock = threading.Lock()
        self._version = ""
        self._synced = threading.Event()
        self._reader = Reader(kind)
        self._events = msgspec.json.Decoder(WatchEvent)
        self.last_heard = time.monotonic()
        """When the API server last said anything, on the monotonic clock."""

    @property
    def synced(self) -> bool:
        """Whether the first list is complete and told."""
        return self._synced.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait until it is synced; False when the time is up."""
        return self._synced.wait(seconds)

    def get(self, key: Key) -> T | None:
        """Find an object."""
        return self._objects.get(key)

    def objects(self) -> Mapping[Key, T]:
        """Return a copy of everything."""
        with self._lock:
            return dict(self._objects)

    def put(self, found: T) -> None:
        """Take in what a write of our own returned, untold, so that nobody works with what was there before it.

        Nothing happens where a newer one is here, or none: it has gone meanwhile.
        """
        with self._lock:
            key = key_of(found)
            old = self._objects.get(key)
            if old is not None and _same(old, found) and not _is_older(found, old):
                self._objects[key] = found

    def add(self, page: bytes) -> None:
        """Take in and tell of objects that were listed apart, because `keep` says yes to them only now."""
        for each in self._reader.items(self._reader.page(page)):
            with self._lock:
                buried = self._buried.get(key_of(each), 0)
            if version_of(each) > buried:
                self._store(each)

    def drop(self, key: Key) -> None:
        """Forget an object untold, because `keep` says no to it from now on."""
        with self._lock:
            self._objects.pop(key, None)

    def run(self, stop: threading.Event) -> None:
        """List and watch until told to stop. Raises KubeDenied if we never may; other failures are waited out."""
        failures = 0
        while not stop.is_set():
            try:
                if not self._version:
                    self._list()
                failures = 0
                self._watch(stop)
            except KubeGone as error:
                _log.info("listing again", kind=self._kind.plural, error=str(error))
                self._version = ""
            except KubeError as error:
                if isinstance(error, KubeDenied) and not self.synced:
                    raise
                failures += 1
                stop.wait(self._pause(error, failures))

    def _pause(self, error: KubeError, failures: int) -> float:
        ceiling = min(self._rhythm.longest_pause, self._rhythm.pause * 2.0**failures)
        seconds = (error.after or 0.0) + random.uniform(0.0, ceiling)  # noqa: S311  (no secret)
        _log.warning(
            "the API server does not answer",
            kind=self._kind.plural,
            error=str(error),
            again_in=round(seconds, 1),
        )
        return seconds

    def _list(self) -> None:
        """Read everything, and tell of what is new, changed or gone since."""
        version, found = self._all()
        for each in found.values():
            self._store(each, newer=False)
        for key in self.objects().keys() - found.keys():
            self._remove(key)
        self._version = version
        self._synced.set()

    def _all(self) -> tuple[str, dict[Key, T]]:
        found: dict[Key, T] = {}
        version = ""
        pages = self._reader.everything(self._api, self.namespace, self._rhythm.page, self._heard)
        for version, page in pages:  # noqa: B007  (the last one counts)
            found.update((key_of(each), each) for each in page if self._keep(each))
        return version, found

    def _heard(self) -> None:
        self.last_heard = time.monotonic()

    def _watch(self, stop: threading.Event) -> None:
        rhythm = self._rhythm
        seconds = random.uniform(rhythm.shortest, rhythm.longest)  # noqa: S311  (no secret)
        parameters: dict[str, str | int] = {
            "watch": 1,
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": max(1, round(seconds)),
        }
        started, heard = time.monotonic(), False
        with self._api.lines(self._path, parameters, rhythm.silence) as lines:
            for event in self._decoded(lines):
                heard = True
                self.last_heard = time.monotonic()
                self._take(event)
                if stop.is_set():
                    return
        if not heard and time.monotonic() - started < 1.0:
            raise KubeUnavailable(f"the watch of {self._kind.plural} ended at once")

    def _decoded(self, lines: Iterator[bytes]) -> Iterator[WatchEvent]:
        for line in lines:
            try:
                yield self._events.decode(line)
            except msgspec.DecodeError as error:
                self._version = ""
                raise KubeUnavailable(f"the watch of {self._kind.plural}: {error}") from error

    def _take(self, event: WatchEvent) -> None:
        match event.type:
            case "BOOKMARK":
                self._version = meta_of(event.object).resource_version
            case "ADDED" | "MODIFIED":
                changed = self._reader.item(event.object)
                if changed is not None and self._keep(changed):
                    self._store(changed)
                elif changed is not None:
                    self._remove(key_of(changed))
                self._version = meta_of(event.object).resource_version
            case "DELETED":
                gone = meta_of(event.object)
                self._remove((gone.namespace, gone.name))
                self._version = gone.resource_version
                self._bury((gone.namespace, gone.name), gone.resource_version)
            case "ERROR":
                self._version = ""
                status = msgspec.json.decode(event.object, type=Status)
                kind = KubeGone if status.code == 410 else KubeUnavailable
                raise kind(f"the watch of {self._kind.plural}: {status.message}")

    def _store(self, found: T, *, newer: bool = True) -> None:
        key = key_of(found)
        with self._lock:
            old = self._objects.get(key)
            if old is not None and newer and _same(old, found) and _is_older(found, old):
                return
            self._objects[key] = found
        if old is None or _differs(old, found):
            self._tell(Delta(key, old, found))

    def _remove(self, key: Key) -> None:
        with self._lock:
            old = self._objects.pop(key, None)
        if old is not None:
            self._tell(Delta(key, old, None))

    def _bury(self, key: Key, version: str) -> None:
        """Remember for a while that an object went, for a list that was read before and arrives after."""
        with self._lock:
            self._buried[key] = _number(version)
            while len(self._buried) > _GRAVES:
                del self._buried[next(iter(self._buried))]


def key_of(found: T) -> Key:
    """Return what an object is called."""
    return (found.metadata.namespace, found.metadata.name)


def _same(one: T, other: T) -> bool:
    """Tell whether two are one object, and not two that have one name after the other."""
    return one.metadata.uid == other.metadata.uid


def _is_older(found: T, than: T) -> bool:
    """Compare versions of one object; what can not be compared counts as newer."""
    return version_of(found) < version_of(than)


def version_of(found: T) -> int:
    """Return an object's version as a number, 0 if it is none (the API promises order since Kubernetes 1.35)."""
    return _number(found.metadata.resource_version)


def _number(version: str) -> int:
    return int(version) if version.isdecimal() else 0


def _differs(old: T, new: T) -> bool:
    """Tell whether anything that we read differs, besides the version."""
    version = new.metadata.resource_version
    metadata = msgspec.structs.replace(old.metadata, resource_version=version)
    return msgspec.structs.replace(old, metadata=metadata) != new
