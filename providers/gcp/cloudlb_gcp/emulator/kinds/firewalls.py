"""VPC firewall rules."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from cloudlb_gcp.emulator import errors
from cloudlb_gcp.emulator.check import network, one_of, port_range, within
from cloudlb_gcp.emulator.kind import NAME, Kind
from cloudlb_gcp.emulator.links import Scope, url
from cloudlb_gcp.emulator.project import Project

Json = dict[str, Any]

_PROTOCOLS = frozenset({"tcp", "udp", "icmp", "esp", "ah", "sctp", "ipip", "all"})
_WITH_PORTS = frozenset({"tcp", "udp", "sctp", "6", "17", "132"})
_MOST_RANGES = 5000
_MOST_TAGS = 70
_MOST_SOURCE_TAGS = 30
_MOST_ACCOUNTS = 10
_NUMBER = re.compile(r"\d{1,3}")
_HIGHEST_PROTOCOL = 255


class Firewalls(Kind):
    """`firewalls`."""

    collection, kind, word = "firewalls", "compute#firewall", "firewall"
    scopes = frozenset({"global"})
    references: ClassVar[Mapping[str, tuple[str, ...]]] = {"network": ("networks",)}
    fixed = frozenset({"network", "direction"})
    quota = "FIREWALLS"

    def defaults(self, project: Project, scope: Scope, body: Json) -> None:
        """Inbound, priority 1000, the default network, from everywhere where no source is named."""
        del scope
        body.setdefault("network", url(f"projects/{project.id}/global/networks/default"))
        body.setdefault("priority", 1000)
        body.setdefault("direction", "INGRESS")
        body.setdefault("disabled", False)
        body.setdefault("logConfig", {"enable": False})
        for field in ("allowed", "denied"):
            if body.get(field):
                body[field] = [_lower(each) for each in body[field]]
        named = any(
            body.get(field) for field in ("sourceRanges", "sourceTags", "sourceServiceAccounts")
        )
        far = "sourceRanges" if body["direction"] == "INGRESS" else "destinationRanges"
        if not body.get(far) and not (named and far == "sourceRanges"):
            body[far] = [_everywhere(body)]
        for field in ("sourceRanges", "destinationRanges"):
            if body.get(field):
                body[field] = [
                    _canonical(each, f"{field}[{n}]") for n, each in enumerate(body[field])
                ]

    def check(self, project: Project, path: str, new: Json, old: Mapping[str, Any] | None) -> None:
        """Either allowed or denied, one IP family, tags or service accounts, all within the API's limits."""
        del project, path, old
        one_of(new, "direction", ("INGRESS", "EGRESS"))
        within(new, "priority", 0, 65_535)
        for field in ("sourceTags", "sourceServiceAccounts"):
            if new["direction"] == "EGRESS" and new.get(field):
                raise errors.invalid(field, new[field][0], "Only for rules of direction INGRESS.")
        _check_rules(new)
        _check_ranges(new)
        _check_targets(new)


def _lower(rule: Mapping[str, Any]) -> Json:
    return {**rule, "IPProtocol": str(rule.get("IPProtocol", "")).lower()}


def _everywhere(body: Mapping[str, Any]) -> str:
    """Return the range of all addresses of the family that the rule's other end has."""
    given = (*body.get("sourceRanges", ()), *body.get("destinationRanges", ()))
    return "::/0" if any(":" in str(each) for each in given) else "0.0.0.0/0"


def _canonical(text: object, field: str) -> str:
    """Return a range as the API stores it: an address alone is a range of one."""
    return str(network(text, field))


def _check_rules(new: Mapping[str, Any]) -> None:
    allowed, denied = new.get("allowed"), new.get("denied")
    if bool(allowed) == bool(denied):
        why = "Exactly one of allowed and denied must be specified."
        raise errors.invalid("allowed", allowed or "", why)
    field = "allowed" if allowed else "denied"
    for number, rule in enumerate(allowed or denied or ()):
        protocol = rule["IPProtocol"]
        number_of = int(protocol) if _NUMBER.fullmatch(protocol) else _HIGHEST_PROTOCOL + 1
        if protocol not in _PROTOCOLS and number_of > _HIGHEST_PROTOCOL:
            raise errors.invalid(f"{field}[{number}].IPProtocol", protocol, "Must be a protocol.")
        ports = rule.get("ports", ())
        if ports and protocol not in _WITH_PORTS:
            why = f"Ports may not be specified for protocol {protocol}."
            raise errors.invalid(f"{field}[{number}].ports[0]", ports[0], why)
        for place, port in enumerate(ports):
            port_range(port, f"{field}[{number}].ports[{place}]")


def _check_ranges(new: Mapping[str, Any]) -> None:
    families = set()
    for field in ("sourceRanges", "destinationRanges"):
        ranges = new.get(field, ())
        if len(ranges) > _MOST_RANGES:
            raise errors.invalid(field, len(ranges), f"At most {_MOST_RANGES} ranges are allowed.")
        families |= {network(each, field).version for each in ranges}
    if len(families) > 1:
        why = "A firewall rule can not have both IPv4 and IPv6 ranges."
        raise errors.invalid("sourceRanges", ",".join(new.get("sourceRanges", ())), why)


def _check_targets(new: Mapping[str, Any]) -> None:
    accounts = [f for f in ("sourceServiceAccounts", "targetServiceAccounts") if new.get(f)]
    tags = [f for f in ("sourceTags", "targetTags") if new.get(f)]
    if accounts and tags:
        why = "Tags and service accounts can not be mixed in one rule."
        raise errors.invalid(accounts[0], new[accounts[0]][0], why)
    for field, most in (("targetTags", _MOST_TAGS), ("sourceTags", _MOST_SOURCE_TAGS)):
        if len(new.get(field, ())) > most:
            raise errors.invalid(field, len(new[field]), f"At most {most} tags are allowed.")
        for number, tag in enumerate(new.get(field, ())):
            if not NAME.fullmatch(tag):
                raise errors.invalid(f"{field}[{number}]", tag, "Must be a tag.")
    for field in accounts:
        if len(new[field]) > _MOST_ACCOUNTS:
            raise errors.invalid(field, len(new[field]), f"At most {_MOST_ACCOUNTS} are allowed.")
