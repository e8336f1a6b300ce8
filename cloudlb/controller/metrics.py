"""What the controller counts and tells Prometheus. One instance a process, on a registry of its own."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

CALL_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
APPLY_SECONDS = (0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
PLAN_CHANGES = (1, 2, 5, 10, 20, 50, 100)

Reading = Callable[[], Iterable[tuple[tuple[str, ...], float]]]
"""Returns (values of the labels, value)."""


class Metrics:
    """All metrics of one controller."""

    def __init__(self) -> None:
        """Register everything, at zero."""
        self.registry = CollectorRegistry()
        self.reconciles = Counter(
            "cloudlb_reconciles",
            "Reconciliations by how they ended and why.",
            ("result", "reason"),
            registry=self.registry,
        )
        self.reconcile_seconds = Histogram(
            "cloudlb_reconcile_seconds",
            "How long a reconciliation took.",
            buckets=APPLY_SECONDS,
            registry=self.registry,
        )
        self.waited_seconds = Histogram(
            "cloudlb_queue_wait_seconds",
            "How long keys were due before a worker took them, by urgency.",
            ("urgency",),
            buckets=APPLY_SECONDS,
            registry=self.registry,
        )
        self.calls = Counter(
            "cloudlb_api_calls",
            "Calls to the cloud by operation and result.",
            ("operation", "result"),
            registry=self.registry,
        )
        self.call_seconds = Histogram(
            "cloudlb_api_call_seconds",
            "How long calls to the cloud took.",
            buckets=CALL_SECONDS,
            registry=self.registry,
        )
        self.plan_changes = Histogram(
            "cloudlb_plan_changes",
            "Changes in plans that were not empty.",
            buckets=PLAN_CHANGES,
            registry=self.registry,
        )
        self.drift = Counter(
            "cloudlb_drift_found",
            "Owners whose cloud resources an audit found changed by somebody else.",
            registry=self.registry,
        )
        self.held = Counter(
            "cloudlb_plans_held_back",
            "Plans that the blast-radius guard held back.",
            registry=self.registry,
        )
        self.status_conflicts = Counter(
            "cloudlb_status_conflicts",
            "Statuses that somebody else keeps changing.",
            registry=self.registry,
        )

    def gauge(self, name: str, text: str, labels: tuple[str, ...], read: Reading) -> None:
        """Add a gauge whose values are read when somebody asks."""
        self.registry.register(_Gauge(name, text, labels, read))

    def called(self, operation: str, result: str, seconds: float) -> None:
        """Count one call to the cloud."""
        self.calls.labels(operation, result).inc()
        self.call_seconds.observe(seconds)

    def text(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return bytes(generate_latest(self.registry))


class _Gauge(Collector):
    def __init__(self, name: str, text: str, labels: tuple[str, ...], read: Reading) -> None:
        self._name, self._text, self._labels, self._read = name, text, labels, read

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(self._name, self._text, labels=self._labels)
        for labels, value in self._read():
            family.add_metric(labels, value)
        yield family
