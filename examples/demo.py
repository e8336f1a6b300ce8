"""`make demo`: the main job, from manifests to an address and back to an empty account, on an emulated AWS and GCP.

Everything goes through the command line that users have, and is then checked in the cloud itself with the cloud's own
SDK. Nothing leaves this machine, and nothing is left running. Exits with 1 if any check fails.
"""

import difflib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import controller
from packet import Account, Packet
from packet_gcp import Project
from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from cloudlb.cli import emulation
from cloudlb.cli.emulation import Standing, places
from cloudlb.cli.main import app
from cloudlb.kube import manifests
from cloudlb.kube.offline import OfflineCluster
from cloudlb.testing.kube.binaries import missing

HERE = Path(__file__).parent
EXAMPLES = HERE / "kubia"
SERVICE = Path("kubia/08-loadbalancer.yaml")
CLIENT = "203.0.113.77"
STRANGER = "198.51.100.9"

BALANCED = "service/default/kubia-loadbalancer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """One of the clouds of the story: what is different about it.

    `nodes` is the manifest of its nodes, `account` makes the eyes that the checks look with. `colleague` is an address
    in its network `inside`; `swap` are the calls by which an address is replaced, in order.
    """

    name: str
    provider: str
    nodes: Path
    account: Callable[[Standing], Any]
    colleague: str
    inside: str
    swap: tuple[str, ...]
    endpoint: str


CLOUDS = (
    Cloud(
        name="AWS",
        provider="aws",
        nodes=HERE / "kubia" / "01-nodes.yaml",
        account=lambda _standing: Account(boto3.client),
        colleague="10.0.7.7",
        inside="10.0.0.0/16",
        swap=("CreateLoadBalancer", "CreateListener", "DeleteLoadBalancer"),
        endpoint="AWS_ENDPOINT_URL",
    ),
    Cloud(
        name="GCP",
        provider="gcp",
        nodes=HERE / "gke" / "01-nodes.yaml",
        account=lambda standing: Project(
            standing.emulator.client,  # type: ignore[attr-defined]
            standing.environment()["GOOGLE_CLOUD_PROJECT"],
            standing.region,
        ),
        colleague="10.128.7.7",
        inside="10.128.0.0/9",
        swap=("forwardingRules.insert", "forwardingRules.delete"),
        endpoint="CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE",
    ),
)


class Demo:
    """Tells, runs and checks on one cloud; remembers what failed, and what each command cost."""

    def __init__(self, console: Console, standing: Standing, cloud: Cloud) -> None:
        self.console = console
        self.standing = standing
        self.cloud = cloud
        self.account = cloud.account(standing)
        self.failures: list[str] = []
        self.costs: dict[str, tuple[int, int]] = {}
        self._title = ""
        self._steps = 0

    def step(self, title: str, *words: str) -> None:
        """Open a new step of the story."""
        self._steps += 1
        self._title = title
        self.console.print()
        self.console.print(Rule(f"[bold]{self._steps}. {title}[/]", align="left", style="cyan"))
        for line in words:
            self.console.print(line, style="italic", highlight=False)
        self.console.print()

    def run(self, *arguments: str, expected: int = 0) -> Sequence[str]:
        """Run a command line as a user would, and return the operations that the account saw."""
        self.console.print(Text(f"$ cloudlb {' '.join(arguments)}", style="bold green"))
        mark = self.standing.recorder.mark()
        code = app(list(arguments), standalone_mode=False) or 0
        calls = self.standing.recorder.since(mark)
        calls = tuple(call for call in calls if not call.service.endswith("Operations"))
        writes = sum(call.write for call in calls)
        self.costs[self._title] = (writes, len(calls) - writes)
        self.console.print(
            f"[exit code {code}; API calls: {writes} that change, {len(calls) - writes} that read]",
            style="dim",
            markup=False,
            highlight=False,
        )
        self.check(
            code == expected, f"exit code {code}", f"exit code {code}, not {expected}", quiet=True
        )
        return [call.operation for call in calls]

    def check(self, passed: object, yes: str, no: str = "", *, quiet: bool = False) -> None:
        """Print the result of a check, and remember a failure."""
        if not passed:
            self.failures.append(no or yes)
        if quiet and passed:
            return
        mark, style = ("✓", "green") if passed else ("✗", "bold red")
        text = yes if passed else (no or f"not so: {yes}")
        self.console.print(Text.assemble((f"  {mark} ", style), text), soft_wrap=True)

    def edit(self, path: Path, *changes: tuple[str, str]) -> None:
        """Edit a manifest, and show the difference."""
        before = path.read_text(encoding="utf-8")
        after = before
        for old, new in changes:
            after = after.replace(old, new, 1)
        path.write_text(after, encoding="utf-8")
        self.check(before != after, "edited", f"{path} has nothing to edit", quiet=True)
        self.console.print(Text(f"{path}:", style="bold"))
        for line in difflib.ndiff(before.splitlines(), after.splitlines()):
            if line[0] in "+-":
                self.console.print(Text(f"  {line}", style="green" if line[0] == "+" else "red"))
        self.console.print()

    def reachable(self, packet: Packet, *, wanted: bool = True) -> None:
        """Follow a packet through the account, and print every hop."""
        hops = list(self.account.follow(packet))
        arrives = all(hop.passed for hop in hops)
        target = f"{packet.host}:{packet.port}"
        verb = "gets through to" if wanted else "is kept out of"
        for hop in hops:
            mark, style = ("→", "cyan") if hop.passed else ("■", "yellow")
            self.console.print(Text.assemble((f"    {mark} ", style), hop.text), soft_wrap=True)
        self.check(arrives is wanted, f"{packet.client} {verb} {target}")

    def address(self) -> str:
        """Return the address that the kubia Service has in the account now."""
        found = str(self.account.address_of(BALANCED))
        if not found:
            self.check(passed=False, yes=f"{BALANCED} has a load balancer")
        return found or "nowhere"


def story(demo: Demo) -> None:
    """Tell the whole story."""
    created(demo)
    edited(demo)
    made_local(demo)
    moved(demo)
    removed(demo)


def created(demo: Demo) -> None:
    """Plan, apply, look, and find nothing more to do."""
    demo.step(
        "See it before it happens",
        "kubia is a small application: three pods, and Services of every type around them.",
        "What would the two of type LoadBalancer need in the cloud? Nothing is changed here.",
    )
    demo.run("plan", "-f", "kubia", "--detailed-exitcode", expected=2)
    demo.step("Make it so", "The same plan, carried out: independent branches in parallel.")
    demo.run("apply", "-f", "kubia", "--yes")
    demo.step("How is it doing?", "ClusterIP and NodePort Services need nothing from the cloud.")
    demo.run("status", "-f", "kubia")
    demo.step(
        "Does a packet arrive?",
        "Asking the account itself, hop by hop: no word of cloudlb's is taken for it.",
    )
    demo.reachable(Packet(client=CLIENT, host=demo.address(), port=80))
    demo.step("Once more: nothing to do", "What is as it should be costs no change.")
    demo.run("plan", "-f", "kubia", "--detailed-exitcode")


def edited(demo: Demo) -> None:
    """Change who may enter, and the port."""
    demo.step(
        "An edit: let only one network in, at another port",
        "`apply` shows its plan first; --yes stands for the answer that a person would give.",
    )
    before = demo.address()
    demo.edit(
        SERVICE,
        (
            "  selector:",
            f"  loadBalancerSourceRanges: [{CLIENT.rpartition('.')[0]}.0/24]\n  selector:",
        ),
        ("- port: 80\n", "- port: 8080\n"),
    )
    demo.run("apply", "-f", "kubia", "--yes")
    demo.check(demo.address() == before, "the address is the same as before")
    demo.reachable(Packet(client=CLIENT, host=before, port=8080))
    demo.reachable(Packet(client=STRANGER, host=before, port=8080), wanted=False)
    demo.reachable(Packet(client=CLIENT, host=before, port=80), wanted=False)


def made_local(demo: Demo) -> None:
    """Switch the traffic policy."""
    demo.step(
        "An edit: externalTrafficPolicy: Local",
        "Only nodes with a pod of their own shall take traffic: the health check finds them.",
    )
    before = demo.address()
    demo.edit(SERVICE, ("  selector:", "  externalTrafficPolicy: Local\n  selector:"))
    demo.run("apply", "-f", "kubia", "--yes")
    demo.check(demo.address() == before, "the address is the same as before")
    check, port = demo.account.health_check(before, 8080)
    demo.check(check == "HTTP /healthz", f"targets are asked {check} on port {port}")
    demo.reachable(Packet(client=CLIENT, host=before, port=8080))


def moved(demo: Demo) -> None:
    """Move the load balancer from the internet into the network."""
    demo.step(
        "A change that cannot be made in place: from the internet to internal",
        "The plan says that the address changes. The new load balancer is there, and its targets",
        "are registered, before the old one goes.",
    )
    before = demo.address()
    demo.edit(
        SERVICE,
        ("metadata:\n", "metadata:\n  annotations:\n    cloudlb.io/scheme: internal\n"),
        (f"{CLIENT.rpartition('.')[0]}.0/24", demo.cloud.inside),
    )
    calls = demo.run("apply", "-f", "kubia", "--yes")
    after = demo.address()
    demo.check(after != before, f"the address is now {after}", "the address did not change")
    demo.check(
        in_order(calls, *demo.cloud.swap),
        "the account saw the new one come before the old one went",
    )
    demo.reachable(Packet(client=demo.cloud.colleague, host=after, port=8080))
    demo.reachable(Packet(client=CLIENT, host=after, port=8080), wanted=False)


def removed(demo: Demo) -> None:
    """Delete everything."""
    demo.step("Tidy up", "What was made for these objects goes, and nothing else.")
    demo.run("delete", "-f", "kubia", "--yes")
    left = demo.account.remains()
    for each in left:
        demo.console.print(f"    left: {each}", markup=False)
    demo.check(not left, "the account is as it was before: nothing of it is left")


def in_order(calls: Sequence[str], *wanted: str) -> bool:
    """Tell whether the first of each of these operations came in this order."""
    places = [calls.index(each) if each in calls else -1 for each in wanted]
    return -1 not in places and places == sorted(places)


@contextmanager
def stage(cloud: Cloud) -> Iterator[Standing]:
    """Set the stage: a copy of the manifests to edit, an emulated cloud with their nodes, and the way to it."""
    home = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="cloudlb-demo-") as folder:
        shutil.copytree(EXAMPLES, Path(folder) / "kubia")
        shutil.copy(cloud.nodes, Path(folder) / "kubia" / "01-nodes.yaml")
        nodes = OfflineCluster.load(manifests.read([cloud.nodes])).nodes()
        standing = emulation.load(cloud.provider).start(nodes=places(nodes))
        before = dict(os.environ)
        os.environ.update(standing.environment())
        os.chdir(folder)
        try:
            yield standing
        finally:
            os.chdir(home)
            restore(before)
            standing.stop()


def restore(environment: Mapping[str, str]) -> None:
    """Put the environment back."""
    os.environ.clear()
    os.environ.update(environment)


def perform(cloud: Cloud, console: Console) -> tuple[Demo, int]:
    """Tell the story on one cloud; return what is to be remembered of it, and how many calls it took."""
    with stage(cloud) as standing:
        title = f"[bold]cloudlb: Kubernetes Services on {cloud.name}, offline[/]"
        console.print(Rule(title, style="cyan"))
        console.print(
            f"An emulated {cloud.name} runs inside this process. The commands below are the real ones:\n"
            f"only the endpoint ({cloud.endpoint}) and the credentials are the emulator's.\n"
        )
        for line in standing.describe():
            console.print(Text(f"  {line}", style="dim"))
        demo = Demo(console, standing, cloud)
        story(demo)
        if cloud.provider == "aws":
            with_controller(demo, standing)
        return demo, standing.recorder.count()


def with_controller(demo: Demo, standing: Standing) -> None:
    """Tell the second half, where there is an API server for it."""
    gone = missing()
    if not gone:
        controller.story(demo, standing)
        return
    demo.console.print()
    demo.console.print(
        f"The controller is not shown: {', '.join(gone)} not found. `make kube` builds what is missing"
        " with Go, once."
    )


def side_by_side(demos: Sequence[Demo]) -> Table:
    """Lay out what the same commands cost on each cloud."""
    table = Table(title="the same manifests, side by side: API calls that change + that read")
    table.add_column("step")
    for demo in demos:
        table.add_column(demo.cloud.name, justify="right")
    for title in demos[0].costs:
        costs = (demo.costs.get(title) for demo in demos)
        table.add_row(title, *(f"{each[0]} + {each[1]}" if each else "" for each in costs))
    return table


def main() -> int:
    """Run the demo, and return the exit code."""
    console = Console(highlight=False)
    started = time.monotonic()
    performed = [perform(cloud, console) for cloud in CLOUDS]
    demos = [demo for demo, _ in performed]
    console.print()
    console.print(Rule(style="cyan"))
    console.print(side_by_side(demos))
    failures = [f"{demo.cloud.name}: {each}" for demo in demos for each in demo.failures]
    for failure in failures:
        console.print(Text(f"✗ {failure}", style="bold red"))
    seconds, calls = time.monotonic() - started, sum(count for _, count in performed)
    words = "Every check passed" if not failures else f"{len(failures)} checks failed"
    console.print(f"{words}; {seconds:.0f} s, {calls} API calls, nothing left running.")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
