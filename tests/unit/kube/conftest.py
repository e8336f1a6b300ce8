"""Small valid objects: a case states only what differs."""

from collections.abc import Callable
from typing import Any

import pytest

from cloudlb.kube.documents import Document
from cloudlb.kube.objects import Service
from cloudlb.kube.offline import OfflineCluster

DocumentMaker = Callable[..., Document]


def _service(name: str = "web", *, metadata: dict[str, Any] | None = None, **spec: Any) -> Document:
    spec = {"ports": [{"port": 80}], "selector": {"app": "web"}, **spec}
    return Document.of(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, **(metadata or {})},
            "spec": spec,
        }
    )


@pytest.fixture(scope="session")
def service_document() -> DocumentMaker:
    """Make a Service of one port; keywords are fields of its spec, `metadata` adds to its metadata."""
    return _service


@pytest.fixture(scope="session")
def load_service() -> Callable[..., Service]:
    """Make a Service as `service_document` does and return what a cluster makes of it."""

    def load(name: str = "web", **spec: Any) -> Service:
        cluster = OfflineCluster.load([_service(name, **spec)])
        assert cluster.refusals == ()
        return cluster.services()[0]

    return load
