"""Where a command's objects come from: manifests, or the cluster of a kubeconfig's context."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cloudlb.cli import providers, running
from cloudlb.cli.options import ClusterOptions, DefaultScheme, Options, Switch
from cloudlb.cli.screen import Screen
from cloudlb.controller import published
from cloudlb.controller.config import load
from cloudlb.controller.intent import Intent, departure
from cloudlb.controller.states import Task, as_if_staying, task_of
from cloudlb.kube import manifests
from cloudlb.kube.client import connect
from cloudlb.kube.cluster import Cluster, WritableCluster
from cloudlb.kube.objects import Ingress, Service
from cloudlb.kube.offline import CLUSTER_NAME, OfflineCluster
from cloudlb.kube.refusal import Refusal
from cloudlb.kube.snapshot import Snapshot
from cloudlb.model import Scheme, TargetKind
from cloudlb.provider import CloudSettings, Provider
from cloudlb.translate.service import CLASS, Settings

Ask = Callable[[Service], Intent]
"""Tells what a Service asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Objects, and how they are read. `refusals` are manifests that an API server would not take."""

    cluster: Cluster
    provider: Provider
    settings: Settings
    cloud: CloudSettings
    place: str
    """Where the objects are, in words."""
    refusals: tuple[Refusal, ...] = ()
    written: WritableCluster | None = None
    """What takes statuses; None for a cluster that is only looked at."""
    ingresses: Callable[[], Sequence[Ingress]] = tuple
    """Lists the Ingresses; manifests are not asked for any."""

    def intents(self, services: Sequence[Service], ask: Ask) -> tuple[Intent, ...]:
        """Return what is to be done about every Service: in a real cluster, just what its controller would do."""
        if self.written is not None:
            return tuple(map(ask, services))
        return tuple(self._as_controller(each, ask) for each in services)

    def _as_controller(self, service: Service, ask: Ask) -> Intent:
        if task_of(service, self.settings) is Task.CLEAN:
            return departure(ask(as_if_staying(service)))
        return ask(service)


def open_source(options: Options, screen: Screen, *, whole: bool = False) -> Source:
    """Read what the options say. Raises CloudlbErrors.

    `whole` takes in a running cluster completely, all namespaces and every object, or not at all.
    """
    if isinstance(options, ClusterOptions) and not options.files:
        return _running_cluster(options, screen, whole=whole)
    return _manifests(options)


def _manifests(options: Options) -> Source:
    documents = manifests.read(options.files)
    cluster = OfflineCluster.load(documents, cluster_name=options.cluster_name or CLUSTER_NAME)
    provider = providers.choose(options.provider, cluster.nodes)
    return Source(
        cluster=cluster,
        provider=provider,
        settings=_settings(options, provider),
        cloud=CloudSettings(
            cluster=cluster.cluster_id,
            cluster_name=options.cluster_name,
            region=options.region,
            network=options.network,
            endpoint_url=options.endpoint_url,
            extra_tags=options.extra_tags(),
            node_tags=tuple(options.node_tags),
            manage_firewall=options.manage_firewall is not Switch.FALSE,
        ),
        place="these manifests",
        refusals=cluster.refusals,
        written=cluster,
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


def _running_cluster(options: ClusterOptions, screen: Screen, *, whole: bool) -> Source:
    api = connect(options.kubeconfig, options.context)
    config = published.read(api, options.controller_namespace, _given(options))
    if config is None:
        screen.warning(
            f"no controller has left its settings in the namespace {options.controller_namespace} of"
            f" {api.host} (--controller-namespace): the defaults are taken, Services of class {CLASS}"
        )
        config = load(_given(options), {})
    cluster = Snapshot(
        api,
        namespaces=() if whole else config.watch_namespaces,
        cluster_id=config.cluster_id,
        strict=whole,
    )
    provider = providers.choose(config.provider, cluster.nodes)
    return Source(
        cluster=cluster,
        provider=provider,
        settings=running.translation(config, provider),
        cloud=running.cloud_settings(config, cluster.cluster_id),
        place="the cluster",
        ingresses=cluster.ingresses,
    )


def _given(options: ClusterOptions) -> dict[str, str]:
    """Return what the command line says itself, in the words of the settings."""
    said = {
        "provider": options.provider,
        "region": options.region,
        "network": options.network,
        "endpoint_url": options.endpoint_url,
        "cluster_name": options.cluster_name,
        "tags": ",".join(options.tags),
        "node_tags": ",".join(options.node_tags),
        "manage_firewall": options.manage_firewall or "",
        "classes": ",".join(options.classes),
    }
    return {name: value for name, value in said.items() if value}
