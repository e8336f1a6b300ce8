"""URL maps, global and regional."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from cloudlb_gcp.emulator import errors, links
from cloudlb_gcp.emulator.kind import Kind, referred_by
from cloudlb_gcp.emulator.kinds.schemes import check_rules_before
from cloudlb_gcp.emulator.project import Project

Json = dict[str, Any]

_HOST = re.compile(r"\*|(\*[-.])?[a-z0-9.-]+(:\d+)?")
_SERVICES = ("backendServices",)
_ACTIONS = (
    "defaultRouteAction",
    "pathMatchers[].defaultRouteAction",
    "pathMatchers[].pathRules[].routeAction",
    "pathMatchers[].routeRules[].routeAction",
)
_IN_ACTIONS = ("weightedBackendServices[].backendService", "requestMirrorPolicy.backendService")
_PROTOCOLS = frozenset({"HTTP", "HTTPS", "HTTP2", "H2C", "GRPC"})
_REDIRECTS = ("defaultUrlRedirect", "urlRedirect")


class UrlMaps(Kind):
    """`urlMaps` and `regionUrlMaps`."""

    collection, kind, word = "urlMaps", "compute#urlMap", "url_map"
    scopes = frozenset({"global", "region"})
    references: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "defaultService": _SERVICES,
        "pathMatchers[].defaultService": _SERVICES,
        "pathMatchers[].pathRules[].service": _SERVICES,
        "pathMatchers[].routeRules[].service": _SERVICES,
        "tests[].service": _SERVICES,
        **{f"{action}.{field}": _SERVICES for action in _ACTIONS for field in _IN_ACTIONS},
    }
    fingerprinted = True
    quota = "URL_MAPS"

    def check(self, project: Project, path: str, new: Json, old: Mapping[str, Any] | None) -> None:
        """A default, hosts that are hosts and there once, matchers that exist, and services that speak HTTP."""
        _check_services(project, path, new, old)
        _check_default(new, "")
        matchers = {str(each.get("name")) for each in new.get("pathMatchers", ())}
        hosts: set[str] = set()
        for number, rule in enumerate(new.get("hostRules", ())):
            if rule.get("pathMatcher") not in matchers:
                why = "The path matcher does not exist."
                raise errors.invalid(
                    f"hostRules[{number}].pathMatcher", rule.get("pathMatcher"), why
                )
            for host in rule.get("hosts", ()):
                if not _HOST.fullmatch(host):
                    raise errors.invalid(f"hostRules[{number}].hosts[0]", host, "Must be a host.")
                if host in hosts:
                    raise errors.invalid(
                        f"hostRules[{number}].hosts[0]", host, "The host is there twice."
                    )
                hosts.add(host)
        for number, matcher in enumerate(new.get("pathMatchers", ())):
            _check_default(matcher, f"pathMatchers[{number}].")
            for rule in matcher.get("pathRules", ()):
                _check_paths(rule, f"pathMatchers[{number}].pathRules")


def services_of(project: Project, url_map: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the backend services that a URL map refers to."""
    for link in dict.fromkeys(referred_by(url_map, UrlMaps.references)):
        yield project.linked(link)


def _check_services(
    project: Project, path: str, new: Mapping[str, Any], old: Mapping[str, Any] | None
) -> None:
    services = list(services_of(project, new))
    for each in services:
        if each["protocol"] not in _PROTOCOLS:
            why = f"A backend service of protocol {each['protocol']} can not be used by a URL map."
            raise errors.invalid("defaultService", each["selfLink"], why)
    for user in project.store.users(path) if old is not None else ():
        check_rules_before(project, project.store.users(user), services)


def _check_default(holder: Mapping[str, Any], prefix: str) -> None:
    if not any(holder.get(each) for each in ("defaultService", "defaultRouteAction", *_REDIRECTS)):
        raise errors.required(f"{prefix}defaultService")


def _check_paths(rule: Mapping[str, Any], field: str) -> None:
    for path in rule.get("paths", ()):
        if not path.startswith("/") or "*" in path.removesuffix("/*"):
            why = "Must begin with '/', and have a '*' only at its end, after a '/'."
            raise errors.invalid(f"{field}.paths", path, why)


def validate(project: Project, path: str, body: Json) -> Json:
    """Tell whether a URL map would be taken, without making it."""
    kind, resource = UrlMaps(), dict(body.get("resource", {}))
    try:
        kind.canonical(project, links.scope_of(path), resource)
        kind.check(project, path, resource, None)
    except errors.GceError as error:
        return {
            "result": {"loadSucceeded": False, "loadErrors": [error.message], "testPassed": False}
        }
    return {"result": {"loadSucceeded": True, "testPassed": True}}
