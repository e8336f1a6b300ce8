"""What the API server fills in."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlb.kube.decode import convert
from cloudlb.kube.defaults import default_service, default_status
from cloudlb.kube.objects import (
    LoadBalancerIngress,
    LoadBalancerStatus,
    Service,
    ServiceSpec,
    ServiceStatus,
)

LoadService = Callable[..., Service]


def defaulted(**spec: Any) -> ServiceSpec:
    return default_service(convert({"spec": spec}, Service)).spec


def test_a_port_gets_its_protocol_and_target() -> None:
    port = defaulted(ports=[{"port": 80}]).ports[0]

    assert (port.protocol, port.target_port) == ("TCP", 80)


@pytest.mark.parametrize(
    ("given_target", "target"), [(0, 80), ("", 80), (8080, 8080), ("http", "http")]
)
def test_an_empty_target_port_is_the_port(given_target: int | str, target: int | str) -> None:
    assert (
        defaulted(ports=[{"port": 80, "targetPort": given_target}]).ports[0].target_port == target
    )


def test_the_type_is_cluster_ip() -> None:
    spec = defaulted()

    assert (spec.type, spec.session_affinity, spec.internal_traffic_policy) == (
        "ClusterIP",
        "None",
        "Cluster",
    )
    assert (spec.external_traffic_policy, spec.allocate_load_balancer_node_ports) == ("", None)


@pytest.mark.parametrize(
    ("spec", "policy"),
    [
        ({"type": "NodePort"}, "Cluster"),
        ({"type": "LoadBalancer"}, "Cluster"),
        ({"type": "LoadBalancer", "externalTrafficPolicy": "Local"}, "Local"),
        ({"type": "ClusterIP"}, ""),
        ({"type": "ClusterIP", "externalIPs": ["192.0.2.1"]}, "Cluster"),
        ({"type": "ExternalName"}, ""),
    ],
)
def test_the_external_policy_is_set_where_clients_come_from_outside(
    spec: dict[str, Any], policy: str
) -> None:
    assert defaulted(**spec).external_traffic_policy == policy


def test_a_load_balancer_allocates_node_ports() -> None:
    assert defaulted(type="LoadBalancer").allocate_load_balancer_node_ports is True


def test_a_load_balancer_may_say_that_it_does_not() -> None:
    spec = defaulted(type="LoadBalancer", allocateLoadBalancerNodePorts=False)

    assert spec.allocate_load_balancer_node_ports is False


@pytest.mark.parametrize(
    ("config", "seconds"),
    [
        (None, 10800),
        ({}, 10800),
        ({"clientIP": {}}, 10800),
        ({"clientIP": {"timeoutSeconds": 5}}, 5),
    ],
)
def test_client_affinity_lasts_three_hours_unless_said(config: Any, seconds: int) -> None:
    spec = defaulted(sessionAffinity="ClientIP", sessionAffinityConfig=config)

    assert spec.session_affinity_config
    assert spec.session_affinity_config.client_ip
    assert spec.session_affinity_config.client_ip.timeout_seconds == seconds


def test_no_affinity_has_no_settings() -> None:
    spec = defaulted(sessionAffinityConfig={"clientIP": {"timeoutSeconds": 5}})

    assert spec.session_affinity_config is None


def test_an_ip_in_a_status_is_a_virtual_one() -> None:
    ingress = (
        LoadBalancerIngress(ip="192.0.2.1"),
        LoadBalancerIngress(ip="192.0.2.2", ip_mode="Proxy"),
        LoadBalancerIngress(hostname="a.example.com"),
    )
    status = ServiceStatus(load_balancer=LoadBalancerStatus(ingress=ingress))

    modes = [entry.ip_mode for entry in default_status(status).load_balancer.ingress]

    assert modes == ["VIP", "Proxy", None]


@pytest.mark.parametrize(
    ("spec", "policy", "families"),
    [
        pytest.param({}, "SingleStack", ("IPv4",), id="nothing-said"),
        pytest.param({"ipFamilies": ["IPv6"]}, "SingleStack", ("IPv6",), id="one-family"),
        pytest.param(
            {"ipFamilyPolicy": "PreferDualStack"}, "PreferDualStack", ("IPv4", "IPv6"), id="prefer"
        ),
        pytest.param(
            {"ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv6"]},
            "RequireDualStack",
            ("IPv6", "IPv4"),
            id="primary-six",
        ),
        pytest.param({"clusterIP": "fd00::1"}, "SingleStack", ("IPv6",), id="from-the-address"),
        pytest.param({"clusterIP": "None"}, "SingleStack", ("IPv4",), id="headless"),
        pytest.param(
            {"clusterIP": "None", "selector": None},
            "RequireDualStack",
            ("IPv4", "IPv6"),
            id="headless-without-selector",
        ),
    ],
)
def test_families_follow_policy_and_addresses(
    load_service: LoadService, spec: dict[str, Any], policy: str, families: tuple[str, ...]
) -> None:
    found = load_service(**spec).spec

    assert (found.ip_family_policy, found.ip_families) == (policy, families)


def test_every_family_has_an_address(load_service: LoadService) -> None:
    spec = load_service(ipFamilyPolicy="RequireDualStack").spec

    assert spec.cluster_ip == spec.cluster_ips[0]
    assert [":" in address for address in spec.cluster_ips] == [False, True]


SPECS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName", "X"]),
        "ports": st.lists(
            st.fixed_dictionaries(
                {"port": st.integers(0, 70000)},
                optional={
                    "protocol": st.sampled_from(["TCP", "UDP", ""]),
                    "targetPort": st.integers(0, 9) | st.sampled_from(["", "http"]),
                },
            ),
            max_size=3,
        ),
        "sessionAffinity": st.sampled_from(["", "None", "ClientIP", "X"]),
        "sessionAffinityConfig": st.sampled_from([{}, {"clientIP": {"timeoutSeconds": 1}}]),
        "clusterIP": st.sampled_from(["", "None", "10.0.0.1"]),
        "externalTrafficPolicy": st.sampled_from(["", "Local", "X"]),
        "externalIPs": st.sampled_from([[], ["192.0.2.1"]]),
        "internalTrafficPolicy": st.sampled_from(["", "Local"]),
        "allocateLoadBalancerNodePorts": st.booleans(),
    },
)


@given(SPECS)
def test_defaulting_twice_is_defaulting_once(spec: dict[str, Any]) -> None:
    once = default_service(convert({"spec": spec}, Service))

    assert default_service(once) == once
