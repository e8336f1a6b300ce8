"""Self-managed SSL certificates and SSL policies, global and regional."""

from collections.abc import Mapping
from typing import Any

from cloudlb_gcp.emulator import errors
from cloudlb_gcp.emulator.check import one_of
from cloudlb_gcp.emulator.kind import Kind
from cloudlb_gcp.emulator.links import Scope
from cloudlb_gcp.emulator.project import Project

Json = dict[str, Any]


class SslCertificates(Kind):
    """`sslCertificates` and `regionSslCertificates`. Nothing of one can change, and its key is never shown."""

    collection, kind, word = "sslCertificates", "compute#sslCertificate", "ssl_certificate"
    scopes = frozenset({"global", "region"})
    quota = "SSL_CERTIFICATES"
    changes = frozenset()

    def defaults(self, project: Project, scope: Scope, body: Json) -> None:
        """Self-managed."""
        del project, scope
        body.setdefault("type", "SELF_MANAGED")

    def check(self, project: Project, path: str, new: Json, old: Mapping[str, Any] | None) -> None:
        """A certificate and a key in PEM."""
        del project, path, old
        for field, word in (("certificate", "CERTIFICATE"), ("privateKey", "PRIVATE KEY")):
            value = str(new.get(field, ""))
            if not value:
                raise errors.required(field)
            if "-----BEGIN " not in value or word not in value:
                raise errors.invalid(field, "…", f"The SSL {field} could not be parsed.")
        new["_privateKey"] = new.pop("privateKey")
        new["selfManaged"] = {"certificate": new["certificate"]}


class SslPolicies(Kind):
    """`sslPolicies` and `regionSslPolicies`."""

    collection, kind, word = "sslPolicies", "compute#sslPolicy", "ssl_policy"
    scopes = frozenset({"global", "region"})
    fingerprinted = True
    changes = frozenset({"patch"})

    def defaults(self, project: Project, scope: Scope, body: Json) -> None:
        """Compatible with everybody, TLS 1.0 and up."""
        del project, scope
        body.setdefault("profile", "COMPATIBLE")
        body.setdefault("minTlsVersion", "TLS_1_0")

    def check(self, project: Project, path: str, new: Json, old: Mapping[str, Any] | None) -> None:
        """A profile and a version that there are."""
        del project, path, old
        one_of(new, "profile", ("COMPATIBLE", "MODERN", "RESTRICTED", "CUSTOM"))
        one_of(new, "minTlsVersion", ("TLS_1_0", "TLS_1_1", "TLS_1_2"))
