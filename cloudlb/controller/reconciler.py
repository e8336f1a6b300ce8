"""The reconciler: brings the cloud to what a cluster's objects ask for, one owner at a time.

It runs the one pipeline (translate, design, observe, diff, apply) for the command line and the controller alike, and
keeps what it observed, so that the next change of an owner costs writes only. It decides nothing about *when*.
"""

import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

from cloudlb.controller.intent import Intent, View, intent_of
from cloudlb.controller.kept import Kept
from cloudlb.controller.shared import Shared
from cloudlb.controller.verdicts import Forecast, Preview, Round, Verdict
from cloudlb.errors import CloudlbError, Denied, NotFound, UsageError
from cloudlb.kube.cluster import Cluster
from cloudlb.kube.objects import Service
from cloudlb.model import Address, Owner
from cloudlb.plan.apply import PACE, Pace, Run, apply, quiet, unfenced
from cloudlb.plan.assumed import assumed, changes_members_only
from cloudlb.plan.change import Plan
from cloudlb.plan.diff import diff
from cloudlb.plan.driver import Fence
from cloudlb.plan.outcome import Report
from cloudlb.plan.resource import Observed, Stack
from cloudlb.provider import Cloud, Design, Entry, Inventory, Provider, TargetHealth
from cloudlb.translate.nodes import EligibleNodes
from cloudlb.translate.service import Settings, wanted

T = TypeVar("T")

REPLANS = 4
"""How often a plan is made anew at once because the cloud was not as the last one thought."""

FRESH_SECONDS = 10.0
"""How long what was read of the network is good enough to say that something is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a reconciler works: who may write, who is told, how hard it tries, how many owners at once.

    `approve` sees every plan of an owner before it is applied, and raises NotReady to hold it back. `brief` reads only
    who has something when it starts, and what exactly when it is needed.
    """

    fence: Fence = unfenced
    report: Callable[[Owner], Report] = field(default=lambda _owner: quiet)
    pace: Pace = PACE
    owners_at_once: int = 4
    approve: Callable[[Owner, Plan], None] = field(default=lambda _owner, _plan: None)
    brief: bool = False


class Reconciler:
    """Brings the cloud to what a cluster's objects ask for. Its methods may be called from several threads."""

    def __init__(
        self,
        *,
        provider: Provider,
        cloud: Cloud,
        cluster: Cluster,
        settings: Settings,
        way: Way | None = None,
    ) -> None:
        self._way = way or Way()
        self._provider = provider
        self._cloud = cloud
        self._cluster = cluster
        self._settings = settings
        self._kept = Kept()
        self._shared = Shared(
            provider, self._cloud, Owner.of_cluster(cluster.cluster_id), self._kept
        )
        self._inventory = Inventory()
        self._inventory_changes = Lock()
        self._just_listed: set[str] = set()
        self._nodes = EligibleNodes(())
        self._landscape: Any = None
        self._network_read_at = -math.inf

    @property
    def cluster_owner(self) -> Owner:
        """The owner of what all share."""
        return self._shared.owner

    def start(self) -> None:
        """Sweep once over everything that is the cluster's. Raises CloudlbErrors of reading."""
        self._inventory = self._cloud.sweep(brief=self._way.brief)

    def list_all(self) -> None:
        """List everything at once, for when most owners are about to be observed. Raises CloudlbErrors of reading."""
        inventory = self._cloud.sweep()
        with self._inventory_changes:
            self._inventory = inventory
            self._just_listed = {owner.uid for owner in inventory.owners()}

    def look_around(self) -> None:
        """Take in the cluster's nodes as they are now, and what the cloud knows of those that are new."""
        nodes = EligibleNodes(self._cluster.nodes())
        if self._landscape is None:
            self._network_read_at = self._way.pace.clock()
        # A design between the two lines knows too many instances, never too few.
        self._landscape = self._cloud.survey(nodes.select(()))
        self._nodes = nodes

    def look_again(self) -> None:
        """Look around as if for the first time: the network may have changed."""
        self._network_read_at = self._way.pace.clock()
        self._cloud.refresh()
        self.look_around()

    def _find_place(self) -> None:
        """Look around where nobody has: the nodes tell where things are, also those that are to go.

        What can not be told from them is no reason to leave the rest standing.
        """
        if self._landscape is None and self._cluster.nodes():
            with suppress(UsageError):
                self.look_around()

    def intents(self) -> tuple[Intent, ...]:
        """Return what every Service of the cluster asks for, sorted by namespace and name."""
        return tuple(self.intent(service) for service in self._cluster.services())

    def intent(self, service: Service) -> Intent:
        """Return what one Service asks for.

        Looks around first if nobody has and the Service needs it; once more where it names what may be there by now.
        """
        if self._landscape is None and wanted(service, self._settings):
            self.look_around()
        intent = self._intent(service)
        if intent.design.may_pass and self._network_is_read_anew():
            return self._intent(service)
        return intent

    def _intent(self, service: Service) -> Intent:
        view = View(cluster=self._cluster, nodes=self._nodes, landscape=self._landscape)
        return intent_of(service, view, self._provider, self._settings)

    def _network_is_read_anew(self) -> bool:
        """Read the network again, unless that was done just now or can not be done."""
        now = self._way.pace.clock()
        if now < self._network_read_at + FRESH_SECONDS:
            return False
        self._network_read_at = now
        try:
            self._cloud.refresh(nodes=False)
            self.look_around()
        except CloudlbError:
            return False
        return True

    def presume(self, intent: Intent) -> bool:
        """Take it that the cloud is as a valid intent asks, if its owner has something there. Costs no call.

        For an owner of whom there is a good reason to think so: its claims count, nothing is read.
        """
        if not intent.valid or not self._inventory.of(intent.owner):
            return False
        self._kept.settle(intent.owner, intent.design.claims)
        self._kept.presume(intent.owner, intent.stack)
        return True

    def is_presumed(self, owner: Owner) -> bool:
        """Tell whether nobody has looked at an owner since `presume`."""
        return self._kept.presumed(owner) is not None

    def claim(self, intents: Iterable[Intent]) -> None:
        """Note what these ask for of what is shared, so that it grows once for all of them: see `check_shared`."""
        for intent in intents:
            if intent.valid and intent.wanted:
                self._kept.claim(intent.owner, intent.design.claims)

    def check_shared(self) -> tuple[CloudlbError, ...]:
        """Look at what is shared, and add what is claimed and not there. Returns what went wrong."""
        try:
            self._shared.forget()
            return self._shared.grow(self._landscape, self._run(self._shared.owner)).errors
        except CloudlbError as error:
            return (error,)

    def sweep(self) -> tuple[Owner, ...]:
        """List everything that is the cluster's, and return whose it is. Raises CloudlbErrors of reading."""
        inventory = self._cloud.sweep()
        with self._inventory_changes:
            self._inventory = inventory
        return tuple(each for each in inventory.owners() if each.uid != self._shared.owner.uid)

    def knows(self, owner: Owner) -> bool:
        """Tell whether what exists of an owner is remembered, or presumed."""
        return self._kept.observed(owner) is not None or self.is_presumed(owner)

    def drifted(self, intent: Intent) -> bool:
        """Look at what exists of an owner, and tell whether it differs from what was known or is asked for."""
        self._kept.forget(intent.owner)
        with self._inventory_changes:
            self._just_listed.discard(intent.owner.uid)
        observed = self.observed(intent)
        return bool(intent.valid and diff(intent.stack, observed, self._shared.observed()))

    def shared_stack(self) -> Stack:
        """Return what all claims together ask for."""
        return self._shared.design(self._kept.claims(), self._landscape).stack

    def strangers(self, intents: Iterable[Intent]) -> tuple[Owner, ...]:
        """Return the owners that have something in the cloud and are none of the given ones."""
        known = {intent.owner.uid for intent in intents} | {self._shared.owner.uid}
        return tuple(owner for owner in self._inventory.owners() if owner.uid not in known)

    def preview(self, intents: Iterable[Intent]) -> Forecast:
        """Tell what reconciling would do. Reads only; raises CloudlbErrors of reading."""
        intents = tuple(intents)
        if not any(self._concerns_cloud(intent) for intent in intents):
            return self._idle_forecast(intents)
        self._find_place()
        shared = self._shared.observed()
        previews = self._each(intents, lambda intent: self._preview(intent, shared))
        after = {intent.owner.uid: intent.design.claims for intent in intents if intent.valid}
        design = self._shared.design(self._kept.claims(after), self._landscape)
        shrinking = not self._kept.unsettled(self.living()) - after.keys()
        return Forecast(
            previews=previews,
            shared=self._shared.plan(design, shrinking=shrinking),
            shared_problems=design.problems,
            strangers=self.strangers(intents),
        )

    def _idle_forecast(self, intents: tuple[Intent, ...]) -> Forecast:
        idle = tuple(Preview(intent=each, plan=Plan(), observed=Observed()) for each in intents)
        shared = Plan()
        if self._shared_is_abandoned(intents):
            self._find_place()
            shared = self._shared.plan(Design(), shrinking=True)
        return Forecast(previews=idle, shared=shared, strangers=self.strangers(intents))

    def reconcile(self, intent: Intent) -> Round:
        """Reconcile one owner. A CloudlbError never escapes: it is in the verdict."""
        return self.reconcile_all((intent,))

    def reconcile_all(self, intents: Iterable[Intent]) -> Round:
        """Reconcile several owners: what they share grows once before, and shrinks once after.

        A refusal may teach the provider that something is not ours to do, or not there any more, so that it asks for
        less: then once more.
        """
        intents = tuple(intents)
        done = self._round(intents)
        taught = self._taught(intents, done)
        return self._round(taught) if taught else done

    def _taught(self, intents: tuple[Intent, ...], done: Round) -> tuple[Intent, ...]:
        """Return what the objects ask for now, if a refusal has changed what is known of the surroundings."""
        errors = (*done.shared_errors, *(each for v in done.verdicts for each in v.errors))
        if not any(isinstance(each, Denied | NotFound) for each in errors):
            return ()
        return self._asked_now(intents)

    def _asked_now(self, intents: tuple[Intent, ...]) -> tuple[Intent, ...]:
        """Look around, and return what the objects ask for now; nothing if that is what they asked for before."""
        try:
            self.look_around()
            services = {each.metadata.uid: each for each in self._cluster.services()}
            fresh = tuple(
                self.intent(services[each.owner.uid])
                if each.wanted and each.owner.uid in services
                else each
                for each in intents
            )
        except CloudlbError:
            return ()
        pairs = zip(fresh, intents, strict=True)
        return fresh if any(new.design != old.design for new, old in pairs) else ()

    def _round(self, intents: tuple[Intent, ...]) -> Round:
        try:
            if not any(self._concerns_cloud(intent) for intent in intents):
                idle = tuple(Verdict(intent=intent) for intent in intents)
                abandoned = self._shared_is_abandoned(intents)
                if abandoned:
                    self._find_place()
                return Round(verdicts=idle, shared_errors=self._shrink() if abandoned else ())
            self._find_place()
            stuck = self._grow(intents)
        except CloudlbError as error:
            failed = tuple(Verdict(intent=intent, errors=(error,)) for intent in intents)
            return Round(verdicts=failed, shared_errors=(error,))
        verdicts = self._each(intents, lambda intent: self._reconcile(intent, stuck))
        return Round(verdicts=verdicts, shared_errors=(*stuck, *self._shrink()))

    def observed(self, intent: Intent) -> Observed:
        """Return what exists of an owner: from memory, else by looking. A departure always looks."""
        kept = self._kept.observed(intent.owner)
        if intent.wanted and kept is not None:
            return kept
        if not self._concerns_cloud(intent):
            return Observed()
        if kept is not None and not self._surprises(intent.owner, kept):
            return kept
        # A brief list says who has a load balancer: whoever goes may have left other things behind.
        if self._way.brief and not self._is_listed_whole(intent):
            self._look_again(intent.owner)
        observed = self._cloud.observe(intent.owner, self._inventory, intent.stack)
        self._kept.remember(intent.owner, observed)
        return observed

    def addresses(self, observed: Observed) -> tuple[Address, ...]:
        """Return the addresses that clients use."""
        return self._provider.addresses(observed)

    def health(self, observed: Observed) -> tuple[TargetHealth, ...]:
        """Read the health of the targets of what exists of an owner. Raises CloudlbErrors of reading."""
        return self._cloud.health(observed)

    def _concerns_cloud(self, intent: Intent) -> bool:
        """Tell whether an object wants something, or may have something left, in the cloud."""
        if intent.wanted or self._kept.observed(intent.owner) is not None:
            return True
        return self._way.brief or bool(self._inventory.of(intent.owner))

    def _surprises(self, owner: Owner, kept: Observed) -> bool:
        """Sweep an owner, and tell whether it has anything in the cloud that is not remembered."""
        self._look_again(owner)
        known = {found.id for found in kept}
        return any(entry.id not in known for entry in self._inventory.of(owner))

    def _is_listed_whole(self, intent: Intent) -> bool:
        """Tell whether the inventory has all that is known of an owner, and not only what a brief list shows."""
        uid = intent.owner.uid
        with self._inventory_changes:
            listed = uid in self._just_listed
            self._just_listed.discard(uid)
        return intent.wanted and (listed or not self._inventory.of(intent.owner))

    def _look_again(self, owner: Owner) -> None:
        self._note(owner, self._cloud.sweep(owner).of(owner))

    def _note(self, owner: Owner, entries: Iterable[Entry] = ()) -> None:
        """Note what a sweep would list of an owner now."""
        with self._inventory_changes:
            self._inventory = self._inventory.replaced(owner, entries)

    def _preview(self, intent: Intent, shared: Observed) -> Preview:
        observed = self.observed(intent)
        plan = diff(intent.stack, observed, shared) if intent.valid else Plan()
        return Preview(intent=intent, plan=plan, observed=observed)

    def _each(self, intents: tuple[Intent, ...], work: Callable[[Intent], T]) -> tuple[T, ...]:
        if len(intents) == 1:
            return (work(intents[0]),)
        with ThreadPoolExecutor(self._way.owners_at_once, thread_name_prefix="owner") as pool:
            return tuple(pool.map(work, intents))

    def _run(self, owner: Owner) -> Run:
        return Run(
            driver=self._cloud.driver(owner),
            shared=self._shared.observed() if owner != self._shared.owner else Observed(),
            fence=self._way.fence,
            report=self._way.report(owner),
            pace=self._way.pace,
        )

    def _grow(self, intents: tuple[Intent, ...]) -> tuple[CloudlbError, ...]:
        news = [
            self._kept.claim(intent.owner, intent.design.claims)
            for intent in intents
            if intent.valid and intent.wanted
        ]
        if not any(news) and self._shared.grown:
            return ()
        return self._shared.grow(self._landscape, self._run(self._shared.owner)).errors

    def _shrink(self) -> tuple[CloudlbError, ...]:
        """Shrink what is shared, unless the claims of anybody who lives in the cloud are not known for sure."""
        if self._kept.unsettled(self.living()):
            return ()
        try:
            outcome = self._shared.shrink(self._landscape, self._run(self._shared.owner))
        except CloudlbError as error:
            return (error,)
        if not outcome.observed:
            self._note(self._shared.owner)
        return outcome.errors

    def _shared_is_abandoned(self, intents: tuple[Intent, ...]) -> bool:
        """Tell whether something shared was left behind that nobody has, claims, or is about to ask for."""
        leaving = {intent.owner.uid for intent in intents if not intent.wanted}
        return (
            bool(self._inventory.of(self._shared.owner))
            and not self.living()
            and not self._kept.claims()
            and not any(
                wanted(service, self._settings) and service.metadata.uid not in leaving
                for service in self._cluster.services()
            )
        )

    def living(self) -> frozenset[str]:
        """Return the uids of the owners that have something in the cloud, as far as is known."""
        return frozenset(owner.uid for owner in self._inventory.owners()) - {self._shared.owner.uid}

    def _reconcile(self, intent: Intent, stuck: tuple[CloudlbError, ...]) -> Verdict:
        try:
            if not intent.valid:
                return Verdict(intent=intent, addresses=self._standing_addresses(intent))
            if stuck and intent.design.claims:
                return Verdict(
                    intent=intent, errors=stuck, addresses=self._standing_addresses(intent)
                )
            return self._converge(intent)
        except CloudlbError as error:
            self._kept.forget(intent.owner)
            return Verdict(intent=intent, errors=(error,))

    def _standing_addresses(self, intent: Intent) -> tuple[Address, ...]:
        """Return the addresses of the last good configuration, at no cost where there never was one."""
        if not self._inventory.of(intent.owner) and self._kept.observed(intent.owner) is None:
            return ()
        return self.addresses(self.observed(intent))

    def _converge(self, intent: Intent) -> Verdict:
        verdict = self._attempt(intent)
        for _ in range(REPLANS):
            if not verdict.outcome.stale or self._asked_now((intent,)):
                break
            self._look_again(intent.owner)
            verdict = self._attempt(intent)
        return verdict

    def _attempt(self, intent: Intent) -> Verdict:
        shared = self._shared.observed()
        plan = self._members_only(intent, shared)
        presumed = plan is not None
        if plan is None:
            plan = diff(intent.stack, self.observed(intent), shared)
        held = self._held(intent.owner, plan)
        if held is not None:
            return Verdict(
                intent=intent, plan=plan, errors=(held,), addresses=self._standing_addresses(intent)
            )
        outcome = apply(plan, self._run(intent.owner))
        if outcome.ok and presumed:
            self._kept.settle(intent.owner, intent.design.claims)
            self._kept.presume(intent.owner, intent.stack)
        elif outcome.ok:
            self._settle(intent, outcome.observed)
        else:
            self._kept.forget(intent.owner)
        return Verdict(
            intent=intent,
            plan=plan,
            outcome=outcome,
            errors=outcome.errors,
            addresses=self.addresses(outcome.observed),
        )

    def _members_only(self, intent: Intent, shared: Observed) -> Plan | None:
        """Plan without a look for an owner that is presumed, if nothing but its members change; else None."""
        before = self._kept.presumed(intent.owner)
        if before is None or not intent.wanted:
            return None
        known = self._cloud.known(before)
        if known is None:
            return None
        plan = diff(intent.stack, assumed(before, known, shared), shared)
        return plan if changes_members_only(plan) else None

    def _held(self, owner: Owner, plan: Plan) -> CloudlbError | None:
        """Return why a plan is not to be applied now; what is known of the owner stays known."""
        try:
            self._way.approve(owner, plan)
        except CloudlbError as error:
            return error
        return None

    def _settle(self, intent: Intent, observed: Observed) -> None:
        if intent.wanted:
            self._kept.remember(intent.owner, observed)
            self._kept.settle(intent.owner, intent.design.claims)
            return
        self._kept.leave(intent.owner)
        self._note(intent.owner)
