"""The emulator: the API behind its layers, over HTTP on the loopback interface, in this process."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials

from cloudlb.testing.faults import Fault, FaultKind, Faults
from cloudlb.testing.recorder import Recorder
from cloudlb.testing.wsgi import Latency, Operation, Response, Server
from cloudlb_gcp.emulator import errors, seed
from cloudlb_gcp.emulator.api import Api, Failing
from cloudlb_gcp.emulator.batch import Batches
from cloudlb_gcp.emulator.errors import GceError
from cloudlb_gcp.emulator.routes import identify
from cloudlb_gcp.emulator.seed import NodeSeed, SeededWorld, World
from cloudlb_gcp.emulator.settings import EmulatorSettings
from cloudlb_gcp.emulator.throttle import Throttle

T = TypeVar("T")


class Emulator:
    """An emulated project. A context manager; `start` and `stop` do the same by hand.

    `recorder` sees every call, `faults` makes calls fail on demand, `fail_operations` what they began.
    """

    def __init__(self, settings: EmulatorSettings | None = None) -> None:
        """Build the layers; `start` begins to listen."""
        self.settings = settings or EmulatorSettings()
        self._api = Api(lambda: self.settings)
        self.faults = Faults(self._api, identify=identify, render=_render_fault)
        self._throttle = Throttle(self.faults, lambda: self.settings)
        latency = Latency(self._throttle, lambda: self.settings.latency)
        self.recorder = Recorder(latency, identify=identify, error_of=reason_of)
        self._server = Server(Batches(self.recorder), port=self.settings.port)
        self._world = World()

    def start(self) -> Self:
        """Listen. OSError when the port is taken."""
        self._server.start()
        return self

    def stop(self) -> None:
        """Stop listening."""
        self._server.stop()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    @property
    def endpoint_url(self) -> str:
        """The URL for the SDK's `api_endpoint`."""
        return self._server.url

    def configure(self, **changes: Any) -> None:  # noqa: ANN401  (fields of EmulatorSettings)
        """Change settings while running. TypeError for an unknown one; who it plays stays as it is."""
        if fixed := {"port", "region", "project", "host_project", "zones"} & changes.keys():
            message = f"{', '.join(sorted(fixed))} can not change while the emulator runs"
            raise TypeError(message)
        self.settings = replace(self.settings, **changes)

    def reset(self) -> None:
        """Empty the project, the recorder and the faults. Settings stay."""
        self._api.reset()
        self._throttle.reset()
        self.faults.clear()
        self.recorder.clear()

    def seed(self, world: World | None = None) -> SeededWorld:
        """Make a network with nodes in it, without any call on the record."""
        self._world = world or World()
        with self._api.turn():
            return seed.plant(self._api.project, self._world)

    def add_node(self, node: NodeSeed) -> str:
        """Make one more instance, and return its providerID."""
        with self._api.turn():
            return seed.add(self._api.project, self._world, node)

    def add_subnet(self, name: str, cidr: str, *, network: str = "") -> None:
        """Make one more subnetwork, in the seeded network or in another one."""
        with self._api.turn():
            seed.add_subnet(self._api.project, self._world, name, cidr, network=network)

    def remove_node(self, name: str) -> None:
        """Delete an instance, and with it its place in every group."""
        with self._api.turn():
            seed.remove(self._api.project, name)

    def fail_targets(self, *instances: str) -> None:
        """Make these instances fail every health check; none makes all of them well again."""
        with self._api.turn():
            self._api.project.unhealthy = set(instances)

    def weigh_targets(self, weights: Mapping[str, int]) -> None:
        """Set what instances answer as their weight."""
        with self._api.turn():
            self._api.project.weights = dict(weights)

    def fail_operations(self, method: str, error: GceError, times: int = 1) -> None:
        """Let the next changes by a method (`forwardingRules.insert`) be accepted, and fail inside their operations."""
        self._api.failing.append(Failing(method=method, error=error, times=times))

    def refuse(self, method: str, error: GceError, times: int = 1) -> None:
        """Refuse the next calls of a method, be they changes or reads."""
        self._api.failing.append(Failing(method=method, error=error, times=times, late=False))

    def contents(self) -> Mapping[str, Mapping[str, Any]]:
        """Return everything in the project by path, without a call, as copies that compare."""
        with self._api.turn():
            everything = self._api.project.store.all()
            return {path: json.loads(json.dumps(resource)) for path, resource in everything}

    def client(self, kind: Callable[..., T]) -> T:
        """Make a client of google-cloud-compute that talks to this emulator."""
        options = ClientOptions(api_endpoint=self.endpoint_url)
        credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
        return kind(client_options=options, credentials=credentials, transport="rest")

    def environment(self) -> Mapping[str, str]:
        """Return variables that point the `gcloud` command line, and cloudlb, here."""
        return {
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": f"{self.endpoint_url}/compute/v1/",
            "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
            "CLOUDSDK_CORE_PROJECT": self.settings.project,
            "CLOUDSDK_COMPUTE_REGION": self.settings.region,
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "GOOGLE_CLOUD_PROJECT": self.settings.project,
        }


def reason_of(response: Response) -> str | None:
    """Return the `reason` of a refusal."""
    try:
        body = json.loads(response.body)
        return str(body["error"]["errors"][0]["reason"])
    except (ValueError, KeyError, IndexError, TypeError):
        return None


def _render_fault(_operation: Operation, fault: Fault) -> Response:
    error = errors.rate_limited() if fault.kind is FaultKind.THROTTLE else errors.internal()
    if fault.code:
        error = GceError(error.status, fault.code, error.message, domain=error.domain)
    return error.response(retry_after=fault.retry_after)
