"""Rules of security groups as values: read from a call, compared, counted and shown.

Source: API reference of AuthorizeSecurityGroupIngress; quotas of Amazon VPC.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cloudlb_aws.emulator.errors import AwsError
from cloudlb_aws.emulator.moto import Json, SecurityGroupRule

_NUMBERS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
_PORTS = {"tcp", "udp"}
_ICMP = {"icmp", "icmpv6"}
_LAST_PORT = 65_535
_DESCRIPTION = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}")
_SOURCES = {
    "IpRanges": ("cidr4", "CidrIp"),
    "Ipv6Ranges": ("cidr6", "CidrIpv6"),
    "PrefixListIds": ("list", "PrefixListId"),
    "UserIdGroupPairs": ("group", "GroupId"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleValue:
    """One rule. `kind` is cidr4, cidr6, list or group; ports are -1 where the protocol is -1.

    The description takes no part in comparisons, as on AWS.
    """

    protocol: str
    from_port: int
    to_port: int
    kind: str
    source: str
    description: str = field(default="", compare=False)

    def __str__(self) -> str:
        """AWS's own words for a rule, as its errors have them."""
        return (
            f"peer: {self.source}, {self.protocol.upper()}, from port: {self.from_port},"
            f" to port: {self.to_port}, ALLOW"
        )


def read(params: Json) -> list[RuleValue]:
    """Read the rules of a call, one for each source. Refuses what AWS refuses."""
    permissions = params.get("IpPermissions") or [_flat(params)]
    rules = [rule for permission in permissions for rule in _rules(permission)]
    if len(set(rules)) < len(rules):
        raise AwsError(
            "InvalidParameterValue", "The same permission must not appear multiple times"
        )
    return rules


def _flat(params: Json) -> Json:
    """Read the old form, with one rule in the call's own parameters."""
    permission = {key: params[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in params}
    if params.get("CidrIp"):
        permission["IpRanges"] = [{"CidrIp": params["CidrIp"]}]
    return permission


def _rules(permission: Json) -> Iterator[RuleValue]:
    protocol, from_port, to_port = _traffic(permission)
    found = False
    for key, (kind, member) in _SOURCES.items():
        for source in permission.get(key) or []:
            found = True
            yield RuleValue(
                protocol=protocol,
                from_port=from_port,
                to_port=to_port,
                kind=kind,
                source=_source(kind, source.get(member, "")),
                description=_description(source.get("Description") or ""),
            )
    if not found:
        raise AwsError("MissingParameter", "Source group, prefix list or CIDR missing")


def _traffic(permission: Json) -> tuple[str, int, int]:
    """Read protocol and ports. Other protocols than TCP, UDP and ICMP have no ports."""
    given = str(permission.get("IpProtocol") or "").lower()
    protocol = _NUMBERS.get(given, given)
    if not protocol:
        message = "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly."
        raise AwsError("InvalidParameterValue", message)
    if protocol not in _PORTS | _ICMP:
        if protocol != "-1" and not protocol.isdecimal():
            raise AwsError(
                "InvalidParameterValue",
                f"Invalid value '{given}' for IP protocol. Unknown protocol.",
            )
        return protocol, -1, -1
    low, high = permission.get("FromPort"), permission.get("ToPort")
    if low is None or high is None:
        message = "Invalid value for portRange. Must specify both from and to ports with TCP/UDP."
        raise AwsError("InvalidParameterValue", message)
    if protocol in _PORTS and not 0 <= low <= high <= _LAST_PORT:
        raise AwsError("InvalidParameterValue", f"Invalid value '{low}-{high}' for portRange.")
    if protocol in _ICMP and not (-1 <= low <= 255 and -1 <= high <= 255):
        raise AwsError(
            "InvalidParameterValue", f"Invalid value '{low}/{high}' for ICMP type and code."
        )
    return protocol, low, high


def _source(kind: str, value: str) -> str:
    """Check a source; CIDRs come back without host bits, as AWS keeps them."""
    if kind in {"list", "group"}:
        return value
    version = 4 if kind == "cidr4" else 6
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        network = None
    if network is None or network.version != version or "/" not in value:
        raise AwsError("InvalidParameterValue", f"CIDR block {value} is malformed")
    return str(network)


def _description(text: str) -> str:
    if not _DESCRIPTION.fullmatch(text):
        message = "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
        raise AwsError("InvalidParameterValue", message)
    return text


def of(rule: SecurityGroupRule) -> RuleValue:
    """Return moto's rule as a value."""
    if rule.source_group:
        kind, source = "group", rule.source_group.get("GroupId", "")
    elif rule.prefix_list_id:
        kind, source = "list", rule.prefix_list_id
    elif "CidrIpv6" in rule.ip_range:
        kind, source = "cidr6", rule.ip_range["CidrIpv6"]
    else:
        kind, source = "cidr4", rule.ip_range.get("CidrIp", "")
    return RuleValue(
        protocol=rule.ip_protocol,
        from_port=-1 if rule.from_port is None else rule.from_port,
        to_port=-1 if rule.to_port is None else rule.to_port,
        kind=kind,
        source=source,
        description=rule.ip_range.get("Description")
        or rule.source_group.get("Description")
        or getattr(rule, "prefix_description", ""),
    )


def permissions(rules: Iterable[SecurityGroupRule]) -> list[Json]:
    """Show rules as DescribeSecurityGroups does: grouped by protocol and ports."""
    grouped: dict[tuple[str, int, int], Json] = {}
    for rule in rules:
        value = of(rule)
        shown = grouped.setdefault(
            (value.protocol, value.from_port, value.to_port),
            {"IpProtocol": value.protocol, **{key: [] for key in _SOURCES}},
        )
        if value.protocol != "-1":
            shown |= {"FromPort": value.from_port, "ToPort": value.to_port}
        key, member = next((k, m) for k, (kind, m) in _SOURCES.items() if kind == value.kind)
        source = {member: value.source}
        if value.kind == "group":
            source["UserId"] = rule.source_group.get("UserId", rule.owner_id)
        if value.description:
            source["Description"] = value.description
        shown[key].append(source)
    return list(grouped.values())
