"""Which endpoints of which slices get a port's traffic (kubernetes.md 4)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlb.kube.objects import EndpointSlice
from cloudlb.model import Endpoint, Family
from cloudlb.translate.endpoints import endpoints_of

from .things import piece, service_port

PORT = service_port(80)


def found(*slices: EndpointSlice, family: Family = Family.IPV4, **port: Any) -> list[str]:
    """Say what the endpoints of port 80 are: address and number."""
    of = service_port(**port) if port else PORT
    return [f"{each.address} {each.port}" for each in endpoints_of(of, slices, family)]


def one(address: str = "10.1.0.1", **conditions: bool) -> dict[str, Any]:
    return {"addresses": [address], "conditions": conditions}


GOING = {"ready": False, "serving": True, "terminating": True}
GONE = {"ready": False, "serving": False, "terminating": True}
NOT_READY = {"ready": False, "serving": False, "terminating": False}


@pytest.mark.parametrize(
    ("conditions", "taken"),
    [
        pytest.param({}, True, id="nothing said means ready"),
        pytest.param({"ready": True}, True, id="ready"),
        pytest.param({"ready": True, "serving": True, "terminating": False}, True, id="all said"),
        pytest.param(
            {"ready": True, "serving": False, "terminating": False},
            True,
            id="ready without serving: the Service publishes addresses that are not ready",
        ),
        pytest.param({"ready": False}, False, id="not ready, and not going either"),
        pytest.param(NOT_READY, False, id="not ready"),
        pytest.param(GOING, True, id="the only one serves while it goes"),
        pytest.param(
            {"ready": False, "terminating": True}, True, id="going; serving unknown means yes"
        ),
        pytest.param(GONE, False, id="going and no longer serving"),
        pytest.param({"ready": False, "serving": True}, False, id="serving unready, and not going"),
    ],
)
def test_conditions_decide_about_a_single_endpoint(
    conditions: dict[str, bool], taken: bool
) -> None:
    assert found(piece(one(**conditions))) == (["10.1.0.1 8080"] if taken else [])


@pytest.mark.parametrize(
    ("endpoints", "addresses"),
    [
        pytest.param(
            [one("10.1.0.1", ready=True), one("10.1.0.2", **GOING)],
            ["10.1.0.1 8080"],
            id="what goes drains as soon as another is ready",
        ),
        pytest.param(
            [one("10.1.0.1", **NOT_READY), one("10.1.0.2", **GOING), one("10.1.0.3", **GONE)],
            ["10.1.0.2 8080"],
            id="what is not ready does not count as another",
        ),
        pytest.param(
            [one("10.1.0.2", **GOING), one("10.1.0.1", **GOING)],
            ["10.1.0.1 8080", "10.1.0.2 8080"],
            id="all that serve while they go",
        ),
        pytest.param([], [], id="scaled to zero"),
    ],
)
def test_those_that_go_serve_only_while_none_is_ready(
    endpoints: list[dict[str, Any]], addresses: list[str]
) -> None:
    assert found(piece(*endpoints)) == addresses


def test_the_ready_one_may_be_in_another_slice() -> None:
    assert found(piece(one("10.1.0.1", **GOING)), piece("10.1.0.2")) == ["10.1.0.2 8080"]


def test_a_named_target_port_has_a_number_in_each_slice() -> None:
    slices = (piece("10.1.0.1", number=8080), piece("10.1.0.2", number=9090))

    assert found(*slices, targetPort="http") == ["10.1.0.1 8080", "10.1.0.2 9090"]


def test_one_address_with_two_numbers_is_two_endpoints() -> None:
    slices = (piece("10.1.0.1", number=9090), piece("10.1.0.1", number=8080))

    assert found(*slices) == ["10.1.0.1 8080", "10.1.0.1 9090"]


@pytest.mark.parametrize(
    "again",
    [
        pytest.param("10.1.0.1", id="the same"),
        pytest.param(one(**GOING), id="going in the other slice"),
        pytest.param(one(**NOT_READY), id="not ready in the other slice"),
        pytest.param({"addresses": ["10.1.0.1"], "zone": "a"}, id="with a zone in the other slice"),
    ],
)
def test_an_address_in_two_slices_is_one_endpoint(again: Any) -> None:
    assert found(piece("10.1.0.1"), piece(again)) == ["10.1.0.1 8080"]


@pytest.mark.parametrize(
    ("zones", "zone"),
    [
        pytest.param(["", "b"], "b", id="any zone beats none"),
        pytest.param(["b", ""], "b", id="also when it comes first"),
        pytest.param(["b", "a"], "a", id="the first by name"),
        pytest.param(["a", "b"], "a", id="in either order"),
        pytest.param(["", ""], "", id="none"),
    ],
)
def test_the_order_of_slices_does_not_decide_about_a_zone(zones: list[str], zone: str) -> None:
    slices = [piece({"addresses": ["10.1.0.1"], "zone": each}) for each in zones]

    assert endpoints_of(PORT, slices, Family.IPV4) == (
        Endpoint(address="10.1.0.1", port=8080, zone=zone),
    )


@pytest.mark.parametrize(
    ("port", "slice_ports", "numbers"),
    [
        pytest.param(
            {"name": ""}, [{"port": 8080, "protocol": "TCP"}], [8080], id="unnamed on both sides"
        ),
        pytest.param(
            {"name": "http"}, [{"port": 8080, "protocol": "TCP"}], [], id="unnamed in the slice"
        ),
        pytest.param(
            {"name": ""}, [{"name": "http", "port": 8080}], [], id="unnamed in the Service"
        ),
        pytest.param({"name": "http"}, [{"name": "HTTP", "port": 8080}], [], id="case counts"),
        pytest.param(
            {"name": "http"},
            [{"name": "http", "port": 8080}],
            [8080],
            id="TCP where the slice says nothing",
        ),
        pytest.param(
            {"name": "http"},
            [{"name": "http", "port": 8080, "protocol": "UDP"}],
            [],
            id="the protocol counts",
        ),
        pytest.param(
            {"name": "http"},
            [{"name": "metrics", "port": 1}, {"name": "http", "port": 2}],
            [2],
            id="one of several",
        ),
        pytest.param({"name": "http"}, [{"name": "http"}], [], id="a port without a number"),
        pytest.param({"name": "http"}, [], [], id="no ports"),
        pytest.param({"name": "http"}, None, [], id="null for ports"),
        pytest.param({"name": "n" * 63}, [{"name": "n" * 63, "port": 1}], [1], id="63 characters"),
    ],
)
def test_ports_match_by_name_and_protocol(
    port: dict[str, Any], slice_ports: Any, numbers: list[int]
) -> None:
    expected = [f"10.1.0.1 {each}" for each in numbers]

    assert found(piece("10.1.0.1", ports=slice_ports), **port) == expected


DUAL = (
    piece("10.1.0.1"),
    piece("fd00::1", addressType="IPv6"),
    piece("web.example.com", addressType="FQDN"),
)


@pytest.mark.parametrize(
    ("family", "addresses"),
    [(Family.IPV4, ["10.1.0.1 8080"]), (Family.IPV6, ["fd00::1 8080"])],
)
def test_each_family_has_slices_of_its_own_and_names_are_no_addresses(
    family: Family, addresses: list[str]
) -> None:
    assert found(*DUAL, family=family) == addresses


def test_a_slice_made_by_hand_counts_like_any_other() -> None:
    by_hand = piece(
        {"addresses": ["192.0.2.10", "192.0.2.11"]},
        {"addresses": []},
        metadata={"name": "by-hand", "labels": {"kubernetes.io/service-name": "web"}},
    )

    assert found(by_hand) == ["192.0.2.10 8080"], "only the first address of an endpoint counts"


def test_a_slice_with_null_for_endpoints_has_none() -> None:
    assert found(EndpointSlice(address_type="IPv4", told_ports=piece().told_ports)) == []


def test_no_slices_have_no_endpoints() -> None:
    assert found() == []


ENDPOINTS = st.fixed_dictionaries(
    {"addresses": st.sampled_from([["10.1.0.1"], ["10.1.0.2"], ["10.1.0.3"], []])},
    optional={
        "zone": st.sampled_from(["a", "b"]),
        "conditions": st.fixed_dictionaries(
            {}, optional=dict.fromkeys(("ready", "serving", "terminating"), st.booleans())
        ),
    },
)
SLICES = st.builds(
    lambda endpoints, number: piece(*endpoints, number=number),
    st.lists(ENDPOINTS, max_size=4),
    st.sampled_from([8080, 9090, None]),
)


@given(st.lists(SLICES, max_size=4), st.data())
def test_neither_the_order_of_slices_nor_their_number_matters(
    slices: list[EndpointSlice], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(slices))
    expected = endpoints_of(PORT, slices, Family.IPV4)

    assert endpoints_of(PORT, shuffled, Family.IPV4) == expected
    assert endpoints_of(PORT, slices * 2, Family.IPV4) == expected
    assert list(expected) == sorted(set(expected))
    assert len({(each.address, each.port) for each in expected}) == len(expected)
