"""The state table of kubernetes.md 1.10, row by row: what is to become of a Service, from the object alone."""

import pytest

from cloudlb.controller.states import Task, as_if_staying, is_owned, task_of
from cloudlb.kube.decode import convert
from cloudlb.kube.live import FINALIZER
from cloudlb.kube.objects import Service
from cloudlb.model import Protocol, TargetKind
from cloudlb.provider import Capabilities
from cloudlb.translate.annotations import CORE_ROWS, Table
from cloudlb.translate.service import CLASS, Settings

CAPABILITIES = Capabilities(
    target_kinds=frozenset(TargetKind),
    protocols=frozenset(Protocol),
    same_port_tcp_udp=True,
    requested_address=False,
)


def settings(*, default_class: bool) -> Settings:
    return Settings(
        table=Table(rows=CORE_ROWS, prefixes=(), options=dict),
        capabilities=CAPABILITIES,
        default_class=default_class,
    )


def made(
    *,
    lb_class: str | None = CLASS,
    kind: str = "LoadBalancer",
    ours: bool = False,
    leaving: bool = False,
) -> Service:
    metadata = {
        "name": "kubia",
        "namespace": "default",
        "finalizers": [FINALIZER] if ours else ["example.org/x"],
    }
    if leaving:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    spec = {"type": kind, "ports": [{"port": 80}]}
    if lb_class is not None:
        spec["loadBalancerClass"] = lb_class
    return convert({"metadata": metadata, "spec": spec}, Service)


@pytest.mark.parametrize(
    ("service", "default_class", "task"),
    [
        pytest.param(made(), False, Task.PROVISION, id="ours by class, new"),
        pytest.param(made(ours=True), False, Task.PROVISION, id="ours by class, known"),
        pytest.param(
            made(lb_class=None), True, Task.PROVISION, id="no class, where we are the default"
        ),
        pytest.param(made(lb_class=None), False, Task.IGNORE, id="no class, where we are not"),
        pytest.param(
            made(lb_class=None, ours=True),
            False,
            Task.CLEAN,
            id="no class, and we were the default once",
        ),
        pytest.param(made(lb_class="example.org/x"), True, Task.IGNORE, id="another class"),
        pytest.param(
            made(lb_class="example.org/x", ours=True),
            True,
            Task.CLEAN,
            id="another class, our finalizer",
        ),
        pytest.param(made(kind="ClusterIP", lb_class=None), True, Task.IGNORE, id="another type"),
        pytest.param(
            made(kind="ClusterIP", lb_class=None, ours=True),
            True,
            Task.CLEAN,
            id="another type, our finalizer",
        ),
        pytest.param(
            made(leaving=True, ours=True), False, Task.CLEAN, id="being deleted, our finalizer"
        ),
        pytest.param(made(leaving=True), False, Task.IGNORE, id="being deleted, nothing of ours"),
    ],
)
def test_the_state_table(service, default_class, task):
    found = settings(default_class=default_class)
    assert task_of(service, found) is task
    assert is_owned(service, found) is (task is not Task.IGNORE)


def test_what_leaves_is_read_as_it_was():
    assert (
        task_of(as_if_staying(made(leaving=True, ours=True)), settings(default_class=False))
        is Task.PROVISION
    )
