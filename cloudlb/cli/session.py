"""From options to everything a command works with: the objects, the cloud, and the pipeline between them."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from cloudlb.cli import emulation, log, providers
from cloudlb.cli.emulation import Standing
from cloudlb.cli.options import Options
from cloudlb.cli.screen import Screen
from cloudlb.cli.source import Source, open_source
from cloudlb.controller.intent import Intent
from cloudlb.controller.reconciler import Reconciler, Way
from cloudlb.errors import UsageError
from cloudlb.kube.cluster import WritableCluster
from cloudlb.kube.objects import Node
from cloudlb.kube.refusal import Refusal
from cloudlb.provider import Cloud, Provider
from cloudlb.translate.service import wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a command works with. `standing` is the emulated cloud of `--emulate`, None with any other cloud."""

    options: Options
    screen: Screen
    source: Source
    cloud: Cloud
    reconciler: Reconciler
    standing: Standing | None = None

    @property
    def provider(self) -> Provider:
        """The provider."""
        return self.source.provider

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Return what is in the manifests and not in the cluster, because an API server would refuse it."""
        return self.source.refusals

    @property
    def written(self) -> WritableCluster:
        """What takes statuses. Raises UsageError where the cluster is only to be looked at."""
        if self.source.written is None:
            message = "a running cluster is changed by its controller only: name manifests with -f"
            raise UsageError(message)
        return self.source.written

    def intents(self) -> tuple[Intent, ...]:
        """Return what is to be done about every Service."""
        return self.source.intents(self.source.cluster.services(), self.reconciler.intent)


@contextmanager
def session(options: Options, screen: Screen, way: Way | None = None) -> Iterator[Session]:
    """Read the objects, choose the provider, connect, and sweep once over what is there.

    Raises CloudlbErrors: UsageError for manifests or settings that can not be used, KubeError for a cluster and
    CloudError for a cloud that does not answer.
    """
    log.configure(verbose=options.verbose, color=screen.err.is_terminal and not options.no_color)
    source = open_source(options, screen)
    with ExitStack() as stack:
        standing, settings = None, source.cloud
        if options.emulate:
            emulated = _emulated(source.provider.name, source.cluster.nodes())
            standing = stack.enter_context(emulated)
            settings = replace(settings, region=standing.region, endpoint_url=standing.endpoint_url)
        way = way or Way()
        cloud = providers.connect(source.provider, settings, way.pace)
        reconciler = Reconciler(
            provider=source.provider,
            cloud=cloud,
            cluster=source.cluster,
            settings=source.settings,
            way=way,
        )
        # The nodes tell where the cloud is: they come before the first other call.
        if source.cluster.nodes() or any(
            wanted(service, source.settings) for service in source.cluster.services()
        ):
            reconciler.look_around()
        reconciler.start()
        yield Session(
            options=options,
            screen=screen,
            source=source,
            cloud=cloud,
            reconciler=reconciler,
            standing=standing,
        )


@contextmanager
def _emulated(name: str, nodes: Sequence[Node]) -> Iterator[Standing]:
    """Run an emulated cloud whose instances are the nodes, and point this process at it meanwhile."""
    standing = emulation.load(name).start(nodes=emulation.places(nodes))
    try:
        with emulation.environment(standing.environment()):
            yield standing
    finally:
        standing.stop()
