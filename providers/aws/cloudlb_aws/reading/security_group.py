"""Security groups that are ours, with their rules."""

from collections.abc import Iterable, Iterator, Mapping

from cloudlb.plan.resource import CloudId, Found
from cloudlb_aws import ownership
from cloudlb_aws.batches import batches
from cloudlb_aws.reading import rules
from cloudlb_aws.resources.ingress_rules import IngressRules
from cloudlb_aws.resources.security_group import SecurityGroup
from cloudlb_aws.session import Api, Json

PAGE = 1000
_MOST_VALUES = 200
"""Values that one filter of an EC2 Describe call takes."""

Filter = Mapping[str, object]


def where(name: str, *values: str) -> Filter:
    """Make a filter of an EC2 Describe call."""
    return {"Name": name, "Values": list(values)}


def tagged(tags: Mapping[str, str]) -> list[Filter]:
    """Make the filters for objects that carry all of these tags."""
    return [where(f"tag:{key}", value) for key, value in sorted(tags.items())]


def describe(ec2: Api, filters: Iterable[Filter]) -> Iterator[Json]:
    """Describe the groups that pass all filters; with none that do, nothing."""
    for page in ec2.pages("DescribeSecurityGroups", Filters=list(filters), MaxResults=PAGE):
        yield from page["SecurityGroups"]


def by_name(ec2: Api, vpc_id: str, name: str) -> Json | None:
    """Describe the group of a name in a VPC, None if there is none."""
    return next(describe(ec2, [where("vpc-id", vpc_id), where("group-name", name)]), None)


def tags_of(description: Json) -> dict[str, str]:
    """Return the tags of anything that EC2 describes."""
    return {each["Key"]: each.get("Value", "") for each in description.get("Tags") or ()}


def in_our_terms(description: Json) -> Found[SecurityGroup]:
    """Normalise a description."""
    tags, group_id = tags_of(description), description["GroupId"]
    value = SecurityGroup(
        id=ownership.resource_id(tags),
        name=description["GroupName"],
        description=description.get("Description", ""),
        vpc_id=description.get("VpcId", ""),
        tags=ownership.extra_of(tags),
    )
    return Found(id=CloudId(group_id), value=value, attributes={"group_id": group_id})


def read_ingress_rules(
    ec2: Api, groups: Iterable[Found[SecurityGroup]]
) -> Iterator[Found[IngressRules]]:
    """Read all ingress rules of groups that are ours, whoever made them."""
    for some in batches(groups, _MOST_VALUES):
        present = rules.read(ec2, [where("group-id", *(each.id for each in some))])
        for group in some:
            described = present.get(group.id, {})
            value = IngressRules(id=group.value.id, group=str(group.id), rules=frozenset(described))
            yield ingress_rules_found(value, rules.ids_of(described.values()))


def ingress_rules_found(value: IngressRules, ids: rules.RuleIds) -> Found[IngressRules]:
    """Return the rules of a group as found; the handles are the ids of single rules."""
    group_id = str(value.group)
    return Found(
        id=CloudId(group_id), value=value, attributes={"group_id": group_id}, handles=dict(ids)
    )
