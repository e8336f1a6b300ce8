"""The resources that all owners of a cluster share: they grow before an owner's plan runs, and shrink after.

The shared stack is a pure function of the claims of all live owners. It shrinks only when every owner is settled, and
from a fresh read, because a revocation computed from a stale one cuts off somebody who did nothing.
"""

from threading import Lock
from typing import Any

from cloudlb.controller.kept import Claims, Kept
from cloudlb.model import Owner
from cloudlb.plan.apply import Run, apply
from cloudlb.plan.change import Plan
from cloudlb.plan.diff import diff
from cloudlb.plan.outcome import Outcome
from cloudlb.plan.partial import growth
from cloudlb.plan.resource import Observed
from cloudlb.provider import Cloud, Design, Inventory, Provider


class Shared:
    """Keeps the shared stack of one cluster in step with the claims of its owners."""

    def __init__(self, provider: Provider, cloud: Cloud, cluster: Owner, kept: Kept) -> None:
        self.owner = cluster
        self._provider = provider
        self._cloud = cloud
        self._kept = kept
        self._lock = Lock()
        self._observed: Observed | None = None
        self.grown = True
        """Whether everything claimed so far is there: false after a growth that failed."""

    def observed(self) -> Observed:
        """Return what exists of the shared stack, read once and then remembered."""
        with self._lock:
            return self._read()

    def design(self, claims: Claims, landscape: Any) -> Design:  # noqa: ANN401  (the provider's own)
        """Return the shared stack that claims ask for: nothing where there are none."""
        if not claims:
            return Design()
        return self._provider.design_shared(self.owner, claims, landscape)

    def plan(self, design: Design, *, shrinking: bool) -> Plan:
        """Plan what has to be added and, with `shrinking`, what may be taken away."""
        plan = diff(design.stack, self.observed())
        return plan if shrinking else growth(plan)

    def grow(self, landscape: Any, run: Run) -> Outcome:  # noqa: ANN401
        """Add what is claimed and not there yet."""
        with self._lock:
            self.grown = False
            stack = self.design(self._kept.claims(), landscape).stack
            outcome = self._apply(growth(diff(stack, self._read())), run)
            self.grown = outcome.ok
            return outcome

    def shrink(self, landscape: Any, run: Run) -> Outcome:  # noqa: ANN401
        """Take away what nobody claims any more. The caller has checked that every owner is settled."""
        with self._lock:
            stack = self.design(self._kept.claims(), landscape).stack
            if not diff(stack, self._read()):
                return Outcome(observed=self._read())
            self._observed = None
            return self._apply(diff(stack, self._read()), run)

    def forget(self) -> None:
        """Drop what was known: the next use reads again."""
        with self._lock:
            self._observed = None

    def _read(self) -> Observed:
        if self._observed is None:
            self._observed = self._cloud.observe(self.owner, Inventory())
        return self._observed

    def _apply(self, plan: Plan, run: Run) -> Outcome:
        if not plan:
            return Outcome(observed=self._read())
        outcome = apply(plan, run)
        self._observed = outcome.observed if outcome.ok else None
        return outcome
