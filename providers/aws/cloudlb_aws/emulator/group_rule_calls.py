"""Calls that add, remove and list rules of security groups. Each call is carried out whole or not at all."""

from collections.abc import Iterable, Sequence
from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule as MotoRule

from cloudlb_aws.emulator import filters, security_groups, tags
from cloudlb_aws.emulator.context import Context, Reply, handles
from cloudlb_aws.emulator.errors import AwsError
from cloudlb_aws.emulator.group_rules import RuleValue, of, read
from cloudlb_aws.emulator.moto import Json, SecurityGroup, SecurityGroupRule
from cloudlb_aws.emulator.paging import ec2_page

_FILTERS = ("group-id", "security-group-rule-id", "tag:")
_MEMBERS = {"cidr4": "CidrIp", "cidr6": "CidrIpv6"}


@handles("ec2", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress")
def authorize(context: Context) -> Reply:
    """New rules only; never more than the quota."""
    group = security_groups.group(context)
    held = _side(context, group)
    wanted = read(context.params)
    given_tags = tags.read_ec2(context, "security-group-rule")
    for rule in wanted:
        _check_source(context, group, rule)
    _check_new(wanted, present=[of(rule) for rule in held])
    _check_quota(context, [*(of(rule) for rule in held), *wanted])
    made = [_make(context, group, rule, given_tags) for rule in wanted]
    held.extend(made)
    return {"Return": True, "SecurityGroupRules": [view(context, rule) for rule in made]}


def _is_egress(context: Context) -> bool:
    return context.operation.name.endswith("Egress")


def _side(context: Context, group: SecurityGroup) -> list[Any]:
    return group.egress_rules if _is_egress(context) else group.ingress_rules  # type: ignore[no-any-return]


def _check_source(context: Context, group: SecurityGroup, rule: RuleValue) -> None:
    if rule.kind == "group":
        source = security_groups.by_id(context, rule.source)
        if source.vpc_id != group.vpc_id:
            message = "You have specified two resources that belong to different networks."
            raise AwsError("InvalidGroup.NotFound", message)
    if rule.kind == "list" and rule.source not in context.ec2.managed_prefix_lists:
        message = f"The prefix list ID '{rule.source}' does not exist"
        raise AwsError("InvalidPrefixListID.NotFound", message)


def _check_new(wanted: Iterable[RuleValue], *, present: Sequence[RuleValue]) -> None:
    for rule in wanted:
        if rule in present:
            message = f'the specified rule "{rule}" already exists'
            raise AwsError("InvalidPermission.Duplicate", message)


def _check_quota(context: Context, rules: Iterable[RuleValue]) -> None:
    """Count per family: a group counts in both, a prefix list with its largest size in its own."""
    four = six = 0
    for rule in rules:
        if rule.kind == "list":
            found = context.ec2.managed_prefix_lists[rule.source]
            four += int(found.max_entries) if found.address_family == "IPv4" else 0
            six += int(found.max_entries) if found.address_family == "IPv6" else 0
        else:
            four += rule.kind != "cidr6"
            six += rule.kind != "cidr4"
    if max(four, six) > context.settings.rules_per_group:
        message = "The maximum number of rules per security group has been reached."
        raise AwsError("RulesPerSecurityGroupLimitExceeded", message)


def _make(
    context: Context, group: SecurityGroup, rule: RuleValue, given_tags: dict[str, str]
) -> SecurityGroupRule:
    note = {"Description": rule.description} if rule.description else {}
    owner = context.account.id
    made = MotoRule(
        context.ec2,
        rule.protocol,
        group.id,
        str(rule.from_port),
        str(rule.to_port),
        {_MEMBERS[rule.kind]: rule.source, **note} if rule.kind in _MEMBERS else None,
        {"GroupId": rule.source, "UserId": owner, "OwnerId": owner, **note}
        if rule.kind == "group"
        else None,
        {"PrefixListId": rule.source} if rule.kind == "list" else None,
        is_egress=_is_egress(context),
        tags=given_tags,
    )
    if rule.kind == "list":
        made.prefix_description = rule.description  # type: ignore[attr-defined]
    return made


@handles("ec2", "RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress")
def revoke(context: Context) -> Reply:
    """By rule ids, or by what the rules say but for their descriptions."""
    group = security_groups.group(context)
    held = _side(context, group)
    rule_ids = context.params.get("SecurityGroupRuleIds")
    doomed = _by_ids(held, rule_ids) if rule_ids else _by_value(held, read(context.params))
    held[:] = [rule for rule in held if rule not in doomed]
    shown = [view(context, rule) for rule in doomed]
    for rule in doomed:
        context.ec2.tags.pop(rule.id, None)
    revoked = [_revoked(each) for each in shown]
    return {"Return": True, "RevokedSecurityGroupRules": revoked}


def _revoked(shown: Json) -> Json:
    peer = shown.get("ReferencedGroupInfo")
    kept = {key: shown[key] for key in _REVOKED if key in shown}
    return kept | ({"ReferencedGroupId": peer["GroupId"]} if peer else {})


_REVOKED = (
    "SecurityGroupRuleId",
    "GroupId",
    "IsEgress",
    "IpProtocol",
    "FromPort",
    "ToPort",
    "CidrIpv4",
    "CidrIpv6",
    "PrefixListId",
    "Description",
)


def _by_ids(held: Iterable[SecurityGroupRule], rule_ids: Iterable[str]) -> list[SecurityGroupRule]:
    known = {rule.id: rule for rule in held}
    for rule_id in rule_ids:
        if rule_id not in known:
            message = f"The security group rule ID '{rule_id}' does not exist"
            raise AwsError("InvalidSecurityGroupRuleId.NotFound", message)
    return [known[rule_id] for rule_id in dict.fromkeys(rule_ids)]


def _by_value(
    held: Iterable[SecurityGroupRule], wanted: Iterable[RuleValue]
) -> list[SecurityGroupRule]:
    known = {of(rule): rule for rule in held}
    for rule in wanted:
        if rule not in known:
            message = "The specified rule does not exist in this security group."
            raise AwsError("InvalidPermission.NotFound", message)
    return [known[rule] for rule in wanted]


@handles("ec2", "DescribeSecurityGroupRules")
def describe(context: Context) -> Reply:
    """By rule ids, all of which must exist, or by the three filters there are."""
    wanted = filters.read(context)
    filters.check(wanted, _FILTERS)
    found = [
        rule
        for group in security_groups.every(context)
        for rule in (*group.ingress_rules, *group.egress_rules)
    ]
    if rule_ids := context.params.get("SecurityGroupRuleIds"):
        found = _by_ids(found, rule_ids)

    def facets(rule: SecurityGroupRule, name: str) -> Iterable[str]:
        if name.startswith("tag:"):
            return filters.tag_facets(context.ec2.tags.get(rule.id, {}), name)
        return [rule.group_id if name == "group-id" else rule.id]

    page, token = ec2_page(context, filters.select(found, wanted, facets))
    return {"SecurityGroupRules": [view(context, rule) for rule in page], "NextToken": token}


def view(context: Context, rule: SecurityGroupRule) -> Json:
    """Return a rule as AWS describes it."""
    value = of(rule)
    shown: Json = {
        "SecurityGroupRuleId": rule.id,
        "GroupId": rule.group_id,
        "GroupOwnerId": rule.owner_id,
        "IsEgress": rule.is_egress,
        "IpProtocol": value.protocol,
        "FromPort": value.from_port,
        "ToPort": value.to_port,
        "SecurityGroupRuleArn": f"arn:aws:ec2:{context.account.region}:{rule.owner_id}:security-group-rule/{rule.id}",
        "Tags": tags.as_list(context.ec2.tags.get(rule.id, {})),
    }
    if value.description:
        shown["Description"] = value.description
    member = {"cidr4": "CidrIpv4", "cidr6": "CidrIpv6", "list": "PrefixListId"}.get(value.kind)
    if member:
        shown[member] = value.source
    else:
        shown["ReferencedGroupInfo"] = {"GroupId": value.source, "UserId": rule.owner_id}
    return shown


@handles("ec2", "ModifySecurityGroupRules")
def modify(context: Context) -> Reply:
    """Puts other rules in the place of present ones, which keep their ids and tags."""
    group = security_groups.group(context)
    changes = {
        each["SecurityGroupRuleId"]: each.get("SecurityGroupRule", {})
        for each in context.params.get("SecurityGroupRules", [])
    }
    held = {rule.id: rule for rule in (*group.ingress_rules, *group.egress_rules)}
    _by_ids(held.values(), changes)
    values = {rule_id: _as_value(change) for rule_id, change in changes.items()}
    for rule_id, value in values.items():
        _check_source(context, group, value)
        side = [rule for rule in held.values() if rule.is_egress == held[rule_id].is_egress]
        _check_new([value], present=[of(rule) for rule in side if rule.id not in values])
        _overwrite(context, held[rule_id], value)
    return {"Return": True}


def _as_value(change: Json) -> RuleValue:
    sources = {
        "IpRanges": ("CidrIpv4", "CidrIp"),
        "Ipv6Ranges": ("CidrIpv6", "CidrIpv6"),
        "PrefixListIds": ("PrefixListId", "PrefixListId"),
        "UserIdGroupPairs": ("ReferencedGroupId", "GroupId"),
    }
    permission = {key: change[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in change}
    for key, (given, member) in sources.items():
        if change.get(given):
            note = {"Description": change["Description"]} if change.get("Description") else {}
            permission[key] = [{member: change[given], **note}]
    (value,) = read({"IpPermissions": [permission]})
    return value


def _overwrite(context: Context, rule: SecurityGroupRule, value: RuleValue) -> None:
    group = security_groups.by_id(context, rule.group_id)
    fresh = _make(context, group, value, {})
    for name in (
        "ip_protocol",
        "from_port",
        "to_port",
        "ip_range",
        "source_group",
        "prefix_list_id",
    ):
        setattr(rule, name, getattr(fresh, name))
    rule.prefix_description = value.description if value.kind == "list" else ""
