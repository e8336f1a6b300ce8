"""Regional backend services of passthrough load balancers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from cloudlb.plan.resource import Ref, Resource, attribute, only


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendService(Resource):
    """Which groups take the traffic, and how it is spread. Attributes for refs: `path`.

    `protocol` is UNSPECIFIED, which goes with forwarding rules of any protocol. `locality_policy` is empty for the
    scheme's own way of spreading, `idle_timeout` (seconds) 0 where affinity is not strong. `spillover` says when traffic
    leaves the client's zone; empty where zones do not count.
    """

    KIND: ClassVar[str] = "backend-service"

    name: str = attribute(create_only=True, exclusive=only)
    scheme: str = attribute(immutable=True)
    protocol: str = attribute(immutable=True, default="UNSPECIFIED")
    network: str = attribute(immutable=True, default="")
    health_check: Ref | str = attribute(reference=True)
    groups: frozenset[Ref | str] = attribute(reference=True)
    session_affinity: str = "NONE"
    strong_affinity: bool = False
    idle_timeout: int = 0
    locality_policy: str = ""
    spillover: str = ""
    draining: int = 0

    def ordinary(self) -> Mapping[str, object]:
        """Return what goes without saying."""
        return {"protocol": "UNSPECIFIED", "session_affinity": "NONE", "network": self.network}
