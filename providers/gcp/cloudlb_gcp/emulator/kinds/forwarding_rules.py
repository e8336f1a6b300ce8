"""Forwarding rules, regional and global: who answers on which address and ports."""

from collections.abc import Mapping
from typing import Any, ClassVar

from cloudlb_gcp.emulator import errors, links
from cloudlb_gcp.emulator.check import one_of
from cloudlb_gcp.emulator.kind import Kind
from cloudlb_gcp.emulator.kinds import labels
from cloudlb_gcp.emulator.kinds.addresses import check_tier
from cloudlb_gcp.emulator.kinds.rule_addresses import (
    check_conflicts,
    check_in_use,
    settle,
    version_of,
)
from cloudlb_gcp.emulator.kinds.targets import TARGETS, check_ports, check_target
from cloudlb_gcp.emulator.links import Scope, url
from cloudlb_gcp.emulator.project import Project

Json = dict[str, Any]

_PATCHABLE = frozenset({"allowGlobalAccess", "fingerprint"})
_SCHEMES = ("EXTERNAL", "EXTERNAL_MANAGED", "INTERNAL", "INTERNAL_MANAGED", "INTERNAL_SELF_MANAGED")


class ForwardingRules(Kind):
    """`forwardingRules` and `globalForwardingRules`. Most of one can not change: it is deleted and made anew."""

    collection, kind, word = "forwardingRules", "compute#forwardingRule", "forwarding_rule"
    scopes = frozenset({"global", "region"})
    references: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "backendService": ("backendServices",),
        "network": ("networks",),
        "subnetwork": ("subnetworks",),
        "target": TARGETS,
    }
    wider = frozenset({"target"})
    fingerprinted = True
    output = frozenset({"serviceName", "labelFingerprint"})
    quota = "FORWARDING_RULES"
    changes = frozenset({"patch"})

    def defaults(self, project: Project, scope: Scope, body: Json) -> None:
        """External TCP over IPv4 in the PREMIUM tier; internal rules in the default network."""
        body.setdefault("loadBalancingScheme", "EXTERNAL")
        body.setdefault("IPProtocol", "TCP")
        body.setdefault("ipVersion", version_of(project, body.get("IPAddress")))
        if body["loadBalancingScheme"].startswith("EXTERNAL"):
            body.setdefault("networkTier", "PREMIUM")
        elif scope.kind == "region":
            if body.get("subnetwork") and not body.get("network"):
                path = project.referred("subnetwork", body["subnetwork"], ("subnetworks",))
                body["network"] = project.there(path)["network"]
            body.setdefault("network", url(f"projects/{project.id}/global/networks/default"))
            default = project.path(scope, "subnetworks", "default")
            if not body.get("subnetwork") and default in project.store:
                body["subnetwork"] = url(default)
        if body.get("portRange") and "-" not in str(body["portRange"]):
            body["portRange"] = f"{body['portRange']}-{body['portRange']}"

    def check(self, project: Project, path: str, new: Json, old: Mapping[str, Any] | None) -> None:
        """Scheme, protocol and ports that go together with what is behind, on an address that is free for them."""
        _check_access(new, old)
        if old is not None:
            return
        one_of(new, "loadBalancingScheme", _SCHEMES)
        one_of(new, "ipVersion", ("IPV4", "IPV6"))
        scope = links.scope_of(path)
        check_target(project, scope, new)
        check_ports(new)
        internal = not new["loadBalancingScheme"].startswith("EXTERNAL")
        check_tier(scope, new, internal=internal)
        if new.get("subnetwork") and not internal and new["ipVersion"] == "IPV4":
            why = "Only internal and IPv6 rules are of a subnetwork."
            raise errors.invalid("subnetwork", new["subnetwork"], why)
        settle(project, scope, new)
        check_conflicts(project, new)
        check_in_use(project, scope, new)

    def check_unchanged(self, new: Mapping[str, Any], old: Mapping[str, Any]) -> None:
        """Raise GceError (invalid) for anything but the access that changed: there is no other way than a new rule."""
        for field in sorted((new.keys() | old.keys()) - _PATCHABLE):
            if new.get(field) != old.get(field):
                raise errors.invalid(field, new.get(field, ""), "The field can not be changed.")

    def rendered(self, project: Project, path: str, resource: Mapping[str, Any]) -> Json:
        """Add the labels' fingerprint."""
        shown = super().rendered(project, path, resource)
        shown["labelFingerprint"] = labels.label_fingerprint(dict(resource.get("labels", {})))
        return shown


def set_target(project: Project, path: str, body: Json) -> Json:
    """Point a rule to another target pool or proxy. Raises GceError."""
    old = project.there(path)
    project.operations.check_free(path)
    if not old.get("target"):
        raise errors.invalid("target", body.get("target", ""), "The rule has a backend service.")
    kind, scope = ForwardingRules(), links.scope_of(path)
    new = {**old, "target": body.get("target")}
    kind.canonical(project, scope, new)
    if links.collection_of(str(new["target"])) != links.collection_of(str(old["target"])):
        raise errors.invalid("target", new["target"], "The target must be of the same kind.")
    check_target(project, scope, new)
    kind.keep(project, path, new)
    return new


def _check_access(new: Mapping[str, Any], old: Mapping[str, Any] | None) -> None:
    """Only internal rules have global access; after creation, only passthrough ones can take it or lose it."""
    wanted, scheme = bool(new.get("allowGlobalAccess")), new["loadBalancingScheme"]
    if wanted and not str(scheme).startswith("INTERNAL"):
        why = "Global access is for internal forwarding rules only."
        raise errors.invalid("allowGlobalAccess", wanted, why)
    if old is not None and scheme != "INTERNAL" and wanted != bool(old.get("allowGlobalAccess")):
        raise errors.invalid("allowGlobalAccess", wanted, "The field can not be changed.")
