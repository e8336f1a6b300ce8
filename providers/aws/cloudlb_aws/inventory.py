"""The sweep: everything in the region that carries a cluster's tags, from AWS's tag search.

The search lags by minutes in both directions. It lists wholes: listeners, registrations and rules are found from these.
"""

from collections.abc import Iterator
from typing import Final

from cloudlb.model import Owner
from cloudlb.plan.resource import CloudId, Key
from cloudlb.provider import Entry, Inventory
from cloudlb_aws import ownership
from cloudlb_aws.session import Api, Json

_TYPES: Final = (
    "elasticloadbalancing:loadbalancer",
    "elasticloadbalancing:targetgroup",
    "ec2:security-group",
)
_PAGE = 100
"""The most that GetResources returns at once."""


def sweep(
    tagging: Api, cluster: str, owner: Owner | None = None, *, brief: bool = False
) -> Inventory:
    """List what is the cluster's, or only one owner's; `brief`: its load balancers. Raises CloudErrors."""
    marks = {ownership.CLUSTER: cluster}
    if owner is not None:
        marks[ownership.OWNER_UID] = owner.uid
    pages = tagging.pages(
        "GetResources",
        TagFilters=[{"Key": key, "Values": [value]} for key, value in sorted(marks.items())],
        ResourceTypeFilters=list(_TYPES[:1] if brief else _TYPES),
        ResourcesPerPage=_PAGE,
    )
    return Inventory(tuple(entry for page in pages for entry in _entries(page, cluster)))


def _entries(page: Json, cluster: str) -> Iterator[Entry]:
    for mapping in page["ResourceTagMappingList"]:
        tags = {each["Key"]: each["Value"] for each in mapping["Tags"]}
        owner = ownership.owner_of(tags, cluster)
        if owner is None:  # marked for the cluster by hand, or by a tool that copies tags
            continue
        yield Entry(
            id=cloud_id(mapping["ResourceARN"]),
            key=Key(tags[ownership.RESOURCE]),
            owner=owner,
            labels=tags,
        )


def cloud_id(arn: str) -> CloudId:
    """Return what an object's own API calls it: EC2 takes ids, ELBv2 ARNs."""
    return CloudId(arn.rpartition("/")[2] if ":security-group/" in arn else arn)
