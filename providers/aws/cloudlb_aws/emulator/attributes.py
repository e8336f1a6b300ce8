"""Attributes of load balancers, target groups and listeners: which keys there are, their defaults and their ranges.

Source: the API reference of LoadBalancerAttribute, TargetGroupAttribute and ListenerAttribute.
"""

from collections.abc import Callable, Mapping

from cloudlb_aws.emulator import finding
from cloudlb_aws.emulator.attribute_tables import (
    LISTENER,
    LOAD_BALANCER,
    TARGET_GROUP,
    Attribute,
    listener_defaults,
    load_balancer_defaults,
    target_group_defaults,
)
from cloudlb_aws.emulator.context import Context, Reply, handles
from cloudlb_aws.emulator.errors import configuration, validation
from cloudlb_aws.emulator.moto import LoadBalancer, TargetGroup
from cloudlb_aws.emulator.tags import as_list


@handles("elbv2", "DescribeLoadBalancerAttributes")
def describe_load_balancer(context: Context) -> Reply:
    """Every attribute of its type, defaults included."""
    balancer = finding.load_balancer(context, context.params["LoadBalancerArn"])
    return {"Attributes": as_list(_of_load_balancer(context, balancer))}


@handles("elbv2", "ModifyLoadBalancerAttributes")
def modify_load_balancer(context: Context) -> Reply:
    """All given ones or none."""
    balancer = finding.load_balancer(context, context.params["LoadBalancerArn"])
    present = _of_load_balancer(context, balancer)
    given = _given(context, "load balancer", LOAD_BALANCER, present, balancer.type)
    merged = present | given
    if merged.get("access_logs.s3.enabled") == "true" and not merged["access_logs.s3.bucket"]:
        raise configuration(
            "The value of 'access_logs.s3.bucket' cannot be empty when access logs are enabled"
        )
    if balancer.type == "application" and given.get("load_balancing.cross_zone.enabled") == "false":
        raise configuration(
            "Cross-zone load balancing cannot be disabled for application load balancers"
        )
    secondary = "secondary_ips.auto_assigned.per_subnet"
    if int(merged.get(secondary, "0")) < int(present.get(secondary, "0")):
        raise configuration(f"The value of '{secondary}' cannot be decreased")
    finding.facts(context, balancer).attributes.update(given)
    return {"Attributes": as_list(merged)}


def _of_load_balancer(context: Context, balancer: LoadBalancer) -> dict[str, str]:
    defaults = load_balancer_defaults(balancer.type, balancer.scheme)
    return defaults | finding.facts(context, balancer).attributes


@handles("elbv2", "DescribeTargetGroupAttributes")
def describe_target_group(context: Context) -> Reply:
    """Every attribute of its protocol, defaults included."""
    group = finding.target_group(context, context.params["TargetGroupArn"])
    return {"Attributes": as_list(_of_target_group(context, group))}


@handles("elbv2", "ModifyTargetGroupAttributes")
def modify_target_group(context: Context) -> Reply:
    """All given ones or none."""
    group = finding.target_group(context, context.params["TargetGroupArn"])
    present = _of_target_group(context, group)
    given = _given(context, "target group", TARGET_GROUP, present, group.protocol)
    merged = present | given
    _check_target_group(group, merged, given)
    finding.group_facts(context, group).attributes.update(given)
    return {"Attributes": as_list(merged)}


def _check_target_group(
    group: TargetGroup, merged: Mapping[str, str], given: Mapping[str, str]
) -> None:
    datagrams = group.protocol in {"UDP", "TCP_UDP"}
    if datagrams and given.get("preserve_client_ip.enabled") == "false":
        raise configuration(
            "Client IP preservation cannot be disabled for UDP and TCP_UDP target groups"
        )
    termination = "target_health_state.unhealthy.connection_termination.enabled"
    if datagrams and given.get(termination) == "true":
        raise configuration(
            f"The attribute '{termination}' cannot be enabled for UDP and TCP_UDP target groups"
        )
    interval = "target_health_state.unhealthy.draining_interval_seconds"
    if merged.get(termination) == "true" and merged.get(interval, "0") != "0":
        raise configuration(f"'{interval}' can only be set when '{termination}' is false")
    if group.protocol == "TLS" and merged.get("stickiness.enabled") == "true":
        raise configuration("You cannot enable stickiness on target groups with the TLS protocol")
    kinds = {"lb_cookie", "app_cookie"} if group.protocol in {"HTTP", "HTTPS"} else {"source_ip"}
    if "stickiness.type" in given and given["stickiness.type"] not in kinds:
        raise configuration(
            f"Stickiness type '{given['stickiness.type']}' is not supported for target groups with"
            f" the {group.protocol} protocol"
        )


def _of_target_group(context: Context, group: TargetGroup) -> dict[str, str]:
    defaults = target_group_defaults(group.protocol, group.target_type)
    return defaults | finding.group_facts(context, group).attributes


@handles("elbv2", "DescribeListenerAttributes")
def describe_listener(context: Context) -> Reply:
    """Every attribute of its protocol, defaults included."""
    listener = finding.listener(context, context.params["ListenerArn"])
    present = listener_defaults(listener.protocol) | context.ledger.listener_attributes.get(
        listener.arn, {}
    )
    return {"Attributes": as_list(present)}


@handles("elbv2", "ModifyListenerAttributes")
def modify_listener(context: Context) -> Reply:
    """All given ones or none."""
    listener = finding.listener(context, context.params["ListenerArn"])
    own = context.ledger.listener_attributes.setdefault(listener.arn, {})
    present = listener_defaults(listener.protocol) | own
    given = _given(context, "listener", LISTENER, present, listener.protocol)
    own.update(given)
    return {"Attributes": as_list(present | given)}


def _given(
    context: Context,
    what: str,
    table: Mapping[str, Attribute],
    present: Mapping[str, str],
    kind: str,
) -> dict[str, str]:
    """Read the attributes of a call. Refuses unknown keys, those of another kind, and values out of range."""
    given: dict[str, str] = {}
    for each in context.params.get("Attributes", []):
        key, value = each.get("Key", ""), each.get("Value", "")
        if key not in table:
            raise validation(f"{what.capitalize()} attribute key '{key}' is not recognized")
        if key not in present:
            raise configuration(
                f"{what.capitalize()} attribute key '{key}' is not supported on {what}s with type '{kind}'"
            )
        if key in given:
            raise validation(
                f"{what.capitalize()} attribute key '{key}' was provided multiple times"
            )
        _check_value(table[key].accepts, key, value)
        given[key] = value
    return given


def _check_value(accepts: Callable[[str], str], key: str, value: str) -> None:
    if wanted := accepts(value):
        raise validation(f"'{key}' value '{value}' must be {wanted}")
