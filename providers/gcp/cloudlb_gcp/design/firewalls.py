"""Firewall rules: who may reach the address, and where health checks may come from.

Where the network's rules are not ours to change, what is needed is said as a gcloud command: see permitted.py.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from cloudlb.model import Family, Owner
from cloudlb.plan.resource import Ref
from cloudlb_gcp import names
from cloudlb_gcp.design.frontend import RULES
from cloudlb_gcp.design.health import is_shared, port_of
from cloudlb_gcp.design.permitted import Ground
from cloudlb_gcp.design.ports import firewall_protocols, protocols_of, widened
from cloudlb_gcp.design.targets import Targets, aimed
from cloudlb_gcp.design.work import Work
from cloudlb_gcp.landscape import Landscape
from cloudlb_gcp.limits import (
    HEALTH_SOURCES_V4,
    HEALTH_SOURCES_V6,
    NODE_CHECK_PORT,
    PORTS_A_FIREWALL,
)
from cloudlb_gcp.resources.firewall import Firewall
from cloudlb_gcp.resources.forwarding_rule import ForwardingRule

ALLOW, DENY = 999, 1000
"""Priorities of an allowing rule that has a denying one beneath it, and of that. Of two that are the same denial wins.

Rules for health checks always come first: a denial for an address would shut out the checks of what is behind it.
"""

_ANYONE = {Family.IPV4: "0.0.0.0/0", Family.IPV6: "::/0"}


def rules(work: Work, made: Iterable[ForwardingRule] = ()) -> Iterator[Firewall]:
    """Yield the rules of a load balancer: for its traffic, and for its own health check where it has one.

    `made` are its forwarding rules.
    """
    if not work.instances():  # a rule that names nobody would be for everybody
        return
    balanced = bool(work.load_balancer.listeners)
    wanted = [*_exposed(work)]
    if balanced:
        wanted += (*_traffic(work), *_own_check(work))
    _check_ports(work)
    targets = work.targets()
    ground = _ground(work, made)
    yield from ground.arranged([each for rule in wanted for each in aimed(rule, targets)])
    if balanced and is_shared(work):
        _check_shared(work, ground)
    work.problems.extend(ground.problems)


def _check_ports(work: Work) -> None:
    """Say which ranges open more than is wanted."""
    exposure = work.load_balancer.exposure
    listened = [(each.protocol, each.port) for each in work.load_balancer.listeners]
    for wanted in (listened, exposure.ports if exposure is not None else ()):
        wider = [*widened(wanted)]
        if wider:
            said = [f"{each.protocol} {each.ports}" for each in wider[:5]]
            more = f" and {len(wider) - 5} more" if len(wider) > 5 else ""
            further = sum(each.further for each in wider)
            work.warn(
                "spec.ports",
                f"a firewall rule holds {PORTS_A_FIREWALL} ports and ranges of a protocol: {', '.join(said)}{more} are"
                f" opened as ranges, {further} port{'s' * (further > 1)} more than needed",
                "use ports that lie together, or several Services",
                reason="PortsMerged",
            )


def _ground(work: Work, made: Iterable[ForwardingRule]) -> Ground:
    uid = work.load_balancer.owner.uid
    return Ground(
        uid=uid,
        landscape=work.landscape,
        nodes=work.instances(),
        addresses={each.key: work.landscape.range_of(uid, each) for each in made},
        manages=work.manages_firewall,
    )


def _check_shared(work: Work, ground: Ground) -> None:
    """Say what lets the shared check in where the cluster's own rules for it can not be made, or are not wanted."""
    cluster = Owner.of_cluster(work.load_balancer.owner.cluster)
    standing = work.landscape.standing_of(cluster.uid)
    schemes = frozenset({work.scheme}) if Family.IPV6 in work.families else frozenset()
    for each in health_rules(
        cluster, work.landscape, port=NODE_CHECK_PORT, schemes=schemes, targets=work.targets()
    ):
        stands = standing.get(each.id)
        possible = {"list", "create" if stands is None else "update"}.isdisjoint(
            work.landscape.denied
        )
        enough = stands is not None and _does(stands, each)
        if not work.manages_firewall or not (possible or enough):
            ground.say(each)


def _does(standing: Firewall, wanted: Firewall) -> bool:
    """Tell whether a rule that all share lets in what one load balancer needs."""
    return (
        not standing.disabled
        and standing.priority <= wanted.priority
        and standing.protocols == wanted.protocols
        and standing.sources >= wanted.sources
        and standing.target_tags >= wanted.target_tags
        and standing.target_accounts >= wanted.target_accounts
    )


def _traffic(work: Work) -> Iterator[Firewall]:
    allow = Firewall(
        id="",
        name="",
        network=work.landscape.network,
        priority=ALLOW if work.options.deny_others else DENY,
        sources=frozenset(),
        protocols=firewall_protocols(work.load_balancer.listeners),
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


def _exposed(work: Work) -> Iterator[Firewall]:
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
            )


def _of_family(ranges: Iterable[str], family: Family) -> frozenset[str]:
    return frozenset(each for each in ranges if (":" in each) == (family is Family.IPV6))


def _own_check(work: Work) -> Iterator[Firewall]:
    if not is_shared(work):
        schemes = frozenset({work.scheme}) if Family.IPV6 in work.families else frozenset()
        owner = work.load_balancer.owner
        yield from _checks(owner, work.landscape, port=port_of(work), schemes=schemes)


def health_rules(
    owner: Owner, landscape: Landscape, *, port: int, schemes: frozenset[str], targets: Targets
) -> Iterator[Firewall]:
    """Yield the rules that let health checks in; `schemes` are those of load balancers with IPv6 addresses."""
    for rule in _checks(owner, landscape, port=port, schemes=schemes):
        yield from aimed(rule, targets)


def _checks(
    owner: Owner, landscape: Landscape, *, port: int, schemes: frozenset[str]
) -> Iterator[Firewall]:
    rule = Firewall(
        id="health-check",
        name=names.generated(owner, "hc-fw"),
        network=landscape.network,
        priority=ALLOW,
        sources=frozenset(HEALTH_SOURCES_V4),
        protocols=(("tcp", str(port)),),
    )
    yield rule
    if schemes:
        yield replace(
            rule,
            id="health-check-ipv6",
            name=names.generated(owner, "hc-fw6"),
            sources=frozenset(each for scheme in schemes for each in HEALTH_SOURCES_V6[scheme]),
        )
