"""A Service of type LoadBalancer, as a provider-neutral load balancer."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from cloudlb.kube.objects import EndpointSlice, Service
from cloudlb.model import (
    Affinity,
    Backend,
    Exposure,
    Family,
    HealthCheck,
    Layer,
    Listener,
    LoadBalancer,
    Owner,
    OwnerKind,
    PortError,
    Problem,
    Scheme,
    TargetKind,
    errors,
)
from cloudlb.provider import Capabilities
from cloudlb.translate.annotations import Parsed, Table, settings
from cloudlb.translate.exposure import exposure_of, is_exposed
from cloudlb.translate.health import health_check_of, is_local
from cloudlb.translate.nodes import EligibleNodes
from cloudlb.translate.ports import Ground, Served, judge
from cloudlb.translate.sources import counting, sources_of

CLASS = "cloudlb.io/lb"
"""The `loadBalancerClass` that is ours unless configured otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How Services are read. With `default_class`, Services that name no class are ours too."""

    table: Table
    capabilities: Capabilities
    default_scheme: Scheme = Scheme.INTERNET
    default_target_kind: TargetKind = TargetKind.NODE
    classes: frozenset[str] = frozenset({CLASS})
    default_class: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """What a Service asks for. Without a load balancer, the problems say why."""

    load_balancer: LoadBalancer | None
    problems: tuple[Problem, ...] = ()
    refused_ports: tuple[PortError, ...] = ()


def wanted(service: Service, settings: Settings) -> bool:
    """Tell whether a Service is ours to provision (kubernetes.md 1.3): type, class, and not on its way out.

    Of type NodePort, those that ask for their node ports to be opened.
    """
    if service.metadata.deletion_timestamp is not None:
        return False
    if service.spec.type != "LoadBalancer":
        return is_exposed(service)
    if service.spec.load_balancer_class is None:
        return settings.default_class
    return service.spec.load_balancer_class in settings.classes


def owner_of(service: Service, cluster_id: str) -> Owner:
    """Return the owner that a Service is."""
    return Owner(
        cluster=cluster_id,
        kind=OwnerKind.SERVICE,
        namespace=service.metadata.namespace,
        name=service.metadata.name,
        uid=service.metadata.uid,
    )


def translate(
    service: Service,
    slices: Iterable[EndpointSlice],
    nodes: EligibleNodes,
    settings: Settings,
    cluster_id: str,
) -> Translation:
    """Translate a Service that is ours. Pure; the order of ports, slices and nodes does not matter."""
    annotations = counting(service, settings.table)
    work = _Work(service=service, parsed=settings.table.parse(annotations))
    work.problems.extend(work.parsed.problems)
    ground = Ground(
        kind=work.parsed.values.get("target_kind", settings.default_target_kind),
        family=work.primary_family,
        capabilities=settings.capabilities,
        nodes=nodes,
        labels=work.parsed.values.get("node_selector", ()),
        slices=tuple(slices),
    )
    exposure, found = exposure_of(service, work.parsed, nodes, ground.labels)
    work.problems.extend(found)
    if service.spec.type != "LoadBalancer":
        return work.exposed(exposure, settings, cluster_id)
    served, refused = judge(service.spec.ports, ground)
    work.check_targets(ground)
    work.check_requested_address(settings.capabilities)
    health, found = health_check_of(service, work.parsed, ground.kind)
    sources = sources_of(service, work.parsed, work.families)
    work.problems.extend((*found, *sources.problems, *(each.problem for each in refused)))
    if not served:
        work.problems.append(_no_port())
    refused_ports = tuple(each.error for each in refused)
    if errors(work.problems):
        return Translation(
            load_balancer=None, problems=tuple(work.problems), refused_ports=refused_ports
        )
    load_balancer = LoadBalancer(
        owner=owner_of(service, cluster_id),
        layer=Layer.CONNECTION,
        scheme=work.scheme(settings),
        families=work.families,
        source_ranges=sources.ranges,
        listeners=tuple(_listener(each) for each in served),
        backends=tuple(work.backend(each, health, ground) for each in served),
        options=work.options(settings.table),
        requested_addresses=tuple(filter(None, (service.spec.load_balancer_ip,))),
        exposure=exposure,
    )
    return Translation(
        load_balancer=load_balancer,
        problems=tuple(work.problems),
        refused_ports=refused_ports,
    )


@dataclass(slots=True)
class _Work:
    """One translation: the Service, its annotations, and the problems found so far."""

    service: Service
    parsed: Parsed
    problems: list[Problem] = field(default_factory=list)

    @property
    def primary_family(self) -> Family:
        return Family(next(iter(self.service.spec.ip_families), Family.IPV4))

    @property
    def families(self) -> tuple[Family, ...]:
        """The families of the front: the Service's, and both where an annotation says so; the primary one first."""
        own = [Family(each) for each in self.service.spec.ip_families]
        both = list(Family) if self.parsed.values.get("dual_stack") else []
        return tuple(dict.fromkeys((self.primary_family, *own, *both)))

    def exposed(
        self, exposure: Exposure | None, settings: Settings, cluster_id: str
    ) -> Translation:
        """Return the translation of a Service that wants its node ports opened, and no load balancer."""
        if exposure is None or errors(self.problems):
            return Translation(load_balancer=None, problems=tuple(self.problems))
        load_balancer = LoadBalancer(
            owner=owner_of(self.service, cluster_id),
            layer=Layer.CONNECTION,
            scheme=settings.default_scheme,
            families=self.families,
            source_ranges=(),
            listeners=(),
            backends=(),
            options=self.options(settings.table),
            exposure=exposure,
        )
        return Translation(load_balancer=load_balancer, problems=tuple(self.problems))

    def scheme(self, settings: Settings) -> Scheme:
        """Return the scheme: the one that the class's name says wins over an annotation."""
        asked = self.parsed.values.get("scheme")
        by_class = settings.table.classes.get(self.service.spec.load_balancer_class or "")
        if by_class is None:
            return settings.default_scheme if asked is None else Scheme(asked)
        if asked not in (None, by_class):
            self.problems.append(
                Problem.warning(
                    self.parsed.path("scheme"),
                    f"says {asked}, and the class {self.service.spec.load_balancer_class} means {by_class}, which counts",
                    "remove the annotation",
                    reason="ConflictingConfiguration",
                )
            )
        return by_class

    def options(self, table: Table) -> object:
        names = settings(table.rows)
        values = {name: self.parsed.values[name] for name in names if name in self.parsed.values}
        return table.options(values)

    def backend(self, served: Served, health: HealthCheck, ground: Ground) -> Backend:
        spec = self.service.spec
        sticky = spec.session_affinity == Affinity.CLIENT_IP
        config = spec.session_affinity_config
        client_ip = config.client_ip if config is not None else None
        return Backend(
            name=served.name,
            protocol=served.protocol,
            targets=served.targets,
            health_check=health,
            family=ground.family,
            affinity=Affinity.CLIENT_IP if sticky else Affinity.NONE,
            affinity_timeout=client_ip.timeout_seconds if sticky and client_ip else None,
            local=is_local(self.service, ground.kind),
            nearby=bool(spec.traffic_distribution),
        )

    def check_targets(self, ground: Ground) -> None:
        if ground.kind not in ground.capabilities.target_kinds:
            allowed = ", ".join(sorted(ground.capabilities.target_kinds))
            self.problems.append(
                Problem.error(
                    self.parsed.path("target_kind"),
                    f"this provider has no {ground.kind} targets",
                    f"use {allowed}",
                    reason="TargetTypeNotSupported",
                )
            )
        elif ground.kind is TargetKind.NODE and not self.service.spec.selector:
            self.problems.append(
                Problem.warning(
                    "spec.selector",
                    "is empty, so the endpoints are made by hand: nodes pass traffic on only to those that"
                    " they can reach themselves",
                    "set the annotation cloudlb.io/target-type to pod to register the endpoints themselves",
                    reason="EndpointsByHand",
                )
            )
        elif ground.kind is TargetKind.POD and not ground.slices:
            self.problems.append(
                Problem.warning(
                    "spec.selector",
                    "leads to no endpoint slice, so nothing answers yet",
                    "look whether the pods run and carry the selector's labels",
                    reason="NoEndpoints",
                )
            )

    def check_requested_address(self, capabilities: Capabilities) -> None:
        if self.service.spec.load_balancer_ip and not capabilities.requested_address:
            self.problems.append(
                Problem.warning(
                    "spec.loadBalancerIP",
                    "is deprecated in Kubernetes and not supported by this provider; it does nothing",
                    "remove it; the provider's annotations have ways to choose addresses",
                    reason="RequestedAddressIgnored",
                )
            )


def _listener(served: Served) -> Listener:
    return Listener(
        port=served.port.port,
        protocol=served.protocol,
        backend=served.name,
        name=served.port.name,
        path=served.path,
    )


def _no_port() -> Problem:
    return Problem.error(
        "spec.ports",
        "has no port that can be balanced",
        "see what is said about each of them",
        reason="NoPort",
    )
