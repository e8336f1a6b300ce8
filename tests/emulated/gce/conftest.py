"""An emulated project that is spoken to in plain HTTP, as any client may."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from cloudlb.testing.clock import ManualClock
from cloudlb_gcp.emulator import Emulator, EmulatorSettings, SeededWorld, World


@dataclass
class Project:
    """An emulated project; paths are short: `global/firewalls` is in it, `r/` its region, `z/` its first zone."""

    emulator: Emulator
    world: SeededWorld
    clock: ManualClock

    def path(self, short: str) -> str:
        """Write a short path out."""
        for letter, scope in (
            ("r/", f"regions/{self.world.region}/"),
            ("z/", f"zones/{self.world.zones[0]}/"),
        ):
            if short.startswith(letter):
                short = scope + short.removeprefix(letter)
        return f"projects/{self.world.project}/{short}"

    def send(
        self, verb: str, short: str, body: Any = None, version: str = "v1", **query: str
    ) -> Any:
        """Send a request, and return status and answer."""
        url = f"{self.emulator.endpoint_url}/compute/{version}/{self.path(short)}"
        reply = requests.request(verb, url, json=self.written(body), params=query, timeout=10)
        return reply.status_code, reply.json()

    def written(self, body: Any) -> Any:
        """Write short paths out that stand for references in a body: `@r/backendServices/b`."""
        if isinstance(body, dict):
            return {key: self.written(value) for key, value in body.items()}
        if isinstance(body, list):
            return [self.written(each) for each in body]
        if isinstance(body, str) and body.startswith("@"):
            return self.path(body[1:])
        return body

    def do(self, verb: str, short: str, body: Any = None, **query: str) -> Any:
        """Send a request that must be taken, let its operation end, and return the operation as it is then."""
        status, answer = self.send(verb, short, body, **query)
        assert status == 200, answer
        self.clock.advance(60)
        if answer.get("kind") != "compute#operation":
            return answer
        where = answer["selfLink"].partition("/compute/v1/")[2].partition("/")[2].partition("/")[2]
        status, done = self.send("GET", where)
        assert status == 200
        return done

    def get(self, short: str) -> Any:
        """Read something that must be there."""
        status, answer = self.send("GET", short)
        assert status == 200, answer
        return answer

    def refused(
        self, verb: str, short: str, body: Any = None, **query: str
    ) -> tuple[int, str, str]:
        """Send a request that must be refused, and return status, reason and message."""
        status, answer = self.send(verb, short, body, **query)
        assert status >= 400, answer
        (error,) = answer["error"]["errors"]
        assert (answer["error"]["code"], answer["error"]["message"]) == (status, error["message"])
        return status, error["reason"], error["message"]

    # Things that others need.

    def check(self, name: str = "h", **fields: Any) -> None:
        """Make a regional health check."""
        body = {"name": name, "type": "HTTP", "httpHealthCheck": {"port": 80}, **fields}
        self.do("POST", "r/healthChecks", body)

    def group(self, name: str = "g", **fields: Any) -> None:
        """Make a group of nodes."""
        body = {"name": name, "networkEndpointType": "GCE_VM_IP", **fields}
        self.do("POST", "z/networkEndpointGroups", body)

    def service(self, name: str = "b", **fields: Any) -> None:
        """Make a regional backend service with its health check."""
        if "healthChecks" not in fields:
            self.check(f"{name}-check")
            fields["healthChecks"] = [f"@r/healthChecks/{name}-check"]
        body = {"name": name, "loadBalancingScheme": "EXTERNAL", "protocol": "TCP", **fields}
        self.do("POST", "r/backendServices", body)

    def rule(self, name: str = "f", **fields: Any) -> None:
        """Make a forwarding rule with what is behind it."""
        if "backendService" not in fields:
            self.service(f"{name}-service")
            fields["backendService"] = f"@r/backendServices/{name}-service"
        body = {"name": name, "loadBalancingScheme": "EXTERNAL", "ports": ["80"], **fields}
        if {"portRange", "allPorts"} & fields.keys():
            del body["ports"]
        self.do("POST", "r/forwardingRules", body)

    def firewall(self, name: str = "w", **fields: Any) -> None:
        """Make a firewall rule."""
        body = {"name": name, "allowed": [{"IPProtocol": "TCP", "ports": ["80"]}], **fields}
        self.do("POST", "global/firewalls", body)


def started(seed: World) -> Iterator[Project]:
    """Run a project on a clock of its own; operations take a second of it."""
    clock = ManualClock()
    settings = EmulatorSettings(operation_seconds=1.0, clock=clock)
    with Emulator(settings) as emulator:
        yield Project(emulator=emulator, world=emulator.seed(seed), clock=clock)


@pytest.fixture
def project() -> Iterator[Project]:
    """A fresh project."""
    yield from started(World(more_subnets=("more",)))


@pytest.fixture
def dual_stack() -> Iterator[Project]:
    """A fresh project whose subnetworks have external IPv6 ranges."""
    yield from started(World(ipv6="EXTERNAL"))
