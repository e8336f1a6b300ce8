"""The verbs on single resources, one file a kind; `AwsDriver` chooses the file.

Every verb may be called again after any failure. A creation that finds its name taken looks whose it is: ours is
brought to what is desired, anything else is NotOwned.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from cloudlb.errors import CloudError, NotFound, NotReady
from cloudlb.model import Owner
from cloudlb.plan.change import Change
from cloudlb.plan.driver import Fence
from cloudlb.plan.links import held_ids
from cloudlb.plan.resource import CloudId, Found, Resource
from cloudlb_aws.drivers import (
    ingress_rules,
    listener,
    load_balancer,
    node_rules,
    security_group,
    target_group,
    targets,
)
from cloudlb_aws.drivers.context import SHOWS_UP_SECONDS, Context
from cloudlb_aws.drivers.recent import Recent
from cloudlb_aws.resources.ingress_rules import IngressRules
from cloudlb_aws.resources.listener import Listener
from cloudlb_aws.resources.load_balancer import LoadBalancer
from cloudlb_aws.resources.node_rules import NodeRules
from cloudlb_aws.resources.security_group import SecurityGroup
from cloudlb_aws.resources.target_group import TargetGroup
from cloudlb_aws.resources.targets import Targets
from cloudlb_aws.session import Session

_UNKNOWN = frozenset({"InvalidSecurityGroup"})
"""Refusals, besides NotFound, that an object which was just made may cause."""


class Kind(Protocol):
    """The verbs on one kind of resource: what each file here has."""

    def create(self, context: Context, desired: Any) -> Found[Any]:  # noqa: ANN401
        """Make an object, or adopt it."""

    def update(self, context: Context, change: Change, desired: Any) -> Found[Any]:  # noqa: ANN401
        """Change what differs."""

    def delete(self, context: Context, found: Found[Any]) -> None:
        """Remove an object."""


_KINDS: Mapping[str, Kind] = {
    SecurityGroup.KIND: security_group,
    IngressRules.KIND: ingress_rules,
    NodeRules.KIND: node_rules,
    LoadBalancer.KIND: load_balancer,
    TargetGroup.KIND: target_group,
    Targets.KIND: targets,
    Listener.KIND: listener,
}


class AwsDriver:
    """Changes single resources for one owner (`cloudlb.plan.driver.Driver`). Safe to use from several threads."""

    def __init__(
        self,
        session: Session,
        owner: Owner,
        recent: Recent,
        *,
        changing: Callable[[Owner], None] = lambda _owner: None,
    ) -> None:
        """`changing` is told whose stack grows, before it does."""
        self._session = session
        self._owner = owner
        self._recent = recent
        self._changing = changing

    def create(self, desired: Resource, fence: Fence) -> Found[Any]:
        """Make an object that carries the owner's tags from its first call on, or adopt it."""
        self._changing(self._owner)
        with self._patient(desired):
            return _KINDS[desired.KIND].create(self._context(fence), desired)

    def update(self, change: Change, desired: Resource, fence: Fence) -> Found[Any]:
        """Bring what was found to what is desired."""
        with self._patient(desired):
            return _KINDS[desired.KIND].update(self._context(fence), change, desired)

    def delete(self, found: Found[Any], fence: Fence) -> None:
        """Delete an object; that it is gone already is success."""
        _KINDS[found.value.KIND].delete(self._context(fence), found)

    def _context(self, fence: Fence) -> Context:
        return Context(session=self._session, owner=self._owner, recent=self._recent, fence=fence)

    @contextmanager
    def _patient(self, desired: Resource) -> Iterator[None]:
        """Turn "does not exist" into "not yet" for what was made a moment ago: AWS learns of it late."""
        try:
            yield
        except CloudError as error:
            if not isinstance(error, NotFound) and error.code not in _UNKNOWN:
                raise
            mentioned = held_ids(Found(id=CloudId(""), value=desired))
            if not self._recent.made({*mentioned, f"{self._owner.uid}/{desired.key}"}):
                raise
            raise NotReady(
                f"{error}; it was made a moment ago",
                after=SHOWS_UP_SECONDS,
                operation=error.operation,
                code=error.code,
            ) from error
