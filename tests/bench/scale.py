"""The controller with a fleet: calls, seconds, CPU and memory on a real API server: `make bench-scale`.

The emulated cloud throttles as the real one does and takes 50 ms a call. Seconds are this machine's: the emulated cloud
and the API server share its cores with the controller.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from figures import Row, counted, show

from cloudlb.kube.client import MERGE_PATCH, KubeApi
from cloudlb.testing.kube.process import ControllerProcess, until
from cloudlb.testing.kube.server import CONTROLLER, KubeServer
from cloudlb.testing.manifests import node, service
from cloudlb_aws.emulator import Emulator, EmulatorSettings, NodeSeed, SeededWorld, World

LATENCY = 0.05
SPACE = "fleet"
SERVICES_PATH = f"/api/v1/namespaces/{SPACE}/services"
NODES_PATH = "/api/v1/nodes"
LONG = 900.0
EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"


@dataclass
class Fleet:
    """A cluster with many Services, an emulated cloud, and the controller."""

    server: KubeServer
    emulator: Emulator
    world: SeededWorld
    api: KubeApi
    folder: Path
    size: int
    runs: int = 0

    def controller(self) -> ControllerProcess:
        """Start the controller, as it ships."""
        self.runs += 1
        return ControllerProcess(
            arguments=(
                f"--kubeconfig={self.server.kubeconfig(CONTROLLER)}",
                "--default-class=true",
                "--leader-election=true",
            ),
            environment=self.emulator.environment(),
            log=self.folder / f"controller-{self.runs}.log",
        ).start()

    def programmed(self) -> int:
        """Count the Services that have their address, as the controller says."""
        return sum(
            'Programmed",status="True"' in line and int(float(line.rpartition(" ")[2]))
            for line in self.running.page("/metrics")[1].splitlines()
            if line.startswith("cloudlb_objects{")
        )

    @contextmanager
    def calls(self) -> Iterator[list[str]]:
        """Collect the operations that arrive meanwhile."""
        mark = self.emulator.recorder.mark()
        found: list[str] = []
        yield found
        found += [each.operation for each in self.emulator.recorder.since(mark)]

    def registered(self, instance: str) -> int:
        """Count the registrations of an instance that the cloud took."""
        return sum(
            call.operation == "RegisterTargets"
            and call.status == 200
            and instance in str(call.params)
            for call in self.emulator.recorder.calls
        )

    def first_provisioning(self) -> Iterable[Row]:
        """Provision everything."""
        for number in range(self.size):
            manifest = service(f"s{number}", namespace=SPACE)
            self.api.post(SERVICES_PATH, manifest)
        with self.calls() as calls, stopwatch() as seconds:
            self.running = self.controller()
            until(lambda: self.programmed() == self.size, "all addresses", LONG)
        yield Row(
            operation=f"first provisioning of {self.size} Services",
            figure=f"{len(calls)} calls, {seconds():.0f} s",
            detail=f"{len(calls) / self.size:.1f} calls a Service; {counted(calls)}",
        )
        yield self.used("the same")

    def used(self, what: str) -> Row:
        """Tell what the process has used so far."""
        cpu, peak = usage(self.running.process.pid)
        return Row(
            operation=f"{what}: CPU and peak memory of the process",
            figure=f"{cpu:.1f} s, {peak:.0f} MiB",
            budget="< 200 MiB",
            kept=peak < 200,
        )

    def restart(self) -> Iterable[Row]:
        """Stop it, and start it again."""
        settle()
        self.running.terminate()
        allowed = 5 + 2 * self.size / 100
        before = self.versions()
        with self.calls() as calls, stopwatch() as seconds:
            self.running = self.controller()
            until(lambda: self.running.said("ready"), "ready", LONG)
            took = seconds()
        settle()
        yield Row(
            operation="restart, nothing changed",
            figure=f"{len(calls)} calls, {took:.1f} s",
            budget=f"≤ {allowed:g} calls",
            incumbent=f"{14 * self.size} calls",
            kept=len(calls) <= allowed,
            detail=f"{counted(calls)}; {len(self.changed(before))} objects written",
        )

    def versions(self) -> dict[str, str]:
        """Return the versions of all Services."""
        found = json.loads(self.api.get(SERVICES_PATH))["items"]
        return {each["metadata"]["name"]: each["metadata"]["resourceVersion"] for each in found}

    def changed(self, before: dict[str, str]) -> list[str]:
        """Return the Services that were written since."""
        return [name for name, version in self.versions().items() if before[name] != version]

    def node_added(self) -> Iterable[Row]:
        """Add a node."""
        (instance,) = self.emulator.client("ec2").run_instances(
            ImageId="ami-emulated",
            MinCount=1,
            MaxCount=1,
            SubnetId=self.world.private_subnets[0],
            SecurityGroupIds=[self.world.node_security_group],
        )["Instances"]
        name, zone = instance["InstanceId"], self.world.zones[0]
        made = node(name, f"aws:///{zone}/{name}", zone=zone, address=instance["PrivateIpAddress"])
        with self.calls() as calls, stopwatch() as seconds:
            self.api.post(NODES_PATH, made)
            until(lambda: self.registered(name) >= self.size, "registered", LONG)
        own = [each for each in calls if each in ("RegisterTargets", "DescribeInstances")]
        yield Row(
            operation="one node added",
            figure=f"{len(own)} calls, {seconds():.0f} s",
            budget=f"≤ {self.size + 3} calls",
            incumbent=f"{2.1 * self.size:.0f} calls",
            kept=len(own) <= self.size + 3,
            detail=f"{len(own) - self.size - 1} throttled; with the audit's: {counted(calls)}",
        )

    def storm(self) -> Iterable[Row]:
        """Edit one Service while nodes come and go."""
        names = [f"node-{number}" for number in range(0, 50, 5)]
        stop = threading.Event()
        thread = threading.Thread(target=self._churn, args=(names, stop), daemon=True)
        thread.start()
        time.sleep(8.0)
        ranges = {"spec": {"loadBalancerSourceRanges": ["192.0.2.0/24"]}}
        with stopwatch() as seconds:
            self.api.patch(f"{SERVICES_PATH}/s7", ranges, MERGE_PATCH)
            until(self._narrowed, "the edit", LONG)
            took = seconds()
        stop.set()
        thread.join()
        yield Row(
            operation="an edit during a storm of node churn",
            figure=f"{took:.1f} s",
            budget="≤ 5 s",
            kept=took <= 5.0,
        )

    def _churn(self, names: list[str], stop: threading.Event) -> None:
        state = False
        while not stop.wait(0.2):
            state = not state
            for name in names:
                label = {"metadata": {"labels": {EXCLUDED: "true" if state else None}}}
                self.api.patch(f"{NODES_PATH}/{name}", label, MERGE_PATCH)

    def _narrowed(self) -> bool:
        return any(
            call.status == 200 and "192.0.2.0/24" in str(call.params)
            for call in self.emulator.recorder.calls
            if call.operation == "AuthorizeSecurityGroupIngress"
        )

    def idle(self) -> Iterable[Row]:
        """Do nothing for a while: only the audit may call."""
        settle(20.0)
        with self.calls() as calls, stopwatch() as seconds:
            time.sleep(60.0)
            took = seconds()
        due = self.size * took / 600.0
        yield Row(
            operation="idle, with the audit at its default of 10 min",
            figure=f"{len(calls) * 3600 / took:.0f} calls an hour",
            detail=f"{due:.0f} Services were due in {took:.0f} s: {counted(calls)}",
        )


def settle(seconds: float = 7.0) -> None:
    """Let the process write its hints, and be done."""
    time.sleep(seconds)


def usage(pid: int) -> tuple[float, float]:
    """Return CPU seconds and peak resident MiB of a process (Linux)."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    cpu = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (peak,) = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
    return cpu, peak / 1024


@contextmanager
def stopwatch() -> Iterator[Callable[[], float]]:
    """Give a function that tells the seconds since."""
    started = time.monotonic()
    yield lambda: time.monotonic() - started


@contextmanager
def fleet(size: int, nodes: int) -> Iterator[Fleet]:
    """Set everything up."""
    seeds = tuple(
        NodeSeed(instance_id=f"i-{number:017x}", zone="abc"[number % 3]) for number in range(nodes)
    )
    settings = EmulatorSettings(latency=LATENCY, throttle="realistic")
    with (
        tempfile.TemporaryDirectory() as folder,
        Emulator(settings) as emulator,
        KubeServer() as server,
    ):
        world = emulator.seed(World(nodes=seeds))
        api = server.api()
        server.grant()
        api.post("/api/v1/namespaces", {"metadata": {"name": SPACE}})
        for number, (provider_id, instance) in enumerate(
            zip(world.provider_ids, world.instances, strict=True)
        ):
            zone, address = provider_id.split("/")[3], world.addresses[instance]
            api.post(NODES_PATH, node(f"node-{number}", provider_id, zone=zone, address=address))
        made = Fleet(server, emulator, world, api, Path(folder), size)
        try:
            yield made
        finally:
            made.running.kill()


def measured(size: int, nodes: int) -> list[Row]:
    """Run everything, in this order."""
    rows: list[Row] = []
    with fleet(size, nodes) as made:
        steps: Any = (
            made.first_provisioning,
            made.node_added,
            made.restart,
            made.storm,
            made.idle,
        )
        for step in steps:
            print(f"… {step.__doc__}", file=sys.stderr, flush=True)
            rows += step()
        rows.append(made.used("restart, node, storm and idling"))
    return rows


def main() -> int:
    """Run with so many Services and nodes; the exit code is 1 if a budget was missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--services", type=int, default=300)
    arguments.add_argument("--nodes", type=int, default=50)
    given = arguments.parse_args()
    return show(measured(given.services, given.nodes))


if __name__ == "__main__":
    sys.exit(main())
