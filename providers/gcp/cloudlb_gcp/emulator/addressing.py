"""IP addresses: what the emulated cloud gives out, and what lies in which range."""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

EXTERNAL_PREMIUM = ipaddress.IPv4Network("198.18.0.0/16")
EXTERNAL_STANDARD = ipaddress.IPv4Network("198.19.0.0/16")
"""Set aside for benchmarks (RFC 2544): no address here can be mistaken for a real one."""

_RESERVED_IN_SUBNET = 2
_V6_PREFIX = 96


def parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address, with or without a prefix length; None if it is none."""
    try:
        return ipaddress.ip_interface(text).ip
    except ValueError:
        return None


def inside(text: str, cidr: str) -> bool:
    """Tell whether an address lies in a range."""
    address = parsed(text)
    return bool(cidr) and address is not None and address in ipaddress.ip_network(cidr)


@dataclass(slots=True)
class Pools:
    """Gives out addresses, each only once: what was released is not seen again soon, as in the real cloud."""

    _next: dict[str, Iterator[str]] = field(default_factory=dict)

    def external(self, tier: str, taken: Iterable[str]) -> str:
        """Return a free external IPv4 address of a network tier."""
        network = EXTERNAL_STANDARD if tier == "STANDARD" else EXTERNAL_PREMIUM
        return self._take(str(network), network, set(taken))

    def internal(self, cidr: str, taken: Iterable[str]) -> str:
        """Return a free address of a subnet, from its upper half: instances sit in the lower."""
        lower, upper = ipaddress.ip_network(cidr).subnets(1)
        del lower
        return self._take(cidr, upper, set(taken))

    def ipv6(self, cidr: str, taken: Iterable[str]) -> str:
        """Return a free /96 of a subnet's IPv6 range, as address with prefix length."""
        network = ipaddress.IPv6Network(cidr)
        used = set(taken)
        blocks = self._next.setdefault(
            cidr, (str(each) for each in network.subnets(new_prefix=_V6_PREFIX))
        )
        return next(block for block in blocks if block not in used)

    def _take(self, key: str, network: Network, taken: set[str]) -> str:
        addresses = self._next.setdefault(key, map(str, _hosts(network)))
        return next(each for each in addresses if each not in taken)


def _hosts(network: Network) -> Iterator[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Yield the addresses of a network that can be given out."""
    for number in range(_RESERVED_IN_SUBNET, network.num_addresses):
        yield network[number]
