"""Node ports that a Service wants opened on all nodes, by annotation."""

from collections.abc import Iterator

from cloudlb.kube.objects import Service
from cloudlb.model import Exposure, Problem, Protocol
from cloudlb.translate.annotations import PREFIX, Parsed
from cloudlb.translate.nodes import EligibleNodes, Labels

KEY = f"{PREFIX}expose-node-ports"

_EVERYBODY = frozenset({"0.0.0.0/0", "::/0"})


def is_exposed(service: Service) -> bool:
    """Tell whether a Service of type NodePort is ours: it asks for its node ports to be opened."""
    return service.spec.type == "NodePort" and KEY in service.metadata.annotations


def exposure_of(
    service: Service, parsed: Parsed, nodes: EligibleNodes, labels: Labels
) -> tuple[Exposure | None, tuple[Problem, ...]]:
    """Return what is to be opened, None where nothing is asked for or there is nothing to open."""
    sources = parsed.values.get("exposed_to")
    if sources is None:
        return None, ()
    exposure = Exposure(
        ports=tuple(sorted(set(_ports(service)))),
        sources=tuple(sorted(set(sources))),
        nodes=nodes.select(labels),
    )
    if not exposure.ports:
        return None, (_no_port(parsed),)
    return exposure, tuple(_warnings(exposure, parsed))


def _ports(service: Service) -> Iterator[tuple[Protocol, int]]:
    for port in service.spec.ports:
        if port.node_port and port.protocol in ("TCP", "UDP"):
            yield Protocol(port.protocol), port.node_port


def _no_port(parsed: Parsed) -> Problem:
    return Problem.error(
        parsed.path("exposed_to"),
        "the Service has no node port for TCP or UDP that could be opened",
        "remove it, or let the API server allocate node ports (spec.allocateLoadBalancerNodePorts)",
        reason="NoNodePort",
    )


def _warnings(exposure: Exposure, parsed: Parsed) -> Iterator[Problem]:
    if _EVERYBODY.isdisjoint(exposure.sources):
        return
    ports = ", ".join(f"{number}/{protocol}" for protocol, number in exposure.ports)
    yield Problem.warning(
        parsed.path("exposed_to"),
        f"opens {ports} to the whole internet, on every node that has a public address",
        "name the networks that need it, if these are fewer",
        reason="OpenToEverybody",
    )
