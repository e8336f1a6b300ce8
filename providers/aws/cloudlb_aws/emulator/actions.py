"""Actions of listeners and rules: what they may forward to, and which load balancer a target group serves."""

from collections.abc import Iterable, Sequence

from cloudlb_aws.emulator import finding
from cloudlb_aws.emulator.context import Context
from cloudlb_aws.emulator.errors import AwsError, configuration, validation
from cloudlb_aws.emulator.moto import Json, LoadBalancer, TargetGroup

_TAKEN_BY = {
    "TCP": {"TCP", "TCP_UDP"},
    "TLS": {"TCP", "TLS"},
    "UDP": {"UDP", "TCP_UDP"},
    "TCP_UDP": {"TCP_UDP"},
    "HTTP": {"HTTP", "HTTPS"},
    "HTTPS": {"HTTP", "HTTPS"},
}
"""Protocols of target groups by the listener's (user guide, "Listeners for your Network Load Balancers")."""
_KINDS = {
    "network": {"forward"},
    "application": {
        "forward",
        "redirect",
        "fixed-response",
        "authenticate-cognito",
        "authenticate-oidc",
        "jwt-validation",
    },
}
_MOST_GROUPS = 5


def check(context: Context, balancer: LoadBalancer, protocol: str, actions: Sequence[Json]) -> None:
    """Refuse actions that a listener of this protocol can not have."""
    if not actions:
        raise validation("At least one action must be specified")
    for action in actions:
        if action.get("Type") not in _KINDS[balancer.type]:
            message = f"The action type '{action.get('Type')}' is not valid with {balancer.type} load balancer"
            raise AwsError("InvalidLoadBalancerAction", message)
        _check_weights(action)
    for arn in forwarded(actions):
        _check_group(balancer, protocol, _group(context, arn))


def _check_weights(action: Json) -> None:
    groups = (action.get("ForwardConfig") or {}).get("TargetGroups", [])
    if len(groups) > _MOST_GROUPS:
        raise AwsError(
            "TooManyTargetGroups", f"An action can forward to at most {_MOST_GROUPS} target groups"
        )
    for each in groups:
        if not 0 <= each.get("Weight", 1) <= 999:
            raise validation(
                f"The weight '{each['Weight']}' must be between '0' and '999' inclusive"
            )


def _group(context: Context, arn: str) -> TargetGroup:
    group = context.elbv2.target_groups.get(arn)
    if group is None:
        raise AwsError("TargetGroupNotFound", f"Target group '{arn}' not found")
    return group


def _check_group(balancer: LoadBalancer, protocol: str, group: TargetGroup) -> None:
    if group.protocol not in _TAKEN_BY[protocol]:
        message = f"The protocol {group.protocol} of target group '{group.arn}' does not go with listener protocol {protocol}"
        raise AwsError("IncompatibleProtocols", message)
    if group.vpc_id != balancer.vpc_id:
        raise configuration(f"Target group '{group.arn}' is in another VPC than the load balancer")
    if group.ip_address_type == "ipv6" and balancer.ip_address_type == "ipv4":
        raise configuration(
            f"Target group '{group.arn}' has IP address type ipv6, which needs a dualstack load balancer"
        )
    if set(group.load_balancer_arns) - {balancer.arn}:
        message = f"The following target groups cannot be associated with more than one load balancer: {group.arn}"
        raise AwsError("TargetGroupAssociationLimit", message)


def forwarded(actions: Iterable[Json]) -> list[str]:
    """Return the target groups that actions forward to, of a call or of moto's own kind."""
    found: list[str] = []
    for action in actions:
        data = action if isinstance(action, dict) else action.data
        groups = (data.get("ForwardConfig") or {}).get("TargetGroups", [])
        found.extend(each["TargetGroupArn"] for each in groups)
        if data.get("TargetGroupArn"):
            found.append(data["TargetGroupArn"])
    return list(dict.fromkeys(found))


def targets_of(balancer: LoadBalancer) -> set[str]:
    """Return the target groups that any rule of a load balancer forwards to."""
    return {
        arn
        for listener in balancer.listeners.values()
        for rule in listener.rules.values()
        for arn in forwarded(rule.actions)
    }


def settle(context: Context, balancer: LoadBalancer, touched: Iterable[str]) -> None:
    """Note anew which of the touched target groups the load balancer uses, and since when."""
    used = targets_of(balancer)
    for arn in {*touched, *used}:
        group = context.elbv2.target_groups.get(arn)
        if group is None:
            continue
        known = finding.group_facts(context, group)
        group.load_balancer_arns = [balancer.arn] if arn in used else []
        if arn not in used:
            known.attached = None
        elif known.attached is None:
            known.attached = context.now()


def view(actions: Iterable[Json]) -> list[Json]:
    """Return actions as AWS describes them: one forward is shown in both of its forms."""
    return [_view(each if isinstance(each, dict) else each.data) for each in actions]


def _view(data: Json) -> Json:
    shown = dict(data)
    if data.get("Type") != "forward":
        return shown
    groups = (data.get("ForwardConfig") or {}).get("TargetGroups") or [
        {"TargetGroupArn": data["TargetGroupArn"]}
    ]
    if len(groups) == 1:
        shown["TargetGroupArn"] = groups[0]["TargetGroupArn"]
    stickiness = (data.get("ForwardConfig") or {}).get("TargetGroupStickinessConfig")
    shown["ForwardConfig"] = {
        "TargetGroups": [{"Weight": 1, **each} for each in groups],
        "TargetGroupStickinessConfig": stickiness or {"Enabled": False},
    }
    return shown
