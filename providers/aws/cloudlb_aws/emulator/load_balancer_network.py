"""What can change about a load balancer's place in the network: subnets, security groups, address type."""

from collections.abc import Sequence

from cloudlb_aws.emulator import finding, interfaces, subnets
from cloudlb_aws.emulator.context import Context, Reply, handles
from cloudlb_aws.emulator.errors import configuration, validation
from cloudlb_aws.emulator.ledger import Mapping
from cloudlb_aws.emulator.load_balancers import check_groups, check_source_nat, view
from cloudlb_aws.emulator.moto import Listener, LoadBalancer

_DATAGRAMS = {"UDP", "TCP_UDP", "QUIC", "TCP_QUIC"}


@handles("elbv2", "SetSubnets")
def set_subnets(context: Context) -> Reply:
    """The given set replaces the present one; a subnet that stays keeps its addresses."""
    params = context.params
    balancer = finding.load_balancer(context, params["LoadBalancerArn"])
    known = finding.facts(context, balancer)
    wanted = _kept(known.mappings, subnets.read(params))
    held = {each.subnet_id for each in known.mappings}
    ip_type = params.get("IpAddressType", balancer.ip_address_type)
    source_nat = params.get("EnablePrefixForIpv6SourceNat", known.ipv6_source_nat)
    use = subnets.Use(
        kind=balancer.type, scheme=balancer.scheme, ip_address_type=ip_type, held=frozenset(held)
    )
    found = subnets.check(context, wanted, use)
    check_source_nat(source_nat, ip_address_type=ip_type)
    check_datagrams(balancer, ip_address_type=ip_type, source_nat=source_nat)
    if found[0].vpc_id != balancer.vpc_id:
        raise configuration("The subnets must be in the VPC of the load balancer")
    staying = {each.subnet_id for each in wanted}
    interfaces.drop(context, balancer, held - staying)
    interfaces.add(context, balancer, [each for each in wanted if each.subnet_id not in held])
    known.mappings, known.ipv6_source_nat = wanted, source_nat
    balancer.subnets, balancer.ip_address_type = found, ip_type
    shown = view(context, balancer)
    return {
        "AvailabilityZones": shown["AvailabilityZones"],
        "IpAddressType": ip_type,
        "EnablePrefixForIpv6SourceNat": source_nat,
    }


def _kept(before: Sequence[Mapping], wanted: Sequence[Mapping]) -> tuple[Mapping, ...]:
    """Refuse other addresses for a subnet that stays; without any given it keeps its own."""
    old = {each.subnet_id: each for each in before}
    kept = []
    for mapping in wanted:
        present = old.get(mapping.subnet_id, mapping)
        if mapping not in {present, Mapping(subnet_id=mapping.subnet_id)} and not _only_prefix(
            present, mapping
        ):
            raise configuration(
                f"You cannot change the addresses of subnet '{mapping.subnet_id}', which the load"
                " balancer is in already"
            )
        kept.append(mapping if _only_prefix(present, mapping) else present)
    return tuple(kept)


def _only_prefix(present: Mapping, wanted: Mapping) -> bool:
    fixed = ("subnet_id", "allocation_id", "private_ipv4", "ipv6")
    return bool(wanted.source_nat_prefix) and all(
        getattr(present, name) == getattr(wanted, name) for name in fixed
    )


def check_datagrams(
    balancer: LoadBalancer,
    *,
    ip_address_type: str,
    source_nat: str,
    instead: tuple[Listener, str] | None = None,
) -> None:
    """Refuse UDP on a dual-stack load balancer without prefixes for source NAT.

    `instead` is a listener (None for a new one) with the protocol that it is to have.
    """
    changed, protocol = instead or (None, "")
    others = {each.protocol for each in balancer.listeners.values() if each is not changed}
    if ip_address_type == "dualstack" and source_nat != "on" and {*others, protocol} & _DATAGRAMS:
        raise configuration(
            "UDP listeners of a dualstack load balancer need EnablePrefixForIpv6SourceNat"
        )


@handles("elbv2", "SetSecurityGroups")
def set_security_groups(context: Context) -> Reply:
    """A network load balancer that was made without groups never gets any; one with groups never loses the last."""
    params = context.params
    balancer = finding.load_balancer(context, params["LoadBalancerArn"])
    known = finding.facts(context, balancer)
    wanted = list(params.get("SecurityGroups", []))
    if balancer.type == "network" and not known.born_with_groups:
        raise configuration(
            "You cannot set security groups on a Network Load Balancer which was created without"
            " any security groups."
        )
    if not wanted:
        raise validation("At least one security group must be specified")
    check_groups(context, wanted, vpc_id=balancer.vpc_id)
    rules = params.get(
        "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic", known.private_link_rules
    )
    if rules not in {"on", "off"}:
        raise validation(
            f"Value '{rules}' at 'enforceSecurityGroupInboundRulesOnPrivateLinkTraffic' must be"
            " one of [on, off]"
        )
    balancer.security_groups, known.private_link_rules = wanted, rules
    interfaces.regroup(context, balancer)
    reply = {"SecurityGroupIds": wanted}
    if balancer.type == "network":
        reply["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] = rules
    return reply


@handles("elbv2", "SetIpAddressType")
def set_ip_address_type(context: Context) -> Reply:
    """Dual stack needs IPv6 in every subnet; going back to IPv4 needs the IPv6 target groups gone."""
    balancer = finding.load_balancer(context, context.params["LoadBalancerArn"])
    wanted = context.params["IpAddressType"]
    allowed = ("ipv4", "dualstack") + (
        ("dualstack-without-public-ipv4",) if balancer.type == "application" else ()
    )
    if wanted not in allowed:
        raise validation(f"IP address type '{wanted}' must be one of [{', '.join(allowed)}]")
    known = finding.facts(context, balancer)
    use = subnets.Use(
        kind=balancer.type,
        scheme=balancer.scheme,
        ip_address_type=wanted,
        held=frozenset(each.subnet_id for each in known.mappings),
    )
    subnets.check(context, [Mapping(subnet_id=each) for each in sorted(use.held)], use)
    check_datagrams(balancer, ip_address_type=wanted, source_nat=known.ipv6_source_nat)
    if wanted == "ipv4" and _has_ipv6_targets(context, balancer):
        raise configuration("The load balancer has listeners with IPv6 target groups")
    balancer.ip_address_type = wanted
    return {"IpAddressType": wanted}


def _has_ipv6_targets(context: Context, balancer: LoadBalancer) -> bool:
    return any(
        group.ip_address_type == "ipv6" and balancer.arn in group.load_balancer_arns
        for group in context.elbv2.target_groups.values()
    )
