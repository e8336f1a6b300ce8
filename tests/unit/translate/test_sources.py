"""Who may connect (kubernetes.md 1.4): spec before annotation, families split, an empty family is shut."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlb.model import Family
from cloudlb.translate.annotations import path_of
from cloudlb.translate.sources import SPEC, Sources, counting, family_of, sources_of

from .things import TABLE, neutral, parsed, service, told, translated

FOUR = (Family.IPV4,)
SIX = (Family.IPV6,)
BOTH = (Family.IPV4, Family.IPV6)
KEY = "cloudlb.io/source-ranges"
SHUT = ("warning", "FamilyShut", SPEC)
STRAY = ("warning", "SourceRangeOfOtherFamily", SPEC)


def by_spec(*ranges: str, families: tuple[Family, ...] = FOUR) -> Sources:
    return sources_of(service(loadBalancerSourceRanges=list(ranges)), parsed(), families)


def by_annotation(ranges: str, families: tuple[Family, ...] = FOUR) -> Sources:
    return sources_of(service(), parsed(source_ranges=ranges), families)


@pytest.mark.parametrize(
    ("families", "ranges"),
    [
        pytest.param(FOUR, ("0.0.0.0/0",), id="IPv4"),
        pytest.param(SIX, ("::/0",), id="IPv6"),
        pytest.param(BOTH, ("0.0.0.0/0", "::/0"), id="dual stack"),
        pytest.param(BOTH[::-1], ("0.0.0.0/0", "::/0"), id="dual stack, IPv6 first"),
    ],
)
def test_everyone_may_connect_over_each_family_when_nothing_is_said(
    families: tuple[Family, ...], ranges: tuple[str, ...]
) -> None:
    assert sources_of(service(), parsed(), families) == Sources(ranges=ranges)


@pytest.mark.parametrize(
    ("given_ranges", "families", "ranges", "problems"),
    [
        pytest.param(["10.0.0.0/8"], FOUR, ("10.0.0.0/8",), [], id="one"),
        pytest.param(
            ["192.0.2.0/24", "10.0.0.0/8"], FOUR, ("10.0.0.0/8", "192.0.2.0/24"), [], id="sorted"
        ),
        pytest.param(
            ["10.0.0.0/8", "10.0.0.0/8", " 10.0.0.0/8 "], FOUR, ("10.0.0.0/8",), [], id="duplicates"
        ),
        pytest.param(
            ["  192.168.0.1/32 ", " 192.168.0.2/32   "],
            FOUR,
            ("192.168.0.1/32", "192.168.0.2/32"),
            [],
            id="spaces around entries",
        ),
        pytest.param(
            ["0.0.0.0/1", "128.0.0.0/1"],
            FOUR,
            ("0.0.0.0/1", "128.0.0.0/1"),
            [],
            id="two halves of everything stay as they are",
        ),
        pytest.param(
            ["10.0.0.0/8", "10.1.0.0/16"],
            FOUR,
            ("10.0.0.0/8", "10.1.0.0/16"),
            [],
            id="one within the other stays, so that a diff shows what was written",
        ),
        pytest.param(
            ["2001:DB8:0::/48"], SIX, ("2001:db8::/48",), [], id="IPv6 in its canonical form"
        ),
        pytest.param(
            ["2001:db8::/32", "10.0.0.0/8"],
            BOTH,
            ("10.0.0.0/8", "2001:db8::/32"),
            [],
            id="each in its own family",
        ),
        pytest.param(["10.0.0.0/8"], BOTH, ("10.0.0.0/8",), [SHUT], id="no IPv6 range shuts IPv6"),
        pytest.param(["::/0"], BOTH, ("::/0",), [SHUT], id="no IPv4 range shuts IPv4"),
        pytest.param(
            ["2001:db8::/32"], FOUR, (), [STRAY, SHUT], id="only of a family that it has not"
        ),
        pytest.param(["10.0.0.0/8"], SIX, (), [STRAY, SHUT], id="the same for IPv6"),
        pytest.param(
            ["10.0.0.0/8", "2001:db8::/32"],
            FOUR,
            ("10.0.0.0/8",),
            [STRAY],
            id="a stray one beside one that counts",
        ),
    ],
)
def test_ranges_of_the_spec(
    given_ranges: list[str],
    families: tuple[Family, ...],
    ranges: tuple[str, ...],
    problems: list[Any],
) -> None:
    found = by_spec(*given_ranges, families=families)

    assert found.ranges == ranges
    assert told(found.problems) == problems


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("10.0.0.0/33", id="prefix too long"),
        pytest.param("10.0.0.0/-1", id="prefix below nothing"),
        pytest.param("10.0.0/8", id="three numbers"),
        pytest.param("256.0.0.0/8", id="a number too large"),
        pytest.param("010.0.0.0/8", id="a leading zero"),
        pytest.param("2001:db8::/129", id="IPv6 prefix too long"),
        pytest.param("everyone", id="a word"),
        pytest.param("", id="nothing"),
        pytest.param("10.0.0.0/8,10.1.0.0/16", id="two in one entry"),
        pytest.param("１０.0.0.0/8", id="full-width digits"),
    ],
)
def test_what_is_no_range_is_an_error_at_its_place(text: str) -> None:
    found = by_spec("10.0.0.0/8", text)

    assert told(found.problems) == [("error", "InvalidSourceRange", f"{SPEC}[1]")]
    assert found.problems[0].message == f"{text!r} is not a CIDR"
    assert found.problems[0].remedy == "write an address and a prefix length, such as 10.0.0.0/24"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        pytest.param("10.0.0.1/8", "10.0.0.0/8", id="IPv4"),
        pytest.param("192.0.2.255/31", "192.0.2.254/31", id="the last bit"),
        pytest.param("10.0.0.1/0", "0.0.0.0/0", id="a prefix of nothing"),
        pytest.param("2001:DB8::1/64", "2001:db8::/64", id="IPv6"),
    ],
)
def test_bits_of_the_host_are_dropped_with_a_warning(text: str, meant: str) -> None:
    family = family_of(meant)
    found = by_spec(text, families=(family,))

    assert found.ranges == (meant,)
    assert told(found.problems) == [("warning", "SourceRangeHostBits", f"{SPEC}[0]")]
    assert found.problems[0].remedy == f"write {meant}"


def test_two_spellings_of_one_range_are_one() -> None:
    assert by_spec("10.0.0.1/8", "10.9.9.9/8", "10.0.0.0/8").ranges == ("10.0.0.0/8",)


@pytest.mark.parametrize(
    ("text", "families", "ranges", "problems"),
    [
        pytest.param("10.0.0.0/8", FOUR, ("10.0.0.0/8",), [], id="one"),
        pytest.param(
            "  192.168.0.1/32 , 192.168.0.2/32   ",
            FOUR,
            ("192.168.0.1/32", "192.168.0.2/32"),
            [],
            id="spaces around entries",
        ),
        pytest.param("10.0.0.1/8,10.0.0.0/8", FOUR, ("10.0.0.0/8",), [], id="duplicates"),
        pytest.param(
            "10.0.0.0/8",
            BOTH,
            ("10.0.0.0/8",),
            [("warning", "FamilyShut", path_of(KEY))],
            id="no IPv6 range shuts IPv6",
        ),
    ],
)
def test_ranges_of_an_annotation(
    text: str, families: tuple[Family, ...], ranges: tuple[str, ...], problems: list[Any]
) -> None:
    found = by_annotation(text, families)

    assert found.ranges == ranges
    assert told(found.problems) == problems


def test_a_shut_family_says_what_would_open_it() -> None:
    (problem,) = by_annotation("10.0.0.0/8", BOTH).problems

    assert problem.message == "has no IPv6 range, so nobody may connect over IPv6"
    assert problem.remedy == "add ::/0 if everyone may"


@pytest.mark.parametrize(
    "annotation",
    [
        pytest.param("192.0.2.0/24", id="another range"),
        pytest.param("garbage", id="no range at all, which the API server lets pass here"),
        pytest.param("", id="nothing"),
    ],
)
def test_the_spec_wins_and_the_annotation_is_not_looked_at(annotation: str) -> None:
    of = service(
        loadBalancerSourceRanges=["10.0.0.0/8"], annotations=neutral(source_ranges=annotation)
    )
    found = translated(of)

    assert found.load_balancer is not None
    assert found.load_balancer.source_ranges == ("10.0.0.0/8",)
    assert found.problems == ()


@pytest.mark.parametrize("annotation", ["", "   ", "\t\n"])
def test_an_empty_annotation_means_everyone(annotation: str) -> None:
    found = translated(service(annotations=neutral(source_ranges=annotation)))

    assert found.load_balancer is not None
    assert found.load_balancer.source_ranges == ("0.0.0.0/0",)
    assert found.problems == ()


@pytest.mark.parametrize("annotation", [",", " , ,", "10.0.0.0/33", "10.0.0.0/8, x"])
def test_an_annotation_without_sense_lets_nobody_in_by_mistake(annotation: str) -> None:
    found = translated(service(annotations=neutral(source_ranges=annotation)))

    assert found.load_balancer is None
    assert told(found.problems) == [("error", "InvalidAnnotation", path_of(KEY))]


def test_only_annotations_for_source_ranges_are_left_out() -> None:
    annotations = {KEY: "x", "a.example/source-ranges": "", "cloudlb.io/scheme": "", "other": ""}
    of = service(annotations=annotations)

    assert set(counting(of, TABLE)) == {KEY, "cloudlb.io/scheme", "other"}


NETWORKS = st.one_of(
    st.builds(
        lambda address, prefix: f"{address}/{prefix}",
        st.ip_addresses(v=4),
        st.integers(0, 32),
    ),
    st.builds(
        lambda address, prefix: f"{address}/{prefix}",
        st.ip_addresses(v=6),
        st.integers(0, 128),
    ),
)
FAMILIES = st.sampled_from([FOUR, SIX, BOTH])


@given(st.lists(NETWORKS, min_size=1, max_size=6), FAMILIES, st.data())
def test_reading_ranges_again_changes_nothing_and_their_order_does_not_matter(
    ranges: list[str], families: tuple[Family, ...], data: st.DataObject
) -> None:
    once = by_spec(*ranges, families=families).ranges
    shuffled = data.draw(st.permutations(ranges))

    assert by_spec(*shuffled, *ranges, families=families).ranges == once
    if once:
        again = by_spec(*once, families=families)
        assert again.ranges == once
        assert by_annotation(", ".join(ranges), families).ranges == once


@given(st.lists(NETWORKS, min_size=1, max_size=6), FAMILIES)
def test_what_is_kept_is_what_was_given_in_the_families_at_hand(
    ranges: list[str], families: tuple[Family, ...]
) -> None:
    found = by_spec(*ranges, families=families)
    meant = {str(ipaddress.ip_network(each, strict=False)) for each in ranges}

    assert set(found.ranges) == {each for each in meant if family_of(each) in families}
    shut = [family for family in families if family not in map(family_of, found.ranges)]
    assert ("FamilyShut" in {each.reason for each in found.problems}) is bool(shut)
