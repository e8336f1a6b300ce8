"""What the copies of a large cluster cost: seconds until they are complete, and memory: `make bench-informers`.

5,000 Services, 2,000 Nodes and 20,000 endpoints on a real API server. The reading is done by a process of its own, which
does nothing else, so that its memory is that of the copies.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from figures import Row, show

from cloudlb.kube.client import KubeApi, connect
from cloudlb.kube.live import Listeners, LiveCluster
from cloudlb.testing.kube.server import KubeServer
from cloudlb.testing.manifests import node, service

SERVICES, NODES, ENDPOINTS = 5_000, 2_000, 20_000
A_SLICE = 100
MANAGED = [
    {
        "manager": "kubelet",
        "operation": "Update",
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {f"f:{number}": {} for number in range(100)},
    }
]
"""About what a real object carries for server-side apply; it must never be decoded."""

Made = dict[str, Any]


def objects() -> Iterable[tuple[str, Made]]:
    """Yield path and object of everything that is in the cluster."""
    for number in range(SERVICES):
        made = service(f"s{number}", namespace="default", type="ClusterIP")
        yield "/api/v1/namespaces/default/services", _managed(made)
    for number in range(NODES):
        address = f"10.{number // 250 + 1}.{number % 250}.1"
        made = node(f"node-{number}", f"aws:///a/i-{number:017x}", zone="a", address=address)
        yield "/api/v1/nodes", _managed(made)
    for number in range(ENDPOINTS // A_SLICE):
        yield "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", _slice(number)


def _managed(made: Made) -> Made:
    made["metadata"]["managedFields"] = MANAGED
    return made


def _slice(number: int) -> Made:
    return {
        "metadata": {
            "name": f"s{number}-1",
            "labels": {"kubernetes.io/service-name": f"s{number}"},
        },
        "addressType": "IPv4",
        "endpoints": [
            {
                "addresses": [f"10.{100 + number // 250}.{number % 250}.{each + 1}"],
                "conditions": {"ready": True},
                "nodeName": f"node-{each}",
                "targetRef": {"kind": "Pod", "namespace": "default", "name": f"p-{number}-{each}"},
            }
            for each in range(A_SLICE)
        ],
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
    }


def fill(api: KubeApi) -> None:
    """Create everything."""
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda each: api.post(*each), objects()))


def read(kubeconfig: str) -> dict[str, float]:
    """Keep copies of everything, and tell what that took. For a process of its own."""
    before = _resident()
    cluster = LiveCluster(connect(kubeconfig), Listeners(), owned=lambda _service: True)
    stop = threading.Event()
    started, cpu = time.monotonic(), time.process_time()
    _run(cluster.first, stop)
    cluster.follow_all()
    _run(cluster.then, stop)
    found = {
        "seconds": time.monotonic() - started,
        "cpu": time.process_time() - cpu,
        "before": before,
        "peak": _resident("VmHWM"),
        "services": len(cluster.services()),
        "nodes": len(cluster.nodes()),
        "endpoints": sum(
            len(each.endpoints)
            for number in range(SERVICES)
            for each in cluster.endpoint_slices("default", f"s{number}")
        ),
    }
    stop.set()
    return found


def _run(informers: Iterable[Any], stop: threading.Event) -> None:
    informers = tuple(informers)
    for each in informers:
        threading.Thread(target=each.run, args=(stop,), daemon=True).start()
    while not all(each.wait(0.05) for each in informers):
        pass


def _resident(field: str = "VmRSS") -> float:
    """Return the resident memory of this process in MiB (Linux)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def measured() -> list[Row]:
    """Fill a cluster and read it."""
    with KubeServer() as server:
        _said("filling the cluster", lambda: fill(server.api()))
        told = subprocess.run(
            [sys.executable, __file__, "--read", str(server.kubeconfig())],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
    found = json.loads(told)
    counts = f"{found['services']:,} Services, {found['nodes']:,} Nodes, {found['endpoints']:,} endpoints"
    return [
        Row(
            operation=f"copies of {counts}: memory of the process",
            figure=f"{found['peak']:.0f} MiB",
            budget="< 200 MiB",
            kept=found["peak"] < 200,
            detail=f"{found['before']:.0f} MiB before",
        ),
        Row(
            operation="the same: until they are complete",
            figure=f"{found['seconds']:.1f} s",
            detail=f"{found['cpu']:.1f} s CPU",
        ),
    ]


def _said(what: str, work: Callable[[], object]) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)
    work()


def main() -> int:
    """Measure; with --read, be the process that is measured."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--read", metavar="KUBECONFIG", help="internal")
    given = arguments.parse_args()
    if given.read:
        print(json.dumps(read(given.read)))
        return 0
    return show(measured())


if __name__ == "__main__":
    sys.exit(main())
