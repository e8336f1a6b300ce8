"""What a fresh process looks at first: whoever is not as the last process left it.

Hints and statuses decide; where they agree with what a Service asks for now, nothing is read of it before the audit's turn.
"""

from dataclasses import dataclass

import structlog

from cloudlb.controller.hints import Hint, Hints, hint_of_resources
from cloudlb.controller.intent import Intent
from cloudlb.controller.queue import Queue, Urgency
from cloudlb.controller.reconciler import Reconciler
from cloudlb.controller.service_worker import intent_hint, is_programmed
from cloudlb.controller.states import Task, task_of
from cloudlb.errors import CloudlbError
from cloudlb.kube.informer import Key
from cloudlb.kube.live import LiveCluster
from cloudlb.kube.objects import Service
from cloudlb.translate.service import Settings

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """Sorts the Services of a cluster at the start of a process."""

    cluster: LiveCluster
    reconciler: Reconciler
    settings: Settings
    hints: Hints
    queue: Queue[Key]

    def run(self) -> int:
        """Queue whoever has to be looked at, and let what all share grow for them; return how many."""
        doubtful: list[Intent] = []
        services = self.cluster.services()
        self.hints.keep_only((self.cluster.cluster_id, *(each.metadata.uid for each in services)))
        for service in services:
            key = (service.metadata.namespace, service.metadata.name)
            match task_of(service, self.settings):
                case Task.CLEAN:
                    self.queue.add(key, Urgency.DELETION)
                case Task.PROVISION:
                    intent = self.reconciler.intent(service)
                    if not self._is_as_it_was(service, intent):
                        doubtful.append(intent)
                        self.queue.add(key, Urgency.RETRY)
                case Task.IGNORE:
                    pass
        self._list_all_for(doubtful)
        self.reconciler.claim(doubtful)
        shared = self.hints.get(self.cluster.cluster_id)
        if doubtful or shared != shared_hint(self.reconciler):
            for error in self.reconciler.check_shared():
                _log.warning("what all share is not as it should be", error=str(error))
        return len(doubtful)

    def _list_all_for(self, doubtful: list[Intent]) -> None:
        """List everything at once where most that is there has to be looked at: the hints are lost, say."""
        standing = self.reconciler.living()
        listed = sum(each.owner.uid in standing for each in doubtful)
        if listed <= max(1, len(standing) // 2):
            return
        try:
            self.reconciler.list_all()
        except CloudlbError as error:
            # It would only have saved calls: each owner is listed when his turn comes.
            _log.warning("everything could not be listed at once", error=str(error))

    def _is_as_it_was(self, service: Service, intent: Intent) -> bool:
        known = intent.valid and self.hints.get(intent.owner.uid) == intent_hint(intent)
        return known and is_programmed(service) and self.reconciler.presume(intent)


def shared_hint(reconciler: Reconciler) -> Hint:
    """Return the hint of what all claims together ask for."""
    return Hint(hint_of_resources(reconciler.shared_stack()), "")
