"""URL maps, global and regional."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from cloudlb_gcp.emulator import errors, links
from cloudlb_gcp.emulator.check import within
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
_TWICE = "The path is there twice."
_MOST_WEIGHT = 1000


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
        _check_hosts(new)
        for number, matcher in enumerate(new.get("pathMatchers", ())):
            _check_matcher(matcher, f"pathMatchers[{number}].")


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


def _check_hosts(new: Mapping[str, Any]) -> None:
    """Hosts are hosts and there once, and lead to matchers that are there; every matcher is for some host."""
    names = [str(each.get("name")) for each in new.get("pathMatchers", ())]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise errors.invalid("pathMatchers.name", twice[0], "The name is there twice.")
    hosts: set[str] = set()
    for number, rule in enumerate(new.get("hostRules", ())):
        matcher, field = rule.get("pathMatcher"), f"hostRules[{number}]"
        if matcher not in names:
            raise errors.invalid(
                f"{field}.pathMatcher", matcher, "The path matcher does not exist."
            )
        for place, host in enumerate(rule.get("hosts", ())):
            if not _HOST.fullmatch(host):
                raise errors.invalid(f"{field}.hosts[{place}]", host, "Must be a host.")
            if host in hosts:
                raise errors.invalid(f"{field}.hosts[{place}]", host, "The host is there twice.")
            hosts.add(host)
    used = {rule.get("pathMatcher") for rule in new.get("hostRules", ())}
    if unused := sorted(set(names) - used):
        raise errors.invalid("pathMatchers.name", unused[0], "No host rule uses the path matcher.")


def _check_matcher(matcher: Mapping[str, Any], field: str) -> None:
    _check_default(matcher, field)
    if matcher.get("pathRules") and matcher.get("routeRules"):
        why = "Only one of pathRules and routeRules can be specified."
        raise errors.invalid(f"{field}routeRules", len(matcher["routeRules"]), why)
    seen: set[str] = set()
    for number, rule in enumerate(matcher.get("pathRules", ())):
        _check_action(
            rule, f"{field}pathRules[{number}].", ("service", "routeAction", "urlRedirect")
        )
        for path in rule.get("paths", ()):
            _check_path(path, f"{field}pathRules[{number}].paths")
            if path in seen:
                raise errors.invalid(f"{field}pathRules[{number}].paths", path, _TWICE)
            seen.add(path)


def _check_default(holder: Mapping[str, Any], prefix: str) -> None:
    fields = ("defaultService", "defaultRouteAction", "defaultUrlRedirect")
    _check_action(holder, prefix, fields)


def _check_action(holder: Mapping[str, Any], prefix: str, fields: Sequence[str]) -> None:
    """Raise GceError where nothing says what becomes of a request, or a redirect stands beside something else."""
    service, action, redirect = fields
    if not any(holder.get(each) for each in fields):
        raise errors.required(f"{prefix}{service}")
    weighted = holder.get(action, {}).get("weightedBackendServices", ())
    if holder.get(redirect) and (holder.get(service) or holder.get(action)):
        why = "A redirect can not be combined with a service or an action."
        raise errors.invalid(f"{prefix}{redirect}", "", why)
    if weighted and holder.get(service):
        why = f"Only one of {service} and {action}.weightedBackendServices can be specified."
        raise errors.invalid(f"{prefix}{service}", holder[service], why)
    for number, share in enumerate(weighted):
        within(
            share, "weight", 0, _MOST_WEIGHT, f"{prefix}{action}.weightedBackendServices[{number}]."
        )


def _check_path(path: str, field: str) -> None:
    if not path.startswith("/") or "*" in path.removesuffix("/*"):
        why = "Must begin with '/', and have a '*' only at its end, after a '/'."
        raise errors.invalid(field, path, why)


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
