"""Names for moto's untyped objects, so that signatures say what they take."""

from typing import Any

Backend = Any
"""The state of one service in one account."""
LoadBalancer = Any
TargetGroup = Any
Listener = Any
Rule = Any
SecurityGroup = Any
SecurityGroupRule = Any
Subnet = Any
Vpc = Any
Instance = Any
Certificate = Any
NetworkInterface = Any
Json = Any
"""Part of a request or a reply, in botocore's names."""
