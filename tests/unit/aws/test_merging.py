"""Merging port ranges into a quota: it covers all that is asked, keeps to the quota, and opens as little as can be."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlb_aws.design.merging import DoesNotFit, fit
from cloudlb_aws.resources.node_rules import PortRange


def _range(protocol: str, start: int, end: int) -> PortRange:
    return PortRange(protocol=protocol, from_port=start, to_port=end)


def tcp(start: int, end: int | None = None) -> PortRange:
    return _range("tcp", start, start if end is None else end)


_PORTS = st.integers(1, 65535) | st.integers(30000, 30030)
RANGES = st.frozensets(
    st.builds(
        lambda protocol, one, other: _range(protocol, min(one, other), max(one, other)),
        st.sampled_from(["tcp", "udp"]),
        _PORTS,
        _PORTS,
    )
    | st.builds(
        lambda protocol, port: _range(protocol, port, port), st.sampled_from(["tcp", "udp"]), _PORTS
    ),
    max_size=40,
)


def _open(ranges, protocol: str, port: int) -> bool:
    return any(
        each.protocol == protocol and each.from_port <= port <= each.to_port for each in ranges
    )


@given(asked=RANGES, quota=st.integers(2, 45))
def test_it_always_covers_and_never_exceeds_the_quota(asked, quota):
    merged = fit(asked, quota)
    assert len(merged.ranges) <= quota
    for each in asked:
        assert any(
            one.protocol == each.protocol
            and one.from_port <= each.from_port
            and each.to_port <= one.to_port
            for one in merged.ranges
        )


@given(asked=RANGES, quota=st.integers(2, 45))
def test_what_it_says_of_further_ports_is_true(asked, quota):
    merged = fit(asked, quota)
    for each, further in merged.wider:
        asked_for = sum(
            _open(asked, each.protocol, port) for port in range(each.from_port, each.to_port + 1)
        )
        assert each.to_port - each.from_port + 1 - asked_for == further
    exact = merged.ranges - {each for each, _ in merged.wider}
    for each in exact:
        assert all(_open(asked, each.protocol, port) for port in (each.from_port, each.to_port))


@given(
    asked=st.lists(st.builds(tcp, st.integers(30000, 30100)), max_size=30), quota=st.integers(1, 9)
)
def test_the_order_of_what_is_asked_does_not_matter(asked, quota):
    assert fit(asked, quota) == fit(reversed(asked), quota)


@given(st.frozensets(st.integers(1, 60), min_size=3, max_size=7), st.integers(1, 4))
def test_it_opens_the_fewest_further_ports_that_are_possible(ports, quota):
    merged = fit(map(tcp, ports), quota)
    further = sum(count for _, count in merged.wider)
    assert further == _best(sorted(ports), quota)


def _best(ports: list[int], quota: int) -> int:
    """Try every way to cut the sorted ports into at most `quota` runs."""
    cuts = range(1, len(ports))
    return min(
        sum(run[-1] - run[0] + 1 - len(run) for run in _runs(ports, chosen))
        for count in range(min(quota, len(ports)))
        for chosen in combinations(cuts, count)
    )


def _runs(ports: list[int], cuts: tuple[int, ...]) -> list[list[int]]:
    edges = (0, *cuts, len(ports))
    return [ports[start:end] for start, end in pairwise(edges)]


def test_what_fits_comes_back_as_it_is():
    asked = frozenset({tcp(30001), tcp(30002), tcp(30900)})
    assert fit(asked, 3).ranges == asked
    assert fit(asked, 3).wider == ()


def test_neighbours_are_united_before_anything_is_opened():
    merged = fit({tcp(30001), tcp(30002), tcp(30900)}, 2)
    assert merged.ranges == {tcp(30001, 30002), tcp(30900)}
    assert merged.wider == ()


def test_the_smallest_gap_is_bridged_first_and_said():
    merged = fit({tcp(30000), tcp(30010), tcp(30013)}, 2)
    assert merged.ranges == {tcp(30000), tcp(30010, 30013)}
    assert merged.wider == ((tcp(30010, 30013), 2),)


def test_nothing_asked_is_nothing_opened():
    assert fit((), 5).ranges == frozenset()


def test_more_protocols_than_rules_can_not_be():
    with pytest.raises(DoesNotFit, match="2 protocols"):
        fit({tcp(1), _range("udp", 1, 1)}, 1)
