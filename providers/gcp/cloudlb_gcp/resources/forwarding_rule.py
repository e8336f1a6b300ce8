"""Regional forwarding rules: the address, and the ports on which it answers.

Most of a forwarding rule can not change: the API only deletes and creates it. While that is done, the address is held by
a reservation of ours, under the rule's own name; whoever finds the reservation without the rule, or beside it, finishes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from cloudlb.plan.resource import Ref, Resource, attribute, only

IPV6_LENGTH = 96
"""The prefix length of the IPv6 ranges that forwarding rules have."""

RANGE = f"/{IPV6_LENGTH}"


def moved(old: str, new: str) -> bool:
    """Tell whether another address is asked for."""
    return bool(new) and old != new


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardingRule(Resource):
    """A forwarding rule. Attributes for refs: `address`, `path`.

    `network` is that of the subnetwork. `address` is empty where the cloud chooses; `ports` is `80,443`, `8000-8010` or `all`. `standing` is false for a rule
    that was taken down in the middle of its renewal, `held` true while its address is held for that.
    """

    KIND: ClassVar[str] = "forwarding-rule"
    HOLDS_ADDRESS: ClassVar[bool] = True

    name: str = attribute(create_only=True, exclusive=only)
    scheme: str = attribute(immutable=True)
    version: str = attribute(immutable=True)
    tier: str = attribute(immutable=True, default="")
    network: str = attribute(create_only=True, default="")
    subnetwork: str = attribute(immutable=True, default="")
    address: str = attribute(replace_when=moved, because="another address is asked for", default="")
    protocol: str = attribute(interrupts=True)
    ports: str = attribute(interrupts=True)
    backend_service: Ref | str = attribute(reference=True, interrupts=True)
    global_access: bool = False
    labels: tuple[tuple[str, str], ...] = attribute(overlay=True, default=())
    standing: bool = attribute(interrupts=True, default=True)
    held: bool = False

    @property
    def reach(self) -> str:
        """The address or, of an IPv6 rule, the range; empty where the cloud chooses."""
        return self.address + (RANGE if self.version == "IPV6" and self.address else "")

    def settled(self, found: "ForwardingRule") -> "ForwardingRule":
        """Leave a rule at the address that it has, unless another one is asked for or it has to be another rule."""
        same = (self.scheme, self.version, self.tier, self.subnetwork) == (
            found.scheme,
            found.version,
            found.tier,
            found.subnetwork,
        )
        return replace(self, address=found.address) if same and not self.address else self

    def ordinary(self) -> Mapping[str, object]:
        """Return what goes without saying."""
        return {"version": "IPV4", "tier": "PREMIUM", "standing": True, "network": self.network}
