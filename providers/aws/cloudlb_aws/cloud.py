"""The calling half of the provider: reads and writes for one cluster, safe to use from several threads."""

from collections.abc import Sequence

from cloudlb.errors import UsageError
from cloudlb.model import Node, Owner, OwnerKind
from cloudlb.plan.assumed import Known
from cloudlb.plan.driver import Driver
from cloudlb.plan.pace import PACE, Pace
from cloudlb.plan.resource import Observed, Stack
from cloudlb.provider import OPEN, CloudSettings, Gate, Inventory, TargetHealth
from cloudlb_aws import health, inventory, observe, ownership
from cloudlb_aws.assume import Catalogue
from cloudlb_aws.drivers import AwsDriver
from cloudlb_aws.drivers.recent import Recent
from cloudlb_aws.landscape import Landscape
from cloudlb_aws.session import Session
from cloudlb_aws.survey import Surveyor


def connect(settings: CloudSettings, pace: Pace = PACE, gate: Gate = OPEN) -> "AwsCloud":
    """Make the calling half. No call yet, but UsageError where there are no credentials, or settings that can not be."""
    _check(settings)
    cloud = AwsCloud(settings, pace, gate)
    cloud.session.check_credentials()
    return cloud


def _check(settings: CloudSettings) -> None:
    """Refuse what would do nothing here. Raises UsageError."""
    if settings.node_tags:
        message = "node tags are not for AWS: rules know the nodes by their security groups"
        raise UsageError(message)
    if not settings.manage_firewall:
        message = (
            "on AWS the rules of security groups are cloudlb's to make, but for load balancers whose annotations name their"
            " own security groups: do without --manage-firewall=false"
        )
        raise UsageError(message)


class AwsCloud:
    """AWS as one cluster uses it (`cloudlb.provider.Cloud`)."""

    def __init__(self, settings: CloudSettings, pace: Pace = PACE, gate: Gate = OPEN) -> None:
        """Connect nothing yet: clients are made when first needed."""
        self.session = Session(settings, pace, gate)
        self._cluster = settings.cluster
        self._surveyor = Surveyor(self.session, settings)
        self._recent = Recent()
        self._catalogue = Catalogue(self.session.elbv2)
        self._shared_was_made = False

    def driver(self, owner: Owner) -> Driver:
        """Return the verbs for changing single resources of an owner."""
        return AwsDriver(self.session, owner, self._recent, changing=self._note)

    def _note(self, owner: Owner) -> None:
        if owner.kind is OwnerKind.CLUSTER:
            self._shared_was_made = True

    def survey(self, nodes: Sequence[Node]) -> Landscape:
        """Read the network and the nodes' instances; what is known already costs no call."""
        return self._surveyor.survey(nodes)

    def refresh(self, *, nodes: bool = True) -> None:
        """Forget the landscape, the nodes' instances where `nodes` says so: the next survey reads it anew."""
        self._surveyor.refresh(nodes=nodes)

    def sweep(self, owner: Owner | None = None, *, brief: bool = False) -> Inventory:
        """List what carries the cluster's tags, or one owner's."""
        return inventory.sweep(self.session.tagging, self._cluster, owner, brief=brief)

    def observe(self, owner: Owner, inventory: Inventory, expected: Stack = Stack()) -> Observed:
        """Read what exists of an owner.

        Where the survey has just shown that the cluster has no security group, and nothing was shared since, that is
        the answer: creating what another process made meanwhile adopts it.
        """
        if owner.kind is OwnerKind.CLUSTER and self._nothing_is_shared(owner):
            return Observed()
        return observe.observe(self.session, owner, inventory, expected)

    def known(self, stack: Stack) -> Known | None:
        """Return ids and attributes of a stack's objects, from two listings for all owners."""
        return self._catalogue.known(stack)

    def health(self, observed: Observed) -> tuple[TargetHealth, ...]:
        """Read the health of the targets of an observed load balancer."""
        return tuple(health.health(self.session.elbv2, observed))

    def _nothing_is_shared(self, owner: Owner) -> bool:
        marks = ownership.marks(owner).items()
        return not self._shared_was_made and self._surveyor.shows_group_of(marks) is False
