"""What this controller applied last, as two hashes an owner: kept in a ConfigMap, so that a restart need not look at it all.

Hints decide what to look at first, never what is true: the audit looks at everything in its turn. A hint that is lost or
wrong costs reads, or lets a drift live until the audit comes by.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from cloudlb.kube.api_errors import KubeError, KubeNotFound
from cloudlb.kube.client import KubeApi
from cloudlb.plan.resource import Resource, Stack, meanings

_log = structlog.get_logger(__name__)

EVERY = 5.0
"""Seconds between two writes of the ConfigMap, at least."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Hashes of what was applied: of the configuration, and of the members (targets, rules) of everything."""

    fingerprint: str
    members: str


def hint_of(stack: Stack, claims: Iterable[object] = ()) -> Hint:
    """Return the hint of a stack and the claims that go with it. The same values give the same hint in every process."""
    settings: list[str] = []
    members: list[str] = []
    for resource in stack:
        for name, meaning in meanings(type(resource)).items():
            said = f"{resource.key}.{name}={_stable(getattr(resource, name))}"
            (members if meaning.members else settings).append(said)
    settings += sorted(map(_stable, claims))
    return Hint(_hash(settings), _hash(members))


def hint_of_resources(resources: Iterable[Resource]) -> str:
    """Return one hash over everything that resources say."""
    hint = hint_of(Stack(tuple(resources)))
    return _hash([hint.fingerprint, hint.members])


def _stable(value: object) -> str:
    """Write a value the same way in every process: sets sorted."""
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(_stable, value)))}}}"
    if type(value) is tuple:
        return f"({', '.join(map(_stable, value))})"
    return repr(value)


def _hash(said: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


class Hints:
    """The hints of all owners by uid. Safe to use from several threads."""

    def __init__(
        self,
        api: KubeApi,
        namespace: str,
        name: str,
        clock: Callable[[], float] = time.monotonic,
        beside: Mapping[str, str] | None = None,
    ) -> None:
        """Know nothing yet: see `load`. `beside` is written into the same ConfigMap."""
        self._beside = dict(beside or {})
        self._api = api
        self._collection = f"/api/v1/namespaces/{namespace}/configmaps"
        self._name = name
        self._clock = clock
        self._hints: dict[str, Hint] = {}
        self._dirty = bool(self._beside)
        self._exists = False
        self._written = float("-inf")
        self._lock = threading.Lock()

    def load(self) -> None:
        """Read what an earlier process wrote; what can not be read counts as nothing."""
        try:
            found = msgspec.json.decode(self._api.get(f"{self._collection}/{self._name}"))
        except KubeNotFound:
            return
        except KubeError as error:
            _log.warning("the hints could not be read: everything is looked at", error=str(error))
            return
        self._exists = True
        data = found.get("data") or {}
        with self._lock:
            self._hints = dict(_parsed(data))
            self._dirty = not self._beside.items() <= data.items()

    def get(self, uid: str) -> Hint | None:
        """Return the hint of an owner."""
        return self._hints.get(uid)

    def note(self, uid: str, hint: Hint | None) -> None:
        """Remember what was applied for an owner; None forgets it."""
        with self._lock:
            if self._hints.get(uid) == hint:
                return
            self._dirty = True
            if hint is None:
                self._hints.pop(uid, None)
            else:
                self._hints[uid] = hint

    def keep_only(self, uids: Iterable[str]) -> None:
        """Forget everybody but these."""
        known = set(uids)
        for uid in [each for each in dict(self._hints) if each not in known]:
            self.note(uid, None)

    def write(self, *, now: bool = False) -> None:
        """Write the ConfigMap if something is new and the last write is long enough ago, or `now`."""
        with self._lock:
            if not self._dirty or (not now and self._clock() - self._written < EVERY):
                return
            said = {uid: f"{hint.fingerprint} {hint.members}" for uid, hint in self._hints.items()}
            self._dirty = False
            self._written = self._clock()
        try:
            self._store(
                self._beside | {"hints": msgspec.json.encode(dict(sorted(said.items()))).decode()}
            )
        except KubeError as error:
            _log.warning("the hints could not be written", error=str(error))
            with self._lock:
                self._dirty = True

    def _store(self, data: Mapping[str, str]) -> None:
        if self._exists:
            try:
                self._api.patch(f"{self._collection}/{self._name}", {"data": data})
            except KubeNotFound:
                self._exists = False
            else:
                return
        metadata = {"name": self._name}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        self._api.post(self._collection, body)
        self._exists = True


def _parsed(data: Mapping[str, Any]) -> Iterable[tuple[str, Hint]]:
    try:
        said = msgspec.json.decode(str(data.get("hints", "{}")), type=dict[str, str])
    except msgspec.DecodeError:
        _log.warning("the hints can not be understood: everything is looked at")
        return
    for uid, each in said.items():
        fingerprint, _, members = each.partition(" ")
        yield uid, Hint(fingerprint, members)
