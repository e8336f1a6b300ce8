"""Target proxies for HTTP and HTTPS, global and regional."""

from collections.abc import Mapping
from typing import Any, ClassVar

from cloudlb_gcp.emulator import errors, links
from cloudlb_gcp.emulator.kind import Kind
from cloudlb_gcp.emulator.kinds.schemes import check_rules_before
from cloudlb_gcp.emulator.kinds.url_maps import services_of
from cloudlb_gcp.emulator.project import Project

Json = dict[str, Any]

MOST_CERTIFICATES = 15


class TargetHttpProxies(Kind):
    """`targetHttpProxies` and `regionTargetHttpProxies`."""

    collection, kind, word = "targetHttpProxies", "compute#targetHttpProxy", "target_http_proxy"
    scopes = frozenset({"global", "region"})
    references: ClassVar[Mapping[str, tuple[str, ...]]] = {"urlMap": ("urlMaps",)}
    fingerprinted = True
    changes = frozenset({"patch"})

    def check(self, project: Project, path: str, new: Json, old: Mapping[str, Any] | None) -> None:
        """A URL map."""
        _check_map(project, path, new, old)


class TargetHttpsProxies(Kind):
    """`targetHttpsProxies` and `regionTargetHttpsProxies`."""

    collection, kind, word = "targetHttpsProxies", "compute#targetHttpsProxy", "target_https_proxy"
    scopes = frozenset({"global", "region"})
    references: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "sslCertificates[]": ("sslCertificates",),
        "sslPolicy": ("sslPolicies",),
        "urlMap": ("urlMaps",),
    }
    fingerprinted = True
    changes = frozenset({"patch"})

    def check(self, project: Project, path: str, new: Json, old: Mapping[str, Any] | None) -> None:
        """A URL map, and at least one certificate."""
        _check_map(project, path, new, old)
        count = len(new.get("sslCertificates", ()))
        if not count and not new.get("certificateMap"):
            raise errors.required("sslCertificates")
        if count > MOST_CERTIFICATES:
            raise errors.invalid("sslCertificates", count, f"At most {MOST_CERTIFICATES}.")


def _check_map(
    project: Project, path: str, new: Mapping[str, Any], old: Mapping[str, Any] | None
) -> None:
    if not new.get("urlMap"):
        raise errors.required("urlMap")
    if old is not None:
        services = services_of(project, project.linked(new["urlMap"]))
        check_rules_before(project, project.store.users(path), services)


def set_url_map(project: Project, path: str, body: Json) -> Json:
    """Point a proxy to another URL map. Raises GceError."""
    return _set(project, path, {"urlMap": body.get("urlMap")})


def set_certificates(project: Project, path: str, body: Json) -> Json:
    """Replace all certificates. Raises GceError."""
    return _set(project, path, {"sslCertificates": list(body.get("sslCertificates") or ())})


def set_ssl_policy(project: Project, path: str, body: Json) -> Json:
    """Set or, with nothing given, remove the policy. Raises GceError."""
    return _set(project, path, {"sslPolicy": body.get("sslPolicy")})


def _set(project: Project, path: str, patch: Json) -> Json:
    https = links.collection_of(path) == TargetHttpsProxies.collection
    kind: Kind = TargetHttpsProxies() if https else TargetHttpProxies()
    return kind.change(project, path, patch, whole=False)
