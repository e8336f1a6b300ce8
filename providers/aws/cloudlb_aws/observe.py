"""What exists of an owner, whole, in the terms of its resources.

Found by what the sweep lists, then by what that points to (a load balancer's listeners and target groups, which the
sweep may not list yet), and where the sweep knows of no load balancer, by name. An object with a name of ours and
without our tags is NotOwned. What the sweep lists and is gone is no error.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from cloudlb.errors import NotFound, NotOwned
from cloudlb.model import Owner, OwnerKind
from cloudlb.plan.resource import Found, Observed, Stack
from cloudlb.provider import Entry, Inventory
from cloudlb_aws import names, ownership
from cloudlb_aws.reading import elbv2, listener, load_balancer, node_rules, security_group
from cloudlb_aws.reading import target_group as target_groups
from cloudlb_aws.resources.load_balancer import LoadBalancer
from cloudlb_aws.resources.security_group import SecurityGroup
from cloudlb_aws.resources.target_group import TargetGroup
from cloudlb_aws.session import Json, Session

_TRIES = 3
"""How often a reading is begun anew because something went away in the middle of it."""


def observe(
    session: Session,
    owner: Owner,
    inventory: Inventory,
    expected: Stack = Stack(),
) -> Observed:
    """Read what exists of an owner. Raises CloudErrors; NotOwned where a name of the owner is taken by another."""
    for attempt in range(_TRIES):
        try:
            if owner.kind is OwnerKind.CLUSTER:
                return Observed(tuple(_shared(session, owner)))
            return Observed(tuple(_Reading(session, owner).all(inventory.of(owner), expected)))
        except NotFound:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError


def _shared(session: Session, owner: Owner) -> Iterator[Found[Any]]:
    """Read the backend group and the rules that name it. A group that rules name can not be deleted: without it, no rules."""
    marks = ownership.marks(owner)
    described = list(security_group.describe(session.ec2, security_group.tagged(marks)))
    if not described:
        return
    groups = [security_group.in_our_terms(each) for each in described]
    yield from groups
    yield from node_rules.read(session.ec2, marks, marked_by=str(groups[0].id))


class _Reading:
    """One observation of one owner that has load balancers."""

    def __init__(self, session: Session, owner: Owner) -> None:
        self._elbv2 = session.elbv2
        self._ec2 = session.ec2
        self._owner = owner

    def all(self, entries: tuple[Entry, ...], expected: Stack) -> Iterator[Found[Any]]:
        """Yield everything. Nothing known and nothing under the expected name costs one call."""
        balancers = load_balancer.describe(self._elbv2, _listed(entries, LoadBalancer.KIND))
        if not balancers:
            balancers = list(self._by_name(expected))
        if not balancers and not entries and expected:
            return
        yield from self._balanced(balancers, _listed(entries, TargetGroup.KIND))
        yield from self._groups()

    def _by_name(self, expected: Stack) -> Iterator[Json]:
        """Look for load balancers by the name that is expected, else by all names that the owner's can have."""
        wanted = [each.name for each in expected if isinstance(each, LoadBalancer)]
        for name in wanted or names.load_balancers(self._owner):
            described = load_balancer.by_name(self._elbv2, name)
            if described is None:
                continue
            arn = described["LoadBalancerArn"]
            if not self._is_ours(elbv2.tags_of(self._elbv2, [arn])[arn]):
                raise NotOwned(
                    f"load balancer {name} has the name that {self._owner} needs, and does not carry"
                    " its tags; it is left alone: rename or remove it, or choose another name"
                )
            yield described

    def _balanced(self, balancers: list[Json], groups: Iterable[str]) -> Iterator[Found[Any]]:
        """Yield load balancers, listeners, target groups and their members."""
        attached = {
            each["TargetGroupArn"]: each
            for balancer in balancers
            for each in target_groups.of_load_balancer(self._elbv2, balancer["LoadBalancerArn"])
        }
        others = target_groups.describe(self._elbv2, set(groups) - attached.keys())
        described = [*attached.values(), *others]
        listeners = [
            each
            for balancer in balancers
            for each in listener.describe(self._elbv2, balancer["LoadBalancerArn"])
        ]
        tags = elbv2.tags_of(
            self._elbv2,
            (
                *(each["LoadBalancerArn"] for each in balancers),
                *(each["TargetGroupArn"] for each in described),
                *(each["ListenerArn"] for each in listeners),
            ),
        )
        ours = {arn for arn, found in tags.items() if self._is_ours(found)}
        for each in balancers:
            if (arn := each["LoadBalancerArn"]) in ours:
                yield load_balancer.read(self._elbv2, each, tags[arn])
        for each in listeners:
            if each["LoadBalancerArn"] in ours:
                yield listener.read(self._elbv2, each, tags[each["ListenerArn"]])
        for each in described:
            if (arn := each["TargetGroupArn"]) in ours:
                group = target_groups.read(self._elbv2, each, tags[arn])
                yield group
                yield target_groups.read_targets(self._elbv2, arn, group.value.id)

    def _groups(self) -> Iterator[Found[Any]]:
        """Yield security groups and their rules. EC2 finds its own tags at once, unlike the tag search."""
        filters = security_group.tagged(ownership.marks(self._owner))
        groups: list[Found[SecurityGroup]] = [
            security_group.in_our_terms(each)
            for each in security_group.describe(self._ec2, filters)
        ]
        yield from groups
        yield from security_group.read_ingress_rules(self._ec2, groups)

    def _is_ours(self, tags: elbv2.Tags) -> bool:
        return ownership.is_ours(tags, self._owner)


def _listed(entries: Iterable[Entry], kind: str) -> set[str]:
    return {str(each.id) for each in entries if each.key.partition("/")[0] == kind}
