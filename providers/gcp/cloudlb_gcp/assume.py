"""The ids and attributes of a stack's objects without a look at each: names make paths, and one listing has the addresses."""

import threading
from collections.abc import Callable, Mapping

from cloudlb.plan.assumed import Known
from cloudlb.plan.resource import CloudId, Resource, Stack
from cloudlb_gcp import names
from cloudlb_gcp.collections import FORWARDING_RULES
from cloudlb_gcp.links import part_of, regional, wide, zonal
from cloudlb_gcp.reading import forwarding_rule
from cloudlb_gcp.resources.backend_service import BackendService
from cloudlb_gcp.resources.firewall import Firewall
from cloudlb_gcp.resources.forwarding_rule import ForwardingRule
from cloudlb_gcp.resources.health_check import HealthCheck
from cloudlb_gcp.resources.network_endpoint_group import NetworkEndpointGroup
from cloudlb_gcp.resources.network_endpoints import NetworkEndpoints
from cloudlb_gcp.session import Place, Session

Attributes = Mapping[str, str]


class Catalogue:
    """All forwarding rules of the region by name, listed once. Safe to use from several threads."""

    def __init__(self, session: Session, where: Callable[[], tuple[str, str]]) -> None:
        """List nothing yet."""
        self._session = session
        self._where = where
        self._lock = threading.Lock()
        self._rules: Mapping[str, Attributes] | None = None

    def known(self, stack: Stack) -> Known | None:
        """Return what is known of a stack's resources; None where a rule of it is not listed. Raises CloudErrors."""
        rules = self._listed()
        if not all(each.name in rules for each in stack if isinstance(each, ForwardingRule)):
            return None
        project, region = self._where()
        groups = {
            each.id: zonal(project, each.zone, "networkEndpointGroups", each.name)
            for each in stack
            if isinstance(each, NetworkEndpointGroup)
        }
        known = {}
        for each in stack:
            attributes = _attributes(each, project, region, rules, groups)
            known[each.key] = (
                CloudId(attributes.get("path", attributes.get("group", ""))),
                attributes,
            )
        return known

    def _listed(self) -> Mapping[str, Attributes]:
        with self._lock:
            if self._rules is None:
                project, region = self._where()
                here = Place(project=project, within=region)
                found = map(
                    forwarding_rule.read,
                    self._session.pages(FORWARDING_RULES, here, names.EVERYTHING),
                )
                self._rules = {each.value.name: each.attributes for each in found}
            return self._rules


def _attributes(
    each: Resource,
    project: str,
    region: str,
    rules: Mapping[str, Attributes],
    groups: Mapping[str, str],
) -> Attributes:
    match each:
        case ForwardingRule():
            return rules[each.name]
        case NetworkEndpoints():
            return {"group": groups[each.id]}
        case NetworkEndpointGroup():
            path = groups[each.id]
        case Firewall():
            path = wide(part_of(each.network, "projects"), "firewalls", each.name)
        case BackendService():
            path = regional(project, region, "backendServices", each.name)
        case HealthCheck():
            path = regional(project, region, "healthChecks", each.name)
        case _:
            path = ""
    return {"path": path}
