"""Attributes: AWS's own sets, defaults and ranges."""

from typing import Any

import pytest


def as_dict(reply: Any) -> Any:
    return {each["Key"]: each["Value"] for each in reply["Attributes"]}


def one(key: str, value: str) -> Any:
    return [{"Key": key, "Value": value}]


def test_the_defaults_of_a_network_load_balancer(make: Any, elb: Any) -> None:
    shown = as_dict(elb.describe_load_balancer_attributes(LoadBalancerArn=make.balancer_arn()))

    assert shown == {
        "access_logs.s3.enabled": "false",
        "access_logs.s3.bucket": "",
        "access_logs.s3.prefix": "",
        "deletion_protection.enabled": "false",
        "load_balancing.cross_zone.enabled": "false",
        "ipv6.deny_all_igw_traffic": "false",
        "zonal_shift.config.enabled": "false",
        "dns_record.client_routing_policy": "any_availability_zone",
        "secondary_ips.auto_assigned.per_subnet": "0",
    }


def test_an_internal_load_balancer_denies_internet_gateways(make: Any, elb: Any) -> None:
    arn = make.balancer_arn(Scheme="internal")

    shown = as_dict(elb.describe_load_balancer_attributes(LoadBalancerArn=arn))

    assert shown["ipv6.deny_all_igw_traffic"] == "true"


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        pytest.param("cross_zone", "true", "ValidationError", id="unknown"),
        pytest.param(
            "idle_timeout.timeout_seconds",
            "60",
            "InvalidConfigurationRequest",
            id="of-the-other-type",
        ),
        pytest.param(
            "load_balancing.cross_zone.enabled", "yes", "ValidationError", id="no-boolean"
        ),
        pytest.param(
            "dns_record.client_routing_policy", "nearest", "ValidationError", id="no-such-policy"
        ),
        pytest.param(
            "access_logs.s3.enabled", "true", "InvalidConfigurationRequest", id="logs-to-nowhere"
        ),
        pytest.param(
            "secondary_ips.auto_assigned.per_subnet", "8", "ValidationError", id="out-of-range"
        ),
    ],
)
def test_a_wrong_load_balancer_attribute_is_refused(
    make: Any, refused: Any, key: str, value: str, code: str
) -> None:
    with refused(code):
        make.elb.modify_load_balancer_attributes(
            LoadBalancerArn=make.balancer_arn(), Attributes=one(key, value)
        )


def test_nothing_is_changed_by_a_call_with_one_wrong_attribute(
    make: Any, elb: Any, refused: Any
) -> None:
    arn = make.balancer_arn()
    given = one("load_balancing.cross_zone.enabled", "true") + one("nonsense", "1")

    with refused("ValidationError"):
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=given)

    shown = as_dict(elb.describe_load_balancer_attributes(LoadBalancerArn=arn))
    assert shown["load_balancing.cross_zone.enabled"] == "false"


def test_a_load_balancer_attribute_is_kept(make: Any, elb: Any) -> None:
    arn = make.balancer_arn()

    elb.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=one("load_balancing.cross_zone.enabled", "true")
    )

    shown = as_dict(elb.describe_load_balancer_attributes(LoadBalancerArn=arn))
    assert shown["load_balancing.cross_zone.enabled"] == "true"


def test_secondary_addresses_are_never_decreased(make: Any, elb: Any, refused: Any) -> None:
    arn, key = make.balancer_arn(), "secondary_ips.auto_assigned.per_subnet"
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=one(key, "3"))

    with refused("InvalidConfigurationRequest"):
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=one(key, "2"))


@pytest.mark.parametrize(
    ("settings", "preserved", "terminates_late", "terminates_unhealthy"),
    [
        pytest.param({}, "true", "false", "true", id="tcp-instances"),
        pytest.param({"TargetType": "ip"}, "false", "false", "true", id="tcp-addresses"),
        pytest.param(
            {"TargetType": "ip", "Protocol": "UDP"}, "true", "true", "false", id="udp-addresses"
        ),
    ],
)
def test_the_defaults_of_a_target_group_depend_on_protocol_and_type(
    make: Any,
    settings: Any,
    preserved: Any,
    terminates_late: Any,
    terminates_unhealthy: Any,
) -> None:
    arn = make.target_group_arn(**settings)

    shown = as_dict(make.elb.describe_target_group_attributes(TargetGroupArn=arn))

    assert shown["preserve_client_ip.enabled"] == preserved
    assert shown["deregistration_delay.connection_termination.enabled"] == terminates_late
    unhealthy = "target_health_state.unhealthy.connection_termination.enabled"
    assert shown[unhealthy] == terminates_unhealthy
    assert shown["stickiness.type"] == "source_ip"
    assert "slow_start.duration_seconds" not in shown


@pytest.mark.parametrize(
    ("protocol", "key", "value", "code"),
    [
        pytest.param("TCP", "nonsense", "1", "ValidationError", id="unknown"),
        pytest.param(
            "TCP", "slow_start.duration_seconds", "30", "InvalidConfigurationRequest", id="of-http"
        ),
        pytest.param(
            "HTTP", "proxy_protocol_v2.enabled", "true", "InvalidConfigurationRequest", id="of-tcp"
        ),
        pytest.param(
            "TCP", "deregistration_delay.timeout_seconds", "3601", "ValidationError", id="range"
        ),
        pytest.param(
            "TCP", "stickiness.type", "lb_cookie", "InvalidConfigurationRequest", id="cookie"
        ),
        pytest.param(
            "TLS", "stickiness.enabled", "true", "InvalidConfigurationRequest", id="sticky-tls"
        ),
        pytest.param(
            "UDP",
            "preserve_client_ip.enabled",
            "false",
            "InvalidConfigurationRequest",
            id="udp-keeps-client-addresses",
        ),
        pytest.param(
            "TCP",
            "target_health_state.unhealthy.draining_interval_seconds",
            "10",
            "InvalidConfigurationRequest",
            id="interval-without-draining",
        ),
    ],
)
def test_a_wrong_target_group_attribute_is_refused(
    *, make: Any, refused: Any, protocol: str, key: str, value: str, code: str
) -> None:
    with refused(code):
        make.elb.modify_target_group_attributes(
            TargetGroupArn=make.target_group_arn(Protocol=protocol), Attributes=one(key, value)
        )


def test_a_target_group_attribute_is_kept(make: Any, elb: Any) -> None:
    arn = make.target_group_arn()

    elb.modify_target_group_attributes(
        TargetGroupArn=arn, Attributes=one("proxy_protocol_v2.enabled", "true")
    )

    shown = as_dict(elb.describe_target_group_attributes(TargetGroupArn=arn))
    assert shown["proxy_protocol_v2.enabled"] == "true"


def test_a_tcp_listener_has_an_idle_timeout(make: Any, elb: Any) -> None:
    arn = make.listener(make.balancer_arn(), make.target_group_arn())["ListenerArn"]
    assert as_dict(elb.describe_listener_attributes(ListenerArn=arn)) == {
        "tcp.idle_timeout.seconds": "350"
    }

    elb.modify_listener_attributes(
        ListenerArn=arn, Attributes=one("tcp.idle_timeout.seconds", "400")
    )

    shown = as_dict(elb.describe_listener_attributes(ListenerArn=arn))
    assert shown == {"tcp.idle_timeout.seconds": "400"}


@pytest.mark.parametrize(
    ("protocol", "key", "value", "code"),
    [
        pytest.param("TCP", "tcp.idle_timeout.seconds", "59", "ValidationError", id="59"),
        pytest.param("TCP", "tcp.idle_timeout.seconds", "6001", "ValidationError", id="6001"),
        pytest.param("TCP", "tcp.idle_timeout", "60", "ValidationError", id="unknown"),
        pytest.param(
            "UDP", "tcp.idle_timeout.seconds", "60", "InvalidConfigurationRequest", id="udp"
        ),
    ],
)
def test_a_wrong_listener_attribute_is_refused(
    *, make: Any, refused: Any, protocol: str, key: str, value: str, code: str
) -> None:
    group = make.target_group_arn(Protocol=protocol)
    arn = make.listener(make.balancer_arn(), group, Protocol=protocol)["ListenerArn"]

    with refused(code):
        make.elb.modify_listener_attributes(ListenerArn=arn, Attributes=one(key, value))
