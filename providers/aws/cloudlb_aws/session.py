"""The way to AWS: lazily made SDK clients behind `call`, `pages` and `write`, whose errors are `cloudlb.errors`.

The only file that imports the SDK, and only when the first client is made. The SDK retries nothing here: each single
call is tried again at the pace that the runtime gives, because what is made of several calls would never end if each
throttled one threw away those before it. Instance metadata is never asked, neither for credentials nor for the region: in a cluster it names the
node's identity, not ours, and behind a hop limit it hangs.
"""

import functools
import os
import re
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any

import structlog

from cloudlb.errors import CloudError, Rejected, UsageError
from cloudlb.plan.driver import Fence
from cloudlb.plan.pace import PACE, Pace, Tell, persistently
from cloudlb.provider import OPEN, CloudSettings, Gate
from cloudlb_aws.errors import CREDENTIALS_REMEDY, Refusal, broken, error_of, no_credentials

Json = Mapping[str, Any]
"""A reply, in the SDK's names."""

CONNECTIONS = 48
"""Kept open per service: more than the threads that call at once (several owners, eight workers each)."""

_PAGING = {
    "elbv2": ("Marker", "NextMarker"),
    "ec2": ("NextToken", "NextToken"),
    "resourcegroupstaggingapi": ("PaginationToken", "PaginationToken"),
}
"""How each service is asked for the next page, and where it says that there is one."""

_CONNECT_SECONDS = 5
_READ_SECONDS = 60
_log = structlog.get_logger(__name__)
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+?-\d+")


def region_of_zone(zone: str) -> str:
    """Return the region that a zone lies in, local zones included (`us-west-2-lax-1a` → `us-west-2`); empty if none."""
    match = _REGION.match(zone)
    return match[0] if match else ""


class Api:
    """One AWS service. Safe to use from several threads."""

    def __init__(self, session: "Session", service: str) -> None:
        """`service` is the SDK's word for it."""
        self._session = session
        self._service = service

    def call(self, operation: str, **parameters: object) -> Json:
        """Read, by AWS's own name for it; tried again while throttled, and a few times after a passing fault.

        Raises CloudErrors, and UsageError without region or credentials.
        """
        return persistently(
            lambda: self._once(operation, parameters),
            self._session.pace,
            self._told(operation),
            self._session.pace.read,
        )

    def pages(self, operation: str, **parameters: object) -> Iterator[Json]:
        """Read a listing: as many calls as it has pages. Raises as `call` does, also while iterating."""
        asks, answers = _PAGING[self._service]
        page: Json = self.call(operation, **parameters)
        yield page
        while page.get(answers):
            page = self.call(operation, **parameters, **{asks: page[answers]})
            yield page

    def write(self, operation: str, fence: Fence, **parameters: object) -> Json:
        """Write, if the fence lets it pass; a few tries while throttled, which is a refusal before anything was done.

        After any other fault it is not known what was done: the whole verb has to be made again, which looks first.
        """

        def once() -> Json:
            fence()
            return self._once(operation, parameters)

        pace = self._session.pace
        return persistently(once, pace, self._told(operation), pace.write)

    def _once(self, operation: str, parameters: Mapping[str, object]) -> Json:
        client, gate = self._session.client(self._service), self._session.gate
        gate.before(operation)
        started, result = time.monotonic(), "ok"
        try:
            reply: Json = getattr(client, _method(operation))(**parameters)
        except _sdk_errors() as error:
            translated = _translated(self._service, operation, error)
            result = type(translated).__name__
            raise translated from error
        finally:
            gate.after(operation, result, time.monotonic() - started)
        return reply

    def _told(self, operation: str) -> Tell:
        return lambda error, seconds: _log.info(
            "calling again", operation=operation, after=round(seconds, 2), error=str(error)
        )


class Session:
    """Clients for the services we use, made when first needed."""

    def __init__(self, settings: CloudSettings, pace: Pace = PACE, gate: Gate = OPEN) -> None:
        """Make no client yet."""
        self.pace = pace
        self.gate = gate
        self._settings = settings
        self._lock = Lock()
        self._sdk: Any = None
        self._clients: dict[str, Any] = {}
        self._suggested_region = ""
        self.elbv2 = Api(self, "elbv2")
        self.ec2 = Api(self, "ec2")
        self.tagging = Api(self, "resourcegroupstaggingapi")

    def check_credentials(self) -> None:
        """Raise UsageError, saying what to do, where there are no credentials."""
        with self._lock:
            self._core()

    def suggest_region(self, region: str) -> None:
        """Note the region that the nodes are in: it counts where the settings name none and no call was made yet."""
        with self._lock:
            self._suggested_region = self._suggested_region or region

    @property
    def region(self) -> str:
        """The region of every call: settings, else the nodes', else environment or profile. UsageError if none."""
        with self._lock:
            return self._region()

    def client(self, service: str) -> Any:  # noqa: ANN401  (the SDK generates its clients at run time)
        """Return the client of a service."""
        client = self._clients.get(service)
        if client is not None:
            return client
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._made(service)
            return self._clients[service]

    def _made(self, service: str) -> Any:  # noqa: ANN401
        import boto3.session  # noqa: PLC0415  (slow to import; not wanted for --help)
        from botocore.config import Config  # noqa: PLC0415

        config = Config(
            retries={"total_max_attempts": 1},
            max_pool_connections=CONNECTIONS,
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            tcp_keepalive=True,
            defaults_mode="legacy",
            user_agent_extra="cloudlb",
        )
        return boto3.session.Session(botocore_session=self._core()).client(
            service,
            region_name=self._region(),
            endpoint_url=self._settings.endpoint_url or None,
            config=config,
        )

    def _region(self) -> str:
        region = self._settings.region or self._suggested_region or os.environ.get("AWS_REGION")
        region = region or self._core().get_config_variable("region")
        if not region:
            message = "no AWS region is known: pass --region, set AWS_REGION, or give the nodes their providerID"
            raise UsageError(message)
        return str(region)

    def _core(self) -> Any:  # noqa: ANN401
        """Return the SDK's own session, with the lookups of instance metadata taken out."""
        if self._sdk is None:
            import botocore.exceptions  # noqa: PLC0415
            import botocore.session  # noqa: PLC0415

            core = botocore.session.Session()
            try:
                loader = _loader(core.get_config_variable("data_path"))
                core.register_component("data_loader", loader)
                core.get_component("credential_provider").remove("iam-role")
                credentials = core.get_credentials()
            except botocore.exceptions.BotoCoreError as error:
                message = f"the AWS configuration is not usable: {error}; {CREDENTIALS_REMEDY}"
                raise UsageError(message) from error
            if credentials is None:
                message = f"no AWS credentials were found: {CREDENTIALS_REMEDY}"
                raise UsageError(message)
            self._sdk = core
        return self._sdk


@functools.cache
def _loader(search_path: str | None) -> Any:  # noqa: ANN401
    """Return what reads the SDK's descriptions of services, megabytes of JSON: once a process, not once a session."""
    from botocore.loaders import create_loader  # noqa: PLC0415

    return create_loader(search_path)


@functools.cache
def _method(operation: str) -> str:
    """Return the SDK's method for an operation of the API."""
    from botocore import xform_name  # noqa: PLC0415

    return str(xform_name(operation))


@functools.cache
def _sdk_errors() -> tuple[type[Exception], ...]:
    """Return everything that the SDK raises."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    return (BotoCoreError, ClientError, ResponseParserError)


def _translated(service: str, operation: str, error: Exception) -> CloudError:
    """Map an exception of the SDK."""
    from botocore import exceptions  # noqa: PLC0415

    if isinstance(error, exceptions.ClientError):
        return error_of(_refusal(service, error))
    if isinstance(error, exceptions.ParamValidationError):
        return Rejected(f"{operation}: {error}", operation=operation, code="ParamValidation")
    if isinstance(
        error,
        exceptions.NoCredentialsError
        | exceptions.PartialCredentialsError
        | exceptions.CredentialRetrievalError
        | exceptions.TokenRetrievalError
        | exceptions.SSOError,
    ):
        return no_credentials(operation, error)
    return broken(service, operation, error)


def _refusal(service: str, error: Any) -> Refusal:  # noqa: ANN401  (the SDK's ClientError)
    said = error.response.get("Error", {})
    http = error.response.get("ResponseMetadata", {})
    operation = str(error.operation_name)
    return Refusal(
        # Assuming a role happens inside other calls, and has an IAM prefix of its own.
        service="sts" if operation.startswith("AssumeRole") else service,
        operation=operation,
        code=str(said.get("Code", "")),
        message=str(said.get("Message", "")),
        status=int(http.get("HTTPStatusCode", 0)),
        retry_after=_retry_after(http.get("HTTPHeaders", {})),
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After (RFC 9110, 10.2.3): seconds, or a date, which counts from the reply's own Date."""
    value = headers.get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers["date"])
    except (ValueError, KeyError):
        return None
    return max(0.0, wait.total_seconds())
