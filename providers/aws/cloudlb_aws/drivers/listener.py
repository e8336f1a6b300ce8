"""Listeners, with their certificates.

On a load balancer of ours whatever listens is ours: one that is there already is brought to what is desired.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from cloudlb.errors import Conflict, NotFound
from cloudlb.plan.change import Change
from cloudlb.plan.resource import Found
from cloudlb_aws import options
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
from cloudlb_aws.reading import listener as reading
from cloudlb_aws.resources.listener import Listener

_MAIN = frozenset({"protocol", "target_group", "ssl_policy", "alpn"})


def create(context: Context, desired: Listener) -> Found[Listener]:
    """Create a listener, or adopt the one that holds its port."""
    try:
        (described,) = context.elbv2(
            "CreateListener",
            LoadBalancerArn=str(desired.load_balancer),
            Port=desired.port,
            Tags=tag_list(context.tags(desired.key, desired.tags)),
            **_main(desired),
        )["Listeners"]
    except Conflict as error:
        if not is_duplicate(error):
            raise
        return _adopt(context, desired)
    arn = described["ListenerArn"]
    context.note_made(desired.key, arn)
    _add_certificates(context, arn, desired.certificates[1:])
    defaults = options.listener_defaults(desired.protocol)
    _set_options(context, arn, beyond(desired.options, defaults))
    return reading.found(desired, arn)


def _main(desired: Listener) -> dict[str, Any]:
    """Return what the call that creates a listener and the one that modifies it have in common."""
    action = {"Type": "forward", "TargetGroupArn": str(desired.target_group)}
    parameters: dict[str, Any] = {"Protocol": desired.protocol, "DefaultActions": [action]}
    if desired.certificates:
        parameters["Certificates"] = [{"CertificateArn": desired.certificates[0]}]
    if desired.ssl_policy:
        parameters["SslPolicy"] = desired.ssl_policy
    if desired.alpn:
        parameters["AlpnPolicy"] = [desired.alpn]
    return parameters


def _adopt(context: Context, desired: Listener) -> Found[Listener]:
    api = context.session.elbv2
    there = reading.describe(api, str(desired.load_balancer))
    description = next((each for each in there if each["Port"] == desired.port), None)
    if description is None:
        raise not_shown_yet(f"a listener on port {desired.port}", "CreateListener")
    arn = description["ListenerArn"]
    found = reading.read(api, description, elbv2.tags_of(api, [arn])[arn])
    change = adoption(found, desired)
    return found if change is None else update(context, change, desired)


def update(context: Context, change: Change, desired: Listener) -> Found[Listener]:
    """Change the listener itself, further certificates, attributes, tags: each only if it differs."""
    found: Found[Any] = found_of(change)
    arn, old = str(found.id), found.value
    if change.changed & _MAIN or old.certificates[:1] != desired.certificates[:1]:
        context.elbv2("ModifyListener", ListenerArn=arn, **_main(desired))
    if "certificates" in change.changed and desired.protocol in reading.ENCRYPTED:
        _add_certificates(context, arn, _new(desired.certificates[1:], old.certificates[1:]))
        _remove_certificates(context, arn, _new(old.certificates[1:], desired.certificates))
    if "options" in change.changed:
        _set_options(context, arn, beyond(desired.options, old.options))
    if "tags" in change.changed:
        retag_elbv2(context, found, desired.tags)
    return replace(found, value=desired)


def _new(certificates: Iterable[str], others: Iterable[str]) -> list[str]:
    known = set(others)
    return [each for each in certificates if each not in known]


def _add_certificates(context: Context, arn: str, certificates: Iterable[str]) -> None:
    """Add one certificate a call, as AWS wants it."""
    for each in certificates:
        context.elbv2(
            "AddListenerCertificates", ListenerArn=arn, Certificates=[{"CertificateArn": each}]
        )


def _remove_certificates(context: Context, arn: str, certificates: Iterable[str]) -> None:
    """Remove one certificate a call, as AWS wants it."""
    for each in certificates:
        context.elbv2(
            "RemoveListenerCertificates",
            ListenerArn=arn,
            Certificates=[{"CertificateArn": each}],
        )


def _set_options(context: Context, arn: str, pairs: list[tuple[str, str]]) -> None:
    if pairs:
        context.elbv2("ModifyListenerAttributes", ListenerArn=arn, Attributes=attribute_list(pairs))


def delete(context: Context, found: Found[Listener]) -> None:
    """Delete a listener."""
    try:
        context.elbv2("DeleteListener", ListenerArn=str(found.id))
    except NotFound:
        return
