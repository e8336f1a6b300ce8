"""A Service as a Network Load Balancer: the whole stack, put together."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cloudlb.model import (
    Backend,
    Family,
    Listener,
    LoadBalancer,
    NodeTargets,
    PodTargets,
    Problem,
    errors,
)
from cloudlb.plan.resource import Key, Ref, Resource, Stack
from cloudlb.provider import Design
from cloudlb_aws import names
from cloudlb_aws import options as known
from cloudlb_aws.annotations import Options
from cloudlb_aws.design import security
from cloudlb_aws.design.addresses import asked_for, map_subnets
from cloudlb_aws.design.attributes import (
    check_ports,
    group_options,
    listener_options,
    load_balancer_options,
)
from cloudlb_aws.design.health import asked_port, health_check
from cloudlb_aws.design.subnets import choose
from cloudlb_aws.design.targets import node_targets, pod_targets
from cloudlb_aws.design.tls import NO_ALPN, check_alpn, tls_ports
from cloudlb_aws.design.work import Work, annotation
from cloudlb_aws.landscape import Instance, Landscape, instance_ids
from cloudlb_aws.resources.listener import Listener as ListenerResource
from cloudlb_aws.resources.load_balancer import LoadBalancer as Nlb
from cloudlb_aws.resources.load_balancer import SubnetMapping
from cloudlb_aws.resources.target_group import HealthCheck, TargetGroup
from cloudlb_aws.resources.targets import Target, Targets

NETWORK = names.LOAD_BALANCER

TARGETS_PER_BALANCER = 3_000
"""The quota `Targets per Network Load Balancer`."""
LISTENERS = 50
"""The quota `Listeners per Network Load Balancer`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pool:
    """A target group in the making: what it speaks, its health check and its members."""

    backend: Backend
    protocol: str
    port: int
    check: HealthCheck
    members: frozenset[Target]

    @property
    def target_type(self) -> str:
        return "instance" if isinstance(self.backend.targets, NodeTargets) else "ip"


def design(load_balancer: LoadBalancer, landscape: Landscape) -> Design:
    """Lower a layer-4 load balancer to AWS resources. With an error among the problems, the stack is empty.

    Without listeners, only node ports are opened.
    """
    if not isinstance(load_balancer.options, Options):
        message = f"options of another provider: {type(load_balancer.options).__name__}"
        raise TypeError(message)
    work = Work(load_balancer=load_balancer, options=load_balancer.options, landscape=landscape)
    if not load_balancer.listeners:
        return Design(claims=frozenset(_exposure_claims(work)), problems=tuple(work.problems))
    encrypted = tls_ports(work)
    check_alpn(work, encrypted)
    spoken = {each: _spoken(each, encrypted) for each in load_balancer.listeners}
    chosen = choose(work)
    mappings = map_subnets(work, chosen.subnets)
    generation = names.generation(work.scheme, asked_for(mappings))
    pools = tuple(_pool(work, each, spoken) for each in load_balancer.backends)
    resources = [
        replace(_balancer(work, mappings, generation), also_fit=chosen.also_fit),
        *_frontend(work, spoken),
        *(each for pool in pools for each in _group(work, pool, generation)),
        *_listeners(work, spoken),
    ]
    _check_quotas(work, pools)
    if errors(work.problems):
        return Design(problems=tuple(work.problems), protection=_protection(work))
    return Design(
        stack=Stack(tuple(resources)),
        claims=frozenset(_claims(work, pools)),
        problems=tuple(work.problems),
        refused_ports=tuple(work.refused_ports),
        protection=_protection(work),
    )


def _spoken(listener: Listener, encrypted: frozenset[int]) -> str:
    return "TLS" if listener.port in encrypted else listener.protocol.value


def _protection(work: Work) -> tuple[Problem, ...]:
    """Return why deletion is refused, where the user protected the load balancer by annotation."""
    if dict(work.options.attributes).get(known.DELETION_PROTECTION) != "true":
        return ()
    path = annotation("attributes")
    return (
        Problem.error(
            path,
            f"{known.DELETION_PROTECTION}=true: the load balancer is protected against deletion",
            f"remove it from {path} first",
            reason="DeletionProtected",
        ),
    )


def _balancer(work: Work, mappings: tuple[SubnetMapping, ...], generation: str) -> Nlb:
    options = work.options
    return Nlb(
        id=NETWORK.partition("/")[2],
        name=options.name or names.load_balancer(work.load_balancer.owner, generation),
        type=known.NETWORK,
        scheme=work.scheme,
        ip_address_type="dualstack" if work.dual_stack else "ipv4",
        mappings=mappings,
        security_groups=security.groups_of(work),
        private_link_rules=options.private_link_rules,
        ipv6_source_nat=options.ipv6_source_nat,
        options=load_balancer_options(work),
        tags=work.tags,
    )


def _frontend(work: Work, spoken: dict[Listener, str]) -> tuple[Resource, ...]:
    if work.options.security_groups:
        return ()
    return security.frontend(work, [(said, each.port) for each, said in spoken.items()])


def _pool(work: Work, backend: Backend, spoken: dict[Listener, str]) -> _Pool:
    listener, said = next(each for each in spoken.items() if each[0].backend == backend.name)
    encrypted = said == "TLS"
    plain = "TCP" if encrypted else said
    targets = backend.targets
    if isinstance(targets, NodeTargets):
        port, members = targets.node_port, node_targets(work, targets)
    else:
        port, members = targets.port or 1, pod_targets(work, targets)
    check = health_check(work, backend)
    if said == "UDP" and check.port == "traffic-port":
        _warn_of_udp(work, listener)
    return _Pool(
        backend=backend,
        protocol="TLS" if encrypted and work.options.backend_protocol == "ssl" else plain,
        port=port,
        check=check,
        members=members,
    )


def _warn_of_udp(work: Work, listener: Listener) -> None:
    work.warn(
        listener.path,
        f"UDP port {listener.port} can only be asked for its health over TCP, and on the same number nothing may"
        " answer that",
        f"set {annotation('healthcheck-port')} to a TCP port, such as 10256 with protocol http and path /healthz",
        reason="UdpHealthCheck",
    )


def _group(work: Work, pool: _Pool, generation: str) -> tuple[TargetGroup, Targets]:
    owner, backend = work.load_balancer.owner, pool.backend
    family = "ipv6" if backend.family is Family.IPV6 else "ipv4"
    key = Key(f"{TargetGroup.KIND}/{backend.name}")
    listener = next(e for e in work.load_balancer.listeners if e.backend == backend.name)
    group = TargetGroup(
        id=backend.name,
        name=names.generated(owner, key, generation, pool.protocol, pool.target_type, family),
        vpc_id=work.landscape.vpc_id,
        protocol=pool.protocol,
        target_type=pool.target_type,
        ip_address_type=family,
        generation=generation,
        port=pool.port,
        health_check=pool.check,
        options=group_options(work, backend, listener.port, pool.protocol, pool.target_type),
        tags=work.tags,
    )
    return group, Targets(id=backend.name, group=Ref(key, "arn"), members=pool.members)


def _listeners(work: Work, spoken: dict[Listener, str]) -> Iterator[ListenerResource]:
    options = work.options
    keys: dict[Key, str] = {}
    for listener, said in spoken.items():
        encrypted = said == "TLS"
        both = encrypted and options.backend_protocol == "ssl"
        made = ListenerResource(
            id=str(listener.port),
            load_balancer=Ref(NETWORK, "arn"),
            port=listener.port,
            protocol=said,
            target_group=Ref(Key(f"{Targets.KIND}/{listener.backend}"), "target_group_arn"),
            certificates=_certificates(options.certificates) if encrypted else (),
            ssl_policy=options.ssl_policy if encrypted else "",
            alpn=(options.alpn if both else NO_ALPN) if encrypted else "",
            options=listener_options(work, listener, said),
            tags=work.tags,
        )
        keys[made.key] = f"{said}-{listener.port}"
        yield made
    check_ports(work, keys)


def _certificates(given: tuple[str, ...]) -> tuple[str, ...]:
    """Keep the default first, and the others sorted: AWS knows no order of them."""
    default, *others = given
    return (default, *sorted(set(others) - {default}))


def _check_quotas(work: Work, pools: tuple[_Pool, ...]) -> None:
    registered = sum(len(pool.members) for pool in pools)
    if registered > TARGETS_PER_BALANCER:
        work.warn(
            "spec.ports",
            f"{registered} registrations (targets × ports) are more than the {TARGETS_PER_BALANCER} that a Network"
            " Load Balancer holds unless AWS gave you more",
            f"choose fewer nodes with {annotation('target-node-labels')}",
            reason="ManyTargets",
        )
    ports = len(work.load_balancer.listeners)
    if ports > LISTENERS:
        work.error(
            "spec.ports",
            f"{ports} listeners are more than the {LISTENERS} that a Network Load Balancer holds",
            "spread the ports over several Services",
            reason="TooManyListeners",
        )


def _exposure_claims(work: Work) -> Iterator[security.Claim]:
    """Claim that the sources of an exposure reach its node ports."""
    exposure = work.load_balancer.exposure
    if exposure is None:
        return
    ids = instance_ids(node.provider_id for node in exposure.nodes)
    instances = [each for each in map(work.landscape.instance, ids) if each is not None]
    for group in sorted(security.node_groups(work, instances)):
        for protocol, port in exposure.ports:
            for source in exposure.sources:
                yield security.ExposureClaim(
                    group_id=group, protocol=protocol.value.lower(), port=port, source=source
                )


def _claims(work: Work, pools: tuple[_Pool, ...]) -> Iterator[security.Claim]:
    """Claim what the load balancer must reach on the nodes: the ports of targets, and where health is asked."""
    yield from _exposure_claims(work)
    if not security.manages_backend(work):
        return
    yield security.BackendClaim()
    for pool in pools:
        for group in security.node_groups(work, _instances(work, pool)):
            for protocol, port in sorted(_reached(pool)):
                yield security.NodeClaim(group_id=group, protocol=protocol, port=port)


def _instances(work: Work, pool: _Pool) -> Iterator[Instance]:
    """Yield the instances behind a pool; pods may be on any node."""
    if isinstance(pool.backend.targets, PodTargets):
        yield from work.landscape.instances
        return
    for member in pool.members:
        instance = work.landscape.instance(member.id)
        if instance is not None:
            yield instance


def _reached(pool: _Pool) -> set[tuple[str, int]]:
    protocols = {"UDP": ("udp",), "TCP_UDP": ("tcp", "udp")}.get(pool.protocol, ("tcp",))
    ports = {member.port for member in pool.members} or {pool.port}
    traffic = {(protocol, port) for protocol in protocols for port in ports}
    return traffic | {("tcp", asked_port(pool.check, port)) for port in ports}
