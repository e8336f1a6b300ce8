"""Security groups: who may reach the load balancer, and what the load balancer may reach on the nodes.

Three groups are in play. The *frontend* group is the load balancer's own: its rules say who may connect. The *backend*
group is the cluster's: it has no rules, and marks traffic of all load balancers. The groups *of the nodes* are not ours;
they get exact rules that let the backend group in, as claims that all owners share.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cloudlb.model import Owner, Problem
from cloudlb.plan.resource import Key, Ref, Resource, Stack
from cloudlb.provider import Design
from cloudlb_aws import names
from cloudlb_aws.design.merging import DoesNotFit, fit
from cloudlb_aws.design.work import Work, annotation
from cloudlb_aws.landscape import CLUSTER_TAG, Group, Instance, Landscape
from cloudlb_aws.resources.ingress_rules import IngressRule, IngressRules
from cloudlb_aws.resources.node_rules import NodeRules, PortRange, exposure_id
from cloudlb_aws.resources.security_group import SecurityGroup

EVERYONE = frozenset({"0.0.0.0/0", "::/0"})
BACKEND = Key("security-group/backend")
OPENED = Key("ingress-rules/frontend")
FRONTEND = Key("security-group/frontend")

_PROTOCOLS = {"TCP": ("tcp",), "TLS": ("tcp",), "UDP": ("udp",), "TCP_UDP": ("tcp", "udp")}


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendClaim:
    """An owner's claim on the backend group itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeClaim:
    """An owner's claim that the backend group may reach a port behind a group of the nodes."""

    group_id: str
    protocol: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureClaim:
    """An owner's claim that a source may reach a node port behind a group of the nodes."""

    group_id: str
    protocol: str
    port: int
    source: str


Claim = BackendClaim | NodeClaim | ExposureClaim


# The load balancer's own group.


def frontend(work: Work, ports: Iterable[tuple[str, int]]) -> tuple[Resource, ...]:
    """Return the group of the load balancer and its rules; `ports` are (listener protocol, number)."""
    owner = work.load_balancer.owner
    rules = frozenset((*_port_rules(work, ports), *_icmp_rules(work)))
    quota = work.landscape.rules_per_group
    if len(rules) > quota:
        work.error(
            "spec.loadBalancerSourceRanges",
            f"{len(rules)} inbound rules (ports × sources) are more than the {quota} that a security group holds",
            f"use fewer or wider ranges, a prefix list ({annotation('security-group-prefix-lists')}), or groups of"
            f" your own ({annotation('security-groups')})",
            reason="TooManyRules",
        )
    group = SecurityGroup(
        id="frontend",
        name=names.generated(owner, FRONTEND),
        description=f"cloudlb: who may reach the load balancer of {owner.path}"[:255],
        vpc_id=work.landscape.vpc_id,
        tags=work.tags,
    )
    opened = IngressRules(id="frontend", group=Ref(FRONTEND, "group_id"), rules=rules)
    return group, opened


def _sources(work: Work) -> tuple[str, ...]:
    """Return who may connect: with prefix lists, the ranges count only if they are not simply everyone."""
    ranges = work.load_balancer.source_ranges
    lists = work.options.prefix_lists
    return (*(() if lists and set(ranges) <= EVERYONE else ranges), *lists)


def _port_rules(work: Work, ports: Iterable[tuple[str, int]]) -> Iterator[IngressRule]:
    sources = _sources(work)
    for spoken, port in ports:
        for protocol in _PROTOCOLS[spoken]:
            for source in sources:
                yield IngressRule(protocol=protocol, from_port=port, to_port=port, source=source)


def _icmp_rules(work: Work) -> Iterator[IngressRule]:
    """Let in what path MTU discovery needs: ICMP type 3 code 4 (RFC 1191), ICMPv6 type 2 code 0 (RFC 8201)."""
    if not work.options.icmp:
        return
    for source in _sources(work):
        if ":" in source:
            yield IngressRule(protocol="icmpv6", from_port=2, to_port=0, source=source)
        else:
            yield IngressRule(protocol="icmp", from_port=3, to_port=4, source=source)


def groups_of(work: Work) -> frozenset[Ref | str]:
    """Return the groups that the load balancer is in: its own or the user's, and the backend group."""
    backend = Ref(BACKEND, "group_id", shared=True)
    if not work.options.security_groups:
        return frozenset({Ref(OPENED, "group_id"), backend})
    named = frozenset(
        filter(None, (_named_group(work, each) for each in work.options.security_groups))
    )
    return frozenset({*named, backend}) if work.options.manage_backend_rules else frozenset(named)


def manages_backend(work: Work) -> bool:
    """Tell whether the rules on the nodes are ours to make."""
    return not work.options.security_groups or work.options.manage_backend_rules


def _named_group(work: Work, word: str) -> str:
    by_id = work.landscape.group(word)
    found = (by_id,) if by_id is not None else work.landscape.groups_named(word)
    if len(found) == 1:
        return found[0].id
    listed = f": {', '.join(each.id for each in found)}" if found else ""
    work.error(
        annotation("security-groups"),
        f"{word!r} is {'more than one' if found else 'no'} security group of VPC {work.landscape.vpc_id}{listed}",
        "name groups by id",
        reason="UnknownSecurityGroup",
    )
    return ""


# The groups of the nodes.


def node_groups(work: Work, instances: Iterable[Instance]) -> frozenset[str]:
    """Return the group of each instance that is opened to the load balancer. Warns where that was a guess."""
    chosen: set[str] = set()
    for groups in sorted({instance.groups for instance in instances}):
        if groups:
            chosen.add(_choose(work, groups))
        else:
            work.warn(
                "nodes",
                "some have an instance without a security group, so nothing opens them to the load balancer",
                "put these instances into a security group",
                reason="NoNodeGroup",
            )
    return frozenset(chosen)


def _choose(work: Work, ids: tuple[str, ...]) -> str:
    chosen, guessed = group_of(work.landscape, ids)
    if not guessed:
        return chosen
    tag = CLUSTER_TAG + work.landscape.cluster_name
    message = f"are in several security groups ({', '.join(ids)}); {chosen}, the lowest id, is opened to the load balancer"
    if all(problem.message != message for problem in work.problems):
        work.warn("nodes", message, f"tag exactly one of them {tag}", reason="AmbiguousNodeGroup")
    return chosen


def group_of(landscape: Landscape, ids: tuple[str, ...]) -> tuple[str, bool]:
    """Choose one of an instance's groups, and tell whether that was a guess.

    The only one; the one tagged for the cluster; EKS's own cluster group; else the lowest id.
    """
    if len(ids) == 1:
        return ids[0], False
    groups = [landscape.group(each) or Group(id=each, name="") for each in sorted(ids)]
    tag = CLUSTER_TAG + landscape.cluster_name
    tagged = [each for each in groups if tag in each.tags]
    if len(tagged) == 1:
        return tagged[0].id, False
    eks = [each for each in tagged or groups if _is_eks_group(each, landscape.cluster_name)]
    if len(eks) == 1:
        return eks[0].id, False
    return (tagged or groups)[0].id, True


def _is_eks_group(group: Group, cluster: str) -> bool:
    by_tag = group.tags.get("aws:eks:cluster-name") == cluster
    return by_tag or group.name.startswith(f"eks-cluster-sg-{cluster}-")


# What all owners share.


def design_shared(cluster: Owner, claims: Iterable[Claim], landscape: Landscape) -> Design:
    """Return the backend group and the rules on the nodes' groups that claims ask for; nothing without any claim.

    Ports are opened exactly, until a group's quota of rules would be passed: then ranges are merged where that opens
    the fewest further ports, and a warning says which.
    """
    claims = frozenset(claims)
    if not claims:
        return Design()
    resources: list[Resource] = [_backend_group(cluster, landscape)]
    problems: list[Problem] = []
    exposed = _exposed(claims)
    resources.extend(exposed)
    by_group: dict[str, set[PortRange]] = {}
    for claim in claims:
        if isinstance(claim, NodeClaim):
            by_group.setdefault(claim.group_id, set()).add(
                PortRange(protocol=claim.protocol, from_port=claim.port, to_port=claim.port)
            )
    for group_id, ports in sorted(by_group.items()):
        used = sum(len(each.ports) for each in exposed if each.group == group_id)
        rules, found = _node_rules(group_id, ports, landscape, used)
        problems.extend(found)
        resources.extend(rules)
    return Design(stack=Stack(tuple(resources)), problems=tuple(problems))


def _exposed(claims: Iterable[Claim]) -> list[NodeRules]:
    """Return the rules that open node ports to sources: exactly as asked for, one resource for each group and source."""
    ports: dict[tuple[str, str], set[PortRange]] = {}
    for each in claims:
        if isinstance(each, ExposureClaim):
            opened = PortRange(protocol=each.protocol, from_port=each.port, to_port=each.port)
            ports.setdefault((each.group_id, each.source), set()).add(opened)
    return [
        NodeRules(
            id=exposure_id(group, source),
            group=group,
            source=source,
            ports=frozenset(found),
            marked_by=Ref(BACKEND, "group_id"),
        )
        for (group, source), found in sorted(ports.items())
    ]


def _backend_group(cluster: Owner, landscape: Landscape) -> SecurityGroup:
    return SecurityGroup(
        id="backend",
        name=names.generated(cluster, BACKEND),
        description="cloudlb: marks the traffic of all load balancers of the cluster; it has no rules of its own",
        vpc_id=landscape.vpc_id,
        tags=landscape.extra_tags,
    )


def _node_rules(
    group_id: str, ports: set[PortRange], landscape: Landscape, used: int = 0
) -> tuple[tuple[NodeRules, ...], tuple[Problem, ...]]:
    group = landscape.group(group_id)
    # What is opened to sources counts among the others' once it is there.
    foreign = max(group.foreign_rules if group is not None else 0, used)
    quota = landscape.rules_per_group - foreign
    path = f"security group {group_id}"
    try:
        merged = fit(ports, quota)
    except DoesNotFit:
        return (), (_no_room(path, landscape.rules_per_group, foreign),)
    rules = NodeRules(
        id=group_id, group=group_id, source=Ref(BACKEND, "group_id"), ports=merged.ranges
    )
    warnings = tuple(
        Problem.warning(
            path,
            f"holds {landscape.rules_per_group} rules, {foreign} of others: {each.protocol} {each.from_port}-"
            f"{each.to_port} are opened as one range to the load balancers, {further} ports more than needed",
            "ask AWS for more rules per security group, or remove rules that nobody needs",
            reason="RulesMerged",
        )
        for each, further in merged.wider
    )
    return (rules,), warnings


def _no_room(path: str, quota: int, foreign: int) -> Problem:
    return Problem.error(
        path,
        f"has no room for our rules: {foreign} of the {quota} that it holds are others'",
        "ask AWS for more rules per security group, or remove rules that nobody needs",
        reason="NoRoomForRules",
    )
