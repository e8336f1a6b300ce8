"""Metrics of what is so right now, read when somebody asks."""

from collections import Counter
from collections.abc import Callable, Iterable

from cloudlb.controller.metrics import Metrics
from cloudlb.controller.queue import Queue
from cloudlb.kube.informer import Key
from cloudlb.kube.objects import Service
from cloudlb.kube.status import OURS


def add(
    metrics: Metrics,
    queue: Queue[Key],
    owned: Callable[[], Iterable[Service]],
    leads: Callable[[], bool],
) -> None:
    """Add the gauges of a controller."""
    metrics.gauge(
        "cloudlb_queue_depth", "Keys that are due.", (), lambda: [((), queue.backlog()[0])]
    )
    metrics.gauge(
        "cloudlb_queue_age_seconds",
        "For how long the oldest key has been due.",
        (),
        lambda: [((), queue.backlog()[1])],
    )
    metrics.gauge("cloudlb_leader", "1 if this process leads.", (), lambda: [((), float(leads()))])
    metrics.gauge(
        "cloudlb_objects",
        "Services that are ours by condition and status.",
        ("condition", "status"),
        lambda: _by_condition(owned()),
    )


def _by_condition(services: Iterable[Service]) -> list[tuple[tuple[str, ...], float]]:
    counts = Counter(
        (each.type.rpartition("/")[2], each.status)
        for service in services
        for each in service.status.conditions
        if each.type in OURS
    )
    return [(labels, float(count)) for labels, count in counts.items()]
