"""The way to Compute Engine: lazily made SDK clients behind reads and writes, whose errors are `cloudlb.errors`.

The only file that imports the SDK, and only when the first client is made. Resources go in and out as the API's own
JSON. The SDK retries nothing and waits for nothing: each single call is tried again at the pace that the runtime gives,
and operations are awaited by `operations.py`.
"""

import functools
import inspect
import json
import os
import sys
import time
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

import structlog

from cloudlb.errors import CloudError, Rejected, UsageError
from cloudlb.plan.driver import Fence
from cloudlb.plan.pace import PACE, Pace, Tell, persistently
from cloudlb.provider import OPEN, CloudSettings, Gate
from cloudlb_gcp.collections import OPERATIONS, PROJECTS, Collection
from cloudlb_gcp.errors import CREDENTIALS_REMEDY, Refusal, broken, error_of, no_credentials
from cloudlb_gcp.links import name_of, part_of
from cloudlb_gcp.operations import Operations

Json = Mapping[str, Any]
"""A resource, or an answer, with the API's own names."""

PAGE = 500
"""The most that a list call returns at once."""

_SECONDS = 60.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a call goes: a project, and the region or zone where the collection has one."""

    project: str
    within: str = ""

    @classmethod
    def of(cls, path: str) -> "Place":
        """Return the place of a resource's path."""
        within = part_of(path, "regions") or part_of(path, "zones")
        return cls(project=part_of(path, "projects"), within=within)


class Session:
    """Reads and writes. Safe to use from several threads."""

    def __init__(self, settings: CloudSettings, pace: Pace = PACE, gate: Gate = OPEN) -> None:
        """Make no client yet."""
        self.pace = pace
        self.gate = gate
        self._endpoint = settings.endpoint_url or _endpoint_of_environment()
        self._lock = Lock()
        self._clients: dict[str, Any] = {}
        self._credentials: Any = None
        self.default_project = ""
        self._operations = Operations(self._poll, pace)

    def check_credentials(self) -> None:
        """Raise UsageError, saying what to do, where there are no credentials."""
        with self._lock:
            self._find_credentials()

    def get(self, kind: Collection, path: str) -> Json:
        """Read one resource by its path. Raises NotFound and other CloudErrors."""
        request = {**_scope(kind, Place.of(path)), kind.word: name_of(path)}
        return self._read(kind, "get", request)

    def get_project(self, project: str) -> Json:
        """Read a project, its quotas among it. Raises CloudErrors."""
        return self._read(PROJECTS, "get", {"project": project})

    def pages(self, kind: Collection, place: Place, name_filter: str = "") -> Iterator[Json]:
        """Yield the resources of a collection in one place: as many calls as it has pages. Raises CloudErrors."""
        request: dict[str, Any] = {**_scope(kind, place), "max_results": PAGE}
        if name_filter:
            request["filter"] = name_filter
        for page in self._paged(kind, "list", request):
            yield from page.get("items", ())

    def everywhere(self, kind: Collection, project: str, name_filter: str = "") -> Iterator[Json]:
        """Yield the resources of a collection in all zones or regions of a project. Raises CloudErrors."""
        request: dict[str, Any] = {"project": project, "max_results": PAGE}
        if name_filter:
            request["filter"] = name_filter
        for page in self._paged(kind, "aggregated_list", request):
            for scope in page.get("items", {}).values():
                yield from scope.get(kind.service, ())

    def endpoints(self, kind: Collection, path: str) -> Iterator[Json]:
        """Yield the endpoints of a network endpoint group. Raises CloudErrors."""
        request = {
            **_scope(kind, Place.of(path)),
            kind.word: name_of(path),
            "max_results": PAGE,
            "network_endpoint_groups_list_endpoints_request_resource": {},
        }
        for page in self._paged(kind, "list_network_endpoints", request):
            yield from page.get("items", ())

    def health(self, kind: Collection, path: str, group: str) -> Json:
        """Read the health of one group behind a backend service. Raises CloudErrors."""
        request = {
            **_scope(kind, Place.of(path)),
            kind.word: name_of(path),
            "resource_group_reference_resource": {"group": group},
        }
        return self._read(kind, "get_health", request)

    def insert(self, kind: Collection, place: Place, body: Json, fence: Fence) -> None:
        """Create a resource and wait until it is there. Raises CloudErrors."""
        self._write(kind, "insert", {**_scope(kind, place), **_body(kind, body)}, fence)

    def patch(self, kind: Collection, path: str, body: Json, fence: Fence) -> None:
        """Change the fields that the body has. A list can be replaced, and not emptied. Raises CloudErrors."""
        self._write(kind, "patch", {**_named(kind, path), **_body(kind, body)}, fence)

    def update(self, kind: Collection, path: str, body: Json, fence: Fence) -> None:
        """Replace a resource whole: what the body does not have becomes the default. Raises CloudErrors."""
        self._write(kind, "update", {**_named(kind, path), **_body(kind, body)}, fence)

    def delete(self, kind: Collection, path: str, fence: Fence) -> None:
        """Delete a resource and wait until it is gone. Raises CloudErrors."""
        self._write(kind, "delete", _named(kind, path), fence)

    def act(self, kind: Collection, path: str, action: "Action", fence: Fence) -> None:
        """Do something else to a resource. Raises CloudErrors."""
        word = action.word or kind.word
        request = {**_scope(kind, Place.of(path)), word: name_of(path), action.field: action.body}
        self._write(kind, action.method, request, fence)

    def _read(self, kind: Collection, method: str, request: Mapping[str, Any]) -> Json:
        operation = _api_name(kind, method)
        return persistently(
            lambda: self._once(kind, method, request, operation),
            self.pace,
            _told(operation),
            self.pace.read,
        )

    def _paged(self, kind: Collection, method: str, request: Mapping[str, Any]) -> Iterator[Json]:
        token = ""
        while True:
            more = {"page_token": token} if token else {}
            page = self._read(kind, method, {**request, **more})
            yield page
            token = str(page.get("nextPageToken", ""))
            if not token:
                return

    def _write(
        self, kind: Collection, method: str, request: Mapping[str, Any], fence: Fence
    ) -> None:
        operation = _api_name(kind, method)

        def once() -> Json:
            fence()
            return self._once(kind, f"{method}_unary", request, operation)

        started = persistently(once, self.pace, _told(operation), self.pace.write)
        done = self._operations.finished(started)
        if refusal := _failure(operation, done):
            raise error_of(refusal)

    def _poll(self, scope: str, names: tuple[str, ...]) -> Mapping[str, Json]:
        """Ask how operations of one scope (`projects/p/regions/r`) stand: one call, however many."""
        kind = OPERATIONS[
            "region" if "/regions/" in scope else "zone" if "/zones/" in scope else "global"
        ]
        place = Place.of(f"{scope}/operations/x")
        if len(names) == 1:
            request = {**_scope(kind, place), kind.word: names[0]}
            return {names[0]: self._read(kind, "get", request)}
        wanted = f"name eq ({'|'.join(names)})"
        return {str(each["name"]): each for each in self.pages(kind, place, wanted)}

    def _once(
        self, kind: Collection, method: str, request: Mapping[str, Any], operation: str
    ) -> Json:
        client, gate = self._client(kind), self.gate
        gate.before(operation)
        started, result = time.monotonic(), "ok"
        try:
            return _called(client, method, request)
        except _sdk_errors() as error:
            translated = _translated(operation, error)
            result = type(translated).__name__
            raise translated from error
        finally:
            gate.after(operation, result, time.monotonic() - started)

    def _client(self, kind: Collection) -> Any:  # noqa: ANN401  (the SDK's clients have no common type)
        client = self._clients.get(kind.client)
        if client is not None:
            return client
        with self._lock:
            if kind.client not in self._clients:
                self._clients[kind.client] = self._made(kind.client)
            return self._clients[kind.client]

    def _made(self, name: str) -> Any:  # noqa: ANN401
        from google.api_core.client_options import ClientOptions  # noqa: PLC0415
        from google.cloud import compute_v1  # noqa: PLC0415  (takes seconds to import)

        options = ClientOptions(api_endpoint=self._endpoint or None)
        kind = getattr(compute_v1, name)
        return kind(credentials=self._find_credentials(), client_options=options, transport="rest")

    def _find_credentials(self) -> Any:  # noqa: ANN401
        """Return credentials. A token is never sent in the clear: plain HTTP is used without any."""
        if self._credentials is None:
            import google.auth  # noqa: PLC0415
            import google.auth.exceptions  # noqa: PLC0415
            from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415

            if self._endpoint.startswith("http://"):
                self._credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
                return self._credentials
            try:
                found, project = google.auth.default(
                    scopes=["https://www.googleapis.com/auth/compute"]
                )
            except google.auth.exceptions.DefaultCredentialsError as error:
                message = f"there are no Google Cloud credentials: {CREDENTIALS_REMEDY}"
                raise UsageError(message) from error
            self._credentials, self.default_project = found, project or ""
        return self._credentials


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A method of a resource beyond the usual ones: the SDK's name, its body's field, and the body.

    `word` is what the SDK calls the resource's name there, where it calls it otherwise.
    """

    method: str
    field: str
    body: Json
    word: str = ""


def _endpoint_of_environment() -> str:
    """Return the endpoint that gcloud's own variable names, if any: its value ends in the API's path."""
    given = os.environ.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", "")
    return given.partition("/compute/")[0]


def _scope(kind: Collection, place: Place) -> dict[str, Any]:
    if kind.scope == "global":
        return {"project": place.project}
    return {"project": place.project, kind.scope: place.within}


def _named(kind: Collection, path: str) -> dict[str, Any]:
    return {**_scope(kind, Place.of(path)), kind.word: name_of(path)}


def _body(kind: Collection, body: Json) -> dict[str, Any]:
    return {f"{kind.word}_resource": body}


@functools.cache
def _api_name(kind: Collection, method: str) -> str:
    first, *rest = method.split("_")
    return f"{kind.service}.{first}{''.join(word.capitalize() for word in rest)}"


def _called(client: Any, method: str, request: Mapping[str, Any]) -> Json:  # noqa: ANN401
    """Call the SDK with JSON, and return JSON."""
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415

    call: Callable[..., Any] = getattr(client, method)
    kind = _request_type(f"{type(client).__module__}:{type(client).__name__}", method)
    reply = call(request=kind.from_json(json.dumps(request)), timeout=_SECONDS, retry=None)
    # The SDK's pagers fetch further pages without our retries: each page is asked for here, by its token.
    reply = next(iter(reply.pages)) if hasattr(reply, "pages") else reply
    message = getattr(type(reply), "pb", lambda raw: raw)(reply)
    answer: Json = MessageToDict(message)
    return answer


@functools.cache
def _request_type(client: str, method: str) -> Any:  # noqa: ANN401
    """Return the message that a method of a client (`module:class`) takes, by the annotation of its parameter."""
    module, _, name = client.partition(":")
    signature = inspect.signature(getattr(getattr(sys.modules[module], name), method))
    annotation = signature.parameters["request"].annotation
    return next(each for each in typing.get_args(annotation) if hasattr(each, "from_json"))


def _failure(operation: str, done: Json) -> Refusal | None:
    """Read how a finished operation failed, if it did; the first of its errors counts."""
    found = done.get("error", {}).get("errors", ())
    if not found:
        return None
    return Refusal(
        operation=operation,
        reason=str(found[0].get("code", "")),
        message="; ".join(str(each.get("message", "")) for each in found),
        status=int(done.get("httpErrorStatusCode", 400)),
    )


def _told(operation: str) -> Tell:
    return lambda error, seconds: _log.info(
        "calling again", operation=operation, after=round(seconds, 2), error=str(error)
    )


@functools.cache
def _sdk_errors() -> tuple[type[Exception], ...]:
    """Return everything that the SDK raises for a call."""
    import google.api_core.exceptions  # noqa: PLC0415
    import google.auth.exceptions  # noqa: PLC0415
    import requests.exceptions  # noqa: PLC0415
    from google.protobuf.json_format import ParseError  # noqa: PLC0415

    return (
        google.api_core.exceptions.GoogleAPIError,
        google.auth.exceptions.GoogleAuthError,
        requests.exceptions.RequestException,
        ParseError,
    )


def _translated(operation: str, error: Exception) -> CloudError:
    """Map an exception of the SDK."""
    import google.auth.exceptions  # noqa: PLC0415
    from google.api_core.exceptions import GoogleAPICallError  # noqa: PLC0415
    from google.protobuf.json_format import ParseError  # noqa: PLC0415

    if isinstance(error, ParseError):
        return Rejected(f"{operation}: {error}", operation=operation, code="badRequest")
    if isinstance(error, google.auth.exceptions.TransportError):
        return broken(operation, error)
    if isinstance(error, google.auth.exceptions.GoogleAuthError):
        return no_credentials(operation, error)
    if isinstance(error, GoogleAPICallError) and error.code is not None:
        said = next((each for each in error.errors or () if isinstance(each, dict)), {})
        status = int(error.code)
        return error_of(
            Refusal(
                operation=operation,
                reason=str(said.get("reason", "")),
                message=str(said.get("message") or error.message),
                status=status,
                retry_after=_retry_after(error),
            )
        )
    return broken(operation, error)


def _retry_after(error: Any) -> float | None:  # noqa: ANN401
    """Read Retry-After in seconds (RFC 9110, 10.2.3) from the response behind an error."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return max(0.0, float(headers.get("Retry-After", "")))
    except ValueError:
        return None
