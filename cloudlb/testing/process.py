"""One run of cloudlb against an emulated cloud and an offline cluster: what a process remembers, and no more."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Lock

from cloudlb.controller.intent import Intent, departure
from cloudlb.controller.reconciler import Reconciler, Way
from cloudlb.controller.verdicts import Forecast, Round
from cloudlb.kube.documents import Document
from cloudlb.kube.offline import OfflineCluster
from cloudlb.plan.apply import unfenced
from cloudlb.plan.driver import Fence
from cloudlb.plan.resource import Observed
from cloudlb.provider import CloudSettings
from cloudlb.testing.manifests import Manifest
from cloudlb.testing.world import World
from cloudlb.translate.service import Settings


class Killed(BaseException):
    """The process ends here, as by kill -9: nothing may catch it."""


@dataclass(slots=True)
class KillAt:
    """A fence that kills the process at its n-th write (the first is 1), and at every later one."""

    write: int
    seen: int = 0
    _lock: Lock = field(default_factory=Lock)

    def __call__(self) -> None:
        """Let a write pass, or die."""
        with self._lock:
            self.seen += 1
            if self.seen >= self.write:
                raise Killed


def cluster_of(world: World, manifests: Iterable[Manifest], name: str = "laws") -> OfflineCluster:
    """Make an offline cluster of the world's nodes and the given objects. ValueError if it refuses any of them."""
    documents = [Document.of(each) for each in (*world.nodes(), *manifests)]
    cluster = OfflineCluster.load(documents, cluster_name=name)
    if cluster.refusals:
        message = "; ".join(str(refusal) for refusal in cluster.refusals)
        raise ValueError(message)
    return cluster


class Process:
    """A fresh reconciler over a cluster and a world."""

    def __init__(self, world: World, cluster: OfflineCluster, fence: Fence = unfenced) -> None:
        self.world = world
        self.cluster = cluster
        self.cloud = world.connect(CloudSettings(cluster=cluster.cluster_id, cluster_name="laws"))
        self.reconciler = Reconciler(
            provider=world.provider,
            cloud=self.cloud,
            cluster=cluster,
            settings=Settings(
                table=world.provider.annotations,
                capabilities=world.provider.capabilities,
                default_class=True,
            ),
            way=Way(fence=fence, pace=world.pace),
        )
        self.reconciler.start()

    def intents(self) -> tuple[Intent, ...]:
        """Return what every Service of the cluster asks for now."""
        return self.reconciler.intents()

    def apply(self) -> Round:
        """Reconcile everything."""
        return self.reconciler.reconcile_all(self.intents())

    def forecast(self) -> Forecast:
        """Tell what `apply` would do."""
        return self.reconciler.preview(self.intents())

    def delete(self, only: Callable[[Intent], bool] = lambda _intent: True) -> Round:
        """Reconcile as if the chosen Services were deleted, and the others were not."""
        intents = self.intents()
        return self.reconciler.reconcile_all(
            departure(each) if only(each) else each for each in intents
        )

    def observed(self) -> tuple[Observed, ...]:
        """Return what exists of each Service's owner."""
        return tuple(self.reconciler.observed(intent) for intent in self.intents())

    def addresses(self) -> dict[str, tuple[str, ...]]:
        """Return the addresses of each Service by name."""
        return {
            intent.owner.name: tuple(
                str(each) for each in self.reconciler.addresses(self.reconciler.observed(intent))
            )
            for intent in self.intents()
        }
