"""VPC firewall rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from cloudlb.plan.resource import Ref, Resource, attribute, only

Protocols = tuple[tuple[str, str], ...]
"""(protocol, ports as `80,8000-8010`), sorted; ports are empty for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firewall(Resource):
    """An inbound rule of the network. `destinations` are addresses or ranges; empty means whatever the nodes have.

    With neither target tags nor accounts it is for every instance of the network.
    """

    KIND: ClassVar[str] = "firewall"

    name: str = attribute(create_only=True, exclusive=only)
    network: str = attribute(immutable=True)
    action: str = "allow"
    priority: int = 1000
    sources: frozenset[str]
    destinations: frozenset[Ref | str] = attribute(reference=True, default=frozenset())
    protocols: Protocols
    target_tags: frozenset[str] = frozenset()
    target_accounts: frozenset[str] = frozenset()
    disabled: bool = False

    def ordinary(self) -> Mapping[str, object]:
        """Return what goes without saying."""
        return {"action": "allow", "priority": 1000, "network": self.network}
