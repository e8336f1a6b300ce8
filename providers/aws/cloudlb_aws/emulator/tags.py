"""Tags: their rules, tags given while creating, and ELBv2's own calls on them."""

from collections.abc import Iterable, Mapping

from cloudlb_aws.emulator.context import Context, Reply, handles
from cloudlb_aws.emulator.errors import AwsError, validation
from cloudlb_aws.emulator.finding import find
from cloudlb_aws.emulator.moto import Json

_MOST = 50
_LONGEST_KEY = 128
_LONGEST_VALUE = 256
_MOST_ARNS = 20


def read_elbv2(tags: Iterable[Json]) -> dict[str, str]:
    """Read a list of tags from an ELBv2 call. Refuses what AWS refuses."""
    read: dict[str, str] = {}
    for tag in tags:
        if tag["Key"] in read:
            raise AwsError(
                "DuplicateTagKeys", f"Tag key '{tag['Key']}' was provided multiple times"
            )
        read[tag["Key"]] = tag.get("Value") or ""
    if problem := _problem(read):
        raise validation(problem)
    if len(read) > _MOST:
        raise AwsError("TooManyTags", f"The maximum number of tags per resource is {_MOST}")
    return read


def read_ec2(context: Context, kind: str) -> dict[str, str]:
    """Read the tags for one kind of resource from an EC2 call's TagSpecifications. Refuses what AWS refuses."""
    read: dict[str, str] = {}
    for specification in context.params.get("TagSpecifications", []):
        if specification.get("ResourceType") != kind:
            message = f"'{specification.get('ResourceType')}' is not a valid taggable resource type for this operation."
            raise AwsError("InvalidParameterValue", message)
        for tag in specification.get("Tags", []):
            if tag["Key"] in read:
                message = f"Tag keys must be unique. '{tag['Key']}' was given more than once."
                raise AwsError("InvalidParameterValue", message)
            read[tag["Key"]] = tag.get("Value") or ""
    check_ec2(read)
    return read


def check_ec2(tags: Mapping[str, str], existing: Mapping[str, str] | None = None) -> None:
    """Refuse tags that EC2 refuses, on top of those that a resource has."""
    if problem := _problem(tags):
        raise AwsError("InvalidParameterValue", problem)
    if len({**(existing or {}), **tags}) > _MOST:
        raise AwsError("TagLimitExceeded", f"The maximum number of Tags for a resource is {_MOST}.")


def _problem(tags: Mapping[str, str]) -> str:
    for key, value in tags.items():
        if not 1 <= len(key) <= _LONGEST_KEY:
            return f"Tag key '{key}' must have a length between 1 and {_LONGEST_KEY}"
        if len(value) > _LONGEST_VALUE:
            return f"The value of tag '{key}' exceeds the maximum length of {_LONGEST_VALUE}"
        if key.lower().startswith("aws:"):
            return f"Tag keys starting with 'aws:' are reserved for internal use: '{key}'"
    return ""


def tags_of(context: Context, arn: str) -> dict[str, str]:
    """Return the tags of an ELBv2 resource."""
    return dict(context.elbv2.tagging_service.tags.get(arn) or {})


def set_tags(context: Context, arn: str, tags: Mapping[str, str]) -> None:
    """Replace the tags of an ELBv2 resource; none forgets it."""
    table = context.elbv2.tagging_service.tags
    if tags:
        table[arn] = dict(tags)
    else:
        table.pop(arn, None)


@handles("elbv2", "DescribeTags")
def describe_tags(context: Context) -> Reply:
    """At most 20 resources a call, all of which must exist."""
    arns = context.params.get("ResourceArns", [])
    if len(arns) > _MOST_ARNS:
        raise validation(
            f"The maximum number of resources that can be described in a single call is {_MOST_ARNS}"
        )
    for arn in arns:
        find(context, arn)
    return {
        "TagDescriptions": [
            {"ResourceArn": arn, "Tags": as_list(tags_of(context, arn))} for arn in arns
        ]
    }


@handles("elbv2", "AddTags")
def add_tags(context: Context) -> Reply:
    """Tags of the same key are overwritten."""
    given = read_elbv2(context.params.get("Tags", []))
    for arn in context.params.get("ResourceArns", []):
        find(context, arn)
        merged = tags_of(context, arn) | given
        if len(merged) > _MOST:
            raise AwsError("TooManyTags", f"The maximum number of tags per resource is {_MOST}")
        set_tags(context, arn, merged)
    return {}


@handles("elbv2", "RemoveTags")
def remove_tags(context: Context) -> Reply:
    """Keys that are not there are no error."""
    gone = set(context.params.get("TagKeys", []))
    for arn in context.params.get("ResourceArns", []):
        find(context, arn)
        left = {key: value for key, value in tags_of(context, arn).items() if key not in gone}
        set_tags(context, arn, left)
    return {}


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as AWS lists them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
