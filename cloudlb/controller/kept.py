"""What the reconciler remembers between changes: observed stacks, and who claims what of the shared resources."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from cloudlb.model import Owner
from cloudlb.plan.resource import Observed, Stack

Claims = frozenset[Any]


@dataclass(slots=True)
class Kept:
    """Observed stacks and claims by owner's uid. Safe to use from several threads.

    While an owner changes, both its old and its new claims count. An owner is *settled* once the cloud is known to be
    as its claims say; only with every owner settled may anything be taken away from what they share.
    """

    _observed: dict[str, Observed] = field(default_factory=dict)
    _claims: dict[str, Claims] = field(default_factory=dict)
    _settled: set[str] = field(default_factory=set)
    _presumed: dict[str, Stack] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def observed(self, owner: Owner) -> Observed | None:
        """Return what was last known to exist of an owner, None if that is not known."""
        return self._observed.get(owner.uid)

    def remember(self, owner: Owner, observed: Observed) -> None:
        """Note what exists of an owner."""
        with self._lock:
            self._observed[owner.uid] = observed
            self._presumed.pop(owner.uid, None)

    def presume(self, owner: Owner, stack: Stack) -> None:
        """Take it that what exists of an owner is as a stack says, without having looked."""
        with self._lock:
            self._observed.pop(owner.uid, None)
            self._presumed[owner.uid] = stack

    def presumed(self, owner: Owner) -> Stack | None:
        """Return what is taken to exist of an owner, None where that is known or nothing is taken for granted."""
        return self._presumed.get(owner.uid)

    def forget(self, owner: Owner) -> None:
        """Drop what was known of an owner: the next plan observes again."""
        with self._lock:
            self._observed.pop(owner.uid, None)
            self._presumed.pop(owner.uid, None)
            self._settled.discard(owner.uid)

    def claim(self, owner: Owner, claims: Claims) -> bool:
        """Add claims to those that an owner holds. Tells whether any of them is new."""
        with self._lock:
            held = self._claims.get(owner.uid, frozenset())
            self._claims[owner.uid] = held | claims
            if claims != held:
                self._settled.discard(owner.uid)
            return not claims <= held

    def settle(self, owner: Owner, claims: Claims) -> None:
        """Note that the cloud is as an owner's claims say: the older ones no longer count."""
        with self._lock:
            self._claims[owner.uid] = claims
            self._settled.add(owner.uid)

    def leave(self, owner: Owner) -> None:
        """Note that nothing exists of an owner any more."""
        with self._lock:
            self._observed.pop(owner.uid, None)
            self._presumed.pop(owner.uid, None)
            self._claims.pop(owner.uid, None)
            self._settled.discard(owner.uid)

    def claims(self, instead: Mapping[str, Claims] | None = None) -> Claims:
        """Return all claims of all owners, as they are or with those of some owners (by uid) exchanged."""
        with self._lock:
            return frozenset().union(*(self._claims | dict(instead or {})).values())

    def unsettled(self, uids: Iterable[str]) -> frozenset[str]:
        """Return which owners, of the given ones and those that claim something, are not settled."""
        with self._lock:
            return (frozenset(uids) | self._claims.keys()) - self._settled
