"""Targets: which ones a group takes, and how healthy they are."""

import ipaddress
from collections.abc import Iterable
from itertools import groupby

from cloudlb_aws.emulator import finding
from cloudlb_aws.emulator.context import Context, Reply, handles
from cloudlb_aws.emulator.errors import AwsError, validation
from cloudlb_aws.emulator.ledger import Registration, Target, TargetGroupFacts
from cloudlb_aws.emulator.moto import Json, TargetGroup
from cloudlb_aws.emulator.target_groups import check_port, in_network

MOST_A_CALL = 200
"""Targets in one call. AWS documents no number; aws-load-balancer-controller sends at most 200, so we take no more."""
MOST_A_ZONE = 500
"""Targets of a network load balancer in one zone (quota "Targets per Availability Zone per Network Load Balancer")."""
_PRIVATE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"))
)


@handles("elbv2", "RegisterTargets")
def register(context: Context) -> Reply:
    """All or none; what is registered already is no error."""
    group = finding.target_group(context, context.params["TargetGroupArn"])
    known = finding.group_facts(context, group)
    _settle(context, known)
    new = {
        _key(target, group): Registration(zone=_zone(context, group, target), since=context.now())
        for target in _given(context)
    }
    merged = new | known.targets
    _check_quota(merged)
    for key in new:
        known.draining.pop(key, None)
    known.targets = merged
    return {}


@handles("elbv2", "DeregisterTargets")
def deregister(context: Context) -> Reply:
    """What is not registered is no error. Without a port the group's own is meant."""
    group = finding.target_group(context, context.params["TargetGroupArn"])
    known = finding.group_facts(context, group)
    for target in _given(context):
        key = _key(target, group)
        if gone := known.targets.pop(key, None):
            known.draining[key] = Registration(zone=gone.zone, since=context.now())
    return {}


def _given(context: Context) -> list[Json]:
    targets = context.params.get("Targets") or []
    if not targets:
        raise validation("At least one target must be specified")
    if len(targets) > MOST_A_CALL:
        raise validation(f"Member must have length less than or equal to {MOST_A_CALL}")
    return list(targets)


def _key(target: Json, group: TargetGroup) -> Target:
    port = target.get("Port", int(group.port))
    check_port(port)
    return (target["Id"], port)


def _zone(context: Context, group: TargetGroup, target: Json) -> str:
    """Return the zone of a target. Refuses one that the group can not have."""
    if group.target_type == "ip":
        return _address_zone(context, group, target)
    return _instance_zone(context, group, target["Id"])


def _instance_zone(context: Context, group: TargetGroup, instance_id: str) -> str:
    instance = context.ec2.get_instance_by_id(instance_id)
    if instance is None:
        raise AwsError("InvalidTarget", f"The following targets are not valid: '{instance_id}'")
    if instance.vpc_id != group.vpc_id:
        message = f"The following targets are not in the target group VPC '{group.vpc_id}': '{instance_id}'"
        raise AwsError("InvalidTarget", message)
    if instance.state != "running":
        message = f"The following targets are not in a running state and cannot be registered: '{instance_id}'"
        raise AwsError("InvalidTarget", message)
    return str(instance.placement.zone)


def _address_zone(context: Context, group: TargetGroup, target: Json) -> str:
    try:
        address = ipaddress.ip_address(target["Id"])
    except ValueError:
        raise validation(f"The IP address '{target['Id']}' is not a valid IP address") from None
    wanted = {"ipv4": 4, "ipv6": 6}[group.ip_address_type]
    if address.version != wanted:
        raise validation(
            f"The IP address '{address}' is not of the target group's type {group.ip_address_type}"
        )
    if in_network(address, context.ec2.vpcs[group.vpc_id]):
        return target.get("AvailabilityZone") or _zone_of(context, group.vpc_id, address)
    if not any(address in block for block in _PRIVATE if block.version == address.version):
        message = f"The IP address '{address}' is outside the VPC and not within a supported range"
        raise AwsError("InvalidTarget", message)
    if target.get("AvailabilityZone") != "all":
        raise validation(
            f"You must specify an Availability Zone of 'all' for the target '{address}', which is"
            f" outside the VPC '{group.vpc_id}'"
        )
    return "all"


def _zone_of(
    context: Context, vpc_id: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address
) -> str:
    for zone, subnets in context.ec2.subnets.items():
        for subnet in subnets.values():
            if subnet.vpc_id == vpc_id and _holds(subnet, address):
                return str(zone)
    return "all"


def _holds(subnet: Json, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if address.version == 4:
        return address in subnet.cidr
    blocks = subnet.ipv6_cidr_block_associations.values()
    return any(address in ipaddress.ip_network(each["ipv6CidrBlock"]) for each in blocks)


def _check_quota(targets: dict[Target, Registration]) -> None:
    for zone, found in groupby(sorted(each.zone for each in targets.values())):
        if len(list(found)) > MOST_A_ZONE:
            message = f"You've reached the limit of {MOST_A_ZONE} targets in zone {zone}"
            raise AwsError("TooManyTargets", message)


def _settle(context: Context, known: TargetGroupFacts) -> None:
    """Forget what has drained long enough: the delay of the group, or `health_seconds` where that is shorter."""
    delay = float(known.attributes.get("deregistration_delay.timeout_seconds", "300"))
    delay = min(delay, context.settings.health_seconds)
    now = context.now()
    known.draining = {key: each for key, each in known.draining.items() if each.since + delay > now}


@handles("elbv2", "DescribeTargetHealth")
def describe_health(context: Context) -> Reply:
    """All registered targets, those that still drain included, or the ones asked for."""
    group = finding.target_group(context, context.params["TargetGroupArn"])
    known = finding.group_facts(context, group)
    _settle(context, known)
    asked = context.params.get("Targets")
    keys = [_key(each, group) for each in asked] if asked else [*known.targets, *known.draining]
    used = bool(group.load_balancer_arns)
    return {"TargetHealthDescriptions": list(_descriptions(context, group, keys, used=used))}


def _descriptions(
    context: Context, group: TargetGroup, keys: Iterable[Target], *, used: bool
) -> Iterable[Json]:
    known = finding.group_facts(context, group)
    for key in keys:
        registration = known.targets.get(key) or known.draining.get(key)
        target: Json = {"Id": key[0], "Port": key[1]}
        if registration and group.target_type == "ip":
            target["AvailabilityZone"] = registration.zone
        check_port = (
            key[1] if group.health_check_port == "traffic-port" else group.health_check_port
        )
        yield {
            "Target": target,
            "HealthCheckPort": str(check_port),
            "TargetHealth": _health(context, known, key, used=used),
        }


def _health(context: Context, known: TargetGroupFacts, key: Target, *, used: bool) -> Json:
    if key in known.draining:
        return _DRAINING
    if key not in known.targets:
        return _NOT_REGISTERED
    if not used:
        return _NOT_IN_USE
    if key[0].startswith("i-") and not _runs(context, key[0]):
        return _INVALID_STATE
    since = max(known.targets[key].since, known.attached or 0.0)
    if context.now() < since + context.settings.health_seconds:
        return _INITIAL
    return _UNHEALTHY if key[0] in context.ledger.unhealthy else {"State": "healthy"}


def _runs(context: Context, instance_id: str) -> bool:
    instance = context.ec2.get_instance_by_id(instance_id)
    return instance is not None and instance.state == "running"


def _state(state: str, reason: str, description: str) -> Json:
    return {"State": state, "Reason": reason, "Description": description}


_DRAINING = _state(
    "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"
)
_NOT_REGISTERED = _state(
    "unused", "Target.NotRegistered", "Target is not registered to the target group"
)
_NOT_IN_USE = _state(
    "unused",
    "Target.NotInUse",
    "Target group is not configured to receive traffic from the load balancer",
)
_INVALID_STATE = _state("unused", "Target.InvalidState", "Target is not in the running state")
_INITIAL = _state("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
_UNHEALTHY = _state("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
