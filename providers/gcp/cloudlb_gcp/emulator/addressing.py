"""IP addresses: what the emulated cloud gives out, and what lies in which range."""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

EXTERNAL_PREMIUM = ipaddress.IPv4Network("198.18.0.0/16")
EXTERNAL_STANDARD = ipaddress.IPv4Network("198.19.0.0/16")
"""Set aside for benchmarks (RFC 2544): no address here can be mistaken for a real one."""
GLOBAL_IPV6 = ipaddress.IPv6Network("2001:2::/48")
"""Set aside for the same (RFC 5180)."""

V6_PREFIX = 96
"""Load balancers have this much of a subnetwork's IPv6 range each."""
_RESERVED_IN_SUBNET = 2
"""The first addresses of a subnetwork and as many of the last belong to the cloud itself."""


def parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address, with or without a prefix length; None if it is none."""
    try:
        return ipaddress.ip_interface(text).ip
    except ValueError:
        return None


def plain(text: str) -> str | None:
    """Return an address in its one spelling; None if it is none, or has a prefix length."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def block(text: str) -> str | None:
    """Return the first address of a load balancer's IPv6 range, given with its prefix length or without."""
    try:
        found = ipaddress.IPv6Network(text if "/" in text else f"{text}/{V6_PREFIX}")
    except ValueError:
        return None
    return str(found.network_address) if found.prefixlen == V6_PREFIX else None


def same(one: str, other: str) -> bool:
    """Tell whether two addresses are one, whatever prefix length they are written with."""
    return one.partition("/")[0] == other.partition("/")[0]


def reserved_in(text: str, cidr: str) -> bool:
    """Tell whether an address of a subnetwork is one of the cloud's own."""
    network, address = ipaddress.ip_network(cidr), ipaddress.ip_address(text)
    offset = int(address) - int(network.network_address)
    return min(offset, network.num_addresses - 1 - offset) < _RESERVED_IN_SUBNET


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

    def external6(self, taken: Iterable[str]) -> str:
        """Return a free external IPv6 address of the kind that is not in any region."""
        return self._take(str(GLOBAL_IPV6), GLOBAL_IPV6, set(taken))

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
            cidr, (str(each) for each in network.subnets(new_prefix=V6_PREFIX))
        )
        return next(block for block in blocks if block not in used)

    def _take(self, key: str, network: Network, taken: set[str]) -> str:
        addresses = self._next.setdefault(key, map(str, _hosts(network)))
        return next(each for each in addresses if each not in taken)


def _hosts(network: Network) -> Iterator[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Yield the addresses of a network that can be given out."""
    for number in range(_RESERVED_IN_SUBNET, network.num_addresses - _RESERVED_IN_SUBNET):
        yield network[number]
