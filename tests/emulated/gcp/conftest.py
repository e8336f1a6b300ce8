"""A fresh emulated project for each test, and short words for what is in it."""

import json
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from google.cloud import compute_v1

from cloudlb_gcp.emulator import EmulatorSettings, World
from cloudlb_gcp.emulator.examined import OPERATION_SECONDS, GcpWorld

from .mess import Mess


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
        self.made(compute_v1.AddressesClient, region=self.seeded.region, address_resource=body)
        (found,) = (each for each in self.stored("addresses") if each["name"] == name)
        return str(found["address"])

    def made(self, client: Callable[..., Any], **request: Any) -> None:
        """Insert a resource as an administrator would, with the SDK's own words for it."""
        request.setdefault("project", self.seeded.project)
        with self._unwatched():
            self.emulator.client(client).insert_unary(**request)
            self._settle()

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
            name=name,
            network=self._network(),
            allowed=allowed,
            source_ranges=list(sources),
            **fields,
        )
        denied = self.emulator.settings.denied
        self.emulator.configure(denied=frozenset())
        self.made(
            compute_v1.FirewallsClient,
            project=self.seeded.network_project,
            firewall_resource=body,
        )
        self.emulator.configure(denied=denied)

    def set(self, **settings: Any) -> None:
        """Let processes that connect from now on have other settings (fields of CloudSettings)."""
        connect = super().connect
        self.connect = lambda given: connect(replace(given, **settings))

    def run_by_hand(self, command: str) -> None:
        """Run a `gcloud compute firewall-rules` command as an administrator would, who has every right."""
        words = shlex.split(command)
        assert words[:3] == ["gcloud", "compute", "firewall-rules"], command
        verb, name = words[3:5]
        said = dict(word.removeprefix("--").partition("=")[::2] for word in words[5:])
        client = self.emulator.client(compute_v1.FirewallsClient)
        where = {"project": said.pop("project"), "firewall": name}
        denied = self.emulator.settings.denied
        self.emulator.configure(denied=frozenset())
        with self._unwatched():
            if verb == "create":
                host = where["project"]
                body = compute_v1.Firewall(name=name, **_fields(said, host))
                client.insert_unary(project=host, firewall_resource=body)
            elif verb == "update":
                old = client.get(**where)
                action = "allow" if old.allowed else "deny"
                body = compute_v1.Firewall(**_fields({"action": action, **said}, where["project"]))
                client.patch_unary(**where, firewall_resource=body)
            else:
                client.delete_unary(**where)
            self._settle()
        self.emulator.configure(denied=denied)


def _fields(said: dict[str, str], project: str) -> dict[str, Any]:
    """Return the fields of a firewall rule that the flags of gcloud mean."""
    lists = {
        "source-ranges": "source_ranges",
        "destination-ranges": "destination_ranges",
        "target-tags": "target_tags",
        "target-service-accounts": "target_service_accounts",
    }
    fields: dict[str, Any] = {
        field: said.pop(flag).split(",") for flag, field in lists.items() if flag in said
    }
    protocols: dict[str, list[str]] = {}
    for each in said.pop("rules").split(","):
        protocol, _, ports = each.partition(":")
        protocols.setdefault(protocol, []).extend([ports] if ports else [])
    denies = said.pop("action").upper() == "DENY"
    entry = compute_v1.Denied if denies else compute_v1.Allowed
    fields["denied" if denies else "allowed"] = [
        entry(I_p_protocol=protocol, ports=ports) for protocol, ports in protocols.items()
    ]
    fields["priority"] = int(said.pop("priority"))
    fields["direction"] = said.pop("direction", "INGRESS")
    if "network" in said:
        fields["network"] = f"projects/{project}/global/networks/{said.pop('network')}"
    assert said == {}, "a flag that is not understood"
    return fields


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


@pytest.fixture
def mess(world: Bed) -> Mess:
    """Return a project that ten years have filled."""
    return Mess(world)
