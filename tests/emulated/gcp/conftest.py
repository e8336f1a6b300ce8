"""A fresh emulated project for each test, and short words for what is in it."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
from google.cloud import compute_v1

from cloudlb_gcp.emulator import EmulatorSettings, World
from cloudlb_gcp.emulator.examined import OPERATION_SECONDS, GcpWorld


class Bed(GcpWorld):
    """An emulated project that can be asked what it holds, and what was called."""

    def stored(self, collection: str, owner: str = "") -> list[dict[str, Any]]:
        """Return what is in one collection, of one owner (`service/default/kubia`) or all, sorted by name."""
        found = [
            dict(resource)
            for path, resource in self.emulator.contents().items()
            if path.rsplit("/", 2)[-2] == collection and owner in resource.get("description", "")
        ]
        return sorted(found, key=lambda each: str(each["name"]))

    def calls_of(self, work: Callable[[], object]) -> list[str]:
        """Do something, and return the calls that it made, polls of operations left out."""
        recorder = self.emulator.recorder
        mark = recorder.mark()
        work()
        calls = recorder.since(mark)
        return [call.operation for call in calls if not call.service.endswith("Operations")]

    def reserve(self, name: str, **fields: Any) -> str:
        """Reserve an address as a person would, and return it."""
        body = compute_v1.Address(name=name, **fields)
        with self._unwatched():
            self.emulator.client(compute_v1.AddressesClient).insert_unary(
                project=self.seeded.project, region=self.seeded.region, address_resource=body
            )
            self._settle()
        (found,) = (each for each in self.stored("addresses") if each["name"] == name)
        return str(found["address"])

    def release(self, name: str) -> None:
        """Delete a reserved address as a person would."""
        with self._unwatched():
            self.emulator.client(compute_v1.AddressesClient).delete_unary(
                project=self.seeded.project, region=self.seeded.region, address=name
            )
            self._settle()

    def change_backend_service(self, name: str, body: Mapping[str, Any]) -> None:
        """Change a backend service as a person would."""
        with self._unwatched():
            self.emulator.client(compute_v1.RegionBackendServicesClient).patch_unary(
                project=self.seeded.project,
                region=self.seeded.region,
                backend_service=name,
                backend_service_resource=compute_v1.BackendService.from_json(json.dumps(body)),
            )
            self._settle()

    def plant_firewall(
        self, name: str, rules: Iterable[str], sources: Iterable[str], **fields: Any
    ) -> None:
        """Make a firewall rule as an administrator would; rules as gcloud writes them (`tcp:80-90`)."""
        allowed = []
        for each in rules:
            protocol, _, ports = each.partition(":")
            entry = compute_v1.Allowed(I_p_protocol=protocol)
            if ports:
                entry.ports = [ports]
            allowed.append(entry)
        body = compute_v1.Firewall(
            name=name, allowed=allowed, source_ranges=list(sources), **fields
        )
        denied = self.emulator.settings.denied
        self.emulator.configure(denied=frozenset())
        with self._unwatched():
            self.emulator.client(compute_v1.FirewallsClient).insert_unary(
                project=self.seeded.project, firewall_resource=body
            )
            self._settle()
        self.emulator.configure(denied=denied)


NewWorld = Callable[..., Bed]


@pytest.fixture
def new_world() -> Iterator[NewWorld]:
    """Make emulated projects (seed and settings may be given), each closed when the next one is asked for."""
    stack = ExitStack()

    def make(seed: World | None = None, **settings: Any) -> Bed:
        stack.close()
        settings.setdefault("operation_seconds", OPERATION_SECONDS)
        return stack.enter_context(Bed(seed, EmulatorSettings(**settings)))

    with stack:
        yield make


@pytest.fixture
def world(new_world: NewWorld) -> Bed:
    """Return one fresh project."""
    return new_world()
