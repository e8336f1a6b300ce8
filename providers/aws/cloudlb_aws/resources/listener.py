"""ELBv2 listeners: a port of a load balancer, what it speaks, and where it forwards to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from cloudlb.plan.resource import Ref, Resource, attribute
from cloudlb_aws import options


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener(Resource):
    """A listener; `id` is its port's number, because AWS allows one listener a number. Attribute for refs: `arn`.

    `certificates` has the default one first (TLS only), the others sorted; `ssl_policy` and `alpn` are empty but for TLS.
    `options` are listener attributes by AWS's own keys.
    """

    KIND: ClassVar[str] = "listener"

    load_balancer: Ref | str = attribute(immutable=True, part_of=True)
    port: int = attribute(immutable=True)
    protocol: str
    target_group: Ref | str = attribute(reference=True)
    certificates: tuple[str, ...] = ()
    ssl_policy: str = ""
    alpn: str = ""
    options: tuple[tuple[str, str], ...] = attribute(overlay=True, default=())
    tags: tuple[tuple[str, str], ...] = attribute(default=())

    def ordinary(self) -> Mapping[str, object]:
        """Return what AWS gives a new listener."""
        return {"options": options.listener_defaults(self.protocol)}
