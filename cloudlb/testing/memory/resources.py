"""The kinds of objects that a plan speaks of, and how they lie in the account."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from cloudlb.plan.resource import CloudId, Found, Ref, Resource, attribute, only
from cloudlb.testing.memory.account import Thing


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancer(Resource):
    """Holds the address. Attributes for refs: `id`, `address`. `sources` are CIDRs."""

    KIND: ClassVar[str] = "load-balancer"
    HOLDS_ADDRESS: ClassVar[bool] = True

    name: str = attribute(create_only=True, exclusive=only)
    scheme: str = attribute(immutable=True)
    sources: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """How a pool asks its targets; port 0 is the port that traffic goes to."""

    protocol: str = "TCP"
    port: int = 0
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool(Resource):
    """Where traffic goes. `targets` are `machine:port` or `address:port`."""

    KIND: ClassVar[str] = "pool"

    name: str = attribute(create_only=True, exclusive=only)
    protocol: str = attribute(immutable=True)
    reach: str = attribute(immutable=True)
    check: HealthCheck
    sticky: bool
    targets: frozenset[str] = attribute(members=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener(Resource):
    """A port that a load balancer answers on: a part of it."""

    KIND: ClassVar[str] = "listener"

    load_balancer: Ref | str = attribute(immutable=True, part_of=True)
    protocol: str = attribute(immutable=True)
    port: int = attribute(immutable=True)
    pool: Ref | str = attribute(reference=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Firewall(Resource):
    """The ports of the nodes that are open, `30080/TCP`: one a cluster, shared by all owners."""

    KIND: ClassVar[str] = "firewall"

    name: str = attribute(create_only=True, exclusive=only)
    open: frozenset[str] = attribute(members=True)


KINDS: dict[str, type[Resource]] = {
    kind.KIND: kind for kind in (LoadBalancer, Pool, Listener, Firewall)
}
_BESIDE = frozenset({"id", "name"})
"""Fields of resources that are no settings: our own id is in a mark, and the name is the object's."""


def settings_of(resource: Resource) -> dict[str, object]:
    """Return what of a resource lies in an object's settings."""
    names = (each.name for each in fields(resource) if each.name not in _BESIDE)
    return {name: getattr(resource, name) for name in names}


def name_of(resource: Resource) -> str:
    """Return what an object is called; a listener is called after the load balancer that it is a part of."""
    match resource:
        case Listener(load_balancer=str(balancer), protocol=protocol, port=port):
            return f"{balancer}:{protocol}-{port}"
        case _:
            return str(getattr(resource, "name", ""))


def found_in(thing: Thing, resource_id: str) -> Found[Any]:
    """Return an object of the account as an observed resource."""
    kind = KINDS[thing.kind]
    beside = {"id": resource_id}
    if any(each.name == "name" for each in fields(kind)):
        beside["name"] = thing.name
    value = kind(**beside, **thing.settings)  # type: ignore[arg-type]
    attributes = {"id": thing.id, "address": thing.address}
    return Found(id=CloudId(thing.id), value=value, attributes=attributes)
