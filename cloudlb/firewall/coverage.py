"""Which rules let in all that another one does: an index, so that thousands of rules are not compared each with each."""

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator

from cloudlb.firewall.rules import Opening, Rule

_BROAD = Opening("")
"""Stands for every opening that is no single port: one of these may cover many others."""

_Key = tuple[str, str, Opening]


class Coverage:
    """The rules that let something in, by place, source and port."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Index the rules: an entry for each source and opening of each."""
        self._by_key: dict[_Key, list[Rule]] = defaultdict(list)
        for rule in rules:
            if rule.lets_in:
                for opening in {_bucket(each) for each in rule.openings}:
                    for source in rule.sources:
                        self._by_key[rule.place, source, opening].append(rule)

    def hiding(self, rule: Rule) -> Rule | None:
        """Find a rule that lets in all that this one does, and more. The first by id, so that it is always the same."""
        if not (rule.openings and rule.sources):
            return None
        found = {each.id: each for each in self._candidates(rule) if _hides(each, rule)}
        return found[min(found)] if found else None

    def _candidates(self, rule: Rule) -> Iterator[Rule]:
        """Yield who covers one source and one opening of a rule: whoever covers all of it is among these."""
        buckets = {_bucket(rule.openings[0]), _BROAD}
        for source in _around(rule.sources[0]):
            for bucket in buckets:
                yield from self._by_key.get((rule.place, source, bucket), ())


def _bucket(opening: Opening) -> Opening:
    single = opening.from_port == opening.to_port and opening.from_port >= 0
    return opening if single and opening.protocol not in ("all", "-1") else _BROAD


def _around(source: str) -> Iterator[str]:
    """Yield a source and, if it is a CIDR, every network that contains it."""
    yield source
    try:
        network = ipaddress.ip_network(source)
    except ValueError:
        return
    for length in range(network.prefixlen + 1):
        yield str(network.supernet(new_prefix=length))


def _hides(one: Rule, other: Rule) -> bool:
    return one.covers(other) and not other.covers(one)
