"""The API's routes, as google-cloud-compute itself describes them.

Its transports carry verb, path and the body's message of every method: no schema of our own.
Only the legacy httpHealthChecks are in no client library any more; their routes follow the pattern of healthChecks.
"""

import importlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.cloud import compute_v1

from cloudlb.testing.wsgi import Operation, Request

SERVICES = (
    "addresses",
    "backend_services",
    "firewalls",
    "forwarding_rules",
    "global_addresses",
    "global_forwarding_rules",
    "global_operations",
    "health_checks",
    "instance_groups",
    "instances",
    "network_endpoint_groups",
    "networks",
    "projects",
    "region_backend_services",
    "region_health_checks",
    "region_operations",
    "region_ssl_certificates",
    "region_ssl_policies",
    "region_target_http_proxies",
    "region_target_https_proxies",
    "region_url_maps",
    "regions",
    "ssl_certificates",
    "ssl_policies",
    "subnetworks",
    "target_http_proxies",
    "target_https_proxies",
    "target_pools",
    "url_maps",
    "zone_operations",
    "zones",
)

_VERSION = re.compile(r"/compute/(?:v1|beta|alpha)/")
_READS = frozenset({"getHealth", "listInstances", "listNetworkEndpoints", "validate", "wait"})
LEGACY_CHECKS = "httpHealthChecks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of the API. `service` and `method` are the API's words: `regionBackendServices`, `getHealth`."""

    service: str
    method: str
    verb: str
    pattern: re.Pattern[str]
    message: Any = None

    @property
    def write(self) -> bool:
        """Whether it can change anything."""
        return self.verb != "GET" and self.method not in _READS

    @property
    def id(self) -> str:
        """The method's name in the API reference, without its first part."""
        return f"{self.service}.{self.method}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A route and the names in the path."""

    route: Route
    names: Mapping[str, str]


def match(request: Request) -> Match | None:
    """Find the route of a request."""
    path = _VERSION.sub("/compute/v1/", request.path, count=1)
    for route in _routes().get((request.method, path.count("/")), ()):
        if found := route.pattern.fullmatch(path):
            return Match(route=route, names=found.groupdict())
    return None


def identify(request: Request) -> Operation:
    """Tell what a request asks for, for recorders and faults."""
    found = match(request)
    if found is None:
        path = {"path": request.path}
        return Operation(service="compute", name="unknown", write=False, params=path)
    route = found.route
    return Operation(
        service=route.service,
        name=route.id,
        write=route.write,
        params={**found.names, **_readable(request.body)},
    )


def _readable(raw: bytes) -> Mapping[str, object]:
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        return {}
    return {"body": body}


@cache
def _routes() -> Mapping[tuple[str, int], tuple[Route, ...]]:
    """Return the routes by verb and depth of the path; those without a variable at the end first."""
    found: dict[tuple[str, int], list[Route]] = {}
    for template, route in sorted(_all(), key=lambda each: each[0].count("{")):
        found.setdefault((route.verb, template.count("/")), []).append(route)
    return {key: tuple(routes) for key, routes in found.items()}


def _all() -> Iterator[tuple[str, Route]]:
    for module in SERVICES:
        for method, option in _methods(module):
            yield _route(
                _camel(module), method, option["method"], option["uri"], option.get("body")
            )
    for method, verb, rest in (
        ("get", "get", "/{http_health_check}"),
        ("delete", "delete", "/{http_health_check}"),
        ("list", "get", ""),
        ("insert", "post", ""),
        ("patch", "patch", "/{http_health_check}"),
        ("update", "put", "/{http_health_check}"),
    ):
        template = "/compute/v1/projects/{project}/global/httpHealthChecks" + rest
        yield _route(LEGACY_CHECKS, method, verb, template, None)


def _methods(module: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    package = "google.cloud.compute_v1.services"
    rest = importlib.import_module(f"{package}.{module}.transports.rest_base")
    (base,) = (
        each
        for name, each in vars(rest).items()
        if name.endswith("RestTransport") and name.startswith("_Base")
    )
    for name, each in vars(base).items():
        if name.startswith("_Base") and hasattr(each, "_get_http_options"):
            for option in each._get_http_options():  # noqa: SLF001  (that is where the library keeps them)
                method = name.removeprefix("_Base")
                yield method[0].lower() + method[1:], option


def _route(
    service: str, method: str, verb: str, template: str, body: str | None
) -> tuple[str, Route]:
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))
    message = getattr(compute_v1, _message_name(body)) if body else None
    route = Route(
        service=service, method=method, verb=verb.upper(), pattern=pattern, message=message
    )
    return template, route


def _message_name(body: str) -> str:
    return "".join(word.capitalize() for word in body.removesuffix("_resource").split("_"))


def _camel(module: str) -> str:
    first, *rest = module.split("_")
    return first + "".join(word.capitalize() for word in rest)
