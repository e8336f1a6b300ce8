"""An emulated cloud and what a cluster's manifests become on it: what the pytest fixtures hand to a test."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cloudlb.cli import emulation
from cloudlb.cli.providers import choose
from cloudlb.controller.publish import publish
from cloudlb.controller.reconciler import Reconciler
from cloudlb.controller.verdicts import Verdict
from cloudlb.errors import CloudlbError
from cloudlb.kube.manifests import read
from cloudlb.kube.objects import Node, Service
from cloudlb.kube.offline import OfflineCluster
from cloudlb.model import Problem
from cloudlb.plan.resource import Observed
from cloudlb.provider import CloudSettings
from cloudlb.translate.service import Settings


def cluster_from(*paths: str | Path) -> OfflineCluster:
    """Make an offline cluster of the manifests in files and folders.

    Raises ManifestError for what can not be read, and AssertionError, naming them, for objects that an API server would
    refuse.
    """
    cluster = OfflineCluster.load(read(paths))
    assert not cluster.refusals, "\n".join(str(refusal) for refusal in cluster.refusals)
    return cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """What manifests became. Services are named by (namespace, name)."""

    cluster: OfflineCluster
    verdicts: Mapping[tuple[str, str], Verdict]
    cloud: Mapping[tuple[str, str], Observed]
    shared_errors: tuple[CloudlbError, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems and warnings of all Services."""
        return tuple(
            problem for verdict in self.verdicts.values() for problem in verdict.intent.problems
        )

    @property
    def errors(self) -> tuple[CloudlbError, ...]:
        """Everything that the cloud refused."""
        own = [error for verdict in self.verdicts.values() for error in verdict.errors]
        return (*own, *self.shared_errors)

    def service(self, namespace: str, name: str) -> Service:
        """Return a Service with its status as written back. Raises KeyError."""
        found = self.cluster.get("Service", namespace, name)
        if not isinstance(found, Service):
            raise KeyError((namespace, name))
        return found

    def addresses(self, namespace: str, name: str) -> tuple[str, ...]:
        """Return the addresses that clients of a Service use; empty if it has none."""
        verdict = self.verdicts.get((namespace, name))
        return tuple(str(each) for each in verdict.addresses) if verdict else ()

    def ports(self, namespace: str, name: str) -> tuple[int, ...]:
        """Return the ports on which a Service's load balancer listens, sorted."""
        ingress = self.service(namespace, name).status.load_balancer.ingress
        return tuple(
            sorted({port.port for each in ingress for port in each.ports if not port.error})
        )

    def resources(self, namespace: str, name: str, kind: str) -> tuple[Any, ...]:
        """Return a Service's observed resources of one kind (`load-balancer`, `target-group`…)."""
        observed = self.cloud.get((namespace, name), Observed())
        return tuple(found.value for found in observed.kind(kind))


class Emulated:
    """A strict emulated cloud of one provider. A context manager."""

    def __init__(self, provider: str = "", nodes: Iterable[Node] = ()) -> None:
        self._nodes = tuple(nodes)
        self.provider = choose(provider, lambda: self._nodes)

    def __enter__(self) -> Self:
        """Start it, and point this process at it."""
        places = emulation.places(self._nodes)
        with ExitStack() as stack:
            self.standing = emulation.load(self.provider.name).start(nodes=places)
            stack.callback(self.standing.stop)
            stack.enter_context(emulation.environment(self.standing.environment()))
            self._closing = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it, and restore the environment."""
        self._closing.close()

    @property
    def endpoint_url(self) -> str:
        """Where an SDK or the cloud's own tool finds it."""
        return self.standing.endpoint_url

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that point an SDK or the cloud's own tool to it."""
        return self.standing.environment()

    @property
    def calls(self) -> tuple[Any, ...]:
        """Every call that was made to it."""
        return tuple(self.standing.recorder.calls)

    def provision(self, cluster: OfflineCluster) -> Provisioned:
        """Provision a cluster's Services, and write their statuses back into it."""
        reconciler = self._reconciler(cluster)
        reconciler.start()
        intents = reconciler.intents()
        done = reconciler.reconcile_all(intents)
        publish(cluster, done.verdicts, lambda: datetime.now(UTC))
        return Provisioned(
            cluster=cluster,
            verdicts={(each.owner.namespace, each.owner.name): each for each in done.verdicts},
            cloud={
                (each.owner.namespace, each.owner.name): reconciler.observed(each)
                for each in intents
            },
            shared_errors=done.shared_errors,
        )

    def _reconciler(self, cluster: OfflineCluster) -> Reconciler:
        settings = CloudSettings(
            cluster=cluster.cluster_id,
            region=self.standing.region,
            endpoint_url=self.standing.endpoint_url,
        )
        return Reconciler(
            provider=self.provider,
            cloud=self.provider.connect(settings),
            cluster=cluster,
            settings=Settings(
                table=self.provider.annotations,
                capabilities=self.provider.capabilities,
                default_class=True,
            ),
        )
