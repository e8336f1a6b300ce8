"""Which rules let in all that another one does: an index, so that thousands of rules are not compared each with each."""

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import product

from cloudlb.firewall.rules import Opening, Rule

_BROAD = Opening("")
"""Stands for every opening that is no single port: one of these may cover many others."""

_ANYWHERE = ""
"""Stands for the target of a rule that counts for everything at its place."""

_Likeness = tuple[object, ...]


class Coverage:
    """The rules that let something in, by place, target, source and port; of rules that are alike, one."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Index the rules: an entry for each combination of target, source and opening."""
        first: dict[_Likeness, Rule] = {}
        for rule in sorted(rules, key=lambda each: each.id):
            if rule.lets_in:
                first.setdefault(_likeness(rule), rule)
        self._by_key: dict[tuple[object, ...], list[Rule]] = defaultdict(list)
        for rule in first.values():
            openings = {_bucket(each) for each in rule.openings}
            sources = {_around(each)[-1] for each in rule.sources}
            for key in product(rule.targets or {_ANYWHERE}, sources, openings):
                self._by_key[rule.place, *key].append(rule)
        self._known: dict[_Likeness, Rule | None] = {}

    def hiding(self, rule: Rule) -> Rule | None:
        """Find a rule that lets in all that this one does, and more. The first by id, so that it is always the same."""
        likeness = _likeness(rule)
        if likeness not in self._known:
            hiding = (each for each in self._candidates(rule) if _hides(each, rule))
            self._known[likeness] = min(hiding, key=lambda each: each.id, default=None)
        return self._known[likeness]

    def _candidates(self, rule: Rule) -> Iterator[Rule]:
        """Yield who covers one target, source and opening of a rule: whoever covers all of it is among these."""
        if not (rule.openings and rule.sources):
            return
        targets = {_ANYWHERE, min(rule.targets, default=_ANYWHERE)}
        buckets = {_bucket(rule.openings[0]), _BROAD}
        for key in product(targets, _around(rule.sources[0]), buckets):
            yield from self._by_key.get((rule.place, *key), ())


def _likeness(rule: Rule) -> _Likeness:
    """Return all that decides what a rule covers, and what covers it."""
    return (
        rule.place,
        rule.lets_in,
        rule.openings,
        rule.sources,
        rule.targets,
        rule.destinations,
    )


def _bucket(opening: Opening) -> Opening:
    single = opening.from_port == opening.to_port and opening.from_port >= 0
    return opening if single and opening.protocol not in ("all", "-1") else _BROAD


def _around(source: str) -> list[str]:
    """Return every network that contains a CIDR, itself last, however it was written; of anything else, only that."""
    try:
        network = ipaddress.ip_network(source)
    except ValueError:
        return [source]
    lengths = range(network.prefixlen + 1)
    return [str(network.supernet(new_prefix=length)) for length in lengths]


def _hides(one: Rule, other: Rule) -> bool:
    return one.covers(other) and not other.covers(one)
