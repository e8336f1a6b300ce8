"""A few plain resources that make use of everything that a field can mean, and short ways to build them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from cloudlb.plan.resource import CloudId, Found, Key, Observed, Ref, Resource, attribute, only

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Check:
    """How a group is asked for its health."""

    path: str = "/"
    seconds: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot(Resource):
    """Something that balancers stand on."""

    KIND: ClassVar[str] = "plot"

    name: str = attribute(create_only=True, exclusive=only)
    region: str = attribute(immutable=True, default="north")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules(Resource):
    """The open ports of a plot: a part of it."""

    KIND: ClassVar[str] = "rules"

    plot: Ref | str = attribute(immutable=True, part_of=True)
    open: frozenset[int] = attribute(members=True, default=frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Resource):
    """Something that members are put into."""

    KIND: ClassVar[str] = "group"

    name: str = attribute(create_only=True, exclusive=only)
    protocol: str = attribute(immutable=True, default="tcp")
    check: Check = Check()
    options: Pairs = attribute(overlay=True, default=())
    seal: str = attribute(secret=True, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Members(Resource):
    """What is in a group: a part of it."""

    KIND: ClassVar[str] = "members"

    group: Ref | str = attribute(immutable=True, part_of=True)
    members: frozenset[str] = attribute(members=True, default=frozenset())


def shrinks(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    """Tell whether an address would be taken away, which needs a new balancer."""
    return not set(old) <= set(new)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balancer(Resource):
    """Holds an address, and may hold reserved ones."""

    KIND: ClassVar[str] = "balancer"
    HOLDS_ADDRESS: ClassVar[bool] = True

    name: str = attribute(create_only=True, exclusive=only)
    scheme: str = attribute(immutable=True, default="internet")
    addresses: tuple[str, ...] = attribute(replace_when=shrinks, exclusive=tuple, default=())
    plots: frozenset[Ref | str] = attribute(reference=True, default=frozenset())
    tags: Pairs = attribute(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener(Resource):
    """A port of a balancer, and a part of it."""

    KIND: ClassVar[str] = "listener"

    balancer: Ref | str = attribute(immutable=True, part_of=True)
    port: int = attribute(immutable=True)
    target: Ref | str = attribute(reference=True)
    certificates: tuple[str, ...] = ()


KINDS: tuple[type[Resource], ...] = (Plot, Rules, Group, Members, Balancer, Listener)


def ref(key: str, attribute_name: str = "id", *, shared: bool = False) -> Ref:
    """Refer to another resource."""
    return Ref(Key(key), attribute_name, shared)


def plot(key: str = "a", /, **fields: Any) -> Plot:
    """Make a plot whose name says its id."""
    return Plot(id=key, **({"name": f"plot-{key}"} | fields))


def rules(name: str = "a", *ports: int) -> Rules:
    """Make the rules of a plot of the same stack."""
    return Rules(id=name, plot=ref(f"plot/{name}"), open=frozenset(ports))


def group(key: str = "x", /, **fields: Any) -> Group:
    """Make a group."""
    return Group(id=key, **({"name": f"group-{key}"} | fields))


def members(name: str = "x", *found: str) -> Members:
    """Make the members of a group of the same stack."""
    return Members(id=name, group=ref(f"group/{name}"), members=frozenset(found))


def balancer(key: str = "b", /, *, on: Iterable[str] = (), **fields: Any) -> Balancer:
    """Make a balancer that stands on the open plots of the same stack."""
    plots = frozenset(ref(f"rules/{each}", "plot") for each in on)
    return Balancer(id=key, plots=plots, **({"name": f"balancer-{key}"} | fields))


def listener(port: int = 80, *, on: str = "b", to: str = "x", **fields: Any) -> Listener:
    """Make a listener that leads to a filled group of the same stack."""
    return Listener(
        id=f"{on}-{port}",
        balancer=ref(f"balancer/{on}"),
        port=port,
        target=ref(f"members/{to}", "group"),
        **fields,
    )


def found(value: Resource, cloud_id: str = "", **attributes: str) -> Found[Any]:
    """Let a resource exist. Without an id, it is `kind-id`."""
    given = cloud_id or f"{value.KIND}-{value.id}"
    return Found(id=CloudId(given), value=value, attributes={"id": given, **attributes})


def observed(*resources: Resource | Found[Any]) -> Observed:
    """Let resources exist, found by ids that say their keys."""
    return Observed(tuple(e if isinstance(e, Found) else found(e) for e in resources))
