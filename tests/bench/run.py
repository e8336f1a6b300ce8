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
from cloudlb.testing.manifests import LOCAL, Manifest, service
from cloudlb.testing.process import Process, cluster_of
from cloudlb_aws.emulator import EmulatorSettings, NodeSeed
from cloudlb_aws.emulator import World as Seed
from cloudlb_aws.emulator.examined import CLUSTER, AwsWorld

FLEET = 20
"""Services, when a node is added."""

PLANNED, NODES = 1_000, 100
"""Unchanged Services that are planned, and nodes behind each."""


class Counted:
    """One process over one emulated account, whose calls are counted operation by operation."""

    def __init__(self, world: AwsWorld, *manifests: Manifest) -> None:
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

    def delete(self) -> tuple[str, ...]:
        """Delete everything, and return the operations called."""
        return self._calls(self.process.delete)

    def _calls(self, work: Callable[[], object]) -> tuple[str, ...]:
        recorder = self.world.emulator.recorder
        mark = recorder.mark()
        work()
        return tuple(call.operation for call in recorder.since(mark))


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
    rows = [*one_service(), *node_added()]
    if "--quick" not in sys.argv:
        rows += planning()
    return show(rows)


if __name__ == "__main__":
    sys.exit(main())
