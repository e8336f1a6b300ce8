"""Firewall rules. A change replaces the rule whole: a PATCH could not empty a list."""

from typing import Any

from cloudlb.plan.change import Change
from cloudlb.plan.resource import Found
from cloudlb_gcp.collections import FIREWALLS
from cloudlb_gcp.drivers.context import Context, adopted, found_of
from cloudlb_gcp.links import part_of, wide
from cloudlb_gcp.reading import firewall as reading
from cloudlb_gcp.resources.firewall import Firewall


def create(context: Context, desired: Firewall) -> Found[Firewall]:
    """Make a rule in the network's project, or adopt it."""
    path = wide(part_of(desired.network, "projects"), "firewalls", desired.name)
    if context.insert(FIREWALLS, path, _body(context, desired, desired.name)):
        return reading.found(desired, path)
    present = context.taken(FIREWALLS, path, desired.key)
    return adopted(context, reading.read(present), desired, update)


def update(context: Context, change: Change, desired: Firewall) -> Found[Firewall]:
    """Replace a rule."""
    found = found_of(change)
    context.update(FIREWALLS, found.id, _body(context, desired, found.value.name))
    return reading.found(desired, found.id)


def delete(context: Context, found: Found[Firewall]) -> None:
    """Delete a rule."""
    context.delete(FIREWALLS, found.id)


def _body(context: Context, desired: Firewall, name: str) -> dict[str, Any]:
    entries = [
        {"IPProtocol": protocol, **({"ports": ports.split(",")} if ports else {})}
        for protocol, ports in desired.protocols
    ]
    body: dict[str, Any] = {
        "name": name,
        "description": context.description(desired.key),
        "network": desired.network,
        "direction": "INGRESS",
        "priority": desired.priority,
        "disabled": desired.disabled,
        "allowed" if desired.action == "allow" else "denied": entries,
        "sourceRanges": sorted(desired.sources),
    }
    for field, values in (
        ("destinationRanges", desired.destinations),
        ("targetTags", desired.target_tags),
        ("targetServiceAccounts", desired.target_accounts),
    ):
        if values:
            body[field] = sorted(map(str, values))
    return body
