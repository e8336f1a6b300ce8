"""Whether somebody else's firewall rule allows already what we need, and the gcloud command that makes such a rule."""

import ipaddress
import shlex
from collections.abc import Iterable

from cloudlb_gcp.landscape import Landscape, Rule
from cloudlb_gcp.links import name_of
from cloudlb_gcp.resources.firewall import Firewall


def covered(wanted: Firewall, rules: Iterable[Rule]) -> bool:
    """Tell whether one rule alone lets in all that is wanted."""
    return any(_covers(rule, wanted) for rule in rules if rule.allows)


def _covers(rule: Rule, wanted: Firewall) -> bool:
    return (
        not rule.destinations
        and all(_inside(each, rule.sources) for each in wanted.sources)
        and all(_allowed(protocol, ports, rule) for protocol, ports in wanted.protocols)
        and _reaches(rule, wanted)
    )


def _inside(cidr: str, ranges: Iterable[str]) -> bool:
    inner = ipaddress.ip_network(cidr)
    for each in ranges:
        outer = ipaddress.ip_network(each)
        if outer.version == inner.version and inner.subnet_of(outer):  # type: ignore[arg-type]
            return True
    return False


def _allowed(protocol: str, ports: str, rule: Rule) -> bool:
    open_ports: list[tuple[int, int]] = []
    for name, allowed in rule.protocols:
        if name == "all" or (name == protocol and not allowed):
            return True
        if name == protocol:
            open_ports += [_range(each) for each in allowed]
    return all(
        any(low <= first and last <= high for low, high in open_ports)
        for first, last in map(_range, ports.split(","))
    )


def _range(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    return int(low), int(high or low)


def _reaches(rule: Rule, wanted: Firewall) -> bool:
    if not rule.target_tags and not rule.target_accounts:
        return True
    by_tag = bool(wanted.target_tags) and wanted.target_tags <= rule.target_tags
    by_account = bool(wanted.target_accounts) and wanted.target_accounts <= rule.target_accounts
    return by_tag or by_account


def command(wanted: Firewall, landscape: Landscape) -> str:
    """Return the gcloud command that makes a rule. Addresses that are not known yet are named in capitals."""
    protocols = [
        protocol if not ports else f"{protocol}:{port}"
        for protocol, ports in wanted.protocols
        for port in ports.split(",")
    ]
    targets = (
        f"--target-tags={','.join(sorted(wanted.target_tags))}"
        if wanted.target_tags
        else f"--target-service-accounts={','.join(sorted(wanted.target_accounts))}"
    )
    destinations = sorted(
        each if isinstance(each, str) else "ADDRESS" for each in wanted.destinations
    )
    parts = [
        f"gcloud compute firewall-rules create {wanted.name}",
        f"--project={landscape.network_project}",
        f"--network={name_of(landscape.network)}",
        "--direction=INGRESS",
        f"--action={wanted.action.upper()}",
        f"--priority={wanted.priority}",
        f"--rules={','.join(protocols)}",
        f"--source-ranges={','.join(sorted(wanted.sources))}",
        targets,
        *([f"--destination-ranges={','.join(destinations)}"] if destinations else []),
    ]
    return " ".join([parts[0], *map(shlex.quote, parts[1:])])
