"""The instances behind nodes."""

from collections.abc import Iterable, Iterator

from cloudlb_aws.batches import batches
from cloudlb_aws.landscape import CLUSTER_TAG, Instance
from cloudlb_aws.reading.security_group import where
from cloudlb_aws.session import Api, Json

RUNNING = "running"

_MOST_VALUES = 200
"""Values that one filter of an EC2 Describe call takes (EC2 user guide, "List and filter your resources")."""
_PAGE = 1000


def read(ec2: Api, instance_ids: Iterable[str]) -> Iterator[Instance]:
    """Read those instances that exist. Asked for by filter: by id, EC2 refuses all of them for one that is unknown."""
    for some in batches(sorted(set(instance_ids)), _MOST_VALUES):
        pages = ec2.pages(
            "DescribeInstances",
            Filters=[where("instance-id", *some)],
            MaxResults=_PAGE,
        )
        for page in pages:
            for reservation in page["Reservations"]:
                yield from map(_instance, reservation["Instances"])


def _instance(described: Json) -> Instance:
    return Instance(
        id=described["InstanceId"],
        vpc_id=described.get("VpcId", ""),
        zone=(described.get("Placement") or {}).get("AvailabilityZone", ""),
        private_ip=described.get("PrivateIpAddress", ""),
        groups=tuple(sorted(each["GroupId"] for each in _primary_groups(described))),
        state=described["State"]["Name"],
        clusters=tuple(
            sorted(
                each["Key"].removeprefix(CLUSTER_TAG)
                for each in described.get("Tags") or ()
                if each["Key"].startswith(CLUSTER_TAG)
            )
        ),
    )


def _primary_groups(described: Json) -> Iterable[Json]:
    """Find the groups of the first network interface, which is where a node's traffic arrives."""
    for interface in described.get("NetworkInterfaces") or ():
        if (interface.get("Attachment") or {}).get("DeviceIndex") == 0:
            return list(interface.get("Groups") or ())
    return list(described.get("SecurityGroups") or ())
