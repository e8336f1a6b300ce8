"""What can be set on an emulated AWS. Frozen; `Emulator.configure` replaces it as a whole."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorSettings:
    """Times are seconds on `clock`, except `latency`, which is really waited for.

    `port` 0 takes a free one. `throttle` "realistic" gives every class of operations AWS's token bucket. New load
    balancers are `provisioning` for `provisioning_seconds`, new targets `initial` for `health_seconds`; the network
    interfaces of a deleted load balancer hold its security groups for `interface_seconds`. Reads do not see the writes
    of the last `lag_calls` calls, the tagging API those of the last `tag_lag_calls`. `page_size` shrinks the pages of
    every listing, 0 leaves them as large as AWS's.
    """

    region: str = "eu-west-1"
    port: int = 0
    latency: float = 0.0
    throttle: Literal["off", "realistic"] = "off"
    provisioning_seconds: float = 0.0
    health_seconds: float = 0.0
    interface_seconds: float = 0.0
    lag_calls: int = 0
    tag_lag_calls: int = 0
    page_size: int = 0
    rules_per_group: int = 60
    clock: Callable[[], float] = time.monotonic
