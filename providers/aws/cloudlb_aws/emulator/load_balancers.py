"""Load balancers: creating, describing and deleting them."""

import datetime as dt
from collections.abc import Iterable

from moto.moto_api._internal import mock_random

from cloudlb_aws.emulator import actions, finding, interfaces, names, subnets, tags
from cloudlb_aws.emulator.context import Context, Reply, handles
from cloudlb_aws.emulator.errors import AwsError, configuration, validation
from cloudlb_aws.emulator.ledger import LoadBalancerFacts, Mapping
from cloudlb_aws.emulator.moto import Json, LoadBalancer, Subnet
from cloudlb_aws.emulator.paging import elbv2_page

_MOST_NAMED = 20
_MOST_GROUPS = 5
_BEGINNING = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
_ZONE_IDS = {"network": "Z2IFOLAFXWLO4F", "application": "Z32O12XQLNTSW2"}
"""Hosted zones of eu-west-1; the same for every region here."""


@handles("elbv2", "CreateLoadBalancer")
def create(context: Context) -> Reply:
    """Idempotent: the same name with the same settings returns what exists."""
    params = context.params
    name, kind = params.get("Name", ""), params.get("Type", "application")
    scheme, ip_type = params.get("Scheme", "internet-facing"), params.get("IpAddressType", "ipv4")
    names.check_load_balancer_name(name)
    _check_words(kind=kind, scheme=scheme, ip_address_type=ip_type)
    mappings = subnets.read(params)
    given_tags = tags.read_elbv2(params.get("Tags", []))
    existing = next((b for b in context.elbv2.load_balancers.values() if b.name == name), None)
    if existing is not None:
        return {"LoadBalancers": [_same_or_refuse(context, existing, mappings, given_tags)]}
    found = subnets.check(
        context, mappings, subnets.Use(kind=kind, scheme=scheme, ip_address_type=ip_type)
    )
    groups = _groups(context, kind=kind, vpc_id=found[0].vpc_id)
    source_nat = params.get("EnablePrefixForIpv6SourceNat", "off")
    check_source_nat(source_nat, ip_address_type=ip_type)
    balancer = _make(context, found, groups, given_tags)
    context.ledger.load_balancers[balancer.arn] = LoadBalancerFacts(
        created=context.now(),
        mappings=mappings,
        born_with_groups=bool(groups),
        ipv6_source_nat=source_nat,
    )
    interfaces.add(context, balancer, mappings)
    return {"LoadBalancers": [view(context, balancer) | {"State": {"Code": "provisioning"}}]}


def _check_words(*, kind: str, scheme: str, ip_address_type: str) -> None:
    allowed_types = {"network": ("ipv4", "dualstack")}.get(
        kind, ("ipv4", "dualstack", "dualstack-without-public-ipv4")
    )
    for value, what, allowed in (
        (kind, "type", ("application", "network")),
        (scheme, "scheme", ("internet-facing", "internal")),
        (ip_address_type, "ipAddressType", allowed_types),
    ):
        if value not in allowed:
            raise validation(
                f"1 validation error detected: Value '{value}' at '{what}' failed to satisfy"
                f" constraint: Member must satisfy enum value set: [{', '.join(allowed)}]"
            )


def check_source_nat(value: str, *, ip_address_type: str) -> None:
    """Refuse an IPv6 source NAT setting that does not go with the address type."""
    if value not in {"on", "off"}:
        raise validation(
            f"Value '{value}' at 'enablePrefixForIpv6SourceNat' must be one of [on, off]"
        )
    if value == "on" and ip_address_type != "dualstack":
        raise configuration("Source NAT prefixes for IPv6 need the IP address type 'dualstack'")


def _groups(context: Context, *, kind: str, vpc_id: str) -> list[str]:
    given = list(context.params.get("SecurityGroups", []))
    check_groups(context, given, vpc_id=vpc_id)
    if not given and kind == "application":
        return [context.ec2.get_default_security_group(vpc_id).id]
    return given


def check_groups(context: Context, group_ids: Iterable[str], *, vpc_id: str) -> None:
    """Refuse security groups that do not exist, lie in another VPC, or are too many."""
    wanted = list(group_ids)
    for group_id in wanted:
        group = context.ec2.get_security_group_from_id(group_id)
        if group is None:
            raise AwsError("InvalidSecurityGroup", f"Security group '{group_id}' does not exist")
        if group.vpc_id != vpc_id:
            raise configuration(
                f"One or more security groups are invalid: '{group_id}' is in another VPC"
            )
    if len(set(wanted)) > _MOST_GROUPS:
        raise configuration(
            f"The maximum number of security groups per load balancer is {_MOST_GROUPS}"
        )


def _same_or_refuse(
    context: Context,
    balancer: LoadBalancer,
    mappings: tuple[Mapping, ...],
    given_tags: dict[str, str],
) -> Json:
    params, known = context.params, finding.facts(context, balancer)
    same = (
        balancer.type == params.get("Type", "application")
        and balancer.scheme == params.get("Scheme", "internet-facing")
        and balancer.ip_address_type == params.get("IpAddressType", "ipv4")
        and set(mappings) == set(known.mappings)
        and set(
            params.get(
                "SecurityGroups", balancer.security_groups if balancer.type == "application" else []
            )
        )
        == set(balancer.security_groups)
        and given_tags == tags.tags_of(context, balancer.arn)
    )
    if not same:
        raise names.duplicate("load balancer", balancer.name)
    return view(context, balancer)


def _make(
    context: Context, found: list[Subnet], groups: list[str], given_tags: dict[str, str]
) -> LoadBalancer:
    """Let moto make it, then give it the ARN and the DNS name that AWS would."""
    params = context.params
    made = context.elbv2.create_load_balancer(
        name=params["Name"],
        security_groups=groups,
        subnet_ids=[each.id for each in found],
        scheme=params.get("Scheme", "internet-facing"),
        loadbalancer_type=params.get("Type", "application"),
        ip_address_type="ipv4",
    )
    made.ip_address_type = params.get("IpAddressType", "ipv4")
    table = context.elbv2.load_balancers
    del table[made.arn]
    unique = made.arn.rpartition("/")[2]
    if made.type == "network":
        made.arn = made.arn.replace(":loadbalancer/app/", ":loadbalancer/net/")
        made.dns_name = f"{made.name}-{unique}.elb.{context.account.region}.amazonaws.com"
    else:
        number = mock_random.randint(10**8, 10**10)
        prefix = "internal-" if made.scheme == "internal" else ""
        made.dns_name = f"{prefix}{made.name}-{number}.{context.account.region}.elb.amazonaws.com"
    table[made.arn] = made
    tags.set_tags(context, made.arn, given_tags)
    return made


@handles("elbv2", "DescribeLoadBalancers")
def describe(context: Context) -> Reply:
    """Pages of 400; by ARN or name at most 20, all of which must exist."""
    arns, wanted = context.params.get("LoadBalancerArns"), context.params.get("Names")
    if arns and wanted:
        raise validation(
            "Load balancer names and load balancer ARNs cannot be specified at the same time"
        )
    if len(arns or wanted or ()) > _MOST_NAMED:
        raise validation(f"Member must have length less than or equal to {_MOST_NAMED}")
    if arns:
        balancers = [finding.load_balancer(context, arn) for arn in arns]
    elif wanted:
        balancers = _by_name(context, wanted)
    else:
        balancers = list(context.elbv2.load_balancers.values())
    page, marker = elbv2_page(context, balancers)
    return {"LoadBalancers": [view(context, each) for each in page], "NextMarker": marker}


def _by_name(context: Context, wanted: Iterable[str]) -> list[LoadBalancer]:
    by_name = {each.name: each for each in context.elbv2.load_balancers.values()}
    if missing := [name for name in wanted if name not in by_name]:
        raise AwsError("LoadBalancerNotFound", f"Load balancers '[{', '.join(missing)}]' not found")
    return [by_name[name] for name in wanted]


@handles("elbv2", "DeleteLoadBalancer")
def delete(context: Context) -> Reply:
    """Takes the listeners along; what does not exist is no error; deletion protection is."""
    arn = context.params["LoadBalancerArn"]
    names.check_arn("load balancer", arn)
    balancer = context.elbv2.load_balancers.get(arn)
    if balancer is None:
        return {}
    if finding.facts(context, balancer).attributes.get("deletion_protection.enabled") == "true":
        message = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
        raise AwsError("OperationNotPermitted", message)
    for listener in balancer.listeners.values():
        tags.set_tags(context, listener.arn, {})
        context.ledger.listener_attributes.pop(listener.arn, None)
        for rule in listener.rules.values():
            tags.set_tags(context, rule.arn, {})
    pointed_at = actions.targets_of(balancer)
    balancer.listeners.clear()
    actions.settle(context, balancer, pointed_at)
    del context.elbv2.load_balancers[arn]
    interfaces.drop(context, balancer, tuple(finding.facts(context, balancer).interfaces))
    del context.ledger.load_balancers[arn]
    tags.set_tags(context, arn, {})
    return {}


def view(context: Context, balancer: LoadBalancer) -> Json:
    """Return a load balancer as AWS describes it."""
    known = finding.facts(context, balancer)
    ready = context.now() >= known.created + context.settings.provisioning_seconds
    shown = {
        "LoadBalancerArn": balancer.arn,
        "DNSName": balancer.dns_name,
        "CanonicalHostedZoneId": _ZONE_IDS[balancer.type],
        "CreatedTime": _BEGINNING + dt.timedelta(seconds=known.created),
        "LoadBalancerName": balancer.name,
        "Scheme": balancer.scheme,
        "VpcId": balancer.vpc_id,
        "State": {"Code": "active" if ready else "provisioning"},
        "Type": balancer.type,
        "AvailabilityZones": [_zone(context, balancer, each) for each in known.mappings],
        "IpAddressType": balancer.ip_address_type,
    }
    if balancer.security_groups:
        shown["SecurityGroups"] = list(balancer.security_groups)
    if balancer.type == "network":
        shown["EnablePrefixForIpv6SourceNat"] = known.ipv6_source_nat
        if balancer.security_groups:
            shown["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] = known.private_link_rules
    return shown


def _zone(context: Context, balancer: LoadBalancer, mapping: Mapping) -> Json:
    subnet = finding.subnet(context, mapping.subnet_id)
    shown: Json = {"ZoneName": subnet.availability_zone, "SubnetId": subnet.id}
    if balancer.type == "network":
        shown["LoadBalancerAddresses"] = list(_addresses(context, mapping))
    if mapping.source_nat_prefix:
        shown["SourceNatIpv6Prefixes"] = [mapping.source_nat_prefix]
    return shown


def _addresses(context: Context, mapping: Mapping) -> Iterable[Json]:
    """Return the addresses that were asked for; AWS lists no others."""
    shown: Json = {}
    if mapping.allocation_id:
        (allocation,) = context.ec2.address_by_allocation([mapping.allocation_id])
        shown |= {"IpAddress": allocation.public_ip, "AllocationId": mapping.allocation_id}
    if mapping.private_ipv4:
        shown["PrivateIPv4Address"] = mapping.private_ipv4
    if mapping.ipv6:
        shown["IPv6Address"] = mapping.ipv6
    return [shown] if shown else []
