"""Firewall rules as a cloud tells of them, and how they are found. A provider brings a `Firewall` by entry point."""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Protocol

from cloudlb.errors import UsageError
from cloudlb.model import Node, Owner
from cloudlb.plan.pace import Pace
from cloudlb.provider import CloudSettings

GROUP = "cloudlb.firewalls"

OURS = "cloudlb"
"""`Rule.maker` of rules that cloudlb made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that is let in: a range of ports of one protocol, from one source, at one place.

    `place` is what the rule hangs on (a group of instances, a network), `source` a CIDR or the id of a group or list; ports
    are -1 where the protocol has none, or all are meant. `maker` is the program that made it, empty where nothing tells.
    Of our own rules, `owner` is whose they are. Of other controllers' rules, `gone` tells that what they were made for
    does not exist any more, and `facts` how that is known. `saved` is what the provider needs to put it back, as text of
    its own; it says everything of the rule but its id.
    """

    id: str
    place: str
    place_name: str
    protocol: str
    from_port: int
    to_port: int
    source: str
    description: str = ""
    maker: str = ""
    owner: Owner | None = None
    gone: bool = False
    facts: tuple[str, ...] = ()
    saved: str = ""

    @property
    def ports(self) -> str:
        """`30080`, `30000-30010`, or `all`."""
        if self.from_port < 0:
            return "all"
        if self.from_port == self.to_port:
            return str(self.from_port)
        return f"{self.from_port}-{self.to_port}"

    @property
    def from_everywhere(self) -> bool:
        """Tell whether it lets everybody in."""
        return self.source in ("0.0.0.0/0", "::/0")

    def opens(self, protocol: str, port: int) -> bool:
        """Tell whether it lets traffic to a port in, from its source."""
        if self.protocol not in ("all", "-1", protocol.lower()):
            return False
        return self.from_port < 0 or self.from_port <= port <= self.to_port

    def covers(self, other: "Rule") -> bool:
        """Tell whether it lets everything in that another rule at the same place does."""
        return (
            self.place == other.place
            and self.protocol in ("all", "-1", other.protocol)
            and self._has_ports_of(other)
            and _is_within(other.source, self.source)
        )

    def _has_ports_of(self, other: "Rule") -> bool:
        if self.from_port < 0:
            return True
        return (
            other.from_port >= 0
            and self.from_port <= other.from_port <= other.to_port <= self.to_port
        )


def _is_within(inner: str, outer: str) -> bool:
    if inner == outer:
        return True
    try:
        one, other = ipaddress.ip_network(inner), ipaddress.ip_network(outer)
    except ValueError:
        return False
    return one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type]


class Firewall(Protocol):
    """Reads the rules of one cloud, deletes single ones, and puts them back."""

    def rules(self, nodes: Sequence[Node], *, everything: bool = False) -> Sequence[Rule]:
        """Return the rules on the nodes and on load balancers, or with `everything` all of the nodes' network.

        Complete or not at all: raises CloudErrors, and UsageError where the network can not be told.
        """

    def delete(self, rule: Rule) -> bool:
        """Delete a rule; False if it has gone already. Raises CloudErrors."""

    def restore(self, saved: str) -> str:
        """Put a rule back, and return its id; empty if one like it is there. Raises CloudErrors, ValueError for garbage."""


Connect = Callable[[CloudSettings, Pace], Firewall]


def load(provider: str) -> Connect:
    """Find how the firewall of a provider is reached. Raises UsageError where it brings none."""
    for point in entry_points(group=GROUP):
        if point.name == provider:
            connect: Connect = point.load()
            return connect
    message = f"the provider {provider!r} tells nothing of firewall rules"
    raise UsageError(message)
