"""The attributes of ELBv2, as data: key, default, accepted values, and what they belong to."""

from collections.abc import Callable
from dataclasses import dataclass

Accepts = Callable[[str], str]
"""Returns what is wanted where a value is not accepted, else an empty string."""


def one_of(*values: str) -> Accepts:
    """Accept these words."""
    return lambda value: "" if value in values else f"one of [{', '.join(values)}]"


def between(low: int, high: int, *words: str) -> Accepts:
    """Accept whole numbers of a range, and these words."""

    def accepts(value: str) -> str:
        fits = value in words or (value.isdecimal() and low <= int(value) <= high)
        return "" if fits else f"between '{low}' and '{high}' inclusive{_or(words)}"

    return accepts


def _or(words: tuple[str, ...]) -> str:
    return f" or one of [{', '.join(words)}]" if words else ""


def anything(_value: str) -> str:
    """Accept every value."""
    return ""


_BOOLEAN = one_of("true", "false")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute. `kinds` are the load balancer types or protocols that have it."""

    default: str
    accepts: Accepts
    kinds: frozenset[str]


_ALB, _NLB = frozenset({"application"}), frozenset({"network"})
_EITHER = _ALB | _NLB

LOAD_BALANCER = {
    "access_logs.s3.enabled": Attribute("false", _BOOLEAN, _EITHER),
    "access_logs.s3.bucket": Attribute("", anything, _EITHER),
    "access_logs.s3.prefix": Attribute("", anything, _EITHER),
    "deletion_protection.enabled": Attribute("false", _BOOLEAN, _EITHER),
    "load_balancing.cross_zone.enabled": Attribute("false", _BOOLEAN, _EITHER),
    "ipv6.deny_all_igw_traffic": Attribute("false", _BOOLEAN, _EITHER),
    "zonal_shift.config.enabled": Attribute("false", _BOOLEAN, _EITHER),
    "dns_record.client_routing_policy": Attribute(
        "any_availability_zone",
        one_of(
            "any_availability_zone",
            "partial_availability_zone_affinity",
            "availability_zone_affinity",
        ),
        _NLB,
    ),
    "secondary_ips.auto_assigned.per_subnet": Attribute("0", between(0, 7), _NLB),
    "idle_timeout.timeout_seconds": Attribute("60", between(1, 4000), _ALB),
    "client_keep_alive.seconds": Attribute("3600", between(60, 604_800), _ALB),
    "connection_logs.s3.enabled": Attribute("false", _BOOLEAN, _ALB),
    "connection_logs.s3.bucket": Attribute("", anything, _ALB),
    "connection_logs.s3.prefix": Attribute("", anything, _ALB),
    "health_check_logs.s3.enabled": Attribute("false", _BOOLEAN, _ALB),
    "health_check_logs.s3.bucket": Attribute("", anything, _ALB),
    "health_check_logs.s3.prefix": Attribute("", anything, _ALB),
    "routing.http.desync_mitigation_mode": Attribute(
        "defensive", one_of("monitor", "defensive", "strictest"), _ALB
    ),
    "routing.http.drop_invalid_header_fields.enabled": Attribute("false", _BOOLEAN, _ALB),
    "routing.http.preserve_host_header.enabled": Attribute("false", _BOOLEAN, _ALB),
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": Attribute("false", _BOOLEAN, _ALB),
    "routing.http.xff_client_port.enabled": Attribute("false", _BOOLEAN, _ALB),
    "routing.http.xff_header_processing.mode": Attribute(
        "append", one_of("append", "preserve", "remove"), _ALB
    ),
    "routing.http2.enabled": Attribute("true", _BOOLEAN, _ALB),
    "waf.fail_open.enabled": Attribute("false", _BOOLEAN, _ALB),
}


def load_balancer_defaults(kind: str, scheme: str) -> dict[str, str]:
    """Return the attributes of a new load balancer."""
    values = {key: each.default for key, each in LOAD_BALANCER.items() if kind in each.kinds}
    values["ipv6.deny_all_igw_traffic"] = "true" if scheme == "internal" else "false"
    if kind == "application":
        values["load_balancing.cross_zone.enabled"] = "true"
    return values


_HTTP = frozenset({"HTTP", "HTTPS"})
_NETWORK = frozenset({"TCP", "TLS", "UDP", "TCP_UDP"})
_ALL = _HTTP | _NETWORK
_WEEK = 604_800
_HEALTH = "target_group_health"

TARGET_GROUP = {
    "deregistration_delay.timeout_seconds": Attribute("300", between(0, 3600), _ALL),
    "stickiness.enabled": Attribute("false", _BOOLEAN, _ALL),
    "stickiness.type": Attribute(
        "source_ip",
        one_of(
            "source_ip", "lb_cookie", "app_cookie", "source_ip_dest_ip", "source_ip_dest_ip_proto"
        ),
        _ALL,
    ),
    "load_balancing.cross_zone.enabled": Attribute(
        "use_load_balancer_configuration",
        one_of("true", "false", "use_load_balancer_configuration"),
        _ALL,
    ),
    f"{_HEALTH}.dns_failover.minimum_healthy_targets.count": Attribute(
        "1", between(1, 3000, "off"), _ALL
    ),
    f"{_HEALTH}.dns_failover.minimum_healthy_targets.percentage": Attribute(
        "off", between(1, 100, "off"), _ALL
    ),
    f"{_HEALTH}.unhealthy_state_routing.minimum_healthy_targets.count": Attribute(
        "1", between(1, 3000), _ALL
    ),
    f"{_HEALTH}.unhealthy_state_routing.minimum_healthy_targets.percentage": Attribute(
        "off", between(1, 100, "off"), _ALL
    ),
    "deregistration_delay.connection_termination.enabled": Attribute("false", _BOOLEAN, _NETWORK),
    "preserve_client_ip.enabled": Attribute("true", _BOOLEAN, _NETWORK),
    "proxy_protocol_v2.enabled": Attribute("false", _BOOLEAN, _NETWORK),
    "target_health_state.unhealthy.connection_termination.enabled": Attribute(
        "true", _BOOLEAN, _NETWORK
    ),
    "target_health_state.unhealthy.draining_interval_seconds": Attribute(
        "0", between(0, 360_000), _NETWORK
    ),
    "load_balancing.algorithm.type": Attribute(
        "round_robin", one_of("round_robin", "least_outstanding_requests", "weighted_random"), _HTTP
    ),
    "load_balancing.algorithm.anomaly_mitigation": Attribute("off", one_of("on", "off"), _HTTP),
    "slow_start.duration_seconds": Attribute("0", between(30, 900, "0"), _HTTP),
    "stickiness.app_cookie.cookie_name": Attribute("", anything, _HTTP),
    "stickiness.app_cookie.duration_seconds": Attribute("86400", between(1, _WEEK), _HTTP),
    "stickiness.lb_cookie.duration_seconds": Attribute("86400", between(1, _WEEK), _HTTP),
}


def target_group_defaults(protocol: str, target_type: str) -> dict[str, str]:
    """Return the attributes of a new target group."""
    values = {key: each.default for key, each in TARGET_GROUP.items() if protocol in each.kinds}
    if protocol in _HTTP:
        values["stickiness.type"] = "lb_cookie"
        return values
    datagrams = protocol in {"UDP", "TCP_UDP"}
    if datagrams:
        values["deregistration_delay.connection_termination.enabled"] = "true"
        values["target_health_state.unhealthy.connection_termination.enabled"] = "false"
    preserved = datagrams or target_type == "instance"
    values["preserve_client_ip.enabled"] = "true" if preserved else "false"
    return values


_REQUEST_HEADERS = (
    "x_amzn_mtls_clientcert_serial_number",
    "x_amzn_mtls_clientcert_issuer",
    "x_amzn_mtls_clientcert_subject",
    "x_amzn_mtls_clientcert_validity",
    "x_amzn_mtls_clientcert_leaf",
    "x_amzn_mtls_clientcert",
    "x_amzn_tls_version",
    "x_amzn_tls_cipher_suite",
)
_RESPONSE_HEADERS = (
    "strict_transport_security",
    "access_control_allow_origin",
    "access_control_allow_methods",
    "access_control_allow_headers",
    "access_control_allow_credentials",
    "access_control_expose_headers",
    "access_control_max_age",
    "content_security_policy",
    "x_content_type_options",
    "x_frame_options",
)

LISTENER = {
    "tcp.idle_timeout.seconds": Attribute("350", between(60, 6000), frozenset({"TCP", "TCP_UDP"})),
    "routing.http.response.server.enabled": Attribute("true", _BOOLEAN, _HTTP),
    **{
        f"routing.http.request.{name}.header_name": Attribute("", anything, frozenset({"HTTPS"}))
        for name in _REQUEST_HEADERS
    },
    **{
        f"routing.http.response.{name}.header_value": Attribute("", anything, _HTTP)
        for name in _RESPONSE_HEADERS
    },
}


def listener_defaults(protocol: str) -> dict[str, str]:
    """Return the attributes of a new listener."""
    return {key: each.default for key, each in LISTENER.items() if protocol in each.kinds}
