"""Random stacks of `things`, small enough that two of them often concern the same objects."""

from typing import Any

from hypothesis import strategies as st

from cloudlb.plan.resource import Resource, Stack

from .things import Check, balancer, group, listener, members, plot, rules

PLOTS, GROUPS, BALANCERS, PORTS = ("a", "b"), ("x", "y", "z"), ("b", "c"), (80, 443)
ADDRESSES = ("192.0.2.1", "192.0.2.2")


def _subset(items: tuple[Any, ...]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.sets(st.sampled_from(items)).map(lambda found: tuple(sorted(found)))


@st.composite
def _plot(draw: st.DrawFn, key: str) -> tuple[Resource, ...]:
    region = draw(st.sampled_from(("north", "south")))
    name = draw(st.sampled_from((f"plot-{key}", f"plot-{key}-{region}")))
    opened = draw(_subset(PORTS))
    return plot(key, name=name, region=region), rules(key, *opened)


@st.composite
def _group(draw: st.DrawFn, key: str) -> tuple[Resource, ...]:
    protocol = draw(st.sampled_from(("tcp", "udp")))
    made = group(
        key,
        name=draw(st.sampled_from((f"group-{key}", f"group-{key}-{protocol}"))),
        protocol=protocol,
        check=draw(st.sampled_from((Check(), Check(path="/ready")))),
        options=draw(st.sampled_from(((), (("depth", "1"),), (("depth", "2"),)))),
        seal=draw(st.sampled_from(("", "one", "two"))),
    )
    return made, members(key, *draw(_subset(("m", "n"))))


@st.composite
def _balancer(draw: st.DrawFn, key: str, plots: tuple[str, ...], address: str) -> Resource:
    scheme = draw(st.sampled_from(("internet", "internal")))
    return balancer(
        key,
        on=draw(_subset(plots)) if plots else (),
        name=draw(st.sampled_from((f"balancer-{key}", f"balancer-{key}-{scheme}"))),
        scheme=scheme,
        addresses=(address,) if address else (),
        tags=draw(st.sampled_from(((), (("team", "blue"),)))),
    )


@st.composite
def resources(draw: st.DrawFn) -> tuple[Resource, ...]:
    """Draw the resources of a stack, in any order."""
    plots, groups = draw(_subset(PLOTS)), draw(_subset(GROUPS))
    found: list[Resource] = []
    for key in plots:
        found += draw(_plot(key))
    for key in groups:
        found += draw(_group(key))
    given = draw(st.permutations((*ADDRESSES, "", "")))
    for key, address in zip(draw(_subset(BALANCERS)), given, strict=False):
        found.append(draw(_balancer(key, plots, address)))
        for port in draw(_subset(PORTS)) if groups else ():
            found.append(listener(port, on=key, to=draw(st.sampled_from(groups))))
    return tuple(draw(st.permutations(found)))


def stacks() -> st.SearchStrategy[Stack]:
    """Draw a stack."""
    return resources().map(Stack)
