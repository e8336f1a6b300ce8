"""What each firewall rule is for, fact by fact. Pure. In doubt a rule is alive, or nobody knows.

| the rule                                                  | verdict   |
|-----------------------------------------------------------|-----------|
| was made by a person with cloudlb, until a time that is past | expired |
| was made so, and the time has not come                    | live      |
| is ours, and its Service lives, or a port of it is in use | live      |
| is ours, of this cluster, and neither is so               | orphan    |
| is ours, of another cluster                               | foreign   |
| is another controller's, and names an object that lives   | live      |
| is another controller's, and nothing is left in the cloud of what it was for: | |
| … of a cluster that lives and was not read                | foreign   |
| … made less than an hour ago: that may be under way       | live      |
| … otherwise                                               | leftover  |
| is another controller's otherwise                         | live      |
| is nobody's, and another rule lets all of it in as well   | shadowed  |
| is nobody's, and opens a node port to everybody           | wide      |
| is nobody's otherwise                                     | unknown   |
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from cloudlb.firewall.coverage import Coverage
from cloudlb.firewall.living import Living
from cloudlb.firewall.made import OURS, Dependent, Made, uid_in_names
from cloudlb.firewall.rules import Opening, Rule
from cloudlb.model import Owner, OwnerKind

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


DEAD = frozenset({Verdict.ORPHAN, Verdict.LEFTOVER, Verdict.EXPIRED})
"""Verdicts that condemn. No other one ever does."""

YOUNG = timedelta(hours=1)
"""How long another controller may be about to make what a rule of its is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A rule, what it is, whose it is as far as that is known, and how that was found out."""

    rule: Rule
    verdict: Verdict
    whose: str = ""
    facts: tuple[str, ...] = ()

    @property
    def made(self) -> Made:
        """The rule, as anything that was made."""
        return self.rule


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedDependent:
    """The same of what hangs together with rules."""

    dependent: Dependent
    verdict: Verdict
    whose: str = ""
    facts: tuple[str, ...] = ()

    @property
    def made(self) -> Made:
        """The dependent, as anything that was made."""
        return self.dependent


@dataclass(frozen=True, slots=True)
class _Finding:
    verdict: Verdict
    whose: str
    facts: tuple[str, ...]


class Court:
    """What verdicts rest on: the clusters that were read completely, the one at home among them, and the time."""

    def __init__(self, home: Living, now: datetime, others: Iterable[Living] = ()) -> None:
        """Know the cluster at home and further ones: their rules are judged by them."""
        self.clusters: Mapping[str, Living] = {each.cluster: each for each in (*others, home)}
        self.now = now
        objects = [item for each in self.clusters.values() for item in each.uids.items()]
        self._paths = frozenset(path for path, _ in objects)
        self._by_uid = {uid_in_names(uid): path for path, uid in objects if uid}

    def rules(self, rules: Iterable[Rule]) -> tuple[Judged, ...]:
        """Judge all rules of a network. Their order does not matter; the result is sorted by place and port."""
        rules = tuple(rules)
        coverage = Coverage(rules)
        found = ((each, self._rule(each, coverage)) for each in rules)
        judged = (
            Judged(rule=rule, verdict=said.verdict, whose=said.whose, facts=said.facts)
            for rule, said in found
        )
        return tuple(sorted(judged, key=lambda each: _order(each.rule)))

    def dependents(self, dependents: Iterable[Dependent]) -> tuple[JudgedDependent, ...]:
        """Judge dependents as rules are judged; sorted by kind and id."""
        found = ((each, self._dependent(each)) for each in dependents)
        judged = (
            JudgedDependent(
                dependent=each, verdict=said.verdict, whose=said.whose, facts=said.facts
            )
            for each, said in found
        )
        return tuple(sorted(judged, key=lambda each: (each.dependent.kind, each.dependent.id)))

    def _rule(self, rule: Rule, coverage: Coverage) -> _Finding:
        found = self._by_maker(rule, coverage)
        if found.verdict is Verdict.LIVE and is_wide(rule):
            return replace(found, facts=(*found.facts, "it opens node ports to everybody"))
        return found

    def _by_maker(self, rule: Rule, coverage: Coverage) -> _Finding:
        if (timed := _timed(rule, self.now)) is not None:
            return timed
        if rule.origin.maker != OURS:
            return self._anothers(rule) if rule.origin.maker else self._nobodys(rule, coverage)
        if rule.owner is not None and rule.owner.kind is OwnerKind.CLUSTER:
            cluster = self.clusters.get(rule.owner.cluster)
            return _unread(rule.owner) if cluster is None else _shared(rule, cluster)
        return self._ours(rule)

    def _dependent(self, made: Dependent) -> _Finding:
        if made.origin.maker != OURS:
            return self._anothers(made)
        if made.owner is not None and made.owner.kind is OwnerKind.CLUSTER:
            cluster = self.clusters.get(made.owner.cluster)
            return _unread(made.owner) if cluster is None else _shared_by_all(cluster)
        return self._ours(made)

    def _ours(self, made: Made) -> _Finding:
        owner = made.owner
        if owner is None:
            said = (
                "it carries marks of cloudlb, but not all of them: nothing is concluded from that"
            )
            return _Finding(Verdict.UNKNOWN, OURS, (said,))
        cluster = self.clusters.get(owner.cluster)
        if cluster is None:
            return _unread(owner)
        who = f"{owner.path} (uid {owner.uid})"
        if made.direct and owner.uid in cluster.uids.values():
            return _Finding(
                Verdict.LIVE, owner.path, (f"somebody opened it for {who}, which exists",)
            )
        if owner.uid in cluster.owned:
            return _Finding(Verdict.LIVE, owner.path, (f"{who} exists, and cloudlb works for it",))
        facts = (f"cloudlb made it for {who}", _absence(owner.path, cluster))
        return _Finding(Verdict.ORPHAN, owner.path, facts)

    def _anothers(self, made: Made) -> _Finding:
        whose, said = self._namesake(made)
        if whose:
            return _Finding(Verdict.LIVE, whose, (*made.origin.facts, said))
        facts = (*made.origin.facts, *filter(None, [said]))
        if not made.origin.gone:
            return _Finding(Verdict.LIVE, made.origin.maker, facts)
        if made.origin.elsewhere:
            said = f"it belongs to {made.origin.elsewhere}, which lives, and was not read"
            return _Finding(Verdict.FOREIGN, made.origin.maker, (*facts, said))
        if made.created is not None and self.now - made.created < YOUNG:
            said = "it is not an hour old: what it is for may be under way"
            return _Finding(Verdict.LIVE, made.origin.maker, (*facts, said))
        return _Finding(Verdict.LEFTOVER, made.origin.maker, facts)

    def _namesake(self, made: Made) -> tuple[str, str]:
        """Find the object that something of another controller names, by UID if it tells one; and say what was found."""
        path = self._by_uid.get(made.origin.uid, "") if made.origin.uid else ""
        if path:
            return path, f"its name has the uid of {path}, which exists"
        if not made.origin.named:
            return "", ""
        there = made.origin.named in self._paths
        if there and not made.origin.uid:
            return (
                made.origin.named,
                f"it names {made.origin.named}, which exists in a cluster that was read",
            )
        if there:
            return "", f"it names {made.origin.named}, which exists, but its name has another uid"
        return "", f"it names {made.origin.named}, which exists in no cluster that was read"

    def _nobodys(self, rule: Rule, coverage: Coverage) -> _Finding:
        nothing = "nothing on it tells who made it"
        hiding = coverage.hiding(rule)
        if hiding is not None:
            return _Finding(
                Verdict.SHADOWED, "", (nothing, f"{hiding.id} lets in all that it does, and more")
            )
        if not is_wide(rule):
            return _Finding(Verdict.UNKNOWN, "", (nothing,))
        used = [
            need
            for each in self.clusters.values()
            for need in each.needing(rule.opens, owned=False)
        ]
        facts = (
            nothing,
            f"it opens {rule.what} to everybody, and node ports are among these",
            *(f"{each.path} uses {each.protocol.lower()} {each.port}" for each in used[:10]),
        )
        return _Finding(Verdict.WIDE, "", facts)


def is_wide(rule: Rule) -> bool:
    """Tell whether a rule opens node ports to everybody; one for certain destinations does not open the nodes'."""
    return (
        rule.from_everywhere
        and not rule.destinations
        and any(map(_is_among_node_ports, rule.openings))
    )


def _order(rule: Rule) -> tuple[str, str, tuple[Opening, ...], tuple[str, ...], str]:
    return (rule.place_name, rule.place, rule.openings, rule.sources, rule.id)


def _timed(made: Made, now: datetime) -> _Finding | None:
    """Judge what somebody made for a while; None for anything else."""
    if made.expires is None:
        return None
    when = made.expires.strftime("%Y-%m-%d %H:%M UTC")
    past = made.expires <= now
    return _Finding(
        Verdict.EXPIRED if past else Verdict.LIVE,
        made.owner.path if made.owner else OURS,
        (f"it was made to end at {when}", "that is past" if past else "that is to come"),
    )


def _unread(owner: Owner) -> _Finding:
    said = f"it belongs to the cluster {owner.cluster}, which was not read"
    return _Finding(Verdict.FOREIGN, owner.path, (said,))


def _absence(path: str, cluster: Living) -> str:
    uid = cluster.uids.get(path)
    if uid is None:
        return "no Service of that name exists"
    if uid in cluster.owned:
        return f"the Service of that name is another one (uid {uid})"
    return f"the Service of that name (uid {uid}) is not one that cloudlb works for"


def _shared(rule: Rule, cluster: Living) -> _Finding:
    needs = cluster.needing(rule.opens, owned=True)
    if needs:
        users = sorted({each.path for each in needs})
        facts = tuple(
            f"{each.path} uses {each.protocol.lower()} {each.port}" for each in needs[:10]
        )
        return _Finding(Verdict.LIVE, ", ".join(users[:3]), facts)
    if cluster.unresolved:
        path = cluster.unresolved[0]
        said = f"{path} has a target port by name that no endpoint resolves now: it may be this one"
        return _Finding(Verdict.LIVE, path, (said,))
    facts = (
        "cloudlb made it for all Services of this cluster together",
        f"none of the {len(cluster.owned)} that it works for uses {rule.what}",
    )
    return _Finding(Verdict.ORPHAN, "cluster/shared", facts)


def _shared_by_all(cluster: Living) -> _Finding:
    made = "cloudlb made it for all Services of this cluster together"
    if cluster.owned:
        count = len(cluster.owned)
        return _Finding(Verdict.LIVE, "cluster/shared", (made, f"it works for {count} of them"))
    return _Finding(Verdict.ORPHAN, "cluster/shared", (made, "it works for none of them"))


def _is_among_node_ports(opening: Opening) -> bool:
    if opening.protocol not in ("tcp", "udp", "all", "-1"):
        return False
    low, high = NODE_PORTS
    return opening.from_port < 0 or (opening.from_port <= high and opening.to_port >= low)
