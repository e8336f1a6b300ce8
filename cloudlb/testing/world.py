"""What a provider brings to be examined by the laws: an emulated cloud that can be watched and disturbed."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from cloudlb.plan.apply import Pace
from cloudlb.plan.resource import Found
from cloudlb.provider import Cloud, CloudSettings, Provider
from cloudlb.testing.manifests import Manifest


class World(Protocol):
    """One emulated cloud with a network and some nodes in it, and nothing else. Every law gets a fresh one."""

    @property
    def provider(self) -> Provider:
        """The provider under examination."""

    @property
    def pace(self) -> Pace:
        """How to apply without waiting in real time: its sleep lets the emulated cloud's time pass."""

    def nodes(self) -> Sequence[Manifest]:
        """Return at least three Nodes that exist in the cloud, in at least two zones."""

    def node(self) -> Manifest:
        """Make one more Node exist in the cloud, and return it."""

    def connect(self, settings: CloudSettings) -> Cloud:
        """Connect as a new process would, with nothing remembered. `settings` come without an endpoint."""

    def contents(self) -> Mapping[str, object]:
        """Return everything in the cloud that a load balancer controller could have made, by id, with its settings.

        The values need only be comparable; what belongs to the network itself is left out. Costs no counted call.
        """

    def plant(self, cluster: str) -> None:
        """Make things that are not ours: another cluster's (with ownership marks of that cluster id), and unmarked ones."""

    def squat(self, found: Found[Any]) -> None:
        """Take the name of an object for one that is not ours, after removing the object itself."""

    def remove(self, found: Found[Any]) -> bool:
        """Delete an object behind our back. False if the cloud does not let anybody do that."""

    def spoil(self, found: Found[Any]) -> bool:
        """Change a managed setting behind our back. False if the object has none that can change."""

    def throttle(self, every: int) -> None:
        """Refuse every n-th call with the cloud's own rate limit error."""

    def lag(self, calls: int) -> None:
        """Let reads not show what the last `calls` calls wrote."""

    def calls(self) -> int:
        """Return how many calls were made so far."""

    def writes(self) -> int:
        """Return how many of them could change something."""
