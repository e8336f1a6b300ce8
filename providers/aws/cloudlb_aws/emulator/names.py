"""Names of load balancers and target groups, and ARNs: their form, and how AWS refuses a bad one."""

import re

from cloudlb_aws.emulator.errors import AwsError, validation

_LONGEST = 32


def check_load_balancer_name(name: str) -> None:
    """Refuse a name that no load balancer can have (API reference of CreateLoadBalancer)."""
    _check_form("load balancer", name)
    if name.startswith("internal-"):
        raise validation(f"The load balancer name '{name}' cannot begin with 'internal-'")


def check_target_group_name(name: str) -> None:
    """Refuse a name that no target group can have (API reference of CreateTargetGroup)."""
    _check_form("target group", name)


def _check_form(kind: str, name: str) -> None:
    if not name:
        raise validation(f"A {kind} name must be specified")
    if len(name) > _LONGEST:
        raise validation(f"The {kind} name '{name}' cannot be longer than '{_LONGEST}' characters")
    if not re.fullmatch(r"[A-Za-z0-9-]+", name):
        raise validation(
            f"The {kind} name '{name}' can only contain characters that are alphanumeric"
            " characters and hyphens(-)"
        )
    if name.startswith("-") or name.endswith("-"):
        raise validation(f"The {kind} name '{name}' cannot begin or end with '-'")


def duplicate(kind: str, name: str) -> AwsError:
    """Make the refusal of a second resource of one name whose settings differ."""
    code = {
        "load balancer": "DuplicateLoadBalancerName",
        "target group": "DuplicateTargetGroupName",
    }
    return AwsError(
        code[kind], f"A {kind} with the same name '{name}' exists, but with different settings"
    )


_FORMS = {
    "load balancer": ":loadbalancer/",
    "target group": ":targetgroup/",
    "listener": ":listener/",
    "listener rule": ":listener-rule/",
}


def check_arn(kind: str, arn: str) -> None:
    """Refuse what is not an ARN of the kind, before anything is looked up."""
    if not arn.startswith("arn:") or _FORMS[kind] not in arn:
        raise validation(f"'{arn}' is not a valid {kind} ARN")
