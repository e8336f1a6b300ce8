"""The controller: informers, leadership, queue and workers, and what happens at regular times.

Nothing here depends on a clean end: every process begins by looking at what the last one left.
"""

import math
import os
import random
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import structlog

from cloudlb.controller import gauges
from cloudlb.controller.audit import Audit
from cloudlb.controller.backoff import Backoff
from cloudlb.controller.guard import Guard
from cloudlb.controller.hints import Hints
from cloudlb.controller.http import Pages
from cloudlb.controller.limits import Bucket, Spacing
from cloudlb.controller.metrics import Metrics
from cloudlb.controller.options import Clouds, Options
from cloudlb.controller.queue import Queue, Urgency
from cloudlb.controller.reconciler import Reconciler, Way
from cloudlb.controller.service_worker import ServiceWorker, Ties
from cloudlb.controller.states import Task, is_owned, task_of
from cloudlb.controller.status_writer import StatusWriter
from cloudlb.controller.triage import Triage, shared_hint
from cloudlb.errors import CloudlbError, Fenced, NotReady, Throttled
from cloudlb.kube.client import KubeApi
from cloudlb.kube.events import Recorder
from cloudlb.kube.informer import Delta, Informer, Key
from cloudlb.kube.lease import Leader
from cloudlb.kube.live import Listeners, LiveCluster, Scope
from cloudlb.kube.objects import Node, Service
from cloudlb.model import Owner
from cloudlb.plan.change import Plan
from cloudlb.plan.pace import Pace
from cloudlb.provider import Gate
from cloudlb.translate.nodes import EligibleNodes
from cloudlb.translate.service import Settings

_log = structlog.get_logger(__name__)

NODES: Key = ("", "")
"""The key that stands for all nodes; no Service has it."""

GRACE = 6.0
"""Seconds after a request to stop during which what runs may still write."""
GOODBYE = 2.0
"""Seconds for the last words to the API server."""
_TICK = 1.0


class Controller:
    """One controller process. `run` does not return before `stop` is set or leadership is lost."""

    def __init__(self, api: KubeApi, clouds: Clouds, settings: Settings, options: Options) -> None:
        """Connect nothing yet but the API server."""
        self._api = api
        self._clouds = clouds
        self._settings = settings
        self._options = options
        self._identity = f"{socket.gethostname()}_{os.getpid()}_{uuid4().hex[:8]}"
        self.stop = threading.Event()
        self._stopped_at = math.inf
        self._failed = threading.Event()
        self._worked = threading.Event()
        self.metrics = Metrics()
        self.queue: Queue[Key] = Queue()
        self.leader = Leader(
            api.within(options.terms.renew / 2),
            options.namespace,
            "cloudlb",
            self._identity,
            options.terms,
        )
        self.cluster = LiveCluster(
            api,
            Listeners(
                service=self._service_changed,
                node=self._node_changed,
                endpoints=self.queue.churn,
            ),
            owned=lambda service: is_owned(service, settings),
            scope=Scope(
                namespaces=options.watch, cluster_id=options.cluster_id, rhythm=options.rhythm
            ),
        )
        self.hints = Hints(api.within(5.0), options.namespace, "cloudlb-hints", beside=options.told)
        self.idle = threading.Event()
        """Set whenever everything that was known at the start has been worked on."""

    def run(self) -> int:
        """Run until told to stop. Returns the exit code: 0 after a request to stop, 1 otherwise."""
        options = self._options
        gauges.add(self.metrics, self.queue, self._owned, self._leads)
        with ExitStack() as stack:
            stack.enter_context(
                Pages(
                    options.listen,
                    health=self._health,
                    ready=self._ready,
                    metrics=self.metrics.text,
                )
            )
            stack.callback(self._end)
            try:
                self._run()
            except Fenced as error:
                _log.error("leadership is lost", error=str(error))
                return 1
            except CloudlbError as error:
                _log.error("stopped", error=str(error))
                return 1
        return 1 if self._failed.is_set() else 0

    def request_stop(self) -> None:
        """Ask everything to end."""
        self._stopped_at = time.monotonic()
        self.stop.set()
        self.queue.close()

    def fence(self) -> None:
        """Let a write to the cloud pass, or raise Fenced."""
        if time.monotonic() > self._stopped_at + GRACE:
            message = "the process is asked to stop: it writes no more"
            raise Fenced(message)
        if self._options.elect:
            self.leader.fence()

    # The start.

    def _run(self) -> None:
        for each in self.cluster.first:
            self._start(f"watch {each.namespace}", self._informed, each)
        if self._options.elect:
            self._start("lease", self._lead)
        if not self._synced(self.cluster.first):
            return
        self.cluster.follow_all()
        for each in self.cluster.then:
            self._start(f"watch {each.namespace}", self._informed, each)
        if not self._synced(self.cluster.then) or not self._elected():
            return
        reconciler = self._connected()
        if reconciler is None:
            return
        self._work(reconciler)

    def _synced(self, informers: tuple[Informer[Any], ...]) -> bool:
        while not self.stop.is_set():
            if all(each.wait(0.1) for each in informers):
                return True
        return False

    def _elected(self) -> bool:
        while self._options.elect and not self.stop.is_set():
            if self.leader.elected.wait(0.1):
                break
        return not self.stop.is_set()

    def _connected(self) -> Reconciler | None:
        """Connect to the cloud and look around, as often as it takes. Raises UsageError where settings are wrong."""
        options, backoff = self._options, Backoff()
        bucket = Bucket(rate=options.rate, burst=options.burst, sleep=self._sleep)
        # What fails for longer than a moment goes back into the queue, and its worker on to somebody else.
        pace = Pace(sleep=self._sleep, faults=4, patience=20.0)
        self.guard = Guard(owners=self._owners)
        way = Way(fence=self.fence, pace=pace, approve=self._approve, brief=True)
        cloud = self._clouds.provider.connect(
            self._clouds.settings(self.cluster.cluster_id),
            pace,
            self._gate(bucket, Spacing(sleep=self._sleep)),
        )
        reconciler = Reconciler(
            provider=self._clouds.provider,
            cloud=cloud,
            cluster=self.cluster,
            settings=self._settings,
            way=way,
        )
        while not self.stop.is_set():
            try:
                reconciler.look_around()
                reconciler.start()
            except CloudlbError as error:
                wait = backoff.after("start", (error,)) or 60.0
                _log.error("the cloud can not be read yet", error=str(error), again_in=round(wait))
                self._sleep(min(wait, 30.0))
            else:
                return reconciler
        return None

    def _approve(self, owner: Owner, plan: Plan) -> None:
        try:
            self.guard.approve(owner, plan)
        except NotReady:
            self.metrics.held.inc()
            raise

    def _gate(self, bucket: Bucket, spacing: Spacing) -> Gate:
        def before(operation: str) -> None:
            spacing.take(operation)
            bucket.take(operation)

        def after(operation: str, result: str, seconds: float) -> None:
            spacing.learn(operation, throttled=result == Throttled.__name__)
            self.metrics.called(operation, result, seconds)

        return Gate(before=before, after=after)

    # The work.

    def _work(self, reconciler: Reconciler) -> None:
        worker = ServiceWorker(
            Ties(
                cluster=self.cluster,
                reconciler=reconciler,
                settings=self._settings,
                statuses=StatusWriter(self.cluster),
                recorder=Recorder(self._api, self._identity),
                hints=self.hints,
                metrics=self.metrics,
                fence=self.fence,
            )
        )
        self.hints.load()
        self.hints.write(now=True)
        doubtful = Triage(
            cluster=self.cluster,
            reconciler=reconciler,
            settings=self._settings,
            hints=self.hints,
            queue=self.queue,
        ).run()
        _log.info("ready", owned=self._owners(), to_look_at=doubtful)
        self._nodes_seen = EligibleNodes(self.cluster.nodes()).select(())
        audit = Audit(
            reconciler=reconciler,
            queue=self.queue,
            interval=self._options.audit,
            owned=self._owned_keys,
            is_live=self._is_live,
        )
        for number in range(self._options.workers):
            self._start(f"worker {number}", self._serve, worker, reconciler)
        while not self.stop.wait(_TICK):
            if self._options.elect and not self.leader.leads:
                message = "the lease could not be renewed in time, or another process took it"
                raise Fenced(message)
            self._tick(reconciler, audit)
        if self.queue.idle:
            self._note_shared(reconciler)

    def _tick(self, reconciler: Reconciler, audit: Audit) -> None:
        try:
            audit.tick()
        except Fenced:
            raise
        except CloudlbError as error:
            _log.warning("the audit could not look", error=str(error))
        if self.queue.idle:
            self._note_shared(reconciler)
            self.idle.set()
        self.hints.write()

    def _note_shared(self, reconciler: Reconciler) -> None:
        """Remember what all share, once everybody has what he asks for."""
        if self._worked.is_set():
            self._worked.clear()
            self.hints.note(self.cluster.cluster_id, shared_hint(reconciler))

    def _serve(self, worker: ServiceWorker, reconciler: Reconciler) -> None:
        while not self.stop.is_set():
            item = self.queue.take(timeout=5.0)
            if item is None:
                continue
            self.metrics.waited_seconds.labels(item.urgency.name.lower()).observe(item.waited)
            try:
                if item.key == NODES:
                    self._look_at_nodes(reconciler)
                    continue
                wait = worker.work(item.key, audit=item.urgency is Urgency.AUDIT)
                self._worked.set()
                if wait is not None:
                    self.queue.add(item.key, Urgency.RETRY, after=wait)
            except CloudlbError as error:
                _log.warning("not done", key="/".join(item.key), error=str(error))
                if not isinstance(error, Fenced):
                    self.queue.add(item.key, Urgency.RETRY, after=random.uniform(5, 10))  # noqa: S311
            except Exception:  # noqa: BLE001  (see below)
                # What we did not foresee with one Service must not keep the others from being served.
                _log.exception("a defect of cloudlb", key="/".join(item.key))
                self.metrics.reconciles.labels("error", "Defect").inc()
                self.queue.add(item.key, Urgency.RETRY, after=random.uniform(60, 120))  # noqa: S311
            finally:
                self.queue.done(item.key)

    def _look_at_nodes(self, reconciler: Reconciler) -> None:
        """Survey the nodes, and let every Service take in what changed."""
        seen = EligibleNodes(self.cluster.nodes()).select(())
        if seen == self._nodes_seen:
            return
        reconciler.look_around()
        self._nodes_seen = seen
        for key in self._owned_keys():
            self.queue.add(key, Urgency.CHURN)

    # What informers tell.

    def _service_changed(self, delta: Delta[Service]) -> None:
        found = delta.new or delta.old
        if found is None or not is_owned(found, self._settings):
            return
        leaving = delta.new is None or task_of(found, self._settings) is Task.CLEAN
        self.queue.add(delta.key, Urgency.DELETION if leaving else Urgency.EDIT)

    def _node_changed(self, _delta: Delta[Node]) -> None:
        self.queue.churn(NODES)

    # Who is asked from outside.

    def _health(self) -> str:
        return "leadership is lost" if self._failed.is_set() else ""

    def _ready(self) -> str:
        return "" if self.cluster.synced else "not everything has been listed yet"

    def _owned(self) -> list[Service]:
        return [each for each in self.cluster.services() if is_owned(each, self._settings)]

    def _owned_keys(self) -> list[Key]:
        return [(each.metadata.namespace, each.metadata.name) for each in self._owned()]

    def _owners(self) -> int:
        return len(self._owned())

    def _is_live(self, namespace: str, uid: str) -> bool:
        """Tell whether a Service with this UID exists, or could exist where we do not look."""
        watched = not self._options.watch or namespace in self._options.watch
        return not watched or any(each.metadata.uid == uid for each in self.cluster.services())

    def _leads(self) -> bool:
        return not self._options.elect or self.leader.leads

    # Threads.

    def _start(self, name: str, work: Callable[..., None], *arguments: object) -> None:
        def guarded() -> None:
            try:
                work(*arguments)
            except Exception:  # noqa: BLE001  (see below)
                # A thread that dies unseen would leave a process that looks alive and does half its work.
                _log.exception("a defect of cloudlb: the process ends", thread=name)
                self._fail()

        threading.Thread(target=guarded, name=name, daemon=True).start()

    def _informed(self, informer: Informer[Any]) -> None:
        try:
            informer.run(self.stop)
        except CloudlbError as error:
            _log.error("a watch is not allowed", error=str(error))
            self._fail()

    def _lead(self) -> None:
        self.leader.run(self.stop)
        if not self.stop.is_set():
            self._fail()

    def _fail(self) -> None:
        self._failed.set()
        self.request_stop()

    def _sleep(self, seconds: float) -> None:
        self.stop.wait(seconds)

    def _end(self) -> None:
        """Wait for what runs, as long as it may write, and give the lease up."""
        self.request_stop()
        end = time.monotonic() + GRACE
        while not self.queue.quiet and time.monotonic() < end:
            time.sleep(0.02)
        if self.queue.quiet:
            goodbye = threading.Thread(target=self._say_goodbye, daemon=True)
            goodbye.start()
            goodbye.join(GOODBYE)

    def _say_goodbye(self) -> None:
        """Leave behind what helps the next process, which could do without."""
        if not self._leads():
            return
        self.hints.write(now=True)
        if self._options.elect:
            self.leader.release()
