"""Reservations that hold the address of a forwarding rule while that is made anew.

One of ours has the rule's own name and marks, so that whoever finds it knows what it is for. An address that somebody
reserved needs no holding, and is never released.
"""

from collections.abc import Iterator
from typing import Any

from cloudlb.errors import Rejected
from cloudlb_gcp import ownership
from cloudlb_gcp.collections import ADDRESSES, FORWARDING_RULES
from cloudlb_gcp.drivers.context import Context
from cloudlb_gcp.links import path_of
from cloudlb_gcp.reading import forwarding_rule as reading
from cloudlb_gcp.reading.common import marks
from cloudlb_gcp.resources.forwarding_rule import IPV6_LENGTH, ForwardingRule
from cloudlb_gcp.session import Json, Place

_EVERY_PORT = (1, 65_535)


def hold(context: Context, rule: ForwardingRule) -> bool:
    """Reserve a rule's address; False where somebody has it reserved already."""
    holder = _holder(context, rule)
    if holder is not None:
        return ownership.is_ours(marks(holder), context.owner, rule.key)
    path, body = context.regional("addresses", rule.name), _body(context, rule)
    if not context.insert(ADDRESSES, path, body):
        held = context.taken(ADDRESSES, path, rule.key)
        if held["address"] != rule.address:  # left over from an address that the rule had before
            context.delete(ADDRESSES, path)
            context.insert(ADDRESSES, path, body)
    return True


def release(context: Context, name: str) -> None:
    """Delete the reservation of a rule's name."""
    context.delete(ADDRESSES, context.regional("addresses", name))


def check_free(context: Context, wanted: ForwardingRule) -> None:
    """Raise Rejected where another rule answers on ports of a wanted one, at the same address."""
    for other in rules_at(context, wanted):
        if other.protocol == wanted.protocol and _meet(other.ports, wanted.ports):
            message = (
                f"{wanted.address} is shared with forwarding rule {other.name}, which answers on"
                f" {other.protocol} {other.ports}: {wanted.protocol} {wanted.ports} can not be had beside it"
            )
            raise Rejected(message, operation="forwardingRules.list", code="inUse")


def rules_at(context: Context, wanted: ForwardingRule) -> Iterator[ForwardingRule]:
    """Yield the other rules that have the address of a rule."""
    place = Place(project=context.project, within=context.region)
    at = f'IPAddress = "{wanted.reach}"'
    for each in context.session.pages(FORWARDING_RULES, place, at):
        found = reading.read(each).value
        if found.name != wanted.name and (found.scheme, found.network) == (
            wanted.scheme,
            wanted.network,
        ):
            yield found


def _holder(context: Context, rule: ForwardingRule) -> Json | None:
    """Find the reservation of a rule's address. The same private address may be reserved in other networks, too."""
    place = Place(project=context.project, within=context.region)
    for each in context.session.pages(ADDRESSES, place, f'address = "{rule.address}"'):
        same_place = path_of(each.get("subnetwork")) == rule.subnetwork
        if each["addressType"] == rule.scheme and (same_place or rule.scheme == "EXTERNAL"):
            return each
    return None


def _body(context: Context, rule: ForwardingRule) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": rule.name,
        "description": context.description(rule.key),
        "address": rule.address,
        "addressType": rule.scheme,
    }
    if rule.tier and rule.version == "IPV4":
        body["networkTier"] = rule.tier
    if rule.subnetwork:
        body["subnetwork"] = rule.subnetwork
    if rule.version == "IPV6":
        body |= {"ipVersion": rule.version, "prefixLength": IPV6_LENGTH}
        if rule.scheme == "EXTERNAL":
            body["ipv6EndpointType"] = "NETLB"
    return body


def _meet(one: str, other: str) -> bool:
    return any(
        low <= top and bottom <= high
        for low, high in _ranges(one)
        for bottom, top in _ranges(other)
    )


def _ranges(ports: str) -> Iterator[tuple[int, int]]:
    if ports == "all":
        yield _EVERY_PORT
        return
    for each in ports.split(","):
        low, _, high = each.partition("-")
        yield int(low), int(high or low)
