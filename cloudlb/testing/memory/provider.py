"""The two halves of the provider: what it can and wants (pure), and what talks to the account."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudlb.model import Address, LoadBalancer, Node, Owner, TargetKind
from cloudlb.plan.assumed import Known
from cloudlb.plan.change import Change
from cloudlb.plan.driver import Driver
from cloudlb.plan.pace import PACE, Pace
from cloudlb.plan.render import one_call
from cloudlb.plan.resource import Observed, Stack
from cloudlb.provider import (
    OPEN,
    Capabilities,
    Cloud,
    CloudSettings,
    Design,
    Gate,
    Inventory,
    TargetHealth,
)
from cloudlb.testing.memory import marks
from cloudlb.testing.memory.account import Thing
from cloudlb.testing.memory.client import read
from cloudlb.testing.memory.design import Landscape, design, design_shared
from cloudlb.testing.memory.driver import MemoryDriver
from cloudlb.testing.memory.endpoint import Endpoint
from cloudlb.testing.memory.resources import Listener, found_in, name_of
from cloudlb.translate.annotations import CORE_ROWS, PREFIX, Table

_NO_STACK = Stack()


@dataclass(frozen=True, slots=True)
class Options:
    """What annotations of our own say: there are none, the core's are enough."""


def _options(_values: Mapping[str, Any]) -> Options:
    return Options()


TABLE = Table(rows=CORE_ROWS, prefixes=(PREFIX,), options=_options)


class MemoryProvider:
    """The pure half."""

    name = "memory"
    node_scheme = "memory"
    capabilities = Capabilities(
        target_kinds=frozenset(TargetKind),
        protocols=frozenset({"TCP", "UDP"}),
        same_port_tcp_udp=False,
        requested_address=False,
    )
    annotations = TABLE

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def design(self, load_balancer: LoadBalancer, landscape: Landscape) -> Design:
        """Lower a load balancer to resources."""
        return design(load_balancer, landscape)

    def design_shared(
        self, cluster: Owner, claims: Iterable[str], landscape: Landscape | None
    ) -> Design:
        """Make what all owners share from their claims."""
        del landscape
        return design_shared(cluster, claims)

    def addresses(self, observed: Observed) -> tuple[Address, ...]:
        """Tell the address that clients use."""
        return tuple(
            Address(ip=each.attributes["address"]) for each in observed.kind("load-balancer")
        )

    def cost(self, change: Change) -> int:
        """Count one call for each object made, changed or deleted."""
        return one_call(change)

    def connect(self, settings: CloudSettings, pace: Pace = PACE, gate: Gate = OPEN) -> Cloud:
        """Make the half that talks."""
        del gate  # there is no wire, and nothing on it to count
        return MemoryCloud(self._endpoint, settings.cluster, pace)


class MemoryCloud:
    """The half that talks."""

    def __init__(self, endpoint: Endpoint, cluster: str, pace: Pace) -> None:
        self._endpoint = endpoint
        self._cluster = cluster
        self._pace = pace
        self._machines: Landscape = {}

    def driver(self, owner: Owner) -> Driver:
        """Return the verbs for one owner."""
        return MemoryDriver(self._endpoint, owner)

    def survey(self, nodes: Sequence[Node]) -> Landscape:
        """Read which machines there are, again only when a node is on none that is known."""
        if any(node.provider_id not in self._machines for node in nodes):
            self._machines = read(self._pace, "machines", self._endpoint.machines)
        return self._machines

    def known(self, stack: Stack) -> Known | None:
        """Know nothing without a look."""
        del stack
        return None

    def refresh(self, *, nodes: bool = True) -> None:
        """Forget which machines there are: there is no more to a network."""
        if nodes:
            self._machines = {}

    def sweep(self, owner: Owner | None = None, *, brief: bool = False) -> Inventory:
        """List everything with the cluster's marks, or with one owner's: one call, whether `brief` or not."""
        del brief
        wanted = {marks.CLUSTER: self._cluster} if owner is None else marks.of_owner(owner)
        return Inventory(tuple(marks.entry_of(each) for each in self._list(wanted)))

    def observe(self, owner: Owner, inventory: Inventory, expected: Stack = _NO_STACK) -> Observed:
        """List what carries the owner's marks: one call, and one for each name that should be there and is not listed."""
        del inventory  # listing is as cheap as an inventory is old
        wanted = marks.of_owner(owner)
        things = {each.id: each for each in self._list(wanted)}
        listed = {(each.kind, each.name) for each in things.values()}
        names = _names(expected) or marks.main_names(owner)
        for kind, name in names:
            late = None if (kind, name) in listed else self._named(kind, name)
            if late is not None and wanted.items() <= late.marks.items():
                things[late.id] = late
        return Observed(
            tuple(found_in(each, marks.resource_id(each.marks)) for each in things.values())
        )

    def health(self, observed: Observed) -> tuple[TargetHealth, ...]:
        """Read the health of all pools, one call each."""
        return tuple(self._health(each.value.id, each.id) for each in observed.kind("pool"))

    def _list(self, wanted: Mapping[str, str]) -> tuple[Thing, ...]:
        return read(self._pace, "list", lambda: self._endpoint.list(wanted))

    def _named(self, kind: str, name: str) -> Thing | None:
        return read(self._pace, "named", lambda: self._endpoint.named(kind, name))

    def _health(self, backend: str, pool: str) -> TargetHealth:
        found = read(self._pace, "health", lambda: self._endpoint.health(pool))
        sick = tuple((target, reason) for target, reason in found.items() if reason)
        return TargetHealth(
            backend=backend, healthy=len(found) - len(sick), total=len(found), reasons=sick
        )


def _names(expected: Stack) -> tuple[tuple[str, str], ...]:
    """Return (kind, name) of what a stack has; a part has no name before its whole exists."""
    found = ((each.KIND, name_of(each)) for each in expected if not isinstance(each, Listener))
    return tuple(found)
