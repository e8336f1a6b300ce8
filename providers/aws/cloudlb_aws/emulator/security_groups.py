"""Security groups: names, descriptions, and what keeps one from being deleted."""

import re
from collections.abc import Iterable

from cloudlb_aws.emulator import filters, group_rules, tags
from cloudlb_aws.emulator.context import Context, Reply, handles
from cloudlb_aws.emulator.errors import AwsError
from cloudlb_aws.emulator.moto import Json, SecurityGroup
from cloudlb_aws.emulator.paging import ec2_page

TEXT = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]*")
"""What names and descriptions are made of (API reference of CreateSecurityGroup)."""
LONGEST = 255
_FILTERS = (
    "group-id",
    "group-name",
    "vpc-id",
    "description",
    "owner-id",
    "tag-key",
    "tag:",
    "ip-permission.group-id",
    "ip-permission.cidr",
)


def every(context: Context) -> list[SecurityGroup]:
    """Return all groups of the account."""
    return [group for groups in context.ec2.groups.values() for group in groups.values()]


def group(context: Context, params: Json | None = None) -> SecurityGroup:
    """Find the group that a call names, by id, or by name in the default VPC."""
    given = context.params if params is None else params
    group_id, name = given.get("GroupId"), given.get("GroupName")
    if not group_id and not name:
        raise AwsError(
            "MissingParameter", "The request must contain the parameter groupName or groupId"
        )
    if group_id:
        return by_id(context, group_id)
    found = context.ec2.get_security_group_from_name(name, context.ec2.default_vpc.id)
    if found is None:
        raise AwsError(
            "InvalidGroup.NotFound", f"The security group '{name}' does not exist in default VPC"
        )
    return found


def by_id(context: Context, group_id: str) -> SecurityGroup:
    """Find a group by id."""
    if not re.fullmatch(r"sg-[0-9a-f]{8}(?:[0-9a-f]{9})?", group_id):
        raise AwsError("InvalidGroupId.Malformed", f'Invalid id: "{group_id}"')
    for groups in context.ec2.groups.values():
        if group_id in groups:
            return groups[group_id]
    raise AwsError("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")


@handles("ec2", "CreateSecurityGroup")
def create(context: Context) -> Reply:
    """Names are unique within a VPC, whatever their case."""
    params = context.params
    name, description = params.get("GroupName", ""), params.get("Description", "")
    vpc_id = params.get("VpcId") or context.ec2.default_vpc.id
    for what, value in (("GroupName", name), ("GroupDescription", description)):
        if not value:
            raise AwsError("MissingParameter", f"The request must contain the parameter {what}")
        if len(value) > LONGEST or not TEXT.fullmatch(value):
            message = f"Invalid security group {what}: it must be at most {LONGEST} characters from a-zA-Z0-9. _-:/()#,@[]+=&;{{}}!$*"
            raise AwsError("InvalidParameterValue", message)
    if name.lower().startswith("sg-"):
        message = f"Value ({name}) for parameter GroupName is invalid. Group names may not be in the format sg-*"
        raise AwsError("InvalidParameterValue", message)
    if vpc_id not in context.ec2.vpcs:
        raise AwsError("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")
    given_tags = tags.read_ec2(context, "security-group")
    if any(each.name.lower() == name.lower() for each in context.ec2.groups[vpc_id].values()):
        message = f"The security group '{name}' already exists for VPC '{vpc_id}'"
        raise AwsError("InvalidGroup.Duplicate", message)
    made = context.ec2.create_security_group(name, description, vpc_id=vpc_id, tags=given_tags)
    return {"GroupId": made.id, "SecurityGroupArn": made.arn, "Tags": tags.as_list(given_tags)}


@handles("ec2", "DeleteSecurityGroup")
def delete(context: Context) -> Reply:
    """Refused while a network interface has it or a rule of another group names it."""
    doomed = group(context)
    if doomed.is_default:
        message = (
            f'the specified group: "{doomed.id}" name: "{doomed.name}" cannot be deleted by a user'
        )
        raise AwsError("CannotDelete", message)
    if _in_use(context, doomed):
        raise AwsError("DependencyViolation", f"resource {doomed.id} has a dependent object")
    for rule in (*doomed.ingress_rules, *doomed.egress_rules):
        context.ec2.tags.pop(rule.id, None)
    context.ec2.tags.pop(doomed.id, None)
    del context.ec2.groups[doomed.vpc_id][doomed.id]
    return {"Return": True, "GroupId": doomed.id}


def _in_use(context: Context, doomed: SecurityGroup) -> bool:
    interfaces = context.ec2.enis.values()
    if any(doomed.id == each.id for interface in interfaces for each in interface.group_set):
        return True
    return any(
        rule.source_group.get("GroupId") == doomed.id
        for other in every(context)
        if other is not doomed
        for rule in (*other.ingress_rules, *other.egress_rules)
    )


@handles("ec2", "DescribeSecurityGroups")
def describe(context: Context) -> Reply:
    """By id or name, where all must exist, or by filters."""
    wanted = filters.read(context)
    filters.check(wanted, _FILTERS)
    group_ids, names = context.params.get("GroupIds"), context.params.get("GroupNames")
    if group_ids:
        found = [by_id(context, group_id) for group_id in dict.fromkeys(group_ids)]
    elif names:
        found = [group(context, {"GroupName": name}) for name in names]
    else:
        found = every(context)

    def facets(each: SecurityGroup, name: str) -> Iterable[str]:
        return _facets(context, each, name)

    page, token = ec2_page(context, filters.select(found, wanted, facets))
    return {"SecurityGroups": [view(context, each) for each in page], "NextToken": token}


def _facets(context: Context, each: SecurityGroup, name: str) -> Iterable[str]:
    if name.startswith("tag"):
        return filters.tag_facets(context.ec2.tags.get(each.id, {}), name)
    if name == "ip-permission.group-id":
        return [rule.source_group.get("GroupId", "") for rule in each.ingress_rules]
    if name == "ip-permission.cidr":
        return [rule.ip_range.get("CidrIp", "") for rule in each.ingress_rules]
    return [
        {
            "group-id": each.id,
            "group-name": each.name,
            "vpc-id": each.vpc_id,
            "description": each.description,
            "owner-id": each.owner_id,
        }[name]
    ]


def view(context: Context, each: SecurityGroup) -> Json:
    """Return a group as AWS describes it."""
    return {
        "GroupId": each.id,
        "GroupName": each.name,
        "Description": each.description,
        "OwnerId": each.owner_id,
        "VpcId": each.vpc_id,
        "SecurityGroupArn": each.arn,
        "IpPermissions": group_rules.permissions(each.ingress_rules),
        "IpPermissionsEgress": group_rules.permissions(each.egress_rules),
        "Tags": tags.as_list(context.ec2.tags.get(each.id, {})),
    }
