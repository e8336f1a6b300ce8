"""Target groups and who is registered in them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from cloudlb.errors import NotFound
from cloudlb.plan.resource import CloudId, Found
from cloudlb_aws import ownership
from cloudlb_aws.reading import elbv2
from cloudlb_aws.resources.target_group import HealthCheck, TargetGroup
from cloudlb_aws.resources.targets import Target, Targets
from cloudlb_aws.session import Api, Json

REQUESTS = frozenset({"HTTP", "HTTPS"})
"""Protocols whose health checks have a path and a matcher."""

ANYWHERE = "all"
"""The zone of targets outside the VPC; AWS fills in the zone of all others itself."""


def describe(api: Api, arns: Iterable[str]) -> list[Json]:
    """Describe those target groups that still exist."""
    return list(
        elbv2.existing(
            api, "DescribeTargetGroups", by="TargetGroupArns", arns=arns, reply="TargetGroups"
        )
    )


def of_load_balancer(api: Api, arn: str) -> list[Json]:
    """Describe the target groups that a load balancer forwards to."""
    pages = api.pages("DescribeTargetGroups", LoadBalancerArn=arn)
    return [each for page in pages for each in page["TargetGroups"]]


def by_name(api: Api, name: str) -> Json | None:
    """Describe the target group of a name, None if there is none."""
    try:
        described = api.call("DescribeTargetGroups", Names=[name])["TargetGroups"]
    except NotFound:
        return None
    return next(iter(described), None)


def read(api: Api, description: Json, tags: elbv2.Tags) -> Found[TargetGroup]:
    """Read what a description leaves out, and return the whole. NotFound if it has gone meanwhile."""
    arn = description["TargetGroupArn"]
    reply = api.call("DescribeTargetGroupAttributes", TargetGroupArn=arn)
    found = in_our_terms(description, tags)
    return replace(found, value=replace(found.value, options=elbv2.attributes(reply)))


def in_our_terms(description: Json, tags: elbv2.Tags) -> Found[TargetGroup]:
    """Normalise a description; the options stay empty."""
    arn = description["TargetGroupArn"]
    value = TargetGroup(
        id=ownership.resource_id(tags),
        name=description["TargetGroupName"],
        vpc_id=description.get("VpcId", ""),
        protocol=description["Protocol"],
        target_type=description["TargetType"],
        ip_address_type=description.get("IpAddressType", "ipv4"),
        generation=ownership.generation_of(tags),
        port=description.get("Port", 0),
        health_check=_health_check(description),
        tags=ownership.extra_of(tags),
    )
    return Found(id=CloudId(arn), value=value, attributes={"arn": arn})


def _health_check(description: Json) -> HealthCheck:
    protocol = description["HealthCheckProtocol"]
    requests = protocol in REQUESTS
    matcher = description.get("Matcher") or {}
    return HealthCheck(
        protocol=protocol,
        port=description["HealthCheckPort"],
        path=description.get("HealthCheckPath", "") if requests else "",
        matcher=matcher.get("HttpCode", "") if requests else "",
        interval=description["HealthCheckIntervalSeconds"],
        timeout=description["HealthCheckTimeoutSeconds"],
        healthy_threshold=description["HealthyThresholdCount"],
        unhealthy_threshold=description["UnhealthyThresholdCount"],
    )


def read_targets(api: Api, arn: str, logical_id: str) -> Found[Targets]:
    """Read who is registered in a group. NotFound if the group has gone meanwhile."""
    members = frozenset(_target(each) for each in health(api, arn))
    return targets_found(Targets(id=logical_id, group=arn, members=members), arn)


def targets_found(value: Targets, arn: str) -> Found[Targets]:
    """Return the members of a group as found."""
    return Found(id=CloudId(arn), value=value, attributes={"target_group_arn": arn})


def health(api: Api, arn: str) -> Iterator[Json]:
    """List the registered targets with their health; those that only drain are out already."""
    reply = api.call("DescribeTargetHealth", TargetGroupArn=arn)
    for each in reply["TargetHealthDescriptions"]:
        if (each.get("TargetHealth") or {}).get("State") != "draining":
            yield each


def _target(description: Json) -> Target:
    target = description["Target"]
    zone = target.get("AvailabilityZone", "")
    return Target(id=target["Id"], port=target["Port"], zone=zone if zone == ANYWHERE else "")
