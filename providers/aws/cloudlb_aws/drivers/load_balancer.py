"""Load balancers.

AWS returns an existing load balancer of the same name and settings as if it had just been made. Which one it was is
told by its state: a new one is never anything but `provisioning`. A generated name ends in a hash of cluster, owner and
role that nobody else comes by; a name that a user chose may be anybody's, so that one's tags are looked at even when it
seems new (two clusters may ask for one name in the same minute). An adopted one is compared in full.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from cloudlb.errors import Conflict, NotFound, Rejected
from cloudlb.plan.change import Change
from cloudlb.plan.resource import CloudId, Found
from cloudlb_aws import names, options
from cloudlb_aws.drivers.context import (
    Context,
    adoption,
    attribute_list,
    beyond,
    found_of,
    not_shown_yet,
    tag_list,
)
from cloudlb_aws.drivers.tagging import retag_elbv2
from cloudlb_aws.errors import is_duplicate
from cloudlb_aws.reading import elbv2
from cloudlb_aws.reading import load_balancer as reading
from cloudlb_aws.resources.load_balancer import LoadBalancer, SubnetMapping
from cloudlb_aws.session import Json

_PROTECTED = "OperationNotPermitted"
_NEW = "provisioning"
_PLACE = frozenset({"mappings", "ipv6_source_nat"})


def create(context: Context, desired: LoadBalancer) -> Found[LoadBalancer]:
    """Create a load balancer, or adopt the one that holds its name."""
    try:
        (described,) = context.elbv2("CreateLoadBalancer", **_parameters(context, desired))[
            "LoadBalancers"
        ]
    except Conflict as error:
        if not is_duplicate(error):
            raise
        return _adopt(context, desired, reading.by_name(context.session.elbv2, desired.name))
    if described["State"]["Code"] != _NEW or not names.is_generated(desired.name):
        return _adopt(context, desired, described)
    arn = described["LoadBalancerArn"]
    context.note_made(desired.key, arn)
    if desired.private_link_rules == "off":
        _set_groups(context, arn, desired)
    defaults = options.load_balancer_defaults(desired.type)
    _set_options(context, arn, beyond(desired.options, defaults))
    return Found(id=CloudId(arn), value=desired, attributes=reading.attributes(described))


def _parameters(context: Context, desired: LoadBalancer) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "Name": desired.name,
        "Type": desired.type,
        "Scheme": desired.scheme,
        "IpAddressType": desired.ip_address_type,
        "SubnetMappings": _mappings(desired.mappings),
        "Tags": tag_list(context.tags(desired.key, desired.tags)),
    }
    if desired.security_groups:
        parameters["SecurityGroups"] = sorted(map(str, desired.security_groups))
    if desired.ipv6_source_nat == "on":
        parameters["EnablePrefixForIpv6SourceNat"] = "on"
    return parameters


def _mappings(mappings: Iterable[SubnetMapping]) -> list[dict[str, str]]:
    return [
        {
            name: value
            for name, value in (
                ("SubnetId", each.subnet_id),
                ("AllocationId", each.allocation_id),
                ("PrivateIPv4Address", each.private_ipv4),
                ("IPv6Address", each.ipv6),
            )
            if value
        }
        for each in mappings
    ]


def _adopt(
    context: Context, desired: LoadBalancer, description: Json | None
) -> Found[LoadBalancer]:
    if description is None:
        raise not_shown_yet(f"load balancer {desired.name}", "CreateLoadBalancer")
    arn, api = description["LoadBalancerArn"], context.session.elbv2
    tags = elbv2.tags_of(api, [arn])[arn]
    context.check_owner(tags, desired.key, f"load balancer {desired.name}")
    found = reading.read(api, description, tags)
    change = adoption(found, desired)
    return found if change is None else update(context, change, desired)


def update(context: Context, change: Change, desired: LoadBalancer) -> Found[LoadBalancer]:
    """Change groups, place in the network, attributes, tags: each only if it differs."""
    found: Found[Any] = found_of(change)
    changed = change.changed
    if changed & {"security_groups", "private_link_rules"}:
        _set_groups(context, found.id, desired)
    if changed & _PLACE:
        _set_place(context, found.id, changed, desired)
    elif "ip_address_type" in changed:
        context.elbv2(
            "SetIpAddressType",
            LoadBalancerArn=str(found.id),
            IpAddressType=desired.ip_address_type,
        )
    if "options" in changed:
        _set_options(context, found.id, beyond(desired.options, found.value.options))
    if "tags" in changed:
        retag_elbv2(context, found, desired.tags)
    return replace(found, value=desired)


def _set_groups(context: Context, arn: str, desired: LoadBalancer) -> None:
    context.elbv2(
        "SetSecurityGroups",
        LoadBalancerArn=str(arn),
        SecurityGroups=sorted(map(str, desired.security_groups)),
        EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic=desired.private_link_rules or "on",
    )


def _set_place(context: Context, arn: str, changed: frozenset[str], desired: LoadBalancer) -> None:
    """Set subnets, and in the same call what can only change together with them."""
    together: dict[str, str] = {}
    if "ip_address_type" in changed:
        together["IpAddressType"] = desired.ip_address_type
    if "ipv6_source_nat" in changed:
        together["EnablePrefixForIpv6SourceNat"] = desired.ipv6_source_nat
    context.elbv2(
        "SetSubnets",
        LoadBalancerArn=str(arn),
        SubnetMappings=_mappings(desired.mappings),
        **together,
    )


def _set_options(context: Context, arn: str, pairs: list[tuple[str, str]]) -> None:
    if pairs:
        context.elbv2(
            "ModifyLoadBalancerAttributes",
            LoadBalancerArn=str(arn),
            Attributes=attribute_list(pairs),
        )


def delete(context: Context, found: Found[LoadBalancer]) -> None:
    """Delete a load balancer, and with it its listeners. Rejected while it is protected against that."""
    try:
        context.elbv2("DeleteLoadBalancer", LoadBalancerArn=str(found.id))
    except NotFound:
        return
    except Rejected as error:
        if error.code != _PROTECTED:
            raise
        message = (
            f"{error}: switch deletion protection off first (load balancer attribute"
            " deletion_protection.enabled=false, by annotation or in AWS)"
        )
        raise Rejected(message, operation=error.operation, code=error.code) from error
