"""Firewall rules as a cloud tells of them, and how they are found. A provider brings a `Firewall` by entry point."""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import entry_points
from typing import Protocol

from cloudlb.errors import UsageError
from cloudlb.firewall.made import Dependent, Made
from cloudlb.model import Node, Owner
from cloudlb.plan.pace import Pace
from cloudlb.provider import CloudSettings

GROUP = "cloudlb.firewalls"


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """A range of ports of one protocol; ports are -1 where the protocol has none, or all are meant."""

    protocol: str
    from_port: int = -1
    to_port: int = -1

    @property
    def ports(self) -> str:
        """`30080`, `30000-30010`, or `all`."""
        if self.from_port < 0:
            return "all"
        if self.from_port == self.to_port:
            return str(self.from_port)
        return f"{self.from_port}-{self.to_port}"

    def has(self, protocol: str, port: int) -> bool:
        """Tell whether a port is in it."""
        if self.protocol not in ("all", "-1", protocol.lower()):
            return False
        return self.from_port < 0 or self.from_port <= port <= self.to_port

    def covers(self, other: "Opening") -> bool:
        """Tell whether everything that another one opens is in it."""
        if self.protocol not in ("all", "-1", other.protocol):
            return False
        if self.from_port < 0:
            return True
        return (
            other.from_port >= 0
            and self.from_port <= other.from_port <= other.to_port <= self.to_port
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Made):
    """One rule: what it lets in (or, where it does not `allow`, keeps out), from where, at one place.

    `sources` are CIDRs, or ids of groups or lists. `targets` and `destinations` narrow down where it counts; empty means
    everything at its place.
    """

    openings: tuple[Opening, ...]
    sources: tuple[str, ...]
    targets: frozenset[str] = frozenset()
    destinations: frozenset[str] = frozenset()
    allows: bool = True
    disabled: bool = False

    @property
    def what(self) -> str:
        """What it is about: `tcp 80, 443; udp 53`."""
        by_protocol: dict[str, list[str]] = {}
        for each in self.openings:
            by_protocol.setdefault(each.protocol, []).append(each.ports)
        said = "; ".join(f"{name} {', '.join(ports)}" for name, ports in by_protocol.items())
        said = said if self.allows else f"not {said}"
        return f"{said} (disabled)" if self.disabled else said

    @property
    def lets_in(self) -> bool:
        """Whether it lets anything in now."""
        return self.allows and not self.disabled

    @property
    def to(self) -> str:
        """Where it counts, on one line; empty for everything at its place."""
        return ", ".join((*sorted(self.targets), *sorted(self.destinations)))

    @property
    def source(self) -> str:
        """From where, on one line."""
        return ", ".join(self.sources)

    @property
    def from_everywhere(self) -> bool:
        """Tell whether it lets everybody in."""
        return self.lets_in and any(each in ("0.0.0.0/0", "::/0") for each in self.sources)

    def opens(self, protocol: str, port: int) -> bool:
        """Tell whether it lets traffic to a port in, from its sources."""
        return self.lets_in and any(each.has(protocol, port) for each in self.openings)

    def covers(self, other: "Rule") -> bool:
        """Tell whether it lets everything in that another rule at the same place does."""
        return (
            self.lets_in
            and other.lets_in
            and self.place == other.place
            and (not self.targets or (bool(other.targets) and other.targets <= self.targets))
            and (not self.destinations or self.destinations == other.destinations)
            and all(any(mine.covers(each) for mine in self.openings) for each in other.openings)
            and all(any(_is_within(each, mine) for mine in self.sources) for each in other.sources)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How many rules there may be somewhere, and how many there are."""

    what: str
    used: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What a person asks to be let in for a Service, beside what the controller does; `expires` None is for good."""

    owner: Owner
    openings: tuple[Opening, ...]
    sources: tuple[str, ...]
    expires: datetime | None = None


def _is_within(inner: str, outer: str) -> bool:
    if inner == outer:
        return True
    try:
        one, other = ipaddress.ip_network(inner), ipaddress.ip_network(outer)
    except ValueError:
        return False
    return one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type]


Told = Callable[[int], None]
"""Is told how many rules were read so far."""


def untold(_count: int) -> None:
    """Take no notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The nodes whose network is meant: of the cluster at home, and of further ones.

    `everything` asks for all rules of the network, not only for those on nodes and load balancers and of known makers.
    """

    nodes: Sequence[Node]
    further: Sequence[Node] = ()
    everything: bool = False


class Firewall(Protocol):
    """Reads the rules of one cloud, deletes single ones, and puts them back. Its writes may come from several threads."""

    def rules(self, around: Around, told: Told = untold) -> Sequence[Rule]:
        """Return the inbound rules of a network.

        Complete or not at all: raises CloudErrors, and UsageError where the network can not be told.
        """

    def dependents(self, rules: Sequence[Rule]) -> Sequence[Dependent]:
        """Return what hangs together with rules that `rules` has just returned. Raises CloudErrors."""

    def quotas(self) -> Sequence[Quota]:
        """Return the quotas that rules use up, the fullest first. Raises CloudErrors."""

    def open(self, door: Door, nodes: Sequence[Node]) -> tuple[str, ...]:
        """Let somebody in to the nodes; return the ids of the rules. One that is there already is brought to what is asked.

        Raises CloudErrors, and UsageError where no rule could be made for the nodes.
        """

    def delete(self, rule: Rule) -> bool:
        """Delete a rule; False if it has gone already. Raises CloudErrors."""

    def remove(self, dependent: Dependent) -> bool:
        """Delete a dependent; False if it has gone already. Raises CloudErrors, NotReady where something needs it."""

    def restore(self, saved: str, moved: Mapping[str, str]) -> str:
        """Put a rule back, and return its id; empty if one like it is there.

        `moved` tells the new ids of dependents by their old ones. Raises CloudErrors, ValueError and KeyError for garbage.
        """

    def put_back(self, saved: str, moved: Mapping[str, str]) -> tuple[str, bool]:
        """Put a dependent back; return its id, and whether it had to be made. Raises as `restore` does."""


Connect = Callable[[CloudSettings, Pace], Firewall]


def load(provider: str) -> Connect:
    """Find how the firewall of a provider is reached. Raises UsageError where it brings none."""
    for point in entry_points(group=GROUP):
        if point.name == provider:
            connect: Connect = point.load()
            return connect
    message = f"the provider {provider!r} tells nothing of firewall rules"
    raise UsageError(message)
