"""What an emulated account knows beyond moto: moto's objects have no room for it.

Times are on the emulator's clock. Everything is found by ARN.
"""

from dataclasses import dataclass, field

Target = tuple[str, int]
"""What identifies a registration within a target group: id and port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """One subnet of a load balancer and the addresses asked for in it; empty where AWS chooses."""

    subnet_id: str
    allocation_id: str = ""
    private_ipv4: str = ""
    ipv6: str = ""
    source_nat_prefix: str = ""


@dataclass(slots=True, kw_only=True)
class LoadBalancerFacts:
    """A load balancer's own. `interfaces` are the network interfaces by subnet."""

    created: float
    mappings: tuple[Mapping, ...]
    born_with_groups: bool
    private_link_rules: str = "on"
    ipv6_source_nat: str = "off"
    interfaces: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Registration:
    """A target in a group. `since` is when it was registered, or when it began to drain."""

    zone: str
    since: float


@dataclass(slots=True, kw_only=True)
class TargetGroupFacts:
    """A target group's own. `attached` is when a listener first pointed at it, None while none does."""

    targets: dict[Target, Registration] = field(default_factory=dict)
    draining: dict[Target, Registration] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    attached: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lingering:
    """Network interfaces of a load balancer that is gone, and when they follow it."""

    until: float
    interfaces: tuple[str, ...]


@dataclass(slots=True)
class Ledger:
    """All facts of an account. Emptied by `Emulator.reset`."""

    load_balancers: dict[str, LoadBalancerFacts] = field(default_factory=dict)
    target_groups: dict[str, TargetGroupFacts] = field(default_factory=dict)
    listener_attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    lingering: list[Lingering] = field(default_factory=list)
    unhealthy: set[str] = field(default_factory=set)
    """Ids of targets that fail their health checks because a test says so."""
