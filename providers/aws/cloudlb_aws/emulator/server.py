"""The emulator: moto behind its layers, over HTTP on the loopback interface, in this process."""

import functools
import threading
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from cloudlb.testing.faults import Fault, FaultKind, Faults
from cloudlb.testing.recorder import Recorder
from cloudlb.testing.wsgi import Latency, Operation, Response, Server
from cloudlb_aws.emulator import seed as seeding
from cloudlb_aws.emulator.accounts import Account
from cloudlb_aws.emulator.errors import AwsError
from cloudlb_aws.emulator.request import error_code, identify, render_error
from cloudlb_aws.emulator.settings import EmulatorSettings
from cloudlb_aws.emulator.strict import Strict
from cloudlb_aws.emulator.throttle import Throttle, refused

_MOTO = DomainDispatcherApplication(create_backend_app)
_ACCESS_KEY = "AKIAEMULATEDEXAMPLE0"
_SECRET_KEY = "emulated"  # noqa: S105  (no secret: the emulator checks no signature)


_MAKING_CLIENTS = threading.Lock()

Client = Any
"""A client or session of boto3, which has no types of its own."""


@functools.cache
def _session(region: str) -> Client:
    """Keep one session, because the service models it has read make the next client quick."""
    return boto3.session.Session(
        aws_access_key_id=_ACCESS_KEY, aws_secret_access_key=_SECRET_KEY, region_name=region
    )


class Emulator:
    """An emulated AWS account in one region. A context manager; `start` and `stop` do the same by hand.

    State is this emulator's own, however many run in the process. `recorder` sees every call, `faults` makes calls
    fail on demand.
    """

    def __init__(self, settings: EmulatorSettings | None = None) -> None:
        """Build the layers; `start` begins to listen."""
        self.settings = settings or EmulatorSettings()
        self._account = Account(self.settings.region)
        self._strict = Strict(_MOTO, account=self._account, settings=lambda: self.settings)
        self.faults = Faults(self._strict, identify=identify, render=_render_fault)
        self._throttle = Throttle(self.faults, lambda: self.settings)
        latency = Latency(self._throttle, lambda: self.settings.latency)
        self.recorder = Recorder(latency, identify=identify, error_of=error_code)
        self._server = Server(self.recorder, port=self.settings.port)

    def start(self) -> Self:
        """Listen. OSError when the port is taken."""
        self._server.start()
        return self

    def stop(self) -> None:
        """Stop listening and forget the account."""
        self._server.stop()
        self._account.close()

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
        """The URL for every service's endpoint."""
        return self._server.url

    @property
    def account_id(self) -> str:
        """The account's number."""
        return self._account.id

    def configure(self, **changes: Any) -> None:  # noqa: ANN401  (fields of EmulatorSettings)
        """Change settings while running. TypeError for an unknown one; `port` and `region` stay as they are."""
        if fixed := {"port", "region"} & changes.keys():
            message = f"{', '.join(sorted(fixed))} can not change while the emulator runs"
            raise TypeError(message)
        self.settings = replace(self.settings, **changes)

    def reset(self) -> None:
        """Empty the account, the recorder and the faults. Settings stay."""
        self._account.reset()
        self._strict.reset()
        self._throttle.reset()
        self.faults.clear()
        self.recorder.clear()

    def seed(self, world: seeding.World | None = None) -> seeding.SeededWorld:
        """Make a network with nodes in it, without any call on the record."""
        with self._account.turn():
            return seeding.plant(world or seeding.World(), self._account)

    def fail_targets(self, *target_ids: str) -> None:
        """Make these instances or addresses fail every health check; none makes all of them well again."""
        with self._account.turn():
            self._strict.ledger.unhealthy = set(target_ids)

    def client(self, service: str, *, validate: bool = True) -> Client:
        """Make a boto3 client of a service that talks to this emulator. It does not retry.

        Without `validate` it sends what boto3 itself would refuse.
        """
        config = Config(
            retries={"total_max_attempts": 1},
            max_pool_connections=32,
            parameter_validation=validate,
        )
        with _MAKING_CLIENTS:
            return _session(self.settings.region).client(
                service, endpoint_url=self.endpoint_url, config=config
            )

    def environment(self) -> Mapping[str, str]:
        """Return variables that point the `aws` command line, or any SDK, here."""
        return {
            "AWS_ACCESS_KEY_ID": _ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": _SECRET_KEY,
            "AWS_DEFAULT_REGION": self.settings.region,
            "AWS_REGION": self.settings.region,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }


def _render_fault(operation: Operation, fault: Fault) -> Response:
    if fault.kind is FaultKind.THROTTLE:
        usual = refused(operation)
        error = AwsError(fault.code or usual.code, usual.message, status=usual.status)
    else:
        code = fault.code or ("InternalError" if operation.service == "ec2" else "InternalFailure")
        error = AwsError(code, "An internal error has occurred", status=500)
    return render_error(operation, error, retry_after=fault.retry_after)
