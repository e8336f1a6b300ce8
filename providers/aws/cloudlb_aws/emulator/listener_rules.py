"""Rules of listeners (application load balancers): limits, priorities, and swapping those atomically."""

from collections.abc import Iterable, Mapping

from cloudlb_aws.emulator import actions, finding, tags
from cloudlb_aws.emulator.context import Context, Reply, handles
from cloudlb_aws.emulator.errors import AwsError, validation
from cloudlb_aws.emulator.moto import Json, Listener, Rule
from cloudlb_aws.emulator.paging import elbv2_page

_MOST_RULES = 100
_MOST_VALUES = 5
_LAST_PRIORITY = 50_000
_CONFIGS = (
    "HostHeaderConfig",
    "PathPatternConfig",
    "HttpHeaderConfig",
    "HttpRequestMethodConfig",
    "QueryStringConfig",
    "SourceIpConfig",
)


def _check_conditions(conditions: Iterable[Json]) -> None:
    """Refuse more values than a rule may have over all its conditions."""
    count = sum(_values(each) for each in conditions)
    if count > _MOST_VALUES:
        raise validation(f"A rule can only have '{_MOST_VALUES}' condition values")


def _values(condition: Json) -> int:
    return (
        len(condition.get("Values") or ())
        + sum(
            len((condition.get(key) or {}).get("Values") or ())
            + len((condition.get(key) or {}).get("RegexValues") or ())
            for key in _CONFIGS
        )
        + len(condition.get("RegexValues") or ())
    )


def _check_priority(priority: int) -> None:
    if not 1 <= priority <= _LAST_PRIORITY:
        raise validation(
            f"Priority '{priority}' must be between '1' and '{_LAST_PRIORITY}' inclusive"
        )


def _number(rule: Rule) -> int | None:
    return None if rule.priority == "default" else int(rule.priority)


@handles("elbv2", "CreateRule")
def create(context: Context) -> Reply:
    """A priority belongs to one rule; a listener has at most 100 rules besides the default one."""
    params = context.params
    listener = finding.listener(context, params["ListenerArn"])
    balancer = finding.load_balancer(context, listener.load_balancer_arn)
    if balancer.type != "application":
        raise AwsError(
            "UnsupportedProtocol", "Rules are only supported for application load balancers"
        )
    _check_priority(params["Priority"])
    _check_conditions(params["Conditions"])
    actions.check(context, balancer, listener.protocol, params["Actions"])
    given_tags = tags.read_elbv2(params.get("Tags", []))
    if any(_number(rule) == params["Priority"] for rule in listener.rules.values()):
        raise AwsError("PriorityInUse", f"Priority '{params['Priority']}' is currently in use")
    if len(listener.rules) - 1 >= _MOST_RULES:
        message = f"You've reached the limit of {_MOST_RULES} rules for listener '{listener.arn}'"
        raise AwsError("TooManyRules", message)
    made = context.elbv2.create_rule(
        listener_arn=listener.arn,
        conditions=_for_moto(params["Conditions"]),
        priority=params["Priority"],
        actions=[dict(each) for each in params["Actions"]],
    )
    made.conditions = params["Conditions"]
    tags.set_tags(context, made.arn, given_tags)
    actions.settle(context, balancer, ())
    return {"Rules": [view(made)]}


def _for_moto(conditions: Iterable[Json]) -> list[Json]:
    """Leave out what moto's own check stumbles over: regular expressions, and several plain values."""
    return [
        each
        for each in conditions
        if len(each.get("Values") or ()) <= 1
        and not any("RegexValues" in (each.get(key) or {}) for key in _CONFIGS)
        and "RegexValues" not in each
    ]


@handles("elbv2", "ModifyRule")
def modify(context: Context) -> Reply:
    """Changes conditions or actions, whichever is given."""
    params = context.params
    rule = finding.rule(context, params["RuleArn"])
    listener = finding.listener(context, rule.listener_arn)
    balancer = finding.load_balancer(context, listener.load_balancer_arn)
    if rule.is_default:
        raise AwsError("OperationNotPermitted", f"Default rule '{rule.arn}' cannot be modified")
    conditions, wanted = params.get("Conditions"), params.get("Actions")
    if not conditions and not wanted:
        raise validation("Either conditions or actions must be specified")
    before = actions.targets_of(balancer)
    _check_conditions(conditions or [])
    if wanted:
        actions.check(context, balancer, listener.protocol, wanted)
        context.elbv2.modify_rule(rule.arn, [], [dict(each) for each in wanted])
    if conditions:
        rule.conditions = conditions
    actions.settle(context, balancer, before)
    return {"Rules": [view(rule)]}


@handles("elbv2", "SetRulePriorities")
def set_priorities(context: Context) -> Reply:
    """All at once: rules may swap priorities in one call."""
    wanted = {
        each["RuleArn"]: each["Priority"] for each in context.params.get("RulePriorities", [])
    }
    rules = [finding.rule(context, arn) for arn in wanted]
    for rule in rules:
        if rule.is_default:
            raise AwsError("OperationNotPermitted", f"Default rule '{rule.arn}' has no priority")
        _check_priority(wanted[rule.arn])
    for listener_arn in {rule.listener_arn for rule in rules}:
        _check_unique(finding.listener(context, listener_arn), wanted)
    for rule in rules:
        rule.priority = wanted[rule.arn]
    return {"Rules": [view(rule) for rule in rules]}


def _check_unique(listener: Listener, wanted: Mapping[str, int]) -> None:
    after = [wanted.get(rule.arn, _number(rule)) for rule in listener.rules.values()]
    for priority in after:
        if priority is not None and after.count(priority) > 1:
            raise AwsError("PriorityInUse", f"Priority '{priority}' is currently in use")


@handles("elbv2", "DescribeRules")
def describe(context: Context) -> Reply:
    """By listener, in order of priority with the default rule last, or by ARN."""
    listener_arn, arns = context.params.get("ListenerArn"), context.params.get("RuleArns")
    if bool(listener_arn) == bool(arns):
        raise validation("You must specify either listener rule ARNs or a listener ARN")
    if listener_arn:
        rules = list(finding.listener(context, listener_arn).rules.values())
        rules.sort(key=lambda rule: _number(rule) or _LAST_PRIORITY + 1)
    else:
        rules = [finding.rule(context, arn) for arn in arns or []]
    page, marker = elbv2_page(context, rules)
    return {"Rules": [view(each) for each in page], "NextMarker": marker}


@handles("elbv2", "DeleteRule")
def delete(context: Context) -> Reply:
    """The default rule stays."""
    rule = finding.rule(context, context.params["RuleArn"])
    if rule.is_default:
        raise AwsError("OperationNotPermitted", f"Default rule '{rule.arn}' cannot be deleted")
    listener = finding.listener(context, rule.listener_arn)
    balancer = finding.load_balancer(context, listener.load_balancer_arn)
    before = actions.targets_of(balancer)
    context.elbv2.delete_rule(rule.arn)
    tags.set_tags(context, rule.arn, {})
    actions.settle(context, balancer, before)
    return {}


def view(rule: Rule) -> Json:
    """Return a rule as AWS describes it."""
    return {
        "RuleArn": rule.arn,
        "Priority": str(rule.priority),
        "Conditions": [_condition(each) for each in rule.conditions],
        "Actions": actions.view(rule.actions),
        "IsDefault": rule.is_default,
    }


def _condition(condition: Json) -> Json:
    """Show plain values in both of their forms, as AWS does for hosts and paths."""
    config = {"host-header": "HostHeaderConfig", "path-pattern": "PathPatternConfig"}.get(
        condition.get("Field", "")
    )
    if config is None:
        return condition
    values = condition.get("Values") or (condition.get(config) or {}).get("Values")
    if not values:
        return condition
    return {**condition, "Values": values, config: {"Values": values}}
