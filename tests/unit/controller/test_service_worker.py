"""When a Service that can not be served as it stands is looked at again."""

from types import SimpleNamespace

import pytest

from cloudlb.controller.backoff import Backoff
from cloudlb.controller.intent import Intent
from cloudlb.controller.metrics import Metrics
from cloudlb.controller.service_worker import ServiceWorker
from cloudlb.controller.verdicts import Verdict
from cloudlb.kube.objects import Service
from cloudlb.model import Owner, Problem
from cloudlb.provider import Design

KEY = ("default", "kubia")


def refused(*, may_pass: bool) -> Verdict:
    problem = Problem.error("spec.loadBalancerIP", "is no reserved address", "reserve it")
    intent = Intent(
        owner=Owner.of_cluster("c"),
        service=Service(),
        wanted=True,
        design=Design(problems=(problem,), may_pass=may_pass),
        problems=(problem,),
    )
    return Verdict(intent=intent)


@pytest.mark.parametrize(
    ("may_pass", "wait"),
    [
        pytest.param(False, None, id="only an edit helps"),
        pytest.param(True, pytest.approx(60.0), id="somebody may make what it names"),
    ],
)
def test_what_it_names_may_come_without_an_edit(may_pass, wait):
    backoff = Backoff(jitter=lambda low, high: (low + high) / 2)
    worker = ServiceWorker(SimpleNamespace(metrics=Metrics()), backoff)

    assert worker._next(KEY, refused(may_pass=may_pass)) == wait
