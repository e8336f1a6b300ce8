"""What the load balancers of a cluster share: one health check of the nodes, and the firewall rules for it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cloudlb.model import Family, Owner
from cloudlb.plan.resource import Stack
from cloudlb.provider import Design
from cloudlb_gcp import names
from cloudlb_gcp.design import health
from cloudlb_gcp.design.firewalls import health_rules
from cloudlb_gcp.design.permitted import Ground
from cloudlb_gcp.design.targets import Targets
from cloudlb_gcp.design.work import Work
from cloudlb_gcp.landscape import Landscape
from cloudlb_gcp.limits import NODE_CHECK_PORT
from cloudlb_gcp.resources.firewall import Firewall


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
        targets=work.targets(),
        ipv6_scheme=work.scheme if Family.IPV6 in work.families else "",
        opens=work.manages_firewall,
    )
    return frozenset({claim})


def design_shared(cluster: Owner, claimed: Iterable[Claim], landscape: Landscape) -> Design:
    """Make the shared stack from the claims of all owners."""
    all_claims = tuple(claimed)
    if not all_claims:
        return Design()
    check = health.shared_check(names.generated(cluster, "hc"))
    ground = Ground(
        uid=cluster.uid, landscape=landscape, path="the rules for the shared health check"
    )
    rules = tuple(ground.arranged(_possible(cluster, all_claims, landscape)))
    return Design(stack=Stack((check, *rules)), problems=tuple(ground.problems))


def _possible(cluster: Owner, claimed: Iterable[Claim], landscape: Landscape) -> Iterator[Firewall]:
    """Yield the rules that are wanted, but for those that can not be made: each load balancer says what it needs."""
    opening = [each for each in claimed if each.opens]
    standing = landscape.standing_of(cluster.uid)
    if "list" in landscape.denied:
        return
    for each in health_rules(
        cluster,
        landscape,
        port=NODE_CHECK_PORT,
        schemes=frozenset(each.ipv6_scheme for each in opening) - {""},
        targets=Targets(
            tags=frozenset().union(*(each.targets.tags for each in opening)),
            accounts=frozenset().union(*(each.targets.accounts for each in opening)),
        ),
    ):
        if each.id in standing or "create" not in landscape.denied:
            yield each
