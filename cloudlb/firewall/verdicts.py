"""What each firewall rule is for, fact by fact. Pure. In doubt a rule is alive, or nobody knows.

| the rule                                                  | verdict   |
|-----------------------------------------------------------|-----------|
| was made by a person with cloudlb, until a time that is past | expired |
| was made so, and the time has not come                    | live      |
| is ours, and its Service lives, or a port of it is in use | live      |
| is ours, of this cluster, and neither is so               | orphan    |
| is ours, of another cluster                               | foreign   |
| is another controller's, and names a Service that lives   | live      |
| is another controller's, and what it was for has gone     | leftover  |
| is another controller's otherwise                         | live      |
| is nobody's, and another rule lets all of it in as well   | shadowed  |
| is nobody's, and opens a node port to everybody           | wide      |
| is nobody's otherwise                                     | unknown   |
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cloudlb.firewall.living import Living
from cloudlb.firewall.rules import OURS, Opening, Rule
from cloudlb.model import OwnerKind

NODE_PORTS = (30000, 32767)
"""The range that node ports come from, unless the API server is told otherwise (--service-node-port-range)."""


class Verdict(StrEnum):
    """What a rule is."""

    LIVE = "live"
    ORPHAN = "orphan"
    LEFTOVER = "leftover"
    EXPIRED = "expired"
    SHADOWED = "shadowed"
    WIDE = "wide"
    FOREIGN = "foreign"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A rule, what it is, whose it is as far as that is known, and how that was found out."""

    rule: Rule
    verdict: Verdict
    whose: str = ""
    facts: tuple[str, ...] = ()


def judge(
    rules: Iterable[Rule], cluster: Living, now: datetime, others: Iterable[Living] = ()
) -> tuple[Judged, ...]:
    """Judge all rules of a network. The order of the rules does not matter; the result is sorted by place and port.

    `others` are further clusters that were read completely: their rules are judged by them.
    """
    rules = tuple(rules)
    clusters = {each.cluster: each for each in (*others, cluster)}
    judged = (_timed(each, now) or _judged(each, rules, clusters) for each in rules)
    return tuple(sorted(judged, key=lambda each: _order(each.rule)))


def _order(rule: Rule) -> tuple[str, str, tuple[Opening, ...], tuple[str, ...], str]:
    return (rule.place_name, rule.place, rule.openings, rule.sources, rule.id)


def _timed(rule: Rule, now: datetime) -> Judged | None:
    """Judge a rule that somebody made for a while; None for any other."""
    if rule.expires is None:
        return None
    when = rule.expires.strftime("%Y-%m-%d %H:%M UTC")
    past = rule.expires <= now
    return Judged(
        rule=rule,
        verdict=Verdict.EXPIRED if past else Verdict.LIVE,
        whose=rule.owner.path if rule.owner else OURS,
        facts=(f"it was made to end at {when}", "that is past" if past else "that is to come"),
    )


def _judged(rule: Rule, rules: Sequence[Rule], clusters: Mapping[str, Living]) -> Judged:
    if rule.maker == OURS:
        return _ours(rule, clusters)
    if rule.maker and any(rule.named in each.uids for each in clusters.values()):
        facts = (*rule.facts, f"it names {rule.named}, which exists in a cluster that was read")
        return Judged(rule=rule, verdict=Verdict.LIVE, whose=rule.named, facts=facts)
    if rule.maker:
        verdict = Verdict.LEFTOVER if rule.gone else Verdict.LIVE
        return Judged(rule=rule, verdict=verdict, whose=rule.maker, facts=rule.facts)
    return _nobodys(rule, rules, tuple(clusters.values()))


def _ours(rule: Rule, clusters: Mapping[str, Living]) -> Judged:
    owner = rule.owner
    if owner is None:
        facts = (
            "it carries marks of cloudlb, but not all of them: nothing is concluded from that",
        )
        return Judged(rule=rule, verdict=Verdict.UNKNOWN, whose=OURS, facts=facts)
    cluster = clusters.get(owner.cluster)
    if cluster is None:
        facts = (f"it belongs to the cluster {owner.cluster}, which was not read",)
        return Judged(rule=rule, verdict=Verdict.FOREIGN, whose=owner.path, facts=facts)
    if owner.kind is OwnerKind.CLUSTER:
        return _shared(rule, cluster)
    if rule.direct and owner.uid in cluster.uids.values():
        facts = (f"somebody opened it for {owner.path} (uid {owner.uid}), which exists",)
        return Judged(rule=rule, verdict=Verdict.LIVE, whose=owner.path, facts=facts)
    if owner.uid in cluster.owned:
        facts = (f"{owner.path} (uid {owner.uid}) exists, and cloudlb works for it",)
        return Judged(rule=rule, verdict=Verdict.LIVE, whose=owner.path, facts=facts)
    return Judged(
        rule=rule,
        verdict=Verdict.ORPHAN,
        whose=owner.path,
        facts=(
            f"cloudlb made it for {owner.path} (uid {owner.uid})",
            _absence(owner.path, cluster),
        ),
    )


def _absence(path: str, cluster: Living) -> str:
    uid = cluster.uids.get(path)
    if uid is None:
        return "no Service of that name exists"
    if uid in cluster.owned:
        return f"the Service of that name is another one (uid {uid})"
    return f"the Service of that name (uid {uid}) is not one that cloudlb works for"


def _shared(rule: Rule, cluster: Living) -> Judged:
    needs = cluster.needing(rule.opens, owned=True)
    if needs:
        users = sorted({each.path for each in needs})
        facts = tuple(
            f"{each.path} uses {each.protocol.lower()} {each.port}" for each in needs[:10]
        )
        return Judged(rule=rule, verdict=Verdict.LIVE, whose=", ".join(users[:3]), facts=facts)
    if cluster.unresolved:
        path = cluster.unresolved[0]
        facts = (
            f"{path} has a target port by name that no endpoint resolves now: it may be this one",
        )
        return Judged(rule=rule, verdict=Verdict.LIVE, whose=path, facts=facts)
    facts = (
        "cloudlb made it for all Services of this cluster together",
        f"none of the {len(cluster.owned)} that it works for uses {rule.what}",
    )
    return Judged(rule=rule, verdict=Verdict.ORPHAN, whose="cluster/shared", facts=facts)


def _nobodys(rule: Rule, rules: Sequence[Rule], clusters: Sequence[Living]) -> Judged:
    nothing = "nothing on it tells who made it"
    covering = [each for each in rules if each is not rule and _hides(each, rule)]
    if covering:
        facts = (nothing, f"{covering[0].id} lets in all that it does, and more")
        return Judged(rule=rule, verdict=Verdict.SHADOWED, facts=facts)
    if rule.from_everywhere and _opens_node_ports(rule):
        used = [need for each in clusters for need in each.needing(rule.opens, owned=False)]
        wide: tuple[str, ...] = (
            nothing,
            f"it opens {rule.what} to everybody, and node ports are among these",
            *(f"{each.path} uses {each.protocol.lower()} {each.port}" for each in used[:10]),
        )
        return Judged(rule=rule, verdict=Verdict.WIDE, facts=wide)
    return Judged(rule=rule, verdict=Verdict.UNKNOWN, facts=(nothing,))


def _hides(one: Rule, other: Rule) -> bool:
    return one.covers(other) and not other.covers(one)


def _opens_node_ports(rule: Rule) -> bool:
    return any(map(_is_among_node_ports, rule.openings))


def _is_among_node_ports(opening: Opening) -> bool:
    if opening.protocol not in ("tcp", "udp", "all", "-1"):
        return False
    low, high = NODE_PORTS
    return opening.from_port < 0 or (opening.from_port <= high and opening.to_port >= low)
