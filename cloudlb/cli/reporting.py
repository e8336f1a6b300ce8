"""What `firewall prune --report-only` does: for a CronJob, figures for Prometheus and an Event, and nothing is deleted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from cloudlb.cli import rules
from cloudlb.cli.options import ClusterOptions
from cloudlb.cli.screen import Screen
from cloudlb.errors import CloudlbError, UsageError
from cloudlb.firewall import pruning
from cloudlb.firewall.pruning import Choice
from cloudlb.firewall.rules import Quota
from cloudlb.firewall.verdicts import Judged, Verdict
from cloudlb.kube.client import connect

NAMESPACE = "kube-system"
REASON = "DeadFirewallRules"
_NAMED = 5


def report(
    options: ClusterOptions,
    screen: Screen,
    choice: Choice,
    metrics_file: str,
    contexts: Sequence[str] = (),
) -> None:
    """Count the rules, write the figures, tell of dead ones by an Event. Raises CloudlbErrors.

    Whatever it finds is no failure: a Job that failed would be run again.
    """
    place = rules.ground(options, screen, contexts)
    judged = place.judged()
    dead = pruning.sentence(judged, (), replace(choice, home=place.home)).rules
    if metrics_file:
        _write(Path(metrics_file), judged, place.firewall.quotas())
    words = _words(dead)
    screen.line(words)
    if dead:
        try:
            _tell(options, words, place.home)
        except CloudlbError as error:
            screen.warning(f"no Event is written: {error}")


def _words(dead: Sequence[Judged]) -> str:
    if not dead:
        return "Every firewall rule around these nodes may be needed."
    counts = Counter(each.verdict for each in dead)
    kinds = ", ".join(f"{kind} {counts[kind]}" for kind in Verdict if counts[kind])
    named = ", ".join(each.rule.id for each in dead[:_NAMED])
    more = f" and {len(dead) - _NAMED} more" if len(dead) > _NAMED else ""
    return (
        f"Firewall rules that nobody needs: {kinds} ({named}{more}). See `cloudlb firewall prune`."
    )


def _write(path: Path, judged: Sequence[Judged], quotas: Sequence[Quota]) -> None:
    """Write the figures for a textfile collector. Raises UsageError where that can not be written."""
    registry = CollectorRegistry()
    found = Gauge(
        "cloudlb_firewall_rules", "Firewall rules by verdict.", ["verdict"], registry=registry
    )
    counts = Counter(each.verdict for each in judged)
    for kind in Verdict:
        found.labels(kind.value).set(counts[kind])
    used = Gauge(
        "cloudlb_firewall_quota_used_ratio", "Use of a quota.", ["quota"], registry=registry
    )
    for each in quotas:
        used.labels(each.what).set(each.used / each.limit if each.limit else 0.0)
    Gauge(
        "cloudlb_firewall_report_timestamp_seconds", "When this was counted.", registry=registry
    ).set_to_current_time()
    try:
        write_to_textfile(str(path), registry)
    except OSError as error:
        message = f"{path}: the metrics can not be written ({error.strerror})"
        raise UsageError(message) from error


def _tell(options: ClusterOptions, words: str, cluster: str) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"cloudlb-firewall-{uuid4().hex[:12]}", "namespace": NAMESPACE},
        # An Event has to be in the namespace of what it is about, even where that is a namespace itself.
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Namespace",
            "namespace": NAMESPACE,
            "name": NAMESPACE,
            "uid": cluster,
        },
        "type": "Warning",
        "reason": REASON,
        "message": words,
        "source": {"component": "cloudlb"},
        "reportingComponent": "cloudlb.io/firewall",
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
    api = connect(options.kubeconfig, options.context)
    api.post(f"/api/v1/namespaces/{NAMESPACE}/events", body)
