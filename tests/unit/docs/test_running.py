"""docs/running.md names every event and every metric, and none that there is not."""

import re
from pathlib import Path

from cloudlb.controller import gauges
from cloudlb.controller.metrics import Metrics
from cloudlb.controller.queue import Queue
from cloudlb.kube.events import Reason

PAGE = (Path(__file__).parents[3] / "docs" / "running.md").read_text(encoding="utf-8")


def test_every_event_is_on_the_page():
    rows = PAGE.partition("**Events**")[2].partition("**Pages**")[0]
    named = set(re.findall(r"`(\w+LoadBalancer\w*|LoadBalancer\w+|\w+LoadBalancer)`", rows))
    assert named == {each.value for each in Reason}


def test_every_metric_is_on_the_page():
    metrics = Metrics()
    gauges.add(metrics, Queue(), list, lambda: True)
    told = set(re.findall(r"^# TYPE (cloudlb_\w+) ", metrics.text().decode(), re.MULTILINE))
    rows = PAGE.partition("**Pages**")[2].partition("**Logs**")[0]
    named = set(re.findall(r"`(cloudlb_\w+)`", rows))
    assert named == {name for name in told if not name.endswith("_created")}
