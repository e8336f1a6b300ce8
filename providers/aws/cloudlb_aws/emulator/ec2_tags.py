"""EC2's own calls on tags: the rules first, then moto does it."""

from cloudlb_aws.emulator import security_groups, tags
from cloudlb_aws.emulator.context import Context, handles
from cloudlb_aws.emulator.errors import AwsError


@handles("ec2", "CreateTags")
def create(context: Context) -> None:
    """Every resource must exist and stay within 50 tags."""
    given = {each["Key"]: each.get("Value") or "" for each in context.params.get("Tags", [])}
    for resource_id in context.params.get("Resources", []):
        _check_exists(context, resource_id)
        tags.check_ec2(given, context.ec2.tags.get(resource_id))


@handles("ec2", "DeleteTags")
def delete(context: Context) -> None:
    """Every resource must exist; keys that are not there are no error."""
    for resource_id in context.params.get("Resources", []):
        _check_exists(context, resource_id)


def _check_exists(context: Context, resource_id: str) -> None:
    """Check the kinds that moto does not check by itself."""
    if resource_id.startswith("sg-"):
        security_groups.by_id(context, resource_id)
    if resource_id.startswith("sgr-") and not any(
        each.get_rule(resource_id) for each in security_groups.every(context)
    ):
        message = f"The security group rule ID '{resource_id}' does not exist"
        raise AwsError("InvalidSecurityGroupRuleId.NotFound", message)
