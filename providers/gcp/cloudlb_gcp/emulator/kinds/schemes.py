"""Load balancing schemes: a forwarding rule has that of every backend service behind it, whichever of them changes."""

from collections.abc import Iterable, Mapping
from typing import Any

from cloudlb_gcp.emulator import errors
from cloudlb_gcp.emulator.project import Project


def check_schemes(scheme: str, services: Iterable[Mapping[str, Any]]) -> None:
    """Raise GceError (invalid) where a service has another scheme than the rule in front of it."""
    if any(each["loadBalancingScheme"] != scheme for each in services):
        why = "The load balancing scheme of the backend service and of the forwarding rule must be the same."
        raise errors.invalid("loadBalancingScheme", scheme, why)


def check_rules_before(
    project: Project, users: Iterable[str], services: Iterable[Mapping[str, Any]]
) -> None:
    """Raise GceError (invalid) where a rule among the users of a proxy has another scheme than these services."""
    rules = [project.store.get(user) for user in users if "/forwardingRules/" in user]
    found = list(services)
    for scheme in sorted({str(rule["loadBalancingScheme"]) for rule in rules if rule is not None}):
        check_schemes(scheme, found)
