"""The provider interface: what a cloud must bring to be driven by cloudlb.

A `Provider` is the pure half (annotations, design, costs): no call, no SDK import. `connect` gives its `Cloud`, the half
that reads and writes. Providers are found by entry point (group `cloudlb.providers`) and loaded only when selected.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any, Protocol

from cloudlb.errors import UsageError
from cloudlb.model import (
    Address,
    LoadBalancer,
    Node,
    Owner,
    PortError,
    Problem,
    TargetKind,
)
from cloudlb.plan.assumed import Known
from cloudlb.plan.change import Change
from cloudlb.plan.driver import Driver
from cloudlb.plan.pace import PACE, Pace
from cloudlb.plan.resource import CloudId, Key, Observed, Stack
from cloudlb.translate.annotations import Table

GROUP = "cloudlb.providers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do at layer 4, for translate's per-port verdicts before anything is created."""

    target_kinds: frozenset[TargetKind]
    protocols: frozenset[str]
    same_port_tcp_udp: bool
    """Whether one listener can serve TCP and UDP on one number when both lead to the same target port."""
    protocols_apart: bool = False
    """Whether TCP and UDP on one number are two listeners that have nothing to do with each other."""
    node_ports: bool = True
    """Whether traffic reaches nodes at their node ports. Otherwise it keeps its destination, and needs none."""
    ports_in_place: bool = True
    """Whether ports and protocols come and go without interrupting those that stay."""
    requested_address: bool
    """Whether `spec.loadBalancerIP` is honoured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudSettings:
    """How to reach the cloud, from flags, environment and configuration. Empty means: find out.

    `network` names the network, by id, path or name. `endpoint_url` overrides every endpoint of the SDK. `extra_tags` go on
    everything that is made. `node_tags` are the network tags that firewall rules know the nodes by, in the place of those
    that the nodes have. Without `manage_firewall` no firewall rules are made, unless an object asks for them.
    """

    cluster: str
    cluster_name: str = ""
    region: str = ""
    network: str = ""
    endpoint_url: str = ""
    extra_tags: tuple[tuple[str, str], ...] = ()
    node_tags: tuple[str, ...] = ()
    manage_firewall: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What every single call to the cloud passes: for limits and for counting.

    `before` gets the API's name for the call and may wait; `after` gets the name, `ok` or the class of the error, and the
    seconds that it took.
    """

    before: Callable[[str], None] = lambda _operation: None
    after: Callable[[str, str, float], None] = lambda _operation, _result, _seconds: None


OPEN = Gate()
"""Lets everything pass and counts nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """The resources one owner needs, its claims on shared ones, and what a person should know.

    With an error among the problems the stack is not to be applied. `claims` are the provider's own hashable values.
    `refused_ports` get no listener while the others do. `protection` holds the reasons for which the owner asked that
    deleting its load balancer be refused. `may_pass` says that a problem may go although the object stays as it is:
    something that it names was not in the landscape, or was not as it needs it.
    """

    stack: Stack = Stack()
    claims: frozenset[Any] = frozenset()
    problems: tuple[Problem, ...] = ()
    refused_ports: tuple[PortError, ...] = ()
    protection: tuple[Problem, ...] = ()
    may_pass: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One object that carries our ownership, as an inventory sweep lists it."""

    id: CloudId
    key: Key
    owner: Owner
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a sweep listed. It may lag behind the truth and is never proof of absence."""

    entries: tuple[Entry, ...] = ()
    _by_uid: dict[str, tuple[Entry, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Index by the owner's uid."""
        grouped: dict[str, list[Entry]] = {}
        for entry in self.entries:
            grouped.setdefault(entry.owner.uid, []).append(entry)
        self._by_uid.update({uid: tuple(found) for uid, found in grouped.items()})

    def of(self, owner: Owner) -> tuple[Entry, ...]:
        """Find what belongs to an owner."""
        return self._by_uid.get(owner.uid, ())

    def replaced(self, owner: Owner, entries: Iterable[Entry] = ()) -> "Inventory":
        """Return a copy in which an owner has just the given entries."""
        others = (entry for entry in self.entries if entry.owner.uid != owner.uid)
        return Inventory((*others, *entries))

    def owners(self) -> tuple[Owner, ...]:
        """Return every owner that has something, sorted by path and uid."""
        unique = {entry.owner.identity: entry.owner for entry in self.entries}
        return tuple(sorted(unique.values(), key=lambda owner: (owner.path, owner.uid)))


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetHealth:
    """Health of the targets behind one backend: counts, and for those that are not healthy the cloud's reason.

    `backend` is empty where all backends of a load balancer have the same targets.
    """

    backend: str
    healthy: int
    total: int
    reasons: tuple[tuple[str, str], ...] = ()


class Cloud(Protocol):
    """The half of a provider that talks to the cloud. Methods raise `CloudError`s (cloudlb.errors).

    What is throttled, and a read that fails for a moment, it tries again by itself, call by call.
    """

    def driver(self, owner: Owner) -> Driver:
        """Return the verbs for changing single resources; what they create carries the owner's marks."""

    def survey(self, nodes: Sequence[Node]) -> Any:  # noqa: ANN401  (the provider's own landscape)
        """Read the network around the cluster and what the nodes are. Cached; refreshed when a node is not known."""

    def refresh(self, *, nodes: bool = True) -> None:
        """Forget what `survey` remembers of the network and, with `nodes`, of what the nodes are: the next one reads."""

    def sweep(self, owner: Owner | None = None, *, brief: bool = False) -> Inventory:
        """List everything that carries the cluster's ownership (or one owner's) in as few calls as possible.

        `brief` leaves out everything but what holds the addresses: who has something, not all that they have.
        """

    def observe(self, owner: Owner, inventory: Inventory, expected: Stack = Stack()) -> Observed:
        """Read what exists of an owner, in the terms of its resources.

        Starts from what `inventory` lists, and looks by name for what it may not list yet: the names that `expected`
        carries or, without it, every name that the owner's main objects can have. Read-only; may be called twice.
        """

    def known(self, stack: Stack) -> Known | None:
        """Return ids and attributes of a stack's objects without a look at each: from listings of all, made once.

        For an owner that is taken to be as it was left, and whose members change. None where that can not be told.
        """

    def health(self, observed: Observed) -> tuple[TargetHealth, ...]:
        """Read the health of the targets of an observed load balancer."""


class Provider(Protocol):
    """The pure half of a provider. Importing it imports no SDK."""

    @property
    def name(self) -> str:
        """The word that `--provider` takes."""

    @property
    def node_scheme(self) -> str:
        """The scheme of its nodes' provider ids: what stands before `://`."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    @property
    def annotations(self) -> Table:
        """Its annotations, one row each."""

    def design(self, load_balancer: LoadBalancer, landscape: Any) -> Design:  # noqa: ANN401
        """Lower a load balancer to resources. Pure: no call, same result for the same arguments."""

    def design_shared(self, cluster: Owner, claims: Iterable[Any], landscape: Any) -> Design:  # noqa: ANN401
        """Make the cluster's shared stack from the claims of all owners. Pure."""

    def addresses(self, observed: Observed) -> tuple[Address, ...]:
        """Tell the addresses that clients use, normalised; empty while there is none."""

    def cost(self, change: Change) -> int:
        """Count the API calls that a change will take."""

    def connect(self, settings: CloudSettings, pace: Pace = PACE, gate: Gate = OPEN) -> Cloud:
        """Make the half that talks, trying each call as hard as `pace` says; each passes the gate.

        Raises UsageError where settings or credentials are unusable.
        """


def names() -> tuple[str, ...]:
    """Return the installed providers' names, sorted."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def load(name: str) -> Provider:
    """Import an installed provider by name. Raises UsageError, naming those that are there."""
    for point in entry_points(group=GROUP):
        if point.name == name:
            provider: Provider = point.load()
            return provider
    known = ", ".join(names()) or "none"
    message = f"no provider {name!r} is installed (installed: {known}); install it with `pip install 'cloudlb[{name}]'`"
    raise UsageError(message)
