"""Node ports and cluster addresses: deterministic, unique, explicit ones first."""

import ipaddress
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlb.kube.documents import Document
from cloudlb.kube.objects import Service
from cloudlb.kube.offline import OfflineCluster

ServiceDocument = Callable[..., Document]
LoadService = Callable[..., Service]
RANGE = range(30000, 32768)
LOCAL = {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}


def node_ports(service: Service) -> list[int]:
    return [port.node_port for port in service.spec.ports]


def test_a_node_port_is_the_same_in_every_run(load_service: LoadService) -> None:
    first, second = load_service(type="NodePort"), load_service(type="NodePort")

    assert node_ports(first) == node_ports(second)
    assert node_ports(first)[0] in RANGE


@pytest.mark.parametrize("service_type", ["ClusterIP", "ExternalName"])
def test_other_types_have_no_node_ports(load_service: LoadService, service_type: str) -> None:
    service = load_service(type=service_type, externalName="a" * (service_type[0] == "E"))

    assert node_ports(service) == [0]


def test_an_explicit_node_port_is_never_given_to_another_first(
    service_document: ServiceDocument, load_service: LoadService
) -> None:
    wanted = node_ports(load_service("a", type="NodePort"))[0]
    asks = service_document("z", type="NodePort", ports=[{"port": 80, "nodePort": wanted}])

    cluster = OfflineCluster.load([service_document("a", type="NodePort"), asks])

    first, last = cluster.services()
    assert node_ports(last) == [wanted]
    assert node_ports(first) == [wanted + 1 if wanted + 1 in RANGE else RANGE[0]]


def test_a_node_port_that_is_taken_is_refused_by_its_holder_s_name(
    service_document: ServiceDocument,
) -> None:
    ports = [{"port": 80, "nodePort": 30123}]
    documents = [service_document(name, type="NodePort", ports=ports) for name in ("b", "a")]

    cluster = OfflineCluster.load(documents)

    (refusal,) = cluster.refusals
    assert [found.metadata.name for found in cluster.services()] == ["a"]
    assert (refusal.name, refusal.path) == ("b", "spec.ports[0].nodePort")
    assert refusal.message == "Invalid value: 30123: provided port is already allocated"
    assert "held by Service default/a" in refusal.remedy


def test_one_port_number_on_two_protocols_shares_a_node_port(load_service: LoadService) -> None:
    ports = [
        {"name": "tcp", "port": 53},
        {"name": "udp", "port": 53, "protocol": "UDP"},
        {"name": "other", "port": 54},
    ]

    tcp, udp, other = node_ports(load_service(type="NodePort", ports=ports))

    assert tcp == udp != other


def test_a_shared_node_port_may_be_asked_for_on_either_protocol(load_service: LoadService) -> None:
    ports = [
        {"name": "tcp", "port": 53},
        {"name": "udp", "port": 53, "protocol": "UDP", "nodePort": 30053},
    ]

    assert node_ports(load_service(type="NodePort", ports=ports)) == [30053, 30053]


def test_two_protocols_may_have_different_node_ports(load_service: LoadService) -> None:
    ports = [
        {"name": "tcp", "port": 53, "nodePort": 30054},
        {"name": "udp", "port": 53, "protocol": "UDP", "nodePort": 30053},
    ]

    assert node_ports(load_service(type="NodePort", ports=ports)) == [30054, 30053]


def test_two_port_numbers_can_not_share_a_node_port(service_document: ServiceDocument) -> None:
    ports = [
        {"name": "tcp", "port": 53, "nodePort": 30053},
        {"name": "udp", "port": 54, "protocol": "UDP", "nodePort": 30053},
    ]

    (refusal,) = OfflineCluster.load([service_document(type="NodePort", ports=ports)]).refusals

    assert refusal.path == "spec.ports[1].nodePort"
    assert "used for port 53 of this Service" in refusal.remedy


def test_node_ports_can_be_left_out(load_service: LoadService) -> None:
    ports = [{"name": "a", "port": 80}, {"name": "b", "port": 81, "nodePort": 30081}]

    service = load_service(type="LoadBalancer", allocateLoadBalancerNodePorts=False, ports=ports)

    assert node_ports(service) == [0, 30081]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (LOCAL, True),
        ({**LOCAL, "allocateLoadBalancerNodePorts": False}, True),
        ({"type": "LoadBalancer"}, False),
        ({"type": "NodePort", "externalTrafficPolicy": "Local"}, False),
    ],
)
def test_only_local_load_balancers_have_a_health_check_node_port(
    load_service: LoadService, spec: dict[str, Any], *, expected: bool
) -> None:
    assert (load_service(**spec).spec.health_check_node_port in RANGE) is expected


def test_an_explicit_health_check_node_port_is_kept(load_service: LoadService) -> None:
    assert load_service(**LOCAL, healthCheckNodePort=31000).spec.health_check_node_port == 31000


def test_more_services_than_node_ports_are_refused_and_hold_nothing(
    service_document: ServiceDocument,
) -> None:
    ports = [{"name": f"p{number}", "port": number} for number in range(1, 1001)]
    documents = [service_document(name, type="NodePort", ports=ports) for name in "abc"]

    cluster = OfflineCluster.load(documents)

    assert [refusal.name for refusal in cluster.refusals] == ["c"]
    assert "range is full" in cluster.refusals[0].message
    assert cluster.apply([service_document("d", type="NodePort", ports=ports[:768])]) == ()


def test_an_address_that_is_taken_is_refused(service_document: ServiceDocument) -> None:
    documents = [
        service_document("a", clusterIP="fd00::1"),
        service_document("b", clusterIP="fd00:0::1"),
    ]

    (refusal,) = OfflineCluster.load(documents).refusals

    assert (refusal.name, refusal.path) == ("b", "spec.clusterIPs")
    assert "provided IP is already allocated" in refusal.message


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"ipFamilyPolicy": "RequireDualStack"}, "spec.ipFamilyPolicy"),
        ({"ipFamilies": ["IPv6"]}, "spec.ipFamilies[0]"),
    ],
)
def test_a_cluster_of_one_family_refuses_the_other(
    service_document: ServiceDocument, spec: dict[str, Any], path: str
) -> None:
    cluster = OfflineCluster.load([service_document(**spec)], families=["IPv4"])

    assert [refusal.path for refusal in cluster.refusals] == [path]


def test_a_cluster_of_one_family_gives_that_one_to_who_prefers_two(
    service_document: ServiceDocument,
) -> None:
    document = service_document(ipFamilyPolicy="PreferDualStack")

    (service,) = OfflineCluster.load([document], families=["IPv6"]).services()

    assert service.spec.ip_families == ("IPv6",)


NAMES = st.sampled_from(["a", "b", "c", "d", "e", "f"])
PORTS = st.lists(
    st.tuples(
        st.sampled_from([53, 80, 443]),
        st.sampled_from(["TCP", "UDP"]),
        st.sampled_from([0, 0, 30000, 30001]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda port: port[:2],
)
SERVICES = st.dictionaries(
    NAMES,
    st.tuples(
        PORTS,
        st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer"]),
        st.sampled_from(["Cluster", "Local"]),
    ),
    max_size=6,
)


def documents_of(services: dict[str, Any]) -> list[Document]:
    documents = []
    for name, (ports, service_type, policy) in services.items():
        spec: dict[str, Any] = {
            "type": service_type,
            "ports": [
                {"name": f"p{index}", "port": port, "protocol": protocol, "nodePort": node_port}
                for index, (port, protocol, node_port) in enumerate(ports)
            ],
        }
        if service_type != "ClusterIP":
            spec["externalTrafficPolicy"] = policy
        documents.append(Document.of({"kind": "Service", "metadata": {"name": name}, "spec": spec}))
    return documents


@given(SERVICES, st.randoms(use_true_random=False))
def test_the_order_of_documents_changes_nothing(services: dict[str, Any], random: Any) -> None:
    documents = documents_of(services)
    shuffled = random.sample(documents, len(documents))

    first, second = OfflineCluster.load(documents), OfflineCluster.load(shuffled)

    assert first.services() == second.services()
    assert first.refusals == second.refusals


@given(SERVICES)
def test_whatever_is_accepted_has_node_ports_of_its_own(services: dict[str, Any]) -> None:
    cluster = OfflineCluster.load(documents_of(services))

    used: Counter[tuple[str, int]] = Counter()
    holders: dict[int, str] = {}
    for service in cluster.services():
        spec = service.spec
        for port in spec.ports:
            if spec.type != "ClusterIP":
                assert port.node_port in RANGE
                used[(port.protocol, port.node_port)] += 1
                assert holders.setdefault(port.node_port, service.metadata.name) == (
                    service.metadata.name
                )
        if spec.health_check_node_port:
            assert spec.health_check_node_port not in holders
            holders[spec.health_check_node_port] = service.metadata.name
    assert all(count == 1 for count in used.values())


@given(SERVICES)
def test_applying_the_same_again_changes_nothing(services: dict[str, Any]) -> None:
    documents = documents_of(services)
    cluster = OfflineCluster.load(documents)
    before = cluster.services()

    cluster.apply(documents)

    assert cluster.services() == before


def test_addresses_are_within_the_ranges_of_the_cluster(load_service: LoadService) -> None:
    spec = load_service(ipFamilyPolicy="RequireDualStack").spec
    ranges = ("10.96.0.0/12", "fd00:10:96::/112")

    for address, network in zip(spec.cluster_ips, ranges, strict=True):
        assert ipaddress.ip_address(address) in ipaddress.ip_network(network)
