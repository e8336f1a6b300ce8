"""The endpoints of a Service's port, joined from all its endpoint slices.

Slices match a port by its name; every slice has its own number for it, because a named target port is resolved pod by
pod. Ready endpoints count; when none is ready, those that still serve while they terminate (KEP-1669).
"""

from collections.abc import Iterable, Iterator

from cloudlb.kube.objects import Endpoint as EndpointObject
from cloudlb.kube.objects import EndpointSlice, ServicePort
from cloudlb.model import Endpoint, Family


def endpoints_of(
    port: ServicePort, slices: Iterable[EndpointSlice], family: Family
) -> tuple[Endpoint, ...]:
    """Return the endpoints of a port in one family that should get traffic now: unique by address, sorted."""
    candidates = tuple(_candidates(port, slices, family))
    chosen = [(each, number) for each, number in candidates if each.ready]
    if not chosen:
        chosen = [
            (each, number) for each, number in candidates if each.serving and each.terminating
        ]
    found: dict[tuple[str, int], Endpoint] = {}
    told = {
        Endpoint(address=each.addresses[0], port=number, zone=each.zone) for each, number in chosen
    }
    # Where slices tell different zones of one address, the order of slices must not decide: any zone beats none.
    for endpoint in sorted(told, key=lambda each: (not each.zone, each)):
        found.setdefault((endpoint.address, endpoint.port), endpoint)
    return tuple(sorted(found.values()))


def _candidates(
    port: ServicePort, slices: Iterable[EndpointSlice], family: Family
) -> Iterator[tuple[EndpointObject, int]]:
    for piece in slices:
        if piece.address_type != family:
            continue
        for number in _numbers(port, piece):
            for each in piece.endpoints:
                if each.addresses:
                    yield each, number


def _numbers(port: ServicePort, piece: EndpointSlice) -> Iterator[int]:
    for each in piece.ports:
        if each.name == port.name and each.protocol == port.protocol and each.port is not None:
            yield each.port
