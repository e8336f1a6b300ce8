"""From settings to a running controller: connections, signals, and the way out."""

import os
import signal
import sys
from types import FrameType

from cloudlb.cli import log, providers
from cloudlb.controller import published
from cloudlb.controller.config import Config
from cloudlb.controller.options import Clouds, Options
from cloudlb.controller.runtime import Controller
from cloudlb.kube.client import connect
from cloudlb.kube.snapshot import Snapshot
from cloudlb.model import Scheme, TargetKind
from cloudlb.provider import CloudSettings, Provider
from cloudlb.translate.service import Settings


def run(config: Config, *, kubeconfig: str = "", context: str = "") -> int:
    """Run the controller until a signal. Returns the exit code; raises UsageError for what can not work."""
    log.configure_service(level=config.log_level, as_json=config.log_format == "json")
    api = connect(kubeconfig, context)
    # The nodes are asked only where the settings and what is installed leave a choice.
    provider = providers.choose(config.provider, Snapshot(api).nodes)
    controller = Controller(
        api,
        Clouds(provider=provider, settings=lambda cluster: cloud_settings(config, cluster)),
        translation(config, provider),
        options(config),
    )

    def stop(_number: int, _frame: FrameType | None) -> None:
        controller.request_stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    code = controller.run()
    sys.stdout.flush()
    sys.stderr.flush()
    # A call to the cloud that hangs must not keep the process: it may not write any more.
    os._exit(code)


def options(config: Config) -> Options:
    """Return how the controller runs."""
    return Options(
        namespace=config.namespace,
        cluster_id=config.cluster_id,
        watch=config.watch_namespaces,
        workers=config.workers,
        audit=config.audit_interval,
        rate=config.qps,
        burst=config.burst,
        listen=config.listen,
        elect=config.leader_election,
        told=published.told(config),
    )


def translation(config: Config, provider: Provider) -> Settings:
    """Return how Services are read."""
    internal = config.default_scheme == "internal"
    return Settings(
        table=provider.annotations,
        capabilities=provider.capabilities,
        classes=frozenset(config.classes),
        default_class=config.default_class,
        default_scheme=Scheme.INTERNAL if internal else Scheme.INTERNET,
        default_target_kind=TargetKind(config.default_target_type),
    )


def cloud_settings(config: Config, cluster: str) -> CloudSettings:
    """Return how the cloud is reached."""
    return CloudSettings(
        cluster=cluster,
        cluster_name=config.cluster_name,
        region=config.region,
        network=config.network,
        endpoint_url=config.endpoint_url,
        extra_tags=config.tags,
        node_tags=config.node_tags,
        manage_firewall=config.manage_firewall,
    )
