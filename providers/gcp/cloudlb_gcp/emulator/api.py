"""The API: finds the method of a request, and answers it."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

import structlog

from cloudlb.testing.wsgi import Layer, Request, Response
from cloudlb_gcp.emulator import errors, links, lists
from cloudlb_gcp.emulator.bodies import body_of
from cloudlb_gcp.emulator.errors import JSON, GceError
from cloudlb_gcp.emulator.kind import Kind
from cloudlb_gcp.emulator.kinds import KINDS, METHODS, READINGS
from cloudlb_gcp.emulator.links import GLOBAL, Scope
from cloudlb_gcp.emulator.lists import Query
from cloudlb_gcp.emulator.operations import Running
from cloudlb_gcp.emulator.project import Project
from cloudlb_gcp.emulator.routes import Match, match
from cloudlb_gcp.emulator.settings import EmulatorSettings

Json = dict[str, Any]

_log = structlog.get_logger(__name__)
_LONGEST_WAIT = 120.0
"""Seconds after which a wait for an operation is answered, whether it is done or not."""
_WAIT_STEP = 0.02
_ENVELOPE = frozenset({"project", "region", "zone"})
_PROJECT_WIDE = frozenset({"projects", "regions", "zones"})


@dataclass(slots=True)
class Failing:
    """A call that will fail: the method, the refusal, how many times; `late`: accepted, and failed in its operation."""

    method: str
    error: GceError
    times: int = 1
    late: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: its method, the parts of its path, its parameters and its body."""

    match: Match
    project: Project
    query: Query
    request_id: str
    body: Json

    @property
    def method(self) -> str:
        """The API's word for it, without the service."""
        return self.match.route.method

    @property
    def scope(self) -> Scope:
        """The scope that the path names."""
        names = self.match.names
        for kind in ("zone", "region"):
            if kind in names and self.collection != f"{kind}s":
                return Scope(kind, names[kind])
        return Scope("project") if self.collection in _PROJECT_WIDE else GLOBAL

    @property
    def collection(self) -> str:
        """The collection that the path names, whatever its scope."""
        service = self.match.route.service
        for prefix in ("global", "region", "zone"):
            rest = service.removeprefix(prefix)
            if rest != service and rest[:1].isupper():
                return rest[0].lower() + rest[1:]
        return service

    @property
    def name(self) -> str:
        """The name of the resource in the path, empty for calls to a collection."""
        names = self.match.names
        own = [value for key, value in names.items() if key not in _ENVELOPE]
        if own:
            return own[0]
        kind = self.collection.removesuffix("s")
        return names.get(kind, "") if self.collection in {"regions", "zones"} else ""


class Api(Layer):
    """Answers calls, one at a time."""

    def __init__(self, settings: Callable[[], EmulatorSettings]) -> None:
        """Begin with an empty project."""
        super().__init__(_nothing)
        self._settings = settings
        self._lock = threading.RLock()
        self.failing: list[Failing] = []
        self.project = Project(settings)

    def reset(self) -> None:
        """Empty the project."""
        with self._lock:
            self.failing.clear()
            self.project = Project(self._settings)

    def turn(self) -> threading.RLock:
        """Return the lock under which the project is changed."""
        return self._lock

    def handle(self, request: Request) -> Response:
        """Answer a request; what is refused is told as the API does."""
        try:
            return _json(self._waited(request))
        except GceError as error:
            return error.response()
        except Exception:  # noqa: BLE001  (whatever it is, the caller is answered)
            # A bug of the emulator's own. The caller meets what it would meet if the real one had it.
            _log.exception("the emulator failed", method=request.method, path=request.path)
            return errors.internal().response()

    def _waited(self, request: Request) -> Json:
        """Answer a request; a wait for an operation takes as long as the operation, or as its caller will be kept."""
        until = time.monotonic() + _LONGEST_WAIT
        while True:
            with self._lock:
                answer = self._answered(request)
            waits = request.method == "POST" and answer.get("kind") == "compute#operation"
            if not waits or not request.path.endswith("/wait") or answer["status"] == "DONE":
                return answer
            # A clock that tests move by hand stands still while somebody waits.
            if self._settings().clock is not time.monotonic or time.monotonic() > until:
                return answer
            time.sleep(_WAIT_STEP)

    def _answered(self, request: Request) -> Json:
        found = match(request)
        if found is None:
            raise errors.no_such_route()
        project = self.project.known(found.names["project"])
        if project is None:
            raise errors.not_found(f"projects/{found.names['project']}")
        self._check_place(found)
        parameters = parse_qs(request.query)
        call = Call(
            match=found,
            project=project,
            query=Query(request.query),
            request_id=parameters.get("requestId", [""])[-1],
            body=body_of(found.route, request),
        )
        if (refusal := self._failing(call, late=False)) is not None:
            refusal.times -= 1
            raise refusal.error
        if call.collection == "operations":
            return self._operation(call)
        if call.collection == "projects":
            return self._project(call)
        return self._resource(call, request)

    def _check_place(self, found: Match) -> None:
        """Raise GceError (invalid) for a region or zone that there is not."""
        for kind in ("region", "zone"):
            name = found.names.get(kind)
            if name is None or found.route.service == f"{kind}s":
                continue
            if self.project.path(Scope("project"), f"{kind}s", name) not in self.project.store:
                raise errors.bad_parameter(kind, name, f"Unknown {kind}.")

    def _project(self, call: Call) -> Json:
        if call.method != "get":
            raise errors.not_implemented(call.match.route.id)
        status = "HOST" if call.project is self.project.host else "UNSPECIFIED_XPN_PROJECT_STATUS"
        return {
            "kind": "compute#project",
            "id": "1",
            "name": call.project.id,
            "defaultNetworkTier": "PREMIUM",
            "xpnProjectStatus": status,
            "quotas": self._quotas(call.project),
            "selfLink": links.url(f"projects/{call.project.id}"),
        }

    def _quotas(self, project: Project) -> list[Json]:
        """Return the quotas that count globally."""
        counted = {
            "BACKEND_SERVICES": "backendServices",
            "FIREWALLS": "firewalls",
            "HEALTH_CHECKS": "healthChecks",
            "URL_MAPS": "urlMaps",
        }
        return [
            {
                "metric": metric,
                "limit": float(self._settings().quota(metric)),
                "usage": float(project.count(GLOBAL, collection)),
            }
            for metric, collection in counted.items()
        ]

    def _resource(self, call: Call, request: Request) -> Json:
        kind = KINDS[call.collection]
        path = call.project.path(call.scope, call.collection, call.name)
        call.project.check_permission(call.collection, call.method, path)
        if call.method == "list":
            return self._listed(call, kind, path)
        if call.method == "aggregatedList":
            return self._aggregated(call, kind)
        if call.method == "get":
            return self._shown(call, kind, path)
        reading = READINGS.get((call.collection, call.method))
        if reading is not None:
            return lists.paged(reading(call.project, path, call.body), call.query)
        return self._changed(call, kind, path, request)

    def _shown(self, call: Call, kind: Kind, path: str) -> Json:
        found = self._seen().get(path)
        if found is None:
            raise errors.not_found(path)
        return kind.rendered(call.project, path, found)

    def _changed(self, call: Call, kind: Kind, path: str, request: Request) -> Json:
        told = f"{request.method} {request.path} {request.body!r}"
        before = call.project.operations.repeated(call.request_id, told)
        if before is not None:
            return call.project.operations.seen(before)
        running = self._begun(call, kind, path)
        call.project.operations.remember(call.request_id, told, running)
        return call.project.operations.seen(running, fresh=True)

    def _begun(self, call: Call, kind: Kind, path: str) -> Running:
        """Make a change and begin its operation; one that is to fail late is checked first, as every change is."""
        failing = self._failing(call, late=True)
        if failing is None:
            call.project.store.note_write(self._settings().lag_calls)
            target, number = self._done(call, kind, path)
            return self._started(call, target, number, None)
        with call.project.store.tried():
            target, number = self._done(call, kind, path)
        failing.times -= 1
        return self._started(call, target, number, failing.error)

    def _done(self, call: Call, kind: Kind, path: str) -> tuple[str, str]:
        """Make a change; return the path and the id of what was changed."""
        project, method = call.project, call.method
        own = METHODS.get((call.collection, method))
        target, resource = path, project.store.get(path) or {}
        if kind.seeded:
            raise errors.not_implemented(call.match.route.id)
        if method == "insert":
            target, resource = kind.insert(project, call.scope, call.body)
        elif method == "delete":
            resource = dict(kind.delete(project, path))
        elif method in {"patch", "update"} and method in kind.changes:
            resource = kind.change(project, path, call.body, whole=method == "update")
        elif own is not None:
            resource = own(project, path, call.body) or {}
        else:
            raise errors.not_implemented(call.match.route.id)
        return target, str(resource.get("id", ""))

    def _started(
        self, call: Call, target: str, target_id: str, failure: GceError | None
    ) -> Running:
        return call.project.operations.start(
            call.method, links.scope_of(target), target, target_id, failure
        )

    def _failing(self, call: Call, *, late: bool) -> Failing | None:
        for each in self.failing:
            if each.method == call.match.route.id and each.late == late and each.times > 0:
                return each
        return None

    def _seen(self) -> Mapping[str, Any]:
        return self.project.store.seen(self._settings().lag_calls)

    def _listed(self, call: Call, kind: Kind, path: str) -> Json:
        found = {
            each: kind.rendered(call.project, each, resource)
            for each, resource in self._seen().items()
            if each.startswith(f"{path}/") and each.count("/") == path.count("/") + 1
        }
        page, token = lists.chosen(found, call.query, _fields(kind.kind))
        return lists.listed(f"{kind.kind}List", path, [each for _, each in page], token)

    def _aggregated(self, call: Call, kind: Kind) -> Json:
        found = {
            each: kind.rendered(call.project, each, resource)
            for each, resource in self._seen().items()
            if links.collection_of(each) == call.collection
            and each.startswith(f"projects/{call.project.id}/")
        }
        page, token = lists.chosen(found, call.query, _fields(kind.kind))
        by_scope: dict[str, list[Json]] = {part: [] for part in self._scopes(call.project, kind)}
        for each, resource in page:
            by_scope.setdefault(links.scope_of(each).part, []).append(resource)
        path = f"projects/{call.project.id}/aggregated/{call.collection}"
        return lists.aggregated(
            f"{kind.kind}AggregatedList", path, call.collection, by_scope, token
        )

    def _scopes(self, project: Project, kind: Kind) -> list[str]:
        found = ["global"] if "global" in kind.scopes else []
        for scope, collection in (("region", "regions"), ("zone", "zones")):
            if scope in kind.scopes:
                found += [
                    Scope(scope, links.name_of(path)).part
                    for path in project.in_collection(collection)
                ]
        return sorted(found)

    def _operation(self, call: Call) -> Json:
        operations = call.project.operations
        path = call.project.path(call.scope, "operations", call.name)
        if call.method in {"get", "wait"}:
            return operations.get(path)
        if call.method == "delete":
            operations.forget(path)
            return {}
        if call.method == "aggregatedList":
            return self._aggregated_operations(call)
        prefix = call.project.path(call.scope, "operations") + "/"
        page, token = lists.chosen(
            dict(operations.under(prefix)), call.query, _fields("compute#operation")
        )
        return lists.listed("compute#operationList", prefix[:-1], [each for _, each in page], token)

    def _aggregated_operations(self, call: Call) -> Json:
        found = dict(call.project.operations.under(f"projects/{call.project.id}/"))
        page, token = lists.chosen(found, call.query, _fields("compute#operation"))
        by_scope: dict[str, list[Json]] = {}
        for each, operation in page:
            by_scope.setdefault(links.scope_of(each).part, []).append(operation)
        path = f"projects/{call.project.id}/aggregated/operations"
        return lists.aggregated(
            "compute#operationAggregatedList", path, "operations", by_scope, token
        )


def _fields(kind: str) -> frozenset[str]:
    from cloudlb_gcp.emulator.fields import fields_of  # noqa: PLC0415  (takes the client library's messages apart)

    return fields_of(kind)


def _json(body: Json) -> Response:
    return Response(status=200, headers=JSON, body=json.dumps(body).encode())


def _nothing(_environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """Answer what stands below the API: there is nothing."""
    start_response("404 Not Found", [])
    return [b""]
