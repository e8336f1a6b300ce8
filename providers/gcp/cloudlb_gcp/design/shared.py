"""What the load balancers of a cluster share: one health check of the nodes, and the firewall rules for it."""

from collections.abc import Iterable
from dataclasses import dataclass

from cloudlb.model import Family, Owner
from cloudlb.plan.resource import Stack
from cloudlb.provider import Design
from cloudlb_gcp import names
from cloudlb_gcp.design import health
from cloudlb_gcp.design.firewalls import Targets, health_rules, targets_of
from cloudlb_gcp.design.work import Work
from cloudlb_gcp.landscape import Landscape
from cloudlb_gcp.limits import NODE_CHECK_PORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An owner's claim on the shared health check, and on the nodes being reached by it.

    `ipv6_scheme` is the scheme of a load balancer that has IPv6 addresses. Without `opens` its rules are not ours to
    make.
    """

    targets: Targets
    ipv6_scheme: str = ""
    opens: bool = True


def claims(work: Work) -> frozenset[Claim]:
    """Return what a load balancer claims."""
    if not health.is_shared(work):
        return frozenset()
    claim = Claim(
        targets=targets_of(work.instances()),
        ipv6_scheme=work.scheme if Family.IPV6 in work.families else "",
        opens=work.options.manage_firewall and not work.landscape.firewall_closed,
    )
    return frozenset({claim})


def design_shared(cluster: Owner, claimed: Iterable[Claim], landscape: Landscape) -> Design:
    """Make the shared stack from the claims of all owners."""
    all_claims = tuple(claimed)
    if not all_claims:
        return Design()
    check = health.shared_check(names.generated(cluster, "hc"))
    closed = landscape.firewall_closed
    opening = [each for each in all_claims if each.opens and not closed]
    schemes = frozenset(each.ipv6_scheme for each in opening) - {""}
    targets = Targets(
        tags=frozenset().union(*(each.targets.tags for each in opening)),
        accounts=frozenset().union(*(each.targets.accounts for each in opening)),
    )
    if targets.tags:  # the API does not take both in one rule
        targets = Targets(tags=targets.tags)
    if not targets.tags and not targets.accounts:
        return Design(stack=Stack((check,)))
    rules = health_rules(cluster, landscape, port=NODE_CHECK_PORT, schemes=schemes, targets=targets)
    return Design(stack=Stack((check, *rules)))
