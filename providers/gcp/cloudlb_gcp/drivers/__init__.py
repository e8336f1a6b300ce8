"""The verbs on single resources, one file a kind; `GcpDriver` chooses the file.

Every verb may be called again after any failure. A creation that finds its name taken looks whose it is: ours is
brought to what is desired, anything else is NotOwned.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cloudlb.model import Owner
from cloudlb.plan.change import Change
from cloudlb.plan.driver import Fence
from cloudlb.plan.resource import Found, Resource
from cloudlb_gcp.drivers import (
    backend_service,
    firewall,
    forwarding_rule,
    health_check,
    network_endpoint_group,
    network_endpoints,
)
from cloudlb_gcp.drivers.context import Context
from cloudlb_gcp.resources.backend_service import BackendService
from cloudlb_gcp.resources.firewall import Firewall
from cloudlb_gcp.resources.forwarding_rule import ForwardingRule
from cloudlb_gcp.resources.health_check import HealthCheck
from cloudlb_gcp.resources.network_endpoint_group import NetworkEndpointGroup
from cloudlb_gcp.resources.network_endpoints import NetworkEndpoints
from cloudlb_gcp.session import Session


class Kind(Protocol):
    """The verbs on one kind of resource: what each file here has."""

    def create(self, context: Context, desired: Any) -> Found[Any]:  # noqa: ANN401
        """Make an object, or adopt it."""

    def update(self, context: Context, change: Change, desired: Any) -> Found[Any]:  # noqa: ANN401
        """Change what differs."""

    def delete(self, context: Context, found: Found[Any]) -> None:
        """Remove an object."""


_KINDS: Mapping[str, Kind] = {
    BackendService.KIND: backend_service,
    Firewall.KIND: firewall,
    ForwardingRule.KIND: forwarding_rule,
    HealthCheck.KIND: health_check,
    NetworkEndpointGroup.KIND: network_endpoint_group,
    NetworkEndpoints.KIND: network_endpoints,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Who is told what: `doubt` of a zone where an instance was not there, `change` before anything changes."""

    doubt: Callable[[str], None]
    change: Callable[[], None]


class GcpDriver:
    """Changes single resources for one owner (`cloudlb.plan.driver.Driver`). Safe to use from several threads."""

    def __init__(
        self,
        session: Session,
        owner: Owner,
        where: Callable[[], tuple[str, str]],
        telling: Telling,
    ) -> None:
        """`where` tells the project and the region."""
        self._session = session
        self._owner = owner
        self._where = where
        self._telling = telling

    def create(self, desired: Resource, fence: Fence) -> Found[Any]:
        """Make an object that carries the owner's marks from its first call on, or adopt it."""
        return _KINDS[desired.KIND].create(self._context(fence), desired)

    def update(self, change: Change, desired: Resource, fence: Fence) -> Found[Any]:
        """Bring what was found to what is desired."""
        return _KINDS[desired.KIND].update(self._context(fence), change, desired)

    def delete(self, found: Found[Any], fence: Fence) -> None:
        """Delete an object; that it is gone already is success."""
        _KINDS[found.value.KIND].delete(self._context(fence), found)

    def _context(self, fence: Fence) -> Context:
        self._telling.change()
        project, region = self._where()
        return Context(
            session=self._session,
            owner=self._owner,
            project=project,
            region=region,
            fence=fence,
            doubt=self._telling.doubt,
        )
