"""Load balancers: reading them by ARN or name, and in our terms."""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import replace

from cloudlb.errors import NotFound
from cloudlb.plan.resource import CloudId, Found
from cloudlb_aws import ownership
from cloudlb_aws.reading import elbv2
from cloudlb_aws.resources.load_balancer import LoadBalancer, SubnetMapping
from cloudlb_aws.session import Api, Json

FAILED = "failed"


def describe(api: Api, arns: Iterable[str]) -> list[Json]:
    """Describe those load balancers that still exist."""
    return list(
        elbv2.existing(
            api, "DescribeLoadBalancers", by="LoadBalancerArns", arns=arns, reply="LoadBalancers"
        )
    )


def by_name(api: Api, name: str) -> Json | None:
    """Describe the load balancer of a name, None if there is none."""
    try:
        described = api.call("DescribeLoadBalancers", Names=[name])["LoadBalancers"]
    except NotFound:
        return None
    return next(iter(described), None)


def read(api: Api, description: Json, tags: elbv2.Tags) -> Found[LoadBalancer]:
    """Read what a description leaves out, and return the whole. NotFound if it has gone meanwhile."""
    arn = description["LoadBalancerArn"]
    reply = api.call("DescribeLoadBalancerAttributes", LoadBalancerArn=arn)
    found = in_our_terms(description, tags)
    return replace(found, value=replace(found.value, options=elbv2.attributes(reply)))


def in_our_terms(description: Json, tags: elbv2.Tags) -> Found[LoadBalancer]:
    """Normalise a description; the options stay empty.

    A load balancer that AWS could not provision never recovers: its type then reads `network (failed…)`, so that a
    plan replaces it, and says why.
    """
    arn, groups = description["LoadBalancerArn"], description.get("SecurityGroups") or ()
    value = LoadBalancer(
        id=ownership.resource_id(tags),
        name=description["LoadBalancerName"],
        type=_type(description),
        scheme=description["Scheme"],
        ip_address_type=description.get("IpAddressType", "ipv4"),
        mappings=tuple(sorted(_mappings(description["AvailabilityZones"]))),
        security_groups=frozenset(groups),
        private_link_rules=_private_link_rules(description) if groups else "",
        ipv6_source_nat=_ipv6_source_nat(description),
        tags=ownership.extra_of(tags),
    )
    return Found(id=CloudId(arn), value=value, attributes=attributes(description))


def attributes(description: Json) -> dict[str, str]:
    """Return what references may ask for."""
    return {
        "arn": description["LoadBalancerArn"],
        "dns_name": description["DNSName"],
        "name": description["LoadBalancerName"],
    }


def _type(description: Json) -> str:
    state = description.get("State") or {}
    if state.get("Code") != FAILED:
        return str(description["Type"])
    reason = f": {state['Reason']}" if state.get("Reason") else ""
    return f"{description['Type']} ({FAILED}{reason})"


def _private_link_rules(description: Json) -> str:
    return str(description.get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic") or "on")


def _ipv6_source_nat(description: Json) -> str:
    return str(description.get("EnablePrefixForIpv6SourceNat") or "off")


def _mappings(zones: Iterable[Json]) -> Iterator[SubnetMapping]:
    """Read the addresses in each subnet: AWS lists those that were asked for, and no others."""
    for zone in zones:
        addresses = zone.get("LoadBalancerAddresses") or ()
        yield SubnetMapping(
            subnet_id=zone["SubnetId"],
            allocation_id=_first(addresses, "AllocationId"),
            private_ipv4=_first(addresses, "PrivateIPv4Address"),
            ipv6=_canonical(_first(addresses, "IPv6Address")),
        )


def _first(addresses: Iterable[Json], name: str) -> str:
    return next((str(each[name]) for each in addresses if each.get(name)), "")


def _canonical(address: str) -> str:
    return str(ipaddress.ip_address(address)) if address else ""
