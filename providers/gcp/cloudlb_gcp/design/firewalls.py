"""Firewall rules: who may reach the address, and where health checks may come from.

Rules name the nodes by their network tags, or by their service accounts where they have no tags. Where the network's
rules are not ours to change, what is needed is said as a gcloud command, unless a rule that is there allows it already.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cloudlb.model import Family, Owner, Problem
from cloudlb.plan.resource import Ref
from cloudlb_gcp import names
from cloudlb_gcp.design import covering
from cloudlb_gcp.design.frontend import RULES
from cloudlb_gcp.design.health import is_shared, port_of
from cloudlb_gcp.design.ports import firewall_protocols, protocols_of
from cloudlb_gcp.design.work import Work
from cloudlb_gcp.landscape import Instance, Landscape
from cloudlb_gcp.limits import HEALTH_SOURCES_V4, HEALTH_SOURCES_V6, NODE_CHECK_PORT
from cloudlb_gcp.resources.firewall import Firewall

ALLOW, DENY = 999, 1000
"""Priorities of an allowing rule that has a denying one beneath it, and of that."""

_ANYONE = {Family.IPV4: "0.0.0.0/0", Family.IPV6: "::/0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What a firewall knows the nodes by."""

    tags: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()


def targets_of(instances: Sequence[Instance]) -> Targets:
    """Return the tags of nodes or, where one of them has none, their service accounts; nothing where one has neither.

    Of several tags an instance's own is the longest one that its name begins with, as managed node pools have it; else
    one that all the nodes have, else its first.
    """
    if instances and all(each.tags for each in instances):
        common = frozenset.intersection(*(frozenset(each.tags) for each in instances))
        return Targets(tags=frozenset(_tag(each, common) for each in instances))
    if instances and all(each.service_account for each in instances):
        return Targets(accounts=frozenset(each.service_account for each in instances))
    return Targets()


def _tag(instance: Instance, common: frozenset[str]) -> str:
    own = [tag for tag in instance.tags if instance.id.name.startswith(tag)]
    if own:
        return max(own, key=lambda tag: (len(tag), tag))
    return min(common or frozenset(instance.tags))


def rules(work: Work) -> Iterator[Firewall]:
    """Yield the rules of a load balancer: for its traffic, and for its own health check where it has one."""
    if not work.instances():  # a rule that names nobody would be for everybody
        return
    targets = targets_of(work.instances())
    if not (targets.tags or targets.accounts):
        work.error(
            "spec.ports",
            "the nodes have neither network tags nor service accounts, so that no firewall rule could name them",
            "give the node pool's instances a network tag",
            reason="NoFirewallTarget",
        )
        return
    balanced = bool(work.load_balancer.listeners)
    wanted = [*_exposed(work, targets)]
    if balanced:
        wanted += (*_traffic(work, targets), *_own_check(work, targets))
    if work.options.manage_firewall and not work.landscape.firewall_closed:
        yield from wanted
    else:
        wanted += _shared_check(work, targets) if balanced else ()
        work.problems.extend(_said(wanted, work.landscape))


def _traffic(work: Work, targets: Targets) -> Iterator[Firewall]:
    allow = Firewall(
        id="",
        name="",
        network=work.landscape.network,
        priority=ALLOW if work.options.deny_others else DENY,
        sources=frozenset(),
        protocols=firewall_protocols(work.load_balancer.listeners),
        target_tags=targets.tags,
        target_accounts=targets.accounts,
    )
    owner = work.load_balancer.owner
    for family in work.families:
        destination = frozenset({Ref(RULES[family], "range")})
        word = family.lower()
        sources = _of_family(work.load_balancer.source_ranges, family)
        if sources:
            yield replace(
                allow,
                id=word,
                name=names.generated(owner, f"fw{word[-1]}"),
                sources=sources,
                destinations=destination,
            )
        if work.options.deny_others or not sources:
            yield replace(
                allow,
                id=f"{word}-deny",
                name=names.generated(owner, f"fw{word[-1]}-deny"),
                action="deny",
                priority=DENY,
                sources=frozenset({_ANYONE[family]}),
                destinations=destination,
                protocols=(("all", ""),),
            )


def _exposed(work: Work, targets: Targets) -> Iterator[Firewall]:
    """Yield the rules that open node ports: they are reached at the nodes' own addresses."""
    exposure = work.load_balancer.exposure
    if exposure is None:
        return
    for family in Family:
        sources = _of_family(exposure.sources, family)
        word = family.lower()
        if sources:
            yield Firewall(
                id=f"node-ports-{word}",
                name=names.generated(work.load_balancer.owner, f"np{word[-1]}"),
                network=work.landscape.network,
                sources=sources,
                protocols=protocols_of(exposure.ports),
                target_tags=targets.tags,
                target_accounts=targets.accounts,
            )


def _of_family(ranges: Iterable[str], family: Family) -> frozenset[str]:
    return frozenset(each for each in ranges if (":" in each) == (family is Family.IPV6))


def _own_check(work: Work, targets: Targets) -> Iterator[Firewall]:
    if not is_shared(work):
        yield from health_rules(
            work.load_balancer.owner,
            work.landscape,
            port=port_of(work),
            schemes=frozenset({work.scheme}) if Family.IPV6 in work.families else frozenset(),
            targets=targets,
        )


def _shared_check(work: Work, targets: Targets) -> Iterator[Firewall]:
    """Yield the cluster's rules for the shared check: where nobody makes them, each load balancer says them."""
    if is_shared(work):
        yield from health_rules(
            Owner.of_cluster(work.load_balancer.owner.cluster),
            work.landscape,
            port=NODE_CHECK_PORT,
            schemes=frozenset({work.scheme}) if Family.IPV6 in work.families else frozenset(),
            targets=targets,
        )


def health_rules(
    owner: Owner, landscape: Landscape, *, port: int, schemes: frozenset[str], targets: Targets
) -> Iterator[Firewall]:
    """Yield the rules that let health checks in; `schemes` are those of load balancers with IPv6 addresses."""
    rule = Firewall(
        id="health-check",
        name=names.generated(owner, "hc-fw"),
        network=landscape.network,
        sources=frozenset(HEALTH_SOURCES_V4),
        protocols=(("tcp", str(port)),),
        target_tags=targets.tags,
        target_accounts=targets.accounts,
    )
    yield rule
    if schemes:
        yield replace(
            rule,
            id="health-check-ipv6",
            name=names.generated(owner, "hc-fw6"),
            sources=frozenset(each for scheme in schemes for each in HEALTH_SOURCES_V6[scheme]),
        )


def _said(wanted: Iterable[Firewall], landscape: Landscape) -> Iterator[Problem]:
    for each in wanted:
        if each.action == "allow" and covering.covered(each, landscape.rules):
            continue
        yield Problem.warning(
            "spec.loadBalancerSourceRanges",
            f"firewall change required by whoever administers the network: {covering.command(each, landscape)}",
            "run it, or have it run",
            reason="FirewallChangeRequired",
        )
