"""The calling half of the provider: reads and writes for one cluster, safe to use from several threads."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from cloudlb.errors import CloudError, Conflict, Denied
from cloudlb.model import Node, Owner, OwnerKind
from cloudlb.plan.assumed import Known
from cloudlb.plan.change import Change
from cloudlb.plan.driver import Driver, Fence
from cloudlb.plan.pace import PACE, Pace
from cloudlb.plan.resource import Found, Observed, Resource, Stack
from cloudlb.provider import OPEN, CloudSettings, Gate, Inventory, TargetHealth
from cloudlb_gcp import health, listing, names, observe
from cloudlb_gcp.assume import Catalogue
from cloudlb_gcp.design import commands
from cloudlb_gcp.drivers import GcpDriver, Telling
from cloudlb_gcp.errors import lacks_permission
from cloudlb_gcp.inventory import inventory_of
from cloudlb_gcp.labels import check_labels, check_tags
from cloudlb_gcp.landscape import Landscape
from cloudlb_gcp.listing import Lister, Recent
from cloudlb_gcp.resources.firewall import Firewall
from cloudlb_gcp.rights import Rights
from cloudlb_gcp.session import Session
from cloudlb_gcp.survey import Surveyor


def connect(settings: CloudSettings, pace: Pace = PACE, gate: Gate = OPEN) -> "GcpCloud":
    """Make the calling half. No call yet, but UsageError where there are no credentials, or labels or tags that can not be."""
    check_labels(settings.extra_tags)
    check_tags(settings.node_tags)
    cloud = GcpCloud(settings, pace, gate)
    cloud.session.check_credentials()
    return cloud


class GcpCloud:
    """Compute Engine as one cluster uses it (`cloudlb.provider.Cloud`)."""

    def __init__(self, settings: CloudSettings, pace: Pace = PACE, gate: Gate = OPEN) -> None:
        """Connect nothing yet: clients are made when first needed."""
        self.session = Session(settings, pace, gate)
        self._rights = Rights()
        self.surveyor = Surveyor(self.session, settings, self._rights)
        self._cluster = settings.cluster
        self._catalogue = Catalogue(self.session, self.surveyor.place)
        self._recent = Recent(settings.cluster, self.session.pace.clock)
        self._nothing_is_shared = False

    def _lister(self) -> Lister:
        return Lister(session=self.session, where=self.where(), rights=self._rights)

    def driver(self, owner: Owner) -> Driver:
        """Return the verbs for changing single resources of an owner."""
        driver = GcpDriver(self.session, owner, self.surveyor.place, self._telling(owner))
        return _Watching(driver, self.surveyor, self._rights, lambda: self._note(owner))

    def _telling(self, owner: Owner) -> Telling:
        return Telling(doubt=self.surveyor.doubt, change=lambda: self._recent.spend(owner))

    def _note(self, owner: Owner) -> None:
        """Note whose stack grows."""
        if owner.kind is OwnerKind.CLUSTER:
            self._nothing_is_shared = False

    def survey(self, nodes: Sequence[Node]) -> Landscape:
        """Read the network and the nodes' instances; what is known already costs no call."""
        return self.surveyor.survey(nodes)

    def refresh(self, *, nodes: bool = True) -> None:
        """Forget the landscape, the nodes' instances where `nodes` says so: the next survey reads it anew."""
        self.surveyor.refresh(nodes=nodes)
        self._recent.drop()

    def sweep(self, owner: Owner | None = None, *, brief: bool = False) -> Inventory:
        """List what carries the cluster's marks, or one owner's."""
        wanted = names.EVERYTHING if owner is None else names.listing_filter(owner)
        kinds = listing.BRIEFLY if brief else listing.EVERYTHING
        listed = self._lister().list(kinds, wanted)
        if not brief:
            self._recent.keep(listed, owner)
        found = inventory_of(listed, self._cluster)
        if owner is None and not brief:
            self._nothing_is_shared = not found.of(Owner.of_cluster(self._cluster))
        return found

    def observe(self, owner: Owner, inventory: Inventory, expected: Stack = Stack()) -> Observed:
        """Read what exists of an owner.

        Where a sweep has just shown that nothing is shared, that is the answer: creating what another process made
        meanwhile adopts it.
        """
        if owner.kind is OwnerKind.CLUSTER and self._nothing_is_shared:
            return Observed()
        known = bool(inventory.of(owner))
        listed = self._recent.take(owner)
        return observe.observe(self._lister(), owner, listed, known=known, expected=expected)

    def known(self, stack: Stack) -> Known | None:
        """Return ids and attributes of a stack's objects, from one listing for all owners."""
        return self._catalogue.known(stack)

    def health(self, observed: Observed) -> tuple[TargetHealth, ...]:
        """Read the health of the nodes behind an observed load balancer."""
        return tuple(health.health(self.session, observed))

    def where(self) -> tuple[str, str, str]:
        """Return project, region and the network's project. Raises UsageError where they can not be told."""
        return (*self.surveyor.place(), self.surveyor.network_project())


class _Watching:
    """A driver that learns what of the network's firewall rules is not ours to do: see rights.py."""

    def __init__(
        self,
        driver: GcpDriver,
        surveyor: Surveyor,
        rights: Rights,
        creating: Callable[[], None],
    ) -> None:
        """`creating` is told of every creation before it is made."""
        self._driver = driver
        self._surveyor = surveyor
        self._rights = rights
        self._creating = creating

    def create(self, desired: Resource, fence: Fence) -> Found[Any]:
        """Create, as the driver does."""
        self._creating()
        with self._learning():
            return self._driver.create(desired, fence)

    def update(self, change: Change, desired: Resource, fence: Fence) -> Found[Any]:
        """Update, as the driver does."""
        with self._learning():
            return self._driver.update(change, desired, fence)

    def delete(self, found: Found[Any], fence: Fence) -> None:
        """Delete, as the driver does. A refusal says what to run in its place."""
        if isinstance(found.value, Firewall) and "list" in self._rights.denied:
            # Designs leave out rules that can not be seen: that nobody wants this one is not to be told from that.
            message = f"firewall rules can not be read any more: {found.id} is left as it is"
            raise Conflict(message, operation="firewalls.delete")
        try:
            with self._learning():
                self._driver.delete(found, fence)
        except Denied as error:
            if not (isinstance(found.value, Firewall) and lacks_permission(error)):
                raise
            message = f"{error}; run it, or have it run: {commands.deletion(found.value)}"
            raise Denied(message, operation=error.operation, code=error.code) from error

    @contextmanager
    def _learning(self) -> Iterator[None]:
        try:
            yield
        except CloudError as error:
            if self._rights.learn(error):
                # What stands decides what can go on: it may be otherwise than when it was last read.
                self._surveyor.look_again()
            raise
