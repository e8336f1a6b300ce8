"""The tagging API: everything that carries tags, listeners and rules of security groups included."""

from collections.abc import Iterator

from cloudlb_aws.emulator.context import Context, Reply, handles
from cloudlb_aws.emulator.errors import AwsError
from cloudlb_aws.emulator.moto import Json
from cloudlb_aws.emulator.paging import token_page
from cloudlb_aws.emulator.tags import as_list

_MOST_A_PAGE = 100
_USUAL_PAGE = 50
_EC2_KINDS = {
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vpc": "vpc",
    "i": "instance",
    "rtb": "route-table",
    "igw": "internet-gateway",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "pl": "prefix-list",
}


@handles("resourcegroupstaggingapi", "GetResources")
def get_resources(context: Context) -> Reply:
    """Pages of at most 100, 50 unless told; all tag filters must match, any type filter may."""
    params = context.params
    arns = params.get("ResourceARNList")
    others = ("TagFilters", "ResourceTypeFilters", "ResourcesPerPage", "PaginationToken")
    if arns and any(params.get(key) for key in others):
        raise _invalid("ResourceARNList cannot be used together with filters or paging")
    size = params.get("ResourcesPerPage") or _USUAL_PAGE
    if not 1 <= size <= _MOST_A_PAGE:
        raise _invalid(f"ResourcesPerPage must be between 1 and {_MOST_A_PAGE}")
    found = [
        (arn, tags)
        for arn, tags in sorted(_tagged(context))
        if (not arns or arn in arns)
        and _has_type(arn, params.get("ResourceTypeFilters") or [])
        and all(_has_tag(tags, each) for each in params.get("TagFilters") or [])
    ]
    wanted = context.settings.page_size
    page, token = token_page(
        found,
        token=params.get("PaginationToken"),
        size=min(size, wanted) if wanted else size,
        bad=AwsError("PaginationTokenExpiredException", "The pagination token is not valid"),
    )
    shown = [{"ResourceARN": arn, "Tags": as_list(tags)} for arn, tags in page]
    return {"PaginationToken": token or "", "ResourceTagMappingList": shown}


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def _tagged(context: Context) -> Iterator[tuple[str, dict[str, str]]]:
    for arn, tags in context.elbv2.tagging_service.tags.items():
        if tags:
            yield arn, tags
    region, account = context.account.region, context.account.id
    for resource_id, tags in context.ec2.tags.items():
        kind = _EC2_KINDS.get(resource_id.partition("-")[0])
        if kind and tags:
            yield f"arn:aws:ec2:{region}:{account}:{kind}/{resource_id}", tags


def _has_type(arn: str, wanted: list[str]) -> bool:
    _, _, service, _, _, resource = arn.split(":", 5)
    kind = f"{service}:{resource.partition('/')[0]}"
    return not wanted or any(each in {service, kind} for each in wanted)


def _has_tag(tags: dict[str, str], wanted: Json) -> bool:
    key, values = wanted["Key"], wanted.get("Values") or []
    return key in tags and (not values or tags[key] in values)
