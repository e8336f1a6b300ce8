"""The end of the pipeline: from verdicts to the statuses that the cluster's objects carry."""

from collections.abc import Callable, Iterable
from datetime import datetime

from cloudlb.controller.verdicts import Verdict
from cloudlb.kube.cluster import ObjectGone, WritableCluster
from cloudlb.kube.objects import Service
from cloudlb.kube.status import Findings, status_of

Clock = Callable[[], datetime]


def findings_of(verdict: Verdict) -> Findings:
    """Return what a verdict says, in the terms of a status."""
    intent = verdict.intent
    return Findings(
        wanted=intent.wanted,
        addresses=verdict.addresses,
        problems=intent.problems,
        refused_ports=intent.refused_ports,
        errors=verdict.errors,
    )


def publish(
    cluster: WritableCluster, verdicts: Iterable[Verdict], clock: Clock
) -> tuple[Service, ...]:
    """Write what verdicts say into the cluster, and return the objects as they are now.

    An object whose status is right already is not written; one that is gone is left out. Raises InvalidObject for a
    status that the API server refuses.
    """
    now = clock()
    return tuple(
        service
        for verdict in verdicts
        if (service := _published(cluster, verdict, now)) is not None
    )


def _published(cluster: WritableCluster, verdict: Verdict, now: datetime) -> Service | None:
    service = verdict.intent.service
    status = status_of(service, findings_of(verdict), now)
    if status == service.status:
        return service
    try:
        return cluster.update_status(service, status)
    except ObjectGone:
        return None
