"""What can be set on an emulator: who it plays, how slow, how strict and how truthful it is."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

DEFAULT_QUOTAS: Mapping[str, int] = {
    "BACKEND_SERVICES": 2000,
    "FIREWALLS": 5000,
    "FORWARDING_RULES": 2000,
    "HEALTH_CHECKS": 2000,
    "IN_USE_ADDRESSES": 2000,
    "NETWORK_ENDPOINT_GROUPS": 5000,
    "SSL_CERTIFICATES": 100,
    "STATIC_ADDRESSES": 700,
    "TARGET_POOLS": 500,
    "URL_MAPS": 100,
}
"""Those of a grown project: a new one has far less. Per region where the thing is regional."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorSettings:
    """`region` with its `zones` (letters) is where the nodes are; a second region is there to be mixed up with it.

    `operation_seconds` is how long an operation runs after the call that started it; `lag_calls` how many writes a read
    does not show yet; `denied` permissions (`compute.firewalls.create`) answer 403. `clock` counts seconds.
    `host_project` is another project, which has the network and its firewall rules: a shared VPC.
    """

    port: int = 0
    project: str = "emulated-project"
    host_project: str = ""
    region: str = "europe-west1"
    zones: tuple[str, ...] = ("b", "c", "d")
    latency: float = 0.0
    throttle: Literal["off", "realistic"] = "off"
    operation_seconds: float = 0.0
    lag_calls: int = 0
    denied: frozenset[str] = frozenset()
    quotas: Mapping[str, int] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic

    def quota(self, metric: str) -> int:
        """Return how many of something the project may have."""
        return self.quotas.get(metric, DEFAULT_QUOTAS[metric])
