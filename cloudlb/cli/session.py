"""From options to everything a command works with: the objects, the cloud, and the pipeline between them."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from cloudlb.cli import emulation, log, providers
from cloudlb.cli.emulation import Standing
from cloudlb.cli.options import DefaultScheme, Options
from cloudlb.cli.screen import Screen
from cloudlb.controller.reconciler import Reconciler, Way
from cloudlb.kube import manifests
from cloudlb.kube.objects import Node
from cloudlb.kube.offline import CLUSTER_NAME, OfflineCluster
from cloudlb.kube.refusal import Refusal
from cloudlb.model import Scheme, TargetKind
from cloudlb.provider import Cloud, CloudSettings, Provider
from cloudlb.translate.service import CLASS, Settings, wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a command works with. `standing` is the emulated cloud of `--emulate`, None with any other cloud."""

    options: Options
    screen: Screen
    cluster: OfflineCluster
    provider: Provider
    cloud: Cloud
    reconciler: Reconciler
    standing: Standing | None = None

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Return what is in the manifests and not in the cluster, because an API server would refuse it."""
        return self.cluster.refusals


@contextmanager
def session(options: Options, screen: Screen, way: Way | None = None) -> Iterator[Session]:
    """Read the manifests, choose the provider, connect, and sweep once over what is there.

    Raises CloudlbErrors: UsageError for manifests or settings that can not be used, CloudError for a cloud that does
    not answer.
    """
    log.configure(verbose=options.verbose, color=screen.err.is_terminal and not options.no_color)
    documents = manifests.read(options.files)
    cluster = OfflineCluster.load(documents, cluster_name=options.cluster_name or CLUSTER_NAME)
    provider = providers.choose(options.provider, cluster.nodes())
    with ExitStack() as stack:
        standing = None
        if options.emulate:
            standing = stack.enter_context(_emulated(provider.name, cluster.nodes()))
        way = way or Way()
        cloud = providers.connect(provider, _cloud_settings(options, cluster, standing), way.pace)
        settings = _settings(options, provider)
        reconciler = Reconciler(
            provider=provider, cloud=cloud, cluster=cluster, settings=settings, way=way
        )
        # The nodes tell where the cloud is: they come before the first other call.
        if any(wanted(service, settings) for service in cluster.services()):
            reconciler.look_around()
        reconciler.start()
        yield Session(
            options=options,
            screen=screen,
            cluster=cluster,
            provider=provider,
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


def _cloud_settings(
    options: Options, cluster: OfflineCluster, standing: Standing | None
) -> CloudSettings:
    return CloudSettings(
        cluster=cluster.cluster_id,
        cluster_name=options.cluster_name,
        region=standing.region if standing is not None else options.region,
        network=options.network,
        endpoint_url=standing.endpoint_url if standing is not None else options.endpoint_url,
        extra_tags=options.extra_tags(),
    )


def _settings(options: Options, provider: Provider) -> Settings:
    internal = options.default_scheme is DefaultScheme.INTERNAL
    return Settings(
        table=provider.annotations,
        capabilities=provider.capabilities,
        classes=frozenset(options.classes or [CLASS]),
        default_class=True,
        default_scheme=Scheme.INTERNAL if internal else Scheme.INTERNET,
        default_target_kind=TargetKind(options.default_target_type),
    )
