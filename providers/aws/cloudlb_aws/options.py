"""Attributes of load balancers, target groups and listeners: AWS's keys, what they are for a new object, what they take.

Source: ELBv2 API reference, LoadBalancerAttribute, TargetGroupAttribute, ListenerAttribute, as they stand for Network
Load Balancers. A design always states every key that stands here, so that taking an annotation away restores the default.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Pairs = tuple[tuple[str, str], ...]
Check = Callable[[str], str]
"""Returns what is allowed where a value is not, else an empty string."""

NETWORK = "network"
CROSS_ZONE = "load_balancing.cross_zone.enabled"
DELETION_PROTECTION = "deletion_protection.enabled"
LOGS, LOGS_BUCKET, LOGS_PREFIX = (
    "access_logs.s3.enabled",
    "access_logs.s3.bucket",
    "access_logs.s3.prefix",
)
PROXY_PROTOCOL = "proxy_protocol_v2.enabled"
PRESERVE_CLIENT_IP = "preserve_client_ip.enabled"
STICKINESS, STICKINESS_TYPE = "stickiness.enabled", "stickiness.type"

_DATAGRAMS = frozenset({"UDP", "TCP_UDP"})
_STREAMS = frozenset({"TCP", "TCP_UDP"})


def _word(*words: str) -> Check:
    return lambda value: "" if value in words else " | ".join(words)


def _number(low: int, high: int, *words: str) -> Check:
    def check(value: str) -> str:
        fits = value in words or (
            value.isascii() and value.isdecimal() and low <= int(value) <= high
        )
        return "" if fits else " or ".join((f"{low} to {high}", *words))

    return check


def _anything(_value: str) -> str:
    return ""


_SWITCH = _word("true", "false")


@dataclass(frozen=True, slots=True)
class _Option:
    default: str
    check: Check


_LOAD_BALANCER = {
    LOGS: _Option("false", _SWITCH),
    LOGS_BUCKET: _Option("", _anything),
    LOGS_PREFIX: _Option("", _anything),
    DELETION_PROTECTION: _Option("false", _SWITCH),
    "dns_record.client_routing_policy": _Option(
        "any_availability_zone",
        _word(
            "any_availability_zone",
            "partial_availability_zone_affinity",
            "availability_zone_affinity",
        ),
    ),
    CROSS_ZONE: _Option("false", _SWITCH),
    "zonal_shift.config.enabled": _Option("false", _SWITCH),
}
_LOAD_BALANCER_UNSTATED = {
    "ipv6.deny_all_igw_traffic": _SWITCH,
    "secondary_ips.auto_assigned.per_subnet": _number(0, 7),
}
"""Known keys that are stated only if somebody asks: their defaults depend on the load balancer, or can only grow."""

_HEALTH = "target_group_health"
_TARGET_GROUP = {
    "deregistration_delay.connection_termination.enabled": _Option("false", _SWITCH),
    "deregistration_delay.timeout_seconds": _Option("300", _number(0, 3600)),
    CROSS_ZONE: _Option(
        "use_load_balancer_configuration",
        _word("true", "false", "use_load_balancer_configuration"),
    ),
    PRESERVE_CLIENT_IP: _Option("true", _SWITCH),
    PROXY_PROTOCOL: _Option("false", _SWITCH),
    STICKINESS: _Option("false", _SWITCH),
    STICKINESS_TYPE: _Option("source_ip", _word("source_ip")),
    f"{_HEALTH}.dns_failover.minimum_healthy_targets.count": _Option("1", _number(1, 3000, "off")),
    f"{_HEALTH}.dns_failover.minimum_healthy_targets.percentage": _Option(
        "off", _number(1, 100, "off")
    ),
    f"{_HEALTH}.unhealthy_state_routing.minimum_healthy_targets.count": _Option(
        "1", _number(1, 3000)
    ),
    f"{_HEALTH}.unhealthy_state_routing.minimum_healthy_targets.percentage": _Option(
        "off", _number(1, 100, "off")
    ),
    "target_health_state.unhealthy.connection_termination.enabled": _Option("true", _SWITCH),
    "target_health_state.unhealthy.draining_interval_seconds": _Option("0", _number(0, 360_000)),
}
_LISTENER = {"tcp.idle_timeout.seconds": _Option("350", _number(60, 6000))}


def load_balancer_defaults(kind: str) -> Pairs:
    """Return the attributes that a new load balancer has, sorted; none for a type that we do not make."""
    return _defaults(_LOAD_BALANCER) if kind == NETWORK else ()


def target_group_defaults(protocol: str, target_type: str) -> Pairs:
    """Return the attributes that a new target group has, sorted."""
    values = dict(_defaults(_TARGET_GROUP))
    datagrams = protocol in _DATAGRAMS
    if datagrams:
        values["deregistration_delay.connection_termination.enabled"] = "true"
        values["target_health_state.unhealthy.connection_termination.enabled"] = "false"
    preserved = datagrams or target_type == "instance"
    values[PRESERVE_CLIENT_IP] = "true" if preserved else "false"
    return tuple(sorted(values.items()))


def listener_defaults(protocol: str) -> Pairs:
    """Return the attributes that a new listener has, sorted; none for protocols without any."""
    return _defaults(_LISTENER) if protocol in _STREAMS else ()


def check_load_balancer(key: str, value: str) -> str:
    """Return what is wrong with a load balancer attribute, empty if nothing is."""
    known = {name: each.check for name, each in _LOAD_BALANCER.items()} | _LOAD_BALANCER_UNSTATED
    return _checked(known, key, value)


def check_target_group(key: str, value: str) -> str:
    """Return what is wrong with a target group attribute, empty if nothing is."""
    return _checked({name: each.check for name, each in _TARGET_GROUP.items()}, key, value)


def check_listener(key: str, value: str) -> str:
    """Return what is wrong with a listener attribute, empty if nothing is."""
    return _checked({name: each.check for name, each in _LISTENER.items()}, key, value)


def stated(defaults: Pairs, asked: Mapping[str, str]) -> Pairs:
    """Put what was asked for over the defaults, sorted."""
    return tuple(sorted({**dict(defaults), **asked}.items()))


def _defaults(table: Mapping[str, _Option]) -> Pairs:
    return tuple(sorted((key, each.default) for key, each in table.items()))


def _checked(known: Mapping[str, Check], key: str, value: str) -> str:
    if key not in known:
        return f"{key} is no attribute that a Network Load Balancer has here (known: {', '.join(sorted(known))})"
    allowed = known[key](value)
    return f"{key}={value} is not allowed ({allowed} is)" if allowed else ""
