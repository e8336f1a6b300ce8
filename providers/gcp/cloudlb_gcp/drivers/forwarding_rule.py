"""Forwarding rules.

Renewal: hold the address, delete the rule, create it, release the address. Killed anywhere, whoever comes next finds the
reservation and goes on from there. Where the new rule is refused, the old one is put back.
"""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from cloudlb.errors import CloudError, Conflict, Denied, Rejected
from cloudlb.plan.change import Change
from cloudlb.plan.resource import Found
from cloudlb_gcp.collections import FORWARDING_RULES
from cloudlb_gcp.drivers import reservation
from cloudlb_gcp.drivers.context import Context, adopted, found_of
from cloudlb_gcp.reading import forwarding_rule as reading
from cloudlb_gcp.resources.forwarding_rule import RANGE, ForwardingRule
from cloudlb_gcp.session import Action

_IN_USE = frozenset({"conflict", "conditionNotMet"})
"""How an address in use is refused: IPv6 in the words of a policy of the organisation (gcp.md 5.3)."""


def create(context: Context, desired: ForwardingRule) -> Found[ForwardingRule]:
    """Make a rule, and look which address it got; or adopt it."""
    path = context.regional("forwardingRules", desired.name)
    if not _insert(context, path, desired):
        present = context.taken(FORWARDING_RULES, path, desired.key)
        return adopted(context, reading.read(present), desired, update)
    address = str(context.session.get(FORWARDING_RULES, path).get("IPAddress", ""))
    made = replace(desired, address=address.removesuffix(RANGE), held=False)
    return reading.found(made, path)


def update(context: Context, change: Change, desired: ForwardingRule) -> Found[ForwardingRule]:
    """Change what can change in place; make the rule anew, at its address, for everything else."""
    found: Found[ForwardingRule] = found_of(change)
    desired = replace(desired, address=desired.address or found.value.address)
    if change.changed - {"global_access", "labels", "held"}:
        _renew(context, found, desired)
    else:
        _change(context, change, found, desired)
    return reading.found(replace(desired, held=False), found.id)


def delete(context: Context, found: Found[ForwardingRule]) -> None:
    """Delete a rule, and a reservation of ours that holds its address."""
    context.delete(FORWARDING_RULES, found.id)
    if found.value.held:
        reservation.release(context, found.value.name)


def _change(
    context: Context, change: Change, found: Found[ForwardingRule], desired: ForwardingRule
) -> None:
    if "global_access" in change.changed:
        body = {"allowGlobalAccess": desired.global_access}
        context.patch(FORWARDING_RULES, found.id, body)
    if "labels" in change.changed:
        _set_labels(context, found, desired)
    if "held" in change.changed:
        reservation.release(context, found.value.name)


def _set_labels(context: Context, found: Found[ForwardingRule], desired: ForwardingRule) -> None:
    """Add our labels to those of others."""
    now = context.session.get(FORWARDING_RULES, found.id)
    labels = {**now.get("labels", {}), **dict(desired.labels)}
    body = {"labels": labels, "labelFingerprint": now.get("labelFingerprint", "")}
    action = Action(
        method="set_labels",
        field="region_set_labels_request_resource",
        body=body,
        word="resource",
    )
    context.act(FORWARDING_RULES, found.id, action)


def _renew(context: Context, found: Found[ForwardingRule], desired: ForwardingRule) -> None:
    old = found.value
    ours = old.held or reservation.hold(context, old)
    if not ours:  # others may share an address that somebody reserved
        reservation.check_free(context, replace(desired, name=old.name))
    if old.standing:
        context.delete(FORWARDING_RULES, found.id)
    try:
        made = _insert(context, found.id, replace(desired, name=old.name))
    except (Denied, Rejected):
        if old.standing:
            _put_back(context, found, ours=ours)
        raise
    if not made:
        _check_renewed(context, found, desired)
    if ours:
        reservation.release(context, old.name)


def _put_back(context: Context, found: Found[ForwardingRule], *, ours: bool) -> None:
    """Make a rule again as it was, for what should take its place is refused. That refusal is what is told."""
    old = found.value
    with suppress(CloudError):
        _insert(context, found.id, old)
        if ours:
            reservation.release(context, old.name)


def _check_renewed(context: Context, found: Found[ForwardingRule], desired: ForwardingRule) -> None:
    """See that a rule which is there after all is the one that was to be made: an earlier try may have made it."""
    present = reading.read(context.taken(FORWARDING_RULES, found.id, desired.key)).value
    same = replace(present, name=desired.name, labels=desired.labels)
    if same != replace(desired, held=False):
        message = f"{found.id} came back as it was while it was made anew"
        raise Conflict(message)


def _insert(context: Context, path: str, rule: ForwardingRule) -> bool:
    """Create a rule; False where one of its name exists.

    Raises Rejected where somebody else has the address that it asks for: that is for a person to settle.
    """
    try:
        return context.insert(FORWARDING_RULES, path, _body(context, rule))
    except (Conflict, Denied) as error:
        if rule.address and error.code in _IN_USE and (user := _user(context, rule, error)):
            message = f"{rule.address} is in use by {user}: ask for another address ({error.code})"
            raise Rejected(message, operation=error.operation, code=error.code) from error
        raise


def _user(context: Context, rule: ForwardingRule, error: CloudError) -> str:
    """Return who has an address, as far as can be told; empty if a refusal may mean something else."""
    others = reservation.rules_at(context, rule)
    unknown = "another resource" if error.code == "conflict" else ""
    return next((f"forwarding rule {each.name}" for each in others), unknown)


def _body(context: Context, desired: ForwardingRule) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": desired.name,
        "description": context.description(desired.key),
        "loadBalancingScheme": desired.scheme,
        "IPProtocol": desired.protocol,
        "backendService": desired.backend_service,
        **_ports(desired.ports),
    }
    if desired.address:
        body["IPAddress"] = desired.reach
    if desired.version == "IPV6":
        body["ipVersion"] = desired.version
    if desired.tier:
        body["networkTier"] = desired.tier
    if desired.network:
        body["network"] = desired.network
    if desired.subnetwork:
        body["subnetwork"] = desired.subnetwork
    if desired.global_access:
        body["allowGlobalAccess"] = True
    if desired.labels:
        body["labels"] = dict(desired.labels)
    return body


def _ports(ports: str) -> dict[str, Any]:
    if ports == "all":
        return {"allPorts": True}
    if "-" in ports:
        return {"portRange": ports}
    return {"ports": ports.split(",")}
