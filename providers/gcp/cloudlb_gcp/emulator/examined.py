"""The emulator as a world for the provider laws (`cloudlb.testing.world`): seeded, watched and disturbed.

Nothing waits in real time: the emulated cloud lives on a clock that the engine's pauses move. Operations take a while on
that clock, so that whoever does not wait for them is refused.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from google.cloud import compute_v1

from cloudlb.plan.apply import Pace
from cloudlb.plan.resource import Found
from cloudlb.provider import Cloud, CloudSettings, Provider
from cloudlb.testing.clock import ManualClock
from cloudlb.testing.faults import FaultKind
from cloudlb.testing.manifests import Manifest, node
from cloudlb_gcp.emulator.seed import NodeSeed
from cloudlb_gcp.emulator.seed import World as Seed
from cloudlb_gcp.emulator.server import Emulator
from cloudlb_gcp.emulator.settings import EmulatorSettings
from cloudlb_gcp.links import name_of, part_of
from cloudlb_gcp.ownership import CLUSTER, OWNER, OWNER_UID
from cloudlb_gcp.provider import PROVIDER

OPERATION_SECONDS = 2.0


class GcpWorld:
    """One emulated project with a network and six nodes in three zones. A context manager."""

    def __init__(self, seed: Seed | None = None, settings: EmulatorSettings | None = None) -> None:
        self.clock = ManualClock()
        settings = settings or EmulatorSettings(operation_seconds=OPERATION_SECONDS)
        self.emulator = Emulator(replace(settings, clock=self.clock))
        self.seed = seed or Seed()
        self.pace = Pace(sleep=self.clock.advance, clock=self.clock)
        self._more: list[str] = []
        self._unseen = 0
        self._unseen_writes = 0

    def __enter__(self) -> Self:
        """Start the project, and point the environment at it."""
        self.emulator.start()
        self.seeded = self.emulator.seed(self.seed)
        self._environment = dict(os.environ)
        os.environ.update(self.emulator.environment())
        self._native = self.emulator.contents()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it, and restore the environment."""
        os.environ.clear()
        os.environ.update(self._environment)
        self.emulator.stop()

    @property
    def provider(self) -> Provider:
        """The provider under examination."""
        return PROVIDER

    def nodes(self) -> Sequence[Manifest]:
        """Return the nodes that the project was seeded with."""
        return [
            node(
                name,
                provider_id,
                zone=provider_id.split("/")[3],
                address=self.seeded.addresses[name],
            )
            for name, provider_id in zip(
                self.seeded.instances, self.seeded.provider_ids, strict=True
            )
        ]

    def node(self) -> Manifest:
        """Run one more instance."""
        name = f"gke-kubia-pool-more-{len(self._more)}"
        zone = self.emulator.settings.zones[0]
        provider_id = self.emulator.add_node(NodeSeed(name=name, zone=zone))
        self._more.append(name)
        return node(name, provider_id, zone=provider_id.split("/")[3], address="10.128.0.200")

    def connect(self, settings: CloudSettings) -> Cloud:
        """Connect to the project as a new process would."""
        region, endpoint = self.emulator.settings.region, self.emulator.endpoint_url
        settings = replace(settings, region=region, endpoint_url=endpoint)
        return PROVIDER.connect(settings, self.pace)

    def contents(self) -> Mapping[str, object]:
        """Return everything that was not seeded, without fingerprints: these change with every write."""
        found = {}
        for path, resource in self.emulator.contents().items():
            if path not in self._native and "/instances/" not in path:
                found[path] = {k: v for k, v in resource.items() if k != "fingerprint"}
        return found

    def plant(self, cluster: str) -> None:
        """Make another cluster's load balancer with all that belongs to it, an unmarked one, and rules of people."""
        marks = {
            CLUSTER: cluster,
            OWNER: "service/default/one",
            OWNER_UID: "00000000-0000-0000-0000-000000000000",
        }
        theirs = json.dumps(marks)
        with self._unwatched():
            self._plant_load_balancer("clb-default-one-0000000000", theirs)
            self._plant_load_balancer("nobodys", "")
            self._insert(
                compute_v1.FirewallsClient,
                "firewall",
                {
                    "name": "ssh",
                    "network": self._network(),
                    "allowed": [{"IPProtocol": "tcp", "ports": ["22"]}],
                },
            )

    def squat(self, found: Found[Any]) -> None:
        """Delete a forwarding rule and make one of the same name that carries no marks."""
        with self._unwatched():
            self._delete(found)
            self._settle()
            self._insert(
                compute_v1.ForwardingRulesClient,
                "forwarding_rule",
                {
                    "name": found.value.name,
                    "ports": ["9"],
                    "backendService": found.value.backend_service,
                    "loadBalancingScheme": found.value.scheme,
                },
                region=self.seeded.region,
            )

    def remove(self, found: Found[Any]) -> bool:
        """Delete an object, where the API lets anybody do so."""
        with self._unwatched():
            if found.value.KIND in {"forwarding-rule", "firewall"}:
                self._delete(found)
            elif found.value.KIND == "network-endpoints":
                self._detach(found)
            else:  # in use, so that nobody can delete it
                return False
            self._settle()
        return True

    def spoil(self, found: Found[Any]) -> bool:
        """Change a setting that cloudlb manages."""
        verbs: dict[str, Callable[[Found[Any]], None]] = {
            "backend-service": lambda each: self._patch(
                compute_v1.RegionBackendServicesClient,
                "backend_service",
                each,
                {"sessionAffinity": "CLIENT_IP_PROTO"},
            ),
            "firewall": lambda each: self._patch(
                compute_v1.FirewallsClient, "firewall", each, {"sourceRanges": ["192.0.2.0/24"]}
            ),
            "health-check": lambda each: self._patch(
                compute_v1.RegionHealthChecksClient, "health_check", each, {"checkIntervalSec": 77}
            ),
            "network-endpoints": self._detach_one,
        }
        verb = verbs.get(found.value.KIND)
        if verb is None:
            return False
        with self._unwatched():
            verb(found)
            self._settle()
        return True

    def throttle(self, every: int) -> None:
        """Refuse every n-th call; 0 refuses none."""
        self.emulator.faults.clear()
        if every:
            self.emulator.faults.every(every, FaultKind.THROTTLE)

    def lag(self, calls: int) -> None:
        """Let reads lag behind."""
        self.emulator.configure(lag_calls=calls)

    def calls(self) -> int:
        """Count the calls of whoever is examined."""
        return self.emulator.recorder.count() - self._unseen

    def writes(self) -> int:
        """Count the writes of whoever is examined."""
        return self.emulator.recorder.count(write=True) - self._unseen_writes

    @contextmanager
    def _unwatched(self) -> Iterator[None]:
        """Make calls that do not count."""
        recorder = self.emulator.recorder
        calls, writes = recorder.count(), recorder.count(write=True)
        try:
            yield
        finally:
            self._unseen += recorder.count() - calls
            self._unseen_writes += recorder.count(write=True) - writes

    def _settle(self) -> None:
        """Let every operation finish."""
        self.clock.advance(10 * OPERATION_SECONDS)

    def _insert(
        self, client: Callable[..., Any], word: str, body: Mapping[str, Any], **scope: str
    ) -> None:
        message = _message(word)
        self.emulator.client(client).insert_unary(
            request={
                "project": self._project_of(word),
                **scope,
                f"{word}_resource": message.from_json(json.dumps(body)),
            }
        )
        self._settle()

    def _project_of(self, word: str) -> str:
        return self.seeded.network_project if word == "firewall" else self.seeded.project

    def _patch(
        self, client: Callable[..., Any], word: str, found: Found[Any], body: Mapping[str, Any]
    ) -> None:
        message = _message(word)
        region = part_of(found.id, "regions")
        self.emulator.client(client).patch_unary(
            request={
                "project": part_of(found.id, "projects"),
                **({"region": region} if region else {}),
                word: name_of(found.id),
                f"{word}_resource": message.from_json(json.dumps(body)),
            }
        )

    def _delete(self, found: Found[Any]) -> None:
        if found.value.KIND == "firewall":
            self.emulator.client(compute_v1.FirewallsClient).delete_unary(
                project=self.seeded.network_project, firewall=name_of(found.id)
            )
        else:
            self.emulator.client(compute_v1.ForwardingRulesClient).delete_unary(
                project=self.seeded.project,
                region=self.seeded.region,
                forwarding_rule=name_of(found.id),
            )

    def _detach(self, found: Found[Any]) -> None:
        self._detach_some(found, sorted(found.value.members))

    def _detach_one(self, found: Found[Any]) -> None:
        self._detach_some(found, sorted(found.value.members)[:1])

    def _detach_some(self, found: Found[Any], names: Sequence[str]) -> None:
        endpoints = [compute_v1.NetworkEndpoint(instance=name) for name in names]
        self.emulator.client(compute_v1.NetworkEndpointGroupsClient).detach_network_endpoints_unary(
            project=self.seeded.project,
            zone=part_of(found.id, "zones"),
            network_endpoint_group=name_of(found.id),
            network_endpoint_groups_detach_endpoints_request_resource=(
                compute_v1.NetworkEndpointGroupsDetachEndpointsRequest(network_endpoints=endpoints)
            ),
        )

    def _plant_load_balancer(self, name: str, description: str) -> None:
        region = {"region": self.seeded.region}
        here = f"projects/{self.seeded.project}/regions/{self.seeded.region}"
        common = {"name": name, "description": description}
        self._insert(
            compute_v1.RegionHealthChecksClient,
            "health_check",
            {**common, "type": "TCP", "tcpHealthCheck": {"port": 80}},
            **region,
        )
        self._insert(
            compute_v1.RegionBackendServicesClient,
            "backend_service",
            {
                **common,
                "protocol": "TCP",
                "loadBalancingScheme": "EXTERNAL",
                "healthChecks": [f"{here}/healthChecks/{name}"],
            },
            **region,
        )
        self._insert(
            compute_v1.ForwardingRulesClient,
            "forwarding_rule",
            {**common, "ports": ["80"], "backendService": f"{here}/backendServices/{name}"},
            **region,
        )
        self._insert(
            compute_v1.FirewallsClient,
            "firewall",
            {
                **common,
                "network": self._network(),
                "allowed": [{"IPProtocol": "tcp", "ports": ["80"]}],
            },
        )

    def _network(self) -> str:
        return f"projects/{self.seeded.network_project}/global/networks/{self.seeded.network}"


def _message(word: str) -> Any:  # noqa: ANN401  (a class of the SDK)
    return getattr(compute_v1, "".join(part.capitalize() for part in word.split("_")))
