"""Counts what operations cost, beside their budgets, and prints one table: `make bench`.

Calls are counted at the emulated cloud, with the landscape known. Seconds and memory are this machine's, and only
reported.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterable

from figures import Row, budgeted, counted, show

from cloudlb.kube.documents import Document
from cloudlb.testing.laws.common import must
from cloudlb.testing.manifests import LOCAL, Manifest, port, service
from cloudlb.testing.process import Process, cluster_of
from cloudlb_aws.emulator import EmulatorSettings, NodeSeed
from cloudlb_aws.emulator import World as Seed
from cloudlb_aws.emulator.examined import CLUSTER, AwsWorld
from cloudlb_gcp.emulator import EmulatorSettings as GcpSettings
from cloudlb_gcp.emulator import NodeSeed as GcpNode
from cloudlb_gcp.emulator import World as GcpSeed
from cloudlb_gcp.emulator.examined import GcpWorld

RESTARTED = 300
"""Services that a new process finds."""

FLEET = 20
"""Services, when a node is added."""

PLANNED, NODES = 1_000, 100
"""Unchanged Services that are planned, and nodes behind each."""


class Counted:
    """One process over one emulated account, whose calls are counted operation by operation."""

    def __init__(self, world: AwsWorld | GcpWorld, *manifests: Manifest) -> None:
        self.world = world
        self.process = Process(world, cluster_of(world, manifests))
        self.process.reconciler.look_around()

    def apply(self) -> tuple[str, ...]:
        """Reconcile everything, and return the operations called."""
        return self._calls(self.process.apply)

    def edit(self, *manifests: Manifest) -> tuple[str, ...]:
        """Change objects of the cluster, reconcile, and return the operations called."""
        self.process.cluster.apply([Document.of(each) for each in manifests])
        return self.apply()

    def add_node(self) -> tuple[str, ...]:
        """Add a node to the cluster, reconcile, and return the operations called."""
        node = self.world.node()

        def work() -> object:
            self.process.cluster.apply([Document.of(node)])
            self.process.reconciler.look_around()
            return self.process.apply()

        return self._calls(work)

    def listed(self) -> tuple[str, ...]:
        """Look around and sweep as a process does at its start, and return the operations called."""

        def work() -> object:
            started = Process(self.world, self.process.cluster)
            return started.reconciler.look_around()

        return self._calls(work)

    def observed(self) -> tuple[str, ...]:
        """Look at everything that exists, as a process does that has no hints, and return the operations called."""

        def work() -> object:
            started = Process(self.world, self.process.cluster)
            started.reconciler.look_around()
            return started.forecast()

        return self._calls(work)

    def delete(self) -> tuple[str, ...]:
        """Delete everything, and return the operations called."""
        return self._calls(self.process.delete)

    def _calls(self, work: Callable[[], object]) -> tuple[str, ...]:
        recorder = self.world.emulator.recorder
        mark = recorder.mark()
        work()
        # Polls of operations go by time, not by what is done: they are no part of any budget.
        return tuple(
            call.operation
            for call in recorder.since(mark)
            if not call.service.endswith("Operations")
        )


def one_service() -> Iterable[Row]:
    """Follow one Service through its life."""
    with AwsWorld() as world:
        first = Counted(world, service("first"))
        yield budgeted("create a one-port NLB, first of its cluster", first.apply(), 9, "29")
        calls = first.edit(service("second"))
        yield budgeted("create a one-port NLB, any further one", calls, 9, "29")
        yield budgeted("unchanged object, same process", first.apply(), 0, "12")
    with AwsWorld() as world:
        ranged = Counted(world, service(loadBalancerSourceRanges=["192.0.2.0/24"]))
        ranged.apply()
        calls = ranged.edit(service(loadBalancerSourceRanges=["198.51.100.0/24"]))
        yield budgeted("change one source range", calls, 2, "14–16")
        calls = ranged.edit(service(loadBalancerSourceRanges=["198.51.100.0/24"], **LOCAL))
        yield budgeted("policy Cluster → Local", calls, 3, "19–21")
    with AwsWorld(settings=EmulatorSettings()) as world:
        yield budgeted("delete, the last of its cluster", _standing(world).delete(), 8, "12")
    with AwsWorld(settings=EmulatorSettings(interface_seconds=60.0)) as world:
        calls = _standing(world).delete()
        yield Row(
            operation="the same, interfaces released after 60 s",
            figure=f"{len(calls)} calls",
            detail=counted(calls),
        )


def _standing(world: AwsWorld) -> Counted:
    counted = Counted(world, service())
    counted.apply()
    return counted


def node_added() -> Iterable[Row]:
    """Add a node under a fleet."""
    with AwsWorld() as world:
        fleet = Counted(world, *(service(f"kubia-{number}") for number in range(FLEET)))
        fleet.apply()
        calls = fleet.add_node()
        yield budgeted(f"node added, {FLEET} Services", calls, FLEET + 3, f"{2.1 * FLEET:.0f}")


def on_gcp() -> Iterable[Row]:
    """Follow one Service through its life on GCP, in a cluster of one zone and of three."""
    one_zone = tuple(GcpNode(name=f"gke-{number}", zone="b") for number in range(3))
    for nodes, words in ((one_zone, "one zone"), (GcpSeed().nodes, "three zones")):
        with GcpWorld(GcpSeed(nodes=nodes)) as world:
            first = Counted(world, service("first"))
            yield created(f"GCP: create, first of its cluster, {words}", first.apply())
            yield created(f"GCP: create, any further one, {words}", first.edit(service("second")))
            yield budgeted("GCP: unchanged object", first.apply(), 0, "2 each resync")
    with GcpWorld() as world:
        kept = Counted(world, service())
        kept.apply()
        calls = kept.edit(service(loadBalancerSourceRanges=["192.0.2.0/24"]))
        yield budgeted("GCP: change the source ranges", calls, 2, "")
        calls = kept.edit(
            service(loadBalancerSourceRanges=["192.0.2.0/24"], sessionAffinity="ClientIP")
        )
        yield budgeted("GCP: change the affinity", calls, 2, "rule made anew")
        calls = kept.edit(service(loadBalancerSourceRanges=["192.0.2.0/24"], **LOCAL))
        yield Row(
            operation="GCP: policy Cluster → Local, the only Service of its cluster",
            figure=f"{len(calls)} calls",
            detail=counted(calls),
        )
        calls = kept.edit(service("kubia", port(8080), **LOCAL))
        yield Row(
            operation="GCP: another port, the address held",
            figure=f"{len(calls)} calls",
            incumbent="rule made anew",
            detail=counted(calls),
        )
        calls = kept.delete()
        yield Row(
            operation="GCP: delete, the last of its cluster",
            figure=f"{len(calls)} calls",
            detail=counted(calls),
        )
    with GcpWorld() as world:
        fleet = Counted(world, *(service(f"kubia-{number}") for number in range(FLEET)))
        fleet.apply()
        yield budgeted(f"GCP: node added, {FLEET} Services", fleet.add_node(), FLEET + 1, "")
        groups = FLEET * len(world.seeded.zones)
        yield budgeted(
            f"GCP: a new process without hints looks at {FLEET} Services, {groups} groups of nodes",
            fleet.observed(),
            groups + 15,
            "",
        )
    with GcpWorld(settings=GcpSettings()) as world:
        Counted(world, *(service(f"kubia-{number}") for number in range(RESTARTED))).apply()
        again = Counted(world, *(service(f"kubia-{number}") for number in range(RESTARTED)))
        yield budgeted(
            f"GCP: a new process lists what {RESTARTED} Services have",
            again.listed(),
            20,
            "hundreds",
        )


def created(operation: str, calls: tuple[str, ...]) -> Row:
    """Make the row of a creation, whose budget tells changes and reads apart."""
    reads = sum(
        call.endswith((".get", ".list", "List", "Endpoints")) and "tach" not in call
        for call in calls
    )
    writes = len(calls) - reads
    return Row(
        operation=operation,
        figure=f"{writes} changes, {reads} reads",
        budget="≤ 7, ≤ 2",
        incumbent="7 and many",
        kept=writes <= 7 and reads <= 2,
        detail=counted(calls),
    )


def planning() -> Iterable[Row]:
    """Plan many unchanged Services."""
    nodes = tuple(
        NodeSeed(instance_id=f"i-{number:017x}", zone="abc"[number % 3]) for number in range(NODES)
    )
    manifests = [service(f"kubia-{number}") for number in range(PLANNED)]
    with AwsWorld(Seed(cluster=CLUSTER, nodes=nodes)) as world:
        process = Process(world, cluster_of(world, manifests))
        process.reconciler.look_around()
        must(process.apply())
        started = time.process_time()
        forecast = process.forecast()
        seconds = time.process_time() - started
        changes = sum(len(preview.plan) for preview in forecast.previews)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Row(
        operation=f"plan {PLANNED:,} unchanged Services, {NODES} nodes",
        figure=f"{seconds:.2f} s CPU",
        detail=f"{changes} changes; the process peaked at {peak:.0f} MiB, the emulated cloud included",
    )


def main() -> int:
    """Run everything; the exit code is 1 if a budget was missed."""
    rows = [*one_service(), *node_added(), *on_gcp()]
    if "--quick" not in sys.argv:
        rows += planning()
    return show(rows)


if __name__ == "__main__":
    sys.exit(main())
