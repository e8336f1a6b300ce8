"""Target groups: creating, changing, describing and deleting them."""

import ipaddress
from collections.abc import Mapping

from cloudlb_aws.emulator import finding, health_checks, names, tags
from cloudlb_aws.emulator.context import Context, Reply, handles
from cloudlb_aws.emulator.errors import AwsError, validation
from cloudlb_aws.emulator.ledger import TargetGroupFacts
from cloudlb_aws.emulator.moto import Json, TargetGroup
from cloudlb_aws.emulator.paging import elbv2_page

NETWORK_PROTOCOLS = ("TCP", "TLS", "UDP", "TCP_UDP")
_PROTOCOLS = (*NETWORK_PROTOCOLS, "HTTP", "HTTPS")
_TARGET_TYPES = ("instance", "ip")
"""The kinds of targets that are emulated; AWS has `lambda` and `alb` besides."""
LAST_PORT = 65_535
_MOST_NAMED = 20


@handles("elbv2", "CreateTargetGroup")
def create(context: Context) -> Reply:
    """Idempotent: the same name with the same settings returns what exists."""
    params = context.params
    name = params.get("Name", "")
    names.check_target_group_name(name)
    _check_words(params)
    vpc = _vpc(context, params)
    given_tags = tags.read_elbv2(params.get("Tags", []))
    check = health_checks.for_new(params)
    if params.get("IpAddressType") == "ipv6" and not vpc.get_cidr_block_association_set(ipv6=True):
        raise validation(f"The VPC '{vpc.id}' has no IPv6 CIDR block")
    existing = next((g for g in context.elbv2.target_groups.values() if g.name == name), None)
    if existing is not None:
        if not _same(context, existing, check, given_tags):
            raise names.duplicate("target group", name)
        return {"TargetGroups": [view(existing)]}
    made = _make(context, check)
    tags.set_tags(context, made.arn, given_tags)
    return {"TargetGroups": [view(made)]}


def _check_words(params: Json) -> None:
    kind = params.get("TargetType", "instance")
    if kind not in _TARGET_TYPES:
        raise validation(f"Target type '{kind}' must be one of [{', '.join(_TARGET_TYPES)}]")
    if params.get("IpAddressType", "ipv4") not in {"ipv4", "ipv6"}:
        raise validation("IP address type must be one of [ipv4, ipv6]")
    if not params.get("Protocol"):
        raise validation("A protocol must be specified")
    if params["Protocol"] not in _PROTOCOLS:
        raise validation(
            f"1 validation error detected: Value '{params['Protocol']}' at 'protocol' failed to"
            f" satisfy constraint: Member must satisfy enum value set: [{', '.join(_PROTOCOLS)}]"
        )
    if not params.get("Port"):
        raise validation("A port must be specified")
    check_port(params["Port"])


def check_port(port: int) -> None:
    """Refuse a number that is no port."""
    if not 1 <= port <= LAST_PORT:
        raise validation(f"Port '{port}' must be between '1' and '{LAST_PORT}' inclusive")


def _vpc(context: Context, params: Json) -> Json:
    vpc_id = params.get("VpcId")
    if not vpc_id:
        raise validation("A VPC ID must be specified")
    if vpc_id not in context.ec2.vpcs:
        raise validation(f"The VPC ID '{vpc_id}' is not found")
    return context.ec2.vpcs[vpc_id]


def _make(context: Context, check: health_checks.HealthCheck) -> TargetGroup:
    params = context.params
    made = context.elbv2.create_target_group(
        params["Name"],
        vpc_id=params["VpcId"],
        protocol=params["Protocol"],
        protocol_version=params.get("ProtocolVersion"),
        port=params["Port"],
        target_type=params.get("TargetType", "instance"),
        ip_address_type=params.get("IpAddressType", "ipv4"),
    )
    health_checks.store(made, check)
    context.ledger.target_groups[made.arn] = TargetGroupFacts()
    return made


def _same(
    context: Context,
    group: TargetGroup,
    check: health_checks.HealthCheck,
    given_tags: Mapping[str, str],
) -> bool:
    params = context.params
    return (
        group.protocol == params["Protocol"]
        and int(group.port) == params["Port"]
        and group.vpc_id == params["VpcId"]
        and group.target_type == params.get("TargetType", "instance")
        and group.ip_address_type == params.get("IpAddressType", "ipv4")
        and health_checks.of(group) == check
        and tags.tags_of(context, group.arn) == given_tags
    )


@handles("elbv2", "ModifyTargetGroup")
def modify(context: Context) -> Reply:
    """Changes the health check, and only what is given of it."""
    group = finding.target_group(context, context.params["TargetGroupArn"])
    check = health_checks.changed(health_checks.of(group), context.params, group.protocol)
    health_checks.store(group, check)
    return {"TargetGroups": [view(group)]}


@handles("elbv2", "DescribeTargetGroups")
def describe(context: Context) -> Reply:
    """Pages of 400; by ARN or name at most 20, all of which must exist."""
    params = context.params
    arns, wanted = params.get("TargetGroupArns"), params.get("Names")
    balancer_arn = params.get("LoadBalancerArn")
    if sum(map(bool, (arns, wanted, balancer_arn))) > 1:
        raise validation(
            "Target group names, target group ARNs, and a load balancer ARN cannot be specified at"
            " the same time"
        )
    if len(arns or wanted or ()) > _MOST_NAMED:
        raise validation(f"Member must have length less than or equal to {_MOST_NAMED}")
    page, marker = elbv2_page(context, _found(context, arns, wanted, balancer_arn))
    return {"TargetGroups": [view(each) for each in page], "NextMarker": marker}


def _found(
    context: Context,
    arns: list[str] | None,
    wanted: list[str] | None,
    balancer_arn: str | None,
) -> list[TargetGroup]:
    groups = list(context.elbv2.target_groups.values())
    if arns:
        return [finding.target_group(context, arn) for arn in arns]
    if wanted:
        by_name = {each.name: each for each in groups}
        if any(name not in by_name for name in wanted):
            raise AwsError("TargetGroupNotFound", "One or more target groups not found")
        return [by_name[name] for name in wanted]
    if balancer_arn:
        finding.load_balancer(context, balancer_arn)
        return [each for each in groups if balancer_arn in each.load_balancer_arns]
    return groups


@handles("elbv2", "DeleteTargetGroup")
def delete(context: Context) -> Reply:
    """Refused while a listener or a rule points at it; what does not exist is no error."""
    arn = context.params["TargetGroupArn"]
    names.check_arn("target group", arn)
    group = context.elbv2.target_groups.get(arn)
    if group is None:
        return {}
    if group.load_balancer_arns:
        message = f"Target group '{arn}' is currently in use by a listener or a rule"
        raise AwsError("ResourceInUse", message)
    del context.elbv2.target_groups[arn]
    del context.ledger.target_groups[arn]
    tags.set_tags(context, arn, {})
    return {}


def view(group: TargetGroup) -> Json:
    """Return a target group as AWS describes it."""
    return {
        "TargetGroupArn": group.arn,
        "TargetGroupName": group.name,
        "Protocol": group.protocol,
        "ProtocolVersion": (group.protocol_version or "HTTP1")
        if group.protocol in {"HTTP", "HTTPS"}
        else None,
        "Port": int(group.port),
        "VpcId": group.vpc_id,
        "LoadBalancerArns": list(group.load_balancer_arns),
        "TargetType": group.target_type,
        "IpAddressType": group.ip_address_type,
        **health_checks.view(health_checks.of(group)),
    }


def in_network(address: ipaddress.IPv4Address | ipaddress.IPv6Address, vpc: Json) -> bool:
    """Tell whether an address lies in a VPC."""
    six = address.version == 6
    blocks = vpc.get_cidr_block_association_set(ipv6=six)
    return any(address in ipaddress.ip_network(each["cidr_block"]) for each in blocks)
