"""The calling half of the provider: reads and writes for one cluster, safe to use from several threads."""

from collections.abc import Sequence

from cloudlb.model import Node, Owner
from cloudlb.plan.driver import Driver
from cloudlb.plan.resource import Observed, Stack
from cloudlb.provider import CloudSettings, Inventory, TargetHealth
from cloudlb_aws import health, inventory, observe
from cloudlb_aws.drivers import AwsDriver
from cloudlb_aws.drivers.recent import Recent
from cloudlb_aws.landscape import Landscape
from cloudlb_aws.session import Session
from cloudlb_aws.survey import Surveyor


def connect(settings: CloudSettings) -> "AwsCloud":
    """Make the calling half. No call yet, but UsageError where there are no credentials."""
    cloud = AwsCloud(settings)
    cloud.session.check_credentials()
    return cloud


class AwsCloud:
    """AWS as one cluster uses it (`cloudlb.provider.Cloud`)."""

    def __init__(self, settings: CloudSettings) -> None:
        self.session = Session(settings)
        self._cluster = settings.cluster
        self._surveyor = Surveyor(self.session, settings)
        self._recent = Recent()

    def driver(self, owner: Owner) -> Driver:
        """Return the verbs for changing single resources of an owner."""
        return AwsDriver(self.session, owner, self._recent)

    def survey(self, nodes: Sequence[Node]) -> Landscape:
        """Read the network and the nodes' instances; what is known already costs no call."""
        return self._surveyor.survey(nodes)

    def refresh(self) -> None:
        """Forget the landscape: the next survey reads it anew."""
        self._surveyor.refresh()

    def sweep(self, owner: Owner | None = None) -> Inventory:
        """List what carries the cluster's tags, or one owner's."""
        return inventory.sweep(self.session.tagging, self._cluster, owner)

    def observe(self, owner: Owner, inventory: Inventory, expected: Stack = Stack()) -> Observed:  # noqa: B008
        """Read what exists of an owner."""
        return observe.observe(self.session, owner, inventory, expected)

    def health(self, observed: Observed) -> tuple[TargetHealth, ...]:
        """Read the health of the targets of an observed load balancer."""
        return tuple(health.health(self.session.elbv2, observed))
