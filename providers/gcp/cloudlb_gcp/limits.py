"""Numbers of the Compute Engine API and of what the incumbents do with it (gcp.md 2.4, 2.5, 2.8)."""

from typing import Final

ENDPOINTS_A_CALL: Final = 500
"""Of attachNetworkEndpoints and detachNetworkEndpoints."""

PORTS_A_RULE: Final = 5
"""Discrete ports of a forwarding rule."""

PORTS_A_FIREWALL: Final = 100
"""Ports and ranges of one protocol in a firewall rule, beyond which they become one range."""

NODE_CHECK_PORT: Final = 10256
"""Where kube-proxy answers for its node."""

HEALTH_SOURCES_V4: Final = (
    "130.211.0.0/22",
    "209.85.152.0/22",
    "209.85.204.0/22",
    "35.191.0.0/16",
)
"""Where health checks of passthrough load balancers come from (Compute Engine documentation, "Probe IP ranges")."""

HEALTH_SOURCES_V6: Final = {
    "EXTERNAL": ("2600:1901:8001::/48",),
    "INTERNAL": ("2600:2d00:1:b029::/64",),
}

MEMBERS: Final = {
    ("EXTERNAL", False): 250,
    ("EXTERNAL", True): 3000,
    ("INTERNAL", False): 25,
    ("INTERNAL", True): 250,
}
"""The most nodes behind one load balancer, by scheme and whether the traffic policy is Local."""
