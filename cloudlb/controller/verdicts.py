"""What reconciling comes to, before and after: for one owner, and for many with what they share."""

from dataclasses import dataclass

from cloudlb.controller.intent import Intent
from cloudlb.errors import CloudlbError
from cloudlb.model import Address, Owner, Problem
from cloudlb.plan.change import Plan
from cloudlb.plan.outcome import Outcome
from cloudlb.plan.resource import Observed


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How one owner's reconciliation ended.

    `plan` is the last plan made. `errors` are those of the last attempt, its own and those of the shared stack that it
    depends on. `addresses` are what clients use now.
    """

    intent: Intent
    plan: Plan = Plan()
    outcome: Outcome = Outcome()
    errors: tuple[CloudlbError, ...] = ()
    addresses: tuple[Address, ...] = ()

    @property
    def owner(self) -> Owner:
        """Whose verdict it is."""
        return self.intent.owner

    @property
    def ok(self) -> bool:
        """Tell whether the cloud is as the object asks."""
        return self.intent.valid and not self.errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a reconciliation would do to one owner."""

    intent: Intent
    plan: Plan
    observed: Observed


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What reconciling a set of owners would do, to each and to what they share.

    `strangers` are owners of this cluster that have something in the cloud and are not among the objects: while there
    are any, nothing is taken away from what all share.
    """

    previews: tuple[Preview, ...]
    shared: Plan
    shared_problems: tuple[Problem, ...] = ()
    strangers: tuple[Owner, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """How reconciling a set of owners ended; `shared_errors` are those of the stack that all share."""

    verdicts: tuple[Verdict, ...]
    shared_errors: tuple[CloudlbError, ...] = ()

    @property
    def ok(self) -> bool:
        """Tell whether everything is as asked."""
        return not self.shared_errors and all(verdict.ok for verdict in self.verdicts)
