"""What all kinds of ELBv2 objects share: describing by ARN, tags, attributes."""

from collections.abc import Iterable, Iterator, Sequence

from cloudlb.errors import NotFound
from cloudlb_aws.batches import batches
from cloudlb_aws.session import Api, Json

Pairs = tuple[tuple[str, str], ...]
Tags = dict[str, str]

MOST_NAMED = 20
"""Objects that one Describe call may name (API reference of DescribeLoadBalancers, DescribeTags)."""


def existing(
    elbv2: Api, operation: str, *, by: str, arns: Iterable[str], reply: str
) -> Iterator[Json]:
    """Describe those objects that still exist. AWS refuses a whole call for one that does not."""
    for some in batches(sorted(set(arns)), MOST_NAMED):
        yield from _existing(elbv2, operation, by=by, arns=some, reply=reply)


def _existing(
    elbv2: Api, operation: str, *, by: str, arns: Sequence[str], reply: str
) -> Iterator[Json]:
    try:
        described = elbv2.call(operation, **{by: list(arns)})[reply]
    except NotFound:
        if len(arns) > 1:
            for arn in arns:
                yield from _existing(elbv2, operation, by=by, arns=(arn,), reply=reply)
        return
    yield from described


def tags_of(elbv2: Api, arns: Iterable[str]) -> dict[str, Tags]:
    """Read the tags of objects of any kind, by ARN. NotFound if one of them has gone meanwhile."""
    found: dict[str, Tags] = {}
    for some in batches(sorted(set(arns)), MOST_NAMED):
        for each in elbv2.call("DescribeTags", ResourceArns=list(some))["TagDescriptions"]:
            found[each["ResourceArn"]] = {
                tag["Key"]: tag.get("Value", "") for tag in each.get("Tags", [])
            }
    return found


def attributes(reply: Json) -> Pairs:
    """Return the attributes of a Describe…Attributes reply as sorted pairs."""
    return tuple(sorted((each["Key"], each.get("Value", "")) for each in reply["Attributes"]))
