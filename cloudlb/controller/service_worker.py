"""One Service, once: from its state to finalizer, cloud, status and events. Decides nothing about when.

The order that nothing may change: our finalizer is acknowledged by the API server before the first write to the cloud,
and taken away after the last one (kubernetes.md 1.5).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from cloudlb.controller.backoff import Backoff
from cloudlb.controller.hints import Hint, Hints, hint_of
from cloudlb.controller.intent import Intent, departure
from cloudlb.controller.metrics import Metrics
from cloudlb.controller.publish import findings_of
from cloudlb.controller.reconciler import Reconciler
from cloudlb.controller.states import Task, as_if_staying, task_of
from cloudlb.controller.status_writer import StatusWriter
from cloudlb.controller.verdicts import Verdict
from cloudlb.errors import CloudlbError, Fenced
from cloudlb.kube.cluster import ObjectGone
from cloudlb.kube.events import Reason, Recorder, failure
from cloudlb.kube.informer import Key
from cloudlb.kube.live import LiveCluster, has_finalizer, retried
from cloudlb.kube.objects import Service
from cloudlb.kube.status import PROGRAMMED, reason_of
from cloudlb.model import NodeTargets, Severity
from cloudlb.plan.change import Plan
from cloudlb.translate.service import Settings

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ties:
    """What a worker works with."""

    cluster: LiveCluster
    reconciler: Reconciler
    settings: Settings
    statuses: StatusWriter
    recorder: Recorder
    hints: Hints
    metrics: Metrics
    fence: Callable[[], None]


class ServiceWorker:
    """Brings single Services to where they should be. One thread a Service at a time; several Services at once."""

    def __init__(self, ties: Ties, backoff: Backoff | None = None) -> None:
        """Take what it works with."""
        self._ties = ties
        self._backoff = backoff or Backoff()
        self._served: dict[Key, Service] = {}

    def work(self, key: Key, *, audit: bool = False) -> float | None:
        """Do what is to be done for a Service now; return the seconds until it wants to be looked at again, if it does.

        `audit` reads what exists instead of trusting what is remembered. Raises Fenced and nothing else.
        """
        started = time.monotonic()
        service = self._ties.cluster.service(key)
        try:
            if service is None:
                return self._vanished(key)
            wait = self._worked(key, service, audit=audit)
        except ObjectGone:
            return 0.0
        except Fenced:
            raise
        except CloudlbError as error:
            self._count("error", reason_of(error))
            _log.warning("failed", owner=_path(key), error=str(error))
            return self._backoff.after(key, (error,))
        self._ties.metrics.reconcile_seconds.observe(time.monotonic() - started)
        return wait

    def _vanished(self, key: Key) -> float | None:
        """Clean up after a Service that has gone although our finalizer was on it: somebody took that by force."""
        self._ties.cluster.leave(key)
        gone = self._served.get(key)
        if gone is None:
            return None
        leaving = departure(self._ties.reconciler.intent(as_if_staying(gone)))
        # What protects a load balancer from deletion protected the object; there is none any more.
        leaving = replace(leaving, problems=())
        (verdict,) = self._ties.reconciler.reconcile(leaving).verdicts
        self._log(verdict)
        if verdict.ok:
            self._ties.hints.note(leaving.owner.uid, None)
            self._forget(key, gone)
        return self._next(key, verdict)

    def _worked(self, key: Key, service: Service, *, audit: bool) -> float | None:
        match task_of(service, self._ties.settings):
            case Task.PROVISION:
                return self._provision(key, service, audit=audit)
            case Task.CLEAN:
                return self._clean(key, service)
            case Task.IGNORE:
                self._ties.cluster.leave(key)
                return None

    def _provision(self, key: Key, service: Service, *, audit: bool) -> float | None:
        ties = self._ties
        ties.cluster.follow(key)
        intent = ties.reconciler.intent(service)
        if intent.valid and not has_finalizer(service):
            service = self._acknowledged(service)
            intent = ties.reconciler.intent(service)
        if has_finalizer(service):
            self._served[key] = service
        if not audit and self._goes_without_looking(service, intent):
            return None
        if audit and ties.reconciler.drifted(intent):
            ties.metrics.drift.inc()
            _log.warning("changed by somebody else", owner=intent.owner.path)
        (verdict,) = ties.reconciler.reconcile(intent).verdicts
        self._tell(service, verdict)
        self._log(verdict)
        self._remember(verdict)
        written = ties.statuses.publish(service, findings_of(verdict))
        if written.again_in is not None:
            self._fought_over(service)
            return written.again_in
        return self._next(key, verdict)

    def _goes_without_looking(self, service: Service, intent: Intent) -> bool:
        """Tell whether an owner that nobody has looked at since the start still asks for what was applied before it."""
        return (
            self._ties.reconciler.is_presumed(intent.owner)
            and self._ties.hints.get(intent.owner.uid) == intent_hint(intent)
            and is_programmed(service)
        )

    def _acknowledged(self, service: Service) -> Service:
        """Put our finalizer on, and say that work begins."""
        cluster = self._ties.cluster
        changed: Service = retried(service, cluster, cluster.add_finalizer)
        self._ties.recorder.tell(changed, Reason.ENSURING, f"Ensuring {_subject(changed)}")
        return changed

    def _clean(self, key: Key, service: Service) -> float | None:
        ties = self._ties
        leaving = departure(ties.reconciler.intent(as_if_staying(service)))
        ties.recorder.tell(service, Reason.DELETING, f"Deleting {_subject(service)}")
        (verdict,) = ties.reconciler.reconcile(leaving).verdicts
        self._log(verdict)
        if not verdict.ok:
            self._tell(service, verdict)
            ties.statuses.publish(service, findings_of(verdict))
            return self._next(key, verdict)
        ties.hints.note(leaving.owner.uid, None)
        if service.metadata.deletion_timestamp is None:
            service = ties.statuses.publish(service, findings_of(verdict)).service
        retried(service, ties.cluster, ties.cluster.remove_finalizer)
        ties.recorder.tell(service, Reason.DELETED, f"Deleted {_subject(service)}")
        self._forget(key, service)
        return self._next(key, verdict)

    def _forget(self, key: Key, service: Service) -> None:
        uid = service.metadata.uid
        self._served.pop(key, None)
        self._ties.cluster.leave(key)
        self._ties.recorder.forget(uid)
        self._ties.statuses.forget(uid)

    def _next(self, key: Key, verdict: Verdict) -> float | None:
        if verdict.ok:
            self._backoff.success(key)
            self._count("ok", "changed" if verdict.plan else "unchanged")
            return None
        if not verdict.intent.valid:
            self._count("invalid", verdict.intent.problems[0].reason)
            return self._backoff.after_a_look(key) if verdict.intent.design.may_pass else None
        self._count("error", reason_of(verdict.errors[0]))
        return self._backoff.after(key, verdict.errors)

    def _count(self, result: str, reason: str) -> None:
        self._ties.metrics.reconciles.labels(result, reason).inc()

    def _remember(self, verdict: Verdict) -> None:
        intent = verdict.intent
        self._ties.hints.note(intent.owner.uid, intent_hint(intent) if verdict.ok else None)
        if verdict.plan:
            self._ties.metrics.plan_changes.observe(len(verdict.plan))

    def _tell(self, service: Service, verdict: Verdict) -> None:
        """Tell of what has changed for the object: that it works, or why it does not."""
        recorder, intent = self._ties.recorder, verdict.intent
        if not intent.valid:
            recorder.tell(service, Reason.REJECTED, _problems(intent, Severity.ERROR))
            return
        if verdict.errors:
            recorder.tell(service, Reason.FAILED, failure(verdict.errors[0]))
            return
        if verdict.plan or not is_programmed(service):
            recorder.tell(service, Reason.ENSURED, f"Ensured {_subject(service)}")
        else:
            recorder.note(service, Reason.ENSURED, f"Ensured {_subject(service)}")
        warnings = _problems(intent, Severity.WARNING)
        if _lacks_nodes(intent):
            recorder.tell(service, Reason.NO_NODES, "There are no available nodes for LoadBalancer")
        elif warnings and verdict.plan:
            recorder.tell(service, Reason.WARNED, warnings)
        else:
            recorder.over(service, Reason.NO_NODES)

    def _fought_over(self, service: Service) -> None:
        self._ties.metrics.status_conflicts.inc()
        message = (
            "somebody else keeps changing the status of this Service: cloudlb leaves it as it is for a"
            " while; let only one controller work for it (loadBalancerClass)"
        )
        self._ties.recorder.tell(service, Reason.STATUS_FOUGHT_OVER, message)

    def _log(self, verdict: Verdict) -> None:
        owner = verdict.owner.path
        if verdict.errors:
            _log.warning(
                "failed", owner=owner, error=str(verdict.errors[0]), plan=_summary(verdict.plan)
            )
        elif not verdict.intent.valid:
            _log.warning("rejected", owner=owner, problem=_problems(verdict.intent, Severity.ERROR))
        elif verdict.plan:
            addresses = [str(each) for each in verdict.addresses]
            _log.info("applied", owner=owner, plan=_summary(verdict.plan), addresses=addresses)
        else:
            _log.debug("unchanged", owner=owner)


def _path(key: Key) -> str:
    return "service/" + "/".join(key)


def _problems(intent: Intent, severity: Severity) -> str:
    return "; ".join(str(each) for each in intent.problems if each.severity is severity)


def _subject(service: Service) -> str:
    """Return what a Service has in the cloud, for events."""
    return "load balancer" if service.spec.type == "LoadBalancer" else "openings of node ports"


def _lacks_nodes(intent: Intent) -> bool:
    backends = intent.load_balancer.backends if intent.load_balancer is not None else ()
    targets = [each.targets for each in backends]
    return any(isinstance(each, NodeTargets) and not each.nodes for each in targets)


def intent_hint(intent: Intent) -> Hint:
    """Return the hint of what an intent asks for."""
    return hint_of(intent.stack, intent.design.claims)


def is_programmed(service: Service) -> bool:
    """Tell whether a Service's status says that the cloud is as it asks."""
    has_place = bool(service.status.load_balancer.ingress) or service.spec.type != "LoadBalancer"
    return has_place and any(
        each.type == PROGRAMMED and each.status == "True" for each in service.status.conditions
    )


def _summary(plan: Plan) -> str:
    counts: dict[str, int] = {}
    for change in plan:
        counts[change.action.value] = counts.get(change.action.value, 0) + 1
    return ", ".join(f"{count} {action}" for action, count in counts.items()) or "no changes"
