"""What firewall rules know the nodes by: their network tags, or their service accounts where they have no tags."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cloudlb_gcp import names
from cloudlb_gcp.landscape import Instance
from cloudlb_gcp.resources.firewall import Firewall


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What a firewall knows the nodes by."""

    tags: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Tell whether there is anything to know them by."""
        return bool(self.tags or self.accounts)


def has_name(instance: Instance) -> bool:
    """Tell whether a firewall rule can name an instance."""
    return bool(instance.tags or instance.service_account)


def targets_of(instances: Sequence[Instance], named: Iterable[str] = ()) -> Targets:
    """Return the tags of nodes or, where one of them has none, their service accounts.

    Where one has tags and another accounts only, it is both; nodes that have neither are left out. Tags that are `named`
    stand in the place of all that.
    Of several tags an instance's own is the longest one that its name begins with, as managed node pools have it; else
    one that all the nodes have, else its first.
    """
    if tags := frozenset(named):
        return Targets(tags=tags)
    nodes = [each for each in instances if has_name(each)]
    untagged = [each for each in nodes if not each.tags]
    if untagged and all(each.service_account for each in nodes):
        return Targets(accounts=frozenset(each.service_account for each in nodes))
    tagged = [frozenset(each.tags) for each in nodes if each.tags]
    common = frozenset.intersection(*tagged) if tagged else frozenset()
    return Targets(
        tags=frozenset(_tag(each, common) for each in nodes if each.tags),
        accounts=frozenset(each.service_account for each in untagged),
    )


def _tag(instance: Instance, common: frozenset[str]) -> str:
    own = [tag for tag in instance.tags if instance.id.name.startswith(tag)]
    if own:
        return max(own, key=lambda tag: (len(tag), tag))
    return min(common or frozenset(instance.tags))


def aimed(rule: Firewall, targets: Targets) -> Iterator[Firewall]:
    """Yield a rule for what the nodes are known by: the API does not take tags and accounts in one rule.

    The rule for accounts is another one, so that nodes of one kind do not wait for a change of those of the other.
    """
    if targets.tags:
        yield replace(rule, target_tags=targets.tags)
    if targets.accounts:
        yield replace(
            rule,
            id=f"{rule.id}-accounts",
            name=names.for_accounts(rule.name),
            target_accounts=targets.accounts,
        )
