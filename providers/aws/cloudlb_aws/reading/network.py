"""The network around a cluster: a VPC, its subnets, what their routes lead to, and its security groups."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cloudlb_aws import ownership
from cloudlb_aws.landscape import Group, Subnet
from cloudlb_aws.reading.security_group import describe, tags_of, where
from cloudlb_aws.session import Api, Json

_PAGE = 1000
_ROUTE_TABLES_PAGE = 100
_ASSOCIATED = "associated"
_INTERNET_GATEWAY = "igw-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One VPC and what is in it."""

    vpc_id: str
    account: str
    cidrs_v4: tuple[str, ...]
    cidrs_v6: tuple[str, ...]
    subnets: tuple[Subnet, ...]
    groups: tuple[Group, ...]


def read(ec2: Api, vpc_id: str, cluster: str) -> Network:
    """Read a VPC whole: five calls, and more where AWS pages. NotFound if there is no such VPC."""
    (vpc,) = ec2.call("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"]
    here = [where("vpc-id", vpc_id)]
    described = [
        subnet for page in _pages(ec2, "DescribeSubnets", here, _PAGE) for subnet in page["Subnets"]
    ]
    tables = [
        table
        for page in _pages(ec2, "DescribeRouteTables", here, _ROUTE_TABLES_PAGE)
        for table in page["RouteTables"]
    ]
    zones = {
        zone["ZoneName"]: zone.get("ZoneType", "")
        for zone in ec2.call("DescribeAvailabilityZones")["AvailabilityZones"]
    }
    groups = list(describe(ec2, here))
    return Network(
        vpc_id=vpc_id,
        account=vpc.get("OwnerId", ""),
        cidrs_v4=tuple(sorted(_cidrs_v4(vpc))),
        cidrs_v6=tuple(sorted(_cidrs_v6(vpc))),
        subnets=tuple(sorted(_subnets(described, tables, zones), key=lambda each: each.id)),
        groups=tuple(sorted(_groups(groups, cluster), key=lambda each: each.id)),
    )


def _pages(
    ec2: Api, operation: str, filters: list[Mapping[str, object]], size: int
) -> Iterator[Json]:
    return ec2.pages(operation, Filters=filters, MaxResults=size)


def _cidrs_v4(vpc: Json) -> Iterator[str]:
    for each in vpc.get("CidrBlockAssociationSet") or ():
        if each["CidrBlockState"]["State"] == _ASSOCIATED:
            yield each["CidrBlock"]


def _cidrs_v6(described: Json) -> Iterator[str]:
    """Read the IPv6 ranges of a VPC or a subnet: those that count, not those that come or go."""
    for each in described.get("Ipv6CidrBlockAssociationSet") or ():
        if each["Ipv6CidrBlockState"]["State"] == _ASSOCIATED:
            yield each["Ipv6CidrBlock"]


def _subnets(
    described: Iterable[Json], tables: Iterable[Json], zones: Mapping[str, str]
) -> Iterator[Subnet]:
    routes = _Routes(tables)
    for each in described:
        tags = tags_of(each)
        yield Subnet(
            id=each["SubnetId"],
            zone=each["AvailabilityZone"],
            cidr=each.get("CidrBlock", ""),
            free_addresses=each.get("AvailableIpAddressCount", 0),
            vpc_id=each["VpcId"],
            name=tags.get("Name", ""),
            zone_type=zones.get(each["AvailabilityZone"]) or "availability-zone",
            outpost=each.get("OutpostArn") or "",
            ipv6_cidrs=tuple(sorted(_cidrs_v6(each))),
            tags=tags,
            public=routes.lead_out_of(each["SubnetId"]),
        )


class _Routes:
    """Which subnets have a route to an internet gateway: by their own route table, else by the VPC's main one."""

    def __init__(self, tables: Iterable[Json]) -> None:
        self._own: dict[str, bool] = {}
        self._main = False
        for table in tables:
            public = any(_leads_out(route) for route in table.get("Routes") or ())
            for association in table.get("Associations") or ():
                if association.get("Main"):
                    self._main = public
                elif subnet_id := association.get("SubnetId"):
                    self._own[subnet_id] = public

    def lead_out_of(self, subnet_id: str) -> bool:
        return self._own.get(subnet_id, self._main)


def _leads_out(route: Json) -> bool:
    gateway = route.get("GatewayId") or ""
    return gateway.startswith(_INTERNET_GATEWAY) and route.get("State") != "blackhole"


def _groups(described: list[Json], cluster: str) -> Iterator[Group]:
    ours = {
        each["GroupId"] for each in described if tags_of(each).get(ownership.CLUSTER) == cluster
    }
    for each in described:
        yield Group(
            id=each["GroupId"],
            name=each["GroupName"],
            tags=tags_of(each),
            foreign_rules=sum(_foreign(permission, ours) for permission in each["IpPermissions"]),
        )


def _foreign(permission: Json, ours: set[str]) -> int:
    """Count the rules of a permission as the quota does, one a source, without those that let our own groups in."""
    ranges = ("IpRanges", "Ipv6Ranges", "PrefixListIds")
    pairs = permission.get("UserIdGroupPairs") or ()
    others = sum(pair.get("GroupId") not in ours for pair in pairs)
    return others + sum(len(permission.get(name) or ()) for name in ranges)
