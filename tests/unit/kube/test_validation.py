"""What the API server refuses, and where it says that the fault is."""

from collections.abc import Callable
from typing import Any

import pytest

from cloudlb.errors import InvalidObject
from cloudlb.kube.documents import Document
from cloudlb.kube.objects import LoadBalancerIngress as Ingress
from cloudlb.kube.objects import LoadBalancerStatus, Service, ServiceStatus
from cloudlb.kube.offline import OfflineCluster

ServiceDocument = Callable[..., Document]
RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
LB = {"type": "LoadBalancer"}


def refused(*documents: Document) -> list[tuple[str, str]]:
    return [(found.path, found.message) for found in OfflineCluster.load(documents).refusals]


def case(name: str, spec: dict[str, Any], path: str, message: str) -> Any:
    return pytest.param(spec, path, message, id=name)


@pytest.mark.parametrize(
    ("spec", "path", "message"),
    [
        case("type", {"type": "Loadbalancer"}, "spec.type",
             'Unsupported value: "Loadbalancer": supported values: "ClusterIP", "ExternalName", '
             '"LoadBalancer", "NodePort"'),
        case("no-ports", {"ports": []}, "spec.ports", "Required value"),
        case("port-zero", {"ports": [{"port": 0, "targetPort": 80}]}, "spec.ports[0].port",
             "Invalid value: 0: must be between 1 and 65535, inclusive"),
        case("target-port", {"ports": [{"port": 80, "targetPort": 70000}]},
             "spec.ports[0].targetPort", "between 1 and 65535"),
        case("target-port-name", {"ports": [{"port": 80, "targetPort": "web--1"}]},
             "spec.ports[0].targetPort", 'Invalid value: "web--1": must be a port name'),
        case("target-port-digits", {"ports": [{"port": 80, "targetPort": "8080"}]},
             "spec.ports[0].targetPort", "at least one letter"),
        case("protocol", {"ports": [{"port": 80, "protocol": "tcp"}]}, "spec.ports[0].protocol",
             'Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"'),
        case("app-protocol", {"ports": [{"port": 80, "appProtocol": "a b"}]},
             "spec.ports[0].appProtocol", "Invalid value"),
        case("port-name", {"ports": [{"port": 80, "name": "HTTP"}]}, "spec.ports[0].name",
             "must be a DNS label"),
        case("nameless", {"ports": [{"port": 80, "name": "a"}, {"port": 81}]},
             "spec.ports[1].name", "Required value"),
        case("same-name", {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "a"}]},
             "spec.ports[1].name", 'Duplicate value: "a"'),
        case("same-port", {"ports": [{"port": 80, "name": "a"}, {"port": 80, "name": "b"}]},
             "spec.ports[1]", 'Duplicate value: {"protocol": "TCP", "port": 80}'),
        case("same-node-port", {"type": "NodePort", "ports": [
            {"port": 80, "name": "a", "nodePort": 30080},
            {"port": 81, "name": "b", "nodePort": 30080}]},
             "spec.ports[1].nodePort", "Duplicate value: 30080"),
        case("node-port-on-cluster-ip", {"ports": [{"port": 80, "nodePort": 30080}]},
             "spec.ports[0].nodePort", "Forbidden: may not be used when `type` is 'ClusterIP'"),
        case("node-port-range", {**LB, "ports": [{"port": 80, "nodePort": 8080}]},
             "spec.ports[0].nodePort",
             "Invalid value: 8080: provided port is not in the valid range. "
             "The range of valid ports is 30000-32767"),
        case("kubelet-port", {**LB, "ports": [{"port": 10250}]}, "spec.ports[0]",
             "used by kubelet"),
        case("headless-load-balancer", {**LB, "clusterIP": "None"}, "spec.clusterIPs[0]",
             "Invalid value: \"None\": may not be set to 'None' for LoadBalancer services"),
        case("headless-node-port", {"type": "NodePort", "clusterIP": "None"},
             "spec.clusterIPs[0]", "may not be set to 'None' for NodePort services"),
        case("cluster-ip", {"clusterIP": "10.0.0"}, "spec.clusterIPs[0]",
             "must be a valid IP address"),
        case("cluster-ips-only", {"clusterIPs": ["10.0.0.1"]}, "spec.clusterIPs",
             "must be empty when `clusterIP` is not specified"),
        case("cluster-ips-differ", {"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.2"]},
             "spec.clusterIPs", "first value must match `clusterIP`"),
        case("one-family-twice", {"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1", "10.0.0.2"],
                                  "ipFamilyPolicy": "RequireDualStack"},
             "spec.clusterIPs", "may specify no more than one IP for each IP family"),
        case("none-and-more", {"clusterIP": "None", "clusterIPs": ["None", "10.0.0.1"],
                               "ipFamilyPolicy": "RequireDualStack"},
             "spec.clusterIPs", "'None' must be the first and only value"),
        case("family-of-address", {"clusterIP": "10.0.0.1", "ipFamilies": ["IPv6"]},
             "spec.clusterIPs[0]", "expected an IPv6 value as indicated by `ipFamilies[0]`"),
        case("family", {"ipFamilies": ["ipv4"]}, "spec.ipFamilies[0]", "Unsupported value"),
        case("same-family", {"ipFamilies": ["IPv4", "IPv4"],
                             "ipFamilyPolicy": "RequireDualStack"},
             "spec.ipFamilies[1]", 'Duplicate value: "IPv4"'),
        case("family-policy", {"ipFamilyPolicy": "DualStack"}, "spec.ipFamilyPolicy",
             "Unsupported value"),
        case("two-families-single", {"ipFamilies": ["IPv4", "IPv6"],
                                     "ipFamilyPolicy": "SingleStack"},
             "spec.ipFamilyPolicy", "when multiple IP families are specified"),
        case("two-families-no-policy", {"ipFamilies": ["IPv4", "IPv6"]},
             "spec.ipFamilyPolicy", "Required value: must be 'RequireDualStack'"),
        case("selector", {"selector": {"app": "a b"}}, "spec.selector", "Invalid value"),
        case("affinity", {"sessionAffinity": "Cookie"}, "spec.sessionAffinity",
             'supported values: "ClientIP", "None"'),
        *[
            case(f"timeout-{seconds}",
                 {"sessionAffinity": "ClientIP",
                  "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": seconds}}},
                 "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
                 f"Invalid value: {seconds}: must be greater than 0 and no more than 86400")
            for seconds in (0, 86401)
        ],
        case("external-ip", {"externalIPs": ["a"]}, "spec.externalIPs[0]", "valid IP address"),
        case("external-loopback", {"externalIPs": ["192.0.2.1", "127.0.0.1"]},
             "spec.externalIPs[1]", "loopback"),
        case("ranges-elsewhere", {"loadBalancerSourceRanges": ["10.0.0.0/8"]},
             "spec.loadBalancerSourceRanges",
             "Forbidden: may only be used when `type` is 'LoadBalancer'"),
        case("range", {**LB, "loadBalancerSourceRanges": ["10.0.0.0/8", "10.0.0.0/33"]},
             "spec.loadBalancerSourceRanges[1]", "must be a valid CIDR value"),
        case("range-without-length", {**LB, "loadBalancerSourceRanges": ["10.0.0.1"]},
             "spec.loadBalancerSourceRanges[0]", "must be a valid CIDR value"),
        case("range-with-many-digits", {**LB, "loadBalancerSourceRanges": ["10.0.0.0/" + "0" * 5000]},
             "spec.loadBalancerSourceRanges[0]", "must be a valid CIDR value"),
        case("range-with-netmask", {**LB, "loadBalancerSourceRanges": ["10.0.0.0/255.0.0.0"]},
             "spec.loadBalancerSourceRanges[0]", "must be a valid CIDR value"),
        case("class-elsewhere", {"loadBalancerClass": "a.b/c"}, "spec.loadBalancerClass",
             "Forbidden: may only be used when `type` is 'LoadBalancer'"),
        case("class", {**LB, "loadBalancerClass": "a/b/c"}, "spec.loadBalancerClass",
             "at most one '/'"),
        case("allocate-elsewhere", {"type": "NodePort", "allocateLoadBalancerNodePorts": False},
             "spec.allocateLoadBalancerNodePorts", "Forbidden"),
        case("external-policy", {**LB, "externalTrafficPolicy": "local"},
             "spec.externalTrafficPolicy", 'supported values: "Cluster", "Local"'),
        case("external-policy-inside", {"externalTrafficPolicy": "Local"},
             "spec.externalTrafficPolicy", "may only be set for externally-accessible services"),
        case("internal-policy", {"internalTrafficPolicy": ""}, "spec.internalTrafficPolicy",
             'Unsupported value: ""'),
        case("distribution", {"trafficDistribution": "Close"}, "spec.trafficDistribution",
             "Unsupported value"),
        case("health-check-port", {**LB, "healthCheckNodePort": 30000},
             "spec.healthCheckNodePort", "may only be set when `type` is 'LoadBalancer' and"),
        case("health-check-range", {**LB, "externalTrafficPolicy": "Local",
                                    "healthCheckNodePort": 80},
             "spec.healthCheckNodePort", "not in the valid range"),
        case("health-check-is-node-port",
             {**LB, "externalTrafficPolicy": "Local", "healthCheckNodePort": 30080,
              "ports": [{"port": 80, "nodePort": 30080}]},
             "spec.healthCheckNodePort", "provided port is already allocated"),
        case("external-name", {"type": "ExternalName"}, "spec.externalName", "Required value"),
        case("external-name-syntax", {"type": "ExternalName", "externalName": "A_B"},
             "spec.externalName", "Invalid value"),
        case("external-name-address",
             {"type": "ExternalName", "externalName": "a.b", "clusterIP": "10.0.0.1"},
             "spec.clusterIPs", "Forbidden: may not be set for ExternalName services"),
    ],
)  # fmt: skip
def test_a_spec_is_refused(
    service_document: ServiceDocument, spec: dict[str, Any], path: str, message: str
) -> None:
    ((found_path, found_message),) = refused(service_document(**spec))

    assert found_path == path
    assert message in found_message


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"ports": [{"port": 53, "name": "a"}, {"port": 53, "name": "b",
                                                            "protocol": "UDP"}]}, id="two-protocols"),
        pytest.param({**LB, "loadBalancerSourceRanges": [" 10.0.0.1/8 ", "::/0"]}, id="ranges"),
        pytest.param({"clusterIP": "None", "ports": []}, id="headless-without-ports"),
        pytest.param({"clusterIP": "None", "selector": None, "ipFamilies": ["IPv6", "IPv4"]},
                     id="headless-of-two-families"),
        pytest.param({"type": "ExternalName", "externalName": "a.b.", "ports": []}, id="cname"),
        pytest.param({**LB, "loadBalancerClass": "internal"}, id="class-without-prefix"),
        pytest.param({"ports": [{"port": 80, "appProtocol": "kubernetes.io/h2c"}]}, id="h2c"),
        pytest.param({**LB, "selector": None}, id="no-selector"),
        pytest.param({"sessionAffinity": "ClientIP",
                      "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86400}}}, id="a-day"),
    ],
)  # fmt: skip
def test_a_spec_is_accepted(service_document: ServiceDocument, spec: dict[str, Any]) -> None:
    assert refused(service_document(**spec)) == []


@pytest.mark.parametrize(
    ("metadata", "path", "message"),
    [
        pytest.param({"name": ""}, "metadata.name", "Required value", id="nameless"),
        pytest.param({"name": "1web"}, "metadata.name", "must be a DNS-1035 label", id="digit"),
        pytest.param({"name": "a" * 64}, "metadata.name", "no more than 63", id="64-letters"),
        pytest.param({"name": "a.b"}, "metadata.name", "must be a DNS-1035 label", id="dot"),
        pytest.param({"namespace": "Shop"}, "metadata.namespace", "DNS label", id="namespace"),
        pytest.param({"labels": {"a": "b" * 64}}, "metadata.labels", "no more than 63", id="value"),
        pytest.param({"labels": {"": "b"}}, "metadata.labels", "name part", id="empty-key"),
        pytest.param({"labels": {"-a": "b"}}, "metadata.labels", "name part", id="dash"),
        pytest.param({"labels": {"A.b/c": "d"}}, "metadata.labels", "valid prefix", id="prefix"),
        pytest.param(
            {"labels": {f"{'a.' * 127}b/c": "d"}}, "metadata.labels", "253", id="long-prefix"
        ),
        pytest.param({"annotations": {"a b": "c"}}, "metadata.annotations", "name part", id="key"),
        pytest.param(
            {"annotations": {"a": "b" * (256 * 1024)}},
            "metadata.annotations",
            "Too long: may not be more than 262144 bytes",
            id="too-long",
        ),
        pytest.param({"finalizers": ["a b"]}, "metadata.finalizers", "name part", id="finalizer"),
        pytest.param(
            {"annotations": {RANGES: "10.0.0.0/8"}},
            f"metadata.annotations[{RANGES}]",
            "Forbidden: may only be used when `type` is 'LoadBalancer'",
            id="ranges-elsewhere",
        ),
    ],
)
def test_metadata_is_refused(
    service_document: ServiceDocument, metadata: dict[str, Any], path: str, message: str
) -> None:
    ((found_path, found_message),) = refused(service_document(metadata=metadata))

    assert found_path == path
    assert message in found_message


@pytest.mark.parametrize(
    ("text", "faults"),
    [("  192.168.0.1/32 , 192.168.0.2/32   ", 0), ("", 0), (" ", 0), ("10.0.0.0/8,", 1), ("a", 1)],
)
def test_source_ranges_of_an_annotation_are_parsed(
    service_document: ServiceDocument, text: str, faults: int
) -> None:
    document = service_document(type="LoadBalancer", metadata={"annotations": {RANGES: text}})

    assert len(refused(document)) == faults


def test_an_annotation_key_may_have_capitals(service_document: ServiceDocument) -> None:
    assert refused(service_document(metadata={"annotations": {"Example.com/A": ""}})) == []


def slice_document(**fields: Any) -> Document:
    return Document.of(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": "web-1"},
            "addressType": "IPv4",
            **fields,
        }
    )


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        pytest.param({"addressType": ""}, "addressType", "Required value", id="no-type"),
        pytest.param({"addressType": "IP"}, "addressType", "Unsupported value", id="type"),
        pytest.param({"endpoints": [{}]}, "endpoints[0].addresses", "Required", id="no-address"),
        pytest.param(
            {"endpoints": [{"addresses": ["::1"]}]},
            "endpoints[0].addresses[0]",
            "must be an IPv4 address",
            id="other-family",
        ),
        pytest.param(
            {"addressType": "FQDN", "endpoints": [{"addresses": ["A"]}]},
            "endpoints[0].addresses[0]",
            "DNS name",
            id="name",
        ),
        pytest.param(
            {"endpoints": [{"addresses": ["10.0.0.1"]}] * 1001}, "endpoints", "Too many", id="many"
        ),
        pytest.param(
            {"ports": [{"port": 1}, {"port": 2}]}, "ports[1].name", "unique", id="same-name"
        ),
        pytest.param({"ports": [{"port": 0}]}, "ports[0].port", "between 1", id="port"),
        pytest.param(
            {"ports": [{"name": "A", "port": 1}]}, "ports[0].name", "DNS label", id="port-name"
        ),
        pytest.param(
            {"ports": [{"port": 1, "protocol": "X"}]}, "ports[0].protocol", "Unsupp", id="protocol"
        ),
    ],
)
def test_an_endpoint_slice_is_refused(fields: dict[str, Any], path: str, message: str) -> None:
    ((found_path, found_message),) = refused(slice_document(**fields))

    assert found_path == path
    assert message in found_message


def test_a_node_has_no_namespace() -> None:
    metadata = {"name": "a", "namespace": "default"}
    document = Document.of({"apiVersion": "v1", "kind": "Node", "metadata": metadata})

    assert refused(document) == [("metadata.namespace", "Forbidden: not allowed on this type")]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        pytest.param(Ingress(ip="10.0.0"), "ingress[0].ip: Invalid value", id="ip"),
        pytest.param(Ingress(hostname="Upper.example.com"), "lower-case DNS name", id="capitals"),
        pytest.param(Ingress(hostname="192.0.2.1"), "not an IP address", id="ip-as-name"),
        pytest.param(Ingress(hostname="a", ip_mode="VIP"), "when `ip` is not set", id="mode"),
        pytest.param(Ingress(ip="10.0.0.1", ip_mode="X"), '"Proxy", "VIP"', id="other-mode"),
    ],
)
def test_a_status_is_refused(
    service_document: ServiceDocument, entry: Ingress, message: str
) -> None:
    cluster = OfflineCluster.load([service_document(type="LoadBalancer")])
    status = load_balancer(entry)

    with pytest.raises(InvalidObject) as caught:
        cluster.update_status(cluster.services()[0], status)

    assert message in str(caught.value)
    assert cluster.services()[0].status == ServiceStatus()


def test_addresses_are_for_load_balancers_only(load_service: Callable[..., Service]) -> None:
    service = load_service()
    cluster = OfflineCluster.load([])

    with pytest.raises(InvalidObject, match=r"may only be used when `spec\.type`"):
        _into(cluster, service).update_status(service, load_balancer(Ingress(ip="::1")))


def _into(cluster: OfflineCluster, service: Service) -> OfflineCluster:
    metadata = {"name": service.metadata.name}
    document = {"kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}]}}
    assert cluster.apply([Document.of(document)]) == ()
    return cluster


def load_balancer(*ingress: Ingress) -> ServiceStatus:
    return ServiceStatus(load_balancer=LoadBalancerStatus(ingress=ingress))
