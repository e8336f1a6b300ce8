"""Ingress rules of security groups, in both directions: what EC2 describes, and what it wants to be told.

One form for all rules: `IngressRule`, whose source is a CIDR, a prefix list or another group's id.
"""

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cloudlb_aws.resources.ingress_rules import IngressRule
from cloudlb_aws.session import Api, Json

RuleIds = Mapping[IngressRule, str]
"""The ids of single rules (`sgr-…`)."""

PAGE = 1000
_NAMES = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
"""Protocol numbers that EC2 may answer with instead of names."""


def read(ec2: Api, filters: Sequence[Mapping[str, object]]) -> dict[str, dict[IngressRule, Json]]:
    """List ingress rules by group id, each with EC2's own description of it."""
    found: dict[str, dict[IngressRule, Json]] = defaultdict(dict)
    for page in ec2.pages(
        "DescribeSecurityGroupRules",
        Filters=list(filters),
        MaxResults=PAGE,
    ):
        for description in page["SecurityGroupRules"]:
            if not description["IsEgress"]:
                found[description["GroupId"]][rule_of(description)] = description
    return found


def rule_of(description: Json) -> IngressRule:
    """Normalise one rule of DescribeSecurityGroupRules or of an Authorize reply."""
    protocol = str(description["IpProtocol"]).lower()
    return IngressRule(
        protocol=_NAMES.get(protocol, protocol),
        from_port=description.get("FromPort", -1),
        to_port=description.get("ToPort", -1),
        source=_source(description),
    )


def ids_of(descriptions: Iterable[Json]) -> dict[IngressRule, str]:
    """Return the ids of rules."""
    return {rule_of(each): str(each["SecurityGroupRuleId"]) for each in descriptions}


def permissions(rules: Iterable[IngressRule]) -> list[dict[str, Any]]:
    """Return IpPermissions for an Authorize or Revoke call: one for each protocol and port range."""
    grouped: dict[tuple[str, int, int], list[IngressRule]] = defaultdict(list)
    for rule in sorted(rules):
        grouped[rule.protocol, rule.from_port, rule.to_port].append(rule)
    return [
        {"IpProtocol": protocol, "FromPort": low, "ToPort": high} | _sources(group)
        for (protocol, low, high), group in grouped.items()
    ]


def _sources(rules: Iterable[IngressRule]) -> dict[str, list[dict[str, str]]]:
    sources: dict[str, list[dict[str, str]]] = defaultdict(list)
    for rule in rules:
        if rule.source.startswith("sg-"):
            sources["UserIdGroupPairs"].append({"GroupId": rule.source})
        elif rule.source.startswith("pl-"):
            sources["PrefixListIds"].append({"PrefixListId": rule.source})
        elif ":" in rule.source:
            sources["Ipv6Ranges"].append({"CidrIpv6": rule.source})
        else:
            sources["IpRanges"].append({"CidrIp": rule.source})
    return dict(sources)


def _source(description: Json) -> str:
    cidr = description.get("CidrIpv4") or description.get("CidrIpv6")
    if cidr:
        return str(ipaddress.ip_network(cidr, strict=False))
    if prefix_list := description.get("PrefixListId"):
        return str(prefix_list)
    return str((description.get("ReferencedGroupInfo") or {}).get("GroupId", ""))
