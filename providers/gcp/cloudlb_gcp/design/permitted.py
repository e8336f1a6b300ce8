"""What may be done about the firewall rules that are wanted, and what a person has to do in our place.

| what is not ours to do | a rule that stands and is ours | a rule that is missing                        |
|------------------------|--------------------------------|-----------------------------------------------|
| nothing                | as wanted                      | made                                          |
| to create              | as wanted                      | said as a command, unless others cover it     |
| to update              | as it stands; change is said   | made                                          |
| to delete              | stays; its deletion is said    | made                                          |
| to list                | can not be seen, and stays     | said as a command                             |
| to manage (by setting) | deleted, with a warning        | said as a command, unless others cover it     |

What stands and is ours is never given up for want of a right: only by a person's wish.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cloudlb.model import Problem
from cloudlb.plan.diff import compare
from cloudlb.plan.resource import Key, Ref
from cloudlb_gcp.design import commands
from cloudlb_gcp.design.covering import covered
from cloudlb_gcp.landscape import Instance, Landscape
from cloudlb_gcp.names import by_hand
from cloudlb_gcp.resources.firewall import Firewall

_PATH = "spec.loadBalancerSourceRanges"


@dataclass(slots=True, kw_only=True)
class Ground:
    """Where rules of one owner are wanted. `addresses` are those that are known, by the forwarding rule that has them."""

    uid: str
    landscape: Landscape
    nodes: Sequence[Instance] = ()
    addresses: Mapping[Key, str] = field(default_factory=dict)
    manages: bool = True
    path: str = _PATH
    problems: list[Problem] = field(default_factory=list)

    def arranged(self, wanted: Iterable[Firewall]) -> Iterator[Firewall]:
        """Yield the rules that a stack shall have; note what a person has to do."""
        standing = self.landscape.standing_of(self.uid)
        for each in wanted:
            if not self.manages or "list" in self.landscape.denied:
                self.say(each)
            else:
                yield from self._made(each, standing.pop(each.id, None))
        yield from self._left(standing)

    def say(self, wanted: Firewall) -> None:
        """Say the command that makes a rule, unless others do what it would do."""
        wanted = self.resolved(wanted)
        if covered(wanted, self.landscape.rules, self._tagged()):
            return
        name = by_hand(wanted.name, wanted.action)
        made = self.landscape.rule(name)
        if made is not None:  # for what was wanted then
            self._change(commands.change(name, wanted, enabled=made.enabled))
            return
        unseen = "list" in self.landscape.denied
        doubt = "unless it is made already, which can not be seen without compute.firewalls.list: "
        self._change(f"{doubt if unseen else ''}{commands.creation(name, wanted)}")

    def resolved(self, rule: Firewall) -> Firewall:
        """Put the known addresses in the place of references."""
        return replace(rule, destinations=frozenset(map(self._known, rule.destinations)))

    def _tagged(self) -> Iterator[Instance]:
        """Yield the nodes with the tags that the settings say they have."""
        more = self.landscape.node_tags
        return (replace(each, tags=(*each.tags, *more)) for each in self.nodes)

    def _made(self, wanted: Firewall, standing: Firewall | None) -> Iterator[Firewall]:
        denied = self.landscape.denied
        if standing is None and "create" in denied:
            self.say(wanted)
        elif standing is not None and "update" in denied and self._differs(wanted, standing):
            change = commands.change(
                standing.name, self.resolved(wanted), enabled=not standing.disabled
            )
            self._change(change)
            yield standing
        else:
            yield wanted

    def _left(self, standing: Mapping[str, Firewall]) -> Iterator[Firewall]:
        """Yield rules that nobody wants and that are not ours to delete."""
        found = [standing[key] for key in sorted(standing)]
        if "delete" in self.landscape.denied:
            for each in found:
                self._change(commands.deletion(each))
                yield each
        elif found and not self.manages:
            names = ", ".join(each.name for each in found)
            self.problems.append(
                Problem.warning(
                    self.path,
                    f"firewall rules are not managed any more: those that cloudlb made for it are deleted ({names})",
                    "make rules of your own before, or let cloudlb manage them",
                    reason="FirewallGivenUp",
                )
            )

    def _differs(self, wanted: Firewall, standing: Firewall) -> bool:
        return any(compare(standing, self.resolved(wanted)))

    def _known(self, destination: Ref | str) -> Ref | str:
        if isinstance(destination, str):
            return destination
        return self.addresses.get(destination.key) or destination

    def _change(self, command: str) -> None:
        self.problems.append(
            Problem.warning(
                self.path,
                f"firewall change required by whoever administers the network: {command}",
                "run it, or have it run",
                reason="FirewallChangeRequired",
            )
        )
