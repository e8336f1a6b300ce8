"""Which subnets a load balancer is put in: those the user names, else those that tags and routes tell.

| step          | rule                                                                                            |
|---------------|-------------------------------------------------------------------------------------------------|
| candidates    | tagged for the role (`kubernetes.io/role/elb`, `…/internal-elb`), value empty or 1              |
| none tagged   | by reachability: public subnets for an internet-facing load balancer, the others for an internal |
| cluster       | tagged for other clusters only: left out                                                        |
| addresses     | fewer than 8 free: left out for a new load balancer; one that is there stays where it is        |
| dualstack     | without an IPv6 range: left out                                                                 |
| one a zone    | tagged for this cluster first, then the lowest id                                               |
| one locale    | zones of one type only                                                                          |
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from cloudlb_aws.design.work import Work, annotation
from cloudlb_aws.landscape import CLUSTER_TAG, Subnet

FREE_ADDRESSES = 8
"""AWS wants so many free addresses in a subnet for a load balancer (ELB user guide, subnets)."""

ROLE = {False: "kubernetes.io/role/elb", True: "kubernetes.io/role/internal-elb"}
_YES = ("", "1")

Why = str


@dataclass(slots=True)
class _Sieve:
    """What stays, and what was left out for which reason."""

    kept: list[Subnet]
    left_out: dict[Why, list[Subnet]] = field(default_factory=dict)

    def drop(self, why: Why, doomed: Iterable[Subnet]) -> None:
        for each in doomed:
            self.kept.remove(each)
            self.left_out.setdefault(why, []).append(each)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The subnets of a new load balancer, one a zone: in the user's order if named, else sorted by id.

    Empty with a problem noted. `also_fit` are the others that would do, each with the one that was chosen in its zone, or
    with nothing where all of the zone are too full for a new load balancer: one that is in them stays there.
    """

    subnets: tuple[Subnet, ...] = ()
    also_fit: tuple[tuple[str, str], ...] = ()


def choose(work: Work) -> Choice:
    """Choose the subnets of a load balancer."""
    return Choice(subnets=_named(work)) if work.options.subnets else _found(work)


def _found(work: Work) -> Choice:
    subnets = list(work.landscape.subnets)
    role = ROLE[work.internal]
    tagged = [each for each in subnets if each.tags.get(role) in _YES]
    sieve = _Sieve(kept=subnets)
    if tagged:
        sieve.drop(f"not tagged {role}", [each for each in subnets if each not in tagged])
    else:
        other = (
            "a route to an internet gateway" if work.internal else "no route to an internet gateway"
        )
        wrong = [each for each in subnets if each.public is work.internal]
        sieve.drop(other, wrong)
    sieve.drop("tagged for other clusters", [e for e in sieve.kept if _of_others(work, e)])
    if work.dual_stack:
        sieve.drop("no IPv6 range", [each for each in sieve.kept if not each.ipv6_cidrs])
    best = _one_a_zone(work, sieve.kept)
    roomy = _one_a_zone(work, [each for each in sieve.kept if not _is_crowded(each)])
    if best and not roomy:
        _warn_of_crowds(work, best)
        roomy = best
    if not roomy:
        work.error(
            "spec",
            f"no subnet is fit for an {work.scheme} load balancer: {_told(work, sieve)}",
            f"tag a subnet in each zone with {role}=1, or name them in {annotation('subnets')}",
            reason="NoSubnets",
        )
        return Choice()
    if not _one_locale(work, roomy):
        return Choice()
    if _names_addresses(work):
        return Choice(subnets=best)
    return Choice(subnets=roomy, also_fit=_also_fit(sieve.kept, roomy))


def _names_addresses(work: Work) -> bool:
    """Tell whether the user chose addresses: these say which subnets are meant, full or not."""
    options = work.options
    return bool(options.eip_allocations or options.private_ipv4_addresses or options.ipv6_addresses)


def _is_crowded(subnet: Subnet) -> bool:
    return subnet.free_addresses < FREE_ADDRESSES


def _also_fit(fit: Iterable[Subnet], chosen: Iterable[Subnet]) -> tuple[tuple[str, str], ...]:
    by_zone = {each.zone: each.id for each in chosen}
    return tuple(
        sorted(
            (each.id, by_zone.get(each.zone, ""))
            for each in fit
            if by_zone.get(each.zone) != each.id
        )
    )


def _warn_of_crowds(work: Work, subnets: tuple[Subnet, ...]) -> None:
    work.warn(
        "spec",
        f"every subnet that is fit for it has fewer than {FREE_ADDRESSES} free addresses ({_ids(subnets)}): AWS"
        " makes no new load balancer there, one that exists goes on",
        "add larger subnets and tag them, or remove load balancers that nobody needs",
        reason="CrowdedSubnets",
    )


def _of_others(work: Work, subnet: Subnet) -> bool:
    clusters = [key for key in subnet.tags if key.startswith(CLUSTER_TAG)]
    return bool(clusters) and CLUSTER_TAG + work.landscape.cluster_name not in clusters


def _one_a_zone(work: Work, subnets: Iterable[Subnet]) -> tuple[Subnet, ...]:
    tag = CLUSTER_TAG + work.landscape.cluster_name
    best: dict[str, Subnet] = {}
    for each in sorted(subnets, key=lambda each: (tag not in each.tags, each.id)):
        best.setdefault(each.zone, each)
    return tuple(sorted(best.values(), key=lambda each: each.id))


def _told(work: Work, sieve: _Sieve) -> str:
    total = len(work.landscape.subnets)
    if not total:
        return f"VPC {work.landscape.vpc_id} has none"
    reasons = "; ".join(
        f"{len(subnets)} {why} ({_ids(subnets)})" for why, subnets in sieve.left_out.items()
    )
    return f"of {total} in VPC {work.landscape.vpc_id}, {reasons}"


def _ids(subnets: Iterable[Subnet]) -> str:
    names = sorted(each.id for each in subnets)
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def _one_locale(work: Work, subnets: tuple[Subnet, ...], path: str = "spec") -> bool:
    locales = {each.outpost or each.zone_type for each in subnets}
    if len(locales) == 1:
        return True
    listed = ", ".join(f"{each.id} in {each.outpost or each.zone_type}" for each in subnets)
    work.error(
        path,
        f"subnets of different kinds of zone can not serve one load balancer: {listed}",
        f"name subnets of one kind in {annotation('subnets')}",
        reason="MixedZones",
    )
    return False


def _named(work: Work) -> tuple[Subnet, ...]:
    path = annotation("subnets")
    chosen: list[Subnet] = []
    wrong = False
    for word in work.options.subnets:
        found = work.landscape.find_subnets(word)
        if not found:
            wrong = True
            work.error(
                path,
                f"{word!r} is no subnet of VPC {work.landscape.vpc_id}, by id or Name tag",
                "correct it, or remove the annotation to have subnets found",
                reason="UnknownSubnet",
            )
        else:
            chosen.append(_pick(work, found))
    return () if wrong or not _fit(work, tuple(chosen), path) else tuple(chosen)


def _pick(work: Work, found: tuple[Subnet, ...]) -> Subnet:
    """Choose among subnets of one name: this cluster's first, then the lowest id."""
    tag = CLUSTER_TAG + work.landscape.cluster_name
    return min(found, key=lambda each: (tag not in each.tags, each.id))


def _fit(work: Work, chosen: tuple[Subnet, ...], path: str) -> bool:
    by_zone: dict[str, list[Subnet]] = {}
    for each in chosen:
        by_zone.setdefault(each.zone, []).append(each)
    crowded = [subnets for subnets in by_zone.values() if len(subnets) > 1]
    for subnets in crowded:
        work.error(
            path,
            f"{_ids(subnets)} are all in zone {subnets[0].zone}; a load balancer has one subnet a zone",
            "keep one of them",
            reason="SameZone",
        )
    bare = [each for each in chosen if work.dual_stack and not each.ipv6_cidrs]
    if bare:
        work.error(
            path,
            f"{_ids(bare)} have no IPv6 range, which a dualstack load balancer needs",
            "give them one, or choose others",
            reason="NoIpv6",
        )
    return not crowded and not bare and bool(chosen) and _one_locale(work, chosen, path)
