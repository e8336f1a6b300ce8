"""Pools of what the API server hands out: node ports and cluster addresses.

Deterministic: a value is found by hashing who asks for it and probing from there, so that the same objects always get
the same values. Who gets what, and in which order, is decided in `allocate`.
"""

import hashlib
import ipaddress
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")

Holder = tuple[str, str]
"""(namespace, name) of a Service."""

NODE_PORTS = range(30000, 32768)
"""The default of kube-apiserver's --service-node-port-range."""

ADDRESSES = {
    "IPv4": ipaddress.ip_network("10.96.0.0/12"),
    "IPv6": ipaddress.ip_network("fd00:10:96::/112"),
}
"""Where cluster addresses come from if a manifest names none."""


class Exhausted(Exception):
    """Every value of the pool is taken."""


class Pool(Generic[T]):
    """Values, each held by at most one holder."""

    def __init__(self) -> None:
        """Make a pool of which nothing is taken."""
        self._holders: dict[T, Holder] = {}
        self._held: dict[Holder, set[T]] = {}

    def holder(self, value: T) -> Holder | None:
        """Return who has a value."""
        return self._holders.get(value)

    def take(self, value: T, holder: Holder) -> None:
        """Give a free value to a holder."""
        self._holders[value] = holder
        self._held.setdefault(holder, set()).add(value)

    def release(self, holder: Holder) -> None:
        """Take back everything that a holder has."""
        for value in self._held.pop(holder, ()):
            del self._holders[value]


class NodePorts(Pool[int]):
    """Node ports. A number is one resource, whatever protocols its holder uses it for."""

    def find(self, seed: Iterable[object]) -> int:
        """Return a free port, the same for the same seed and the same taken ports. Raises Exhausted."""
        start = _hash(seed) % len(NODE_PORTS)
        for step in range(len(NODE_PORTS)):
            port = NODE_PORTS[(start + step) % len(NODE_PORTS)]
            if self.holder(port) is None:
                return port
        raise Exhausted("failed to allocate a nodePort: range is full")


class ClusterAddresses(Pool[str]):
    """Cluster addresses of both families, in canonical form.

    An address outside of `ADDRESSES` may be taken as well: manifests that come from a real cluster carry addresses of
    its range, which is not known here.
    """

    def find(self, family: str, seed: Iterable[object]) -> str:
        """Return a free address of a family (`IPv4`, `IPv6`). Raises Exhausted."""
        network = ADDRESSES[family]
        usable = network.num_addresses - 2
        start = _hash([*seed, family]) % usable
        for step in range(usable):
            address = str(network[1 + (start + step) % usable])
            if self.holder(address) is None:
                return address
        raise Exhausted("failed to allocate a serviceIP: range is full")


def _hash(seed: Iterable[object]) -> int:
    text = "\0".join(str(part) for part in seed)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
