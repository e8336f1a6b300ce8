"""The account as a world for the provider laws (`cloudlb.testing.world`): with machines, watched and disturbed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cloudlb.plan.pace import Pace
from cloudlb.plan.resource import Found
from cloudlb.provider import Cloud, CloudSettings, Provider
from cloudlb.testing.clock import ManualClock
from cloudlb.testing.manifests import Manifest, node
from cloudlb.testing.memory import marks
from cloudlb.testing.memory.account import Account, Refused, Thing
from cloudlb.testing.memory.endpoint import Endpoint
from cloudlb.testing.memory.provider import MemoryProvider

ZONES = ("zone-a", "zone-b")


class MemoryWorld:
    """One account with three machines. Nothing waits in real time."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.pace = Pace(sleep=self.clock.advance, clock=self.clock)
        self.account = Account({})
        self.endpoint = Endpoint(self.account)
        self.provider: Provider = MemoryProvider(self.endpoint)
        self._nodes: list[Manifest] = []
        for _ in range(3):
            self.node()

    def nodes(self) -> Sequence[Manifest]:
        """Return the nodes on all machines."""
        return list(self._nodes)

    def node(self) -> Manifest:
        """Start one more machine."""
        number = len(self._nodes)
        name, zone = f"machine-{number}", ZONES[number % len(ZONES)]
        self.account.machines[f"memory:///{name}"] = name
        address = f"10.0.0.{number + 1}"
        self._nodes.append(node(f"node-{number}", f"memory:///{name}", zone=zone, address=address))
        return self._nodes[-1]

    def connect(self, settings: CloudSettings) -> Cloud:
        """Connect with nothing remembered."""
        return self.provider.connect(settings, self.pace)

    def contents(self) -> Mapping[str, object]:
        """Return every object."""
        return self.account.things()

    def plant(self, cluster: str) -> None:
        """Make a load balancer of another cluster, and one that is nobody's, each with a pool and a listener."""
        theirs = {
            marks.CLUSTER: cluster,
            marks.OWNER: "service/default/one",
            marks.UID: "00000000-0000-0000-0000-000000000000",
        }
        for name, marked in (("theirs", theirs), ("nobodys", {})):
            balancer = self._make("load-balancer", name, marked, scheme="internet")
            pool = self._make("pool", name, marked, targets=frozenset({"machine-0:30999"}))
            self._make("listener", name, marked, load_balancer=balancer.id, pool=pool.id, port=80)

    def squat(self, found: Found[Any]) -> None:
        """Delete an object and make one of the same name that carries no marks."""
        old = self.account.things()[found.id]
        self.account.delete(found.id)
        self.account.create(replace(old, marks={}))

    def remove(self, found: Found[Any]) -> bool:
        """Delete an object, unless something uses it."""
        try:
            self.account.delete(found.id)
        except Refused:
            return False
        return True

    def spoil(self, found: Found[Any]) -> bool:
        """Change a setting; a listener has none but where it leads."""
        others: dict[str, dict[str, object]] = {
            "load-balancer": {"sources": frozenset({"203.0.113.0/24"})},
            "pool": {"sticky": not getattr(found.value, "sticky", False)},
            "firewall": {"open": frozenset({"22/TCP"})},
        }
        settings = others.get(found.value.KIND)
        if settings is None:
            return False
        self.account.change(found.id, settings)
        return True

    def throttle(self, every: int) -> None:
        """Refuse every n-th call."""
        self.endpoint.every = every

    def lag(self, calls: int) -> None:
        """Let listing lag behind."""
        self.endpoint.lag = calls

    def calls(self) -> int:
        """Return how many calls were made."""
        return self.endpoint.calls

    def writes(self) -> int:
        """Return how many of them were writes."""
        return self.endpoint.writes

    def _make(self, kind: str, name: str, marked: Mapping[str, str], **settings: object) -> Thing:
        return self.account.create(
            Thing(
                id="",
                kind=kind,
                name=name,
                settings=settings,
                marks=marked and {**marked, marks.RESOURCE: f"{kind}/{name}"},
            )
        )
