"""Edits: what stays, what goes with a change of type, and what may not change."""

from collections.abc import Callable
from typing import Any

import pytest

from cloudlb.kube.documents import Document
from cloudlb.kube.objects import LoadBalancerIngress, LoadBalancerStatus, Service, ServiceStatus
from cloudlb.kube.offline import OfflineCluster
from cloudlb.kube.refusal import Refusal

ServiceDocument = Callable[..., Document]
LOCAL = {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}
CLASS = {"type": "LoadBalancer", "loadBalancerClass": "example.com/a"}
STATUS = ServiceStatus(
    load_balancer=LoadBalancerStatus(ingress=(LoadBalancerIngress(hostname="a.example.com"),))
)


class Edited:
    """A Service before and after an edit, and what of the edit was refused."""

    def __init__(
        self, before: Document, after: Document, status: ServiceStatus | None = None
    ) -> None:
        cluster = OfflineCluster.load([before])
        assert cluster.refusals == ()
        self.before: Service = cluster.services()[0]
        if status:
            self.before = cluster.update_status(self.before, status)
        self.refusals: tuple[Refusal, ...] = cluster.apply([after])
        self.after: Service = cluster.services()[0]


def test_allocated_values_stay(service_document: ServiceDocument) -> None:
    edited = Edited(
        service_document(**LOCAL), service_document(**LOCAL, sessionAffinity="ClientIP"), STATUS
    )

    before, after = edited.before, edited.after
    assert after.spec.session_affinity == "ClientIP"
    assert after.spec.ports == before.spec.ports
    assert after.spec.cluster_ips == before.spec.cluster_ips
    assert after.spec.health_check_node_port == before.spec.health_check_node_port
    assert after.metadata.uid == before.metadata.uid
    assert after.metadata.resource_version != before.metadata.resource_version
    assert after.status == before.status != ServiceStatus()


def test_a_node_port_stays_with_the_name_of_its_port(service_document: ServiceDocument) -> None:
    ports = [{"name": "a", "port": 80}, {"name": "b", "port": 81}]
    moved = [{"name": "b", "port": 82}, {"name": "c", "port": 80}]
    edited = Edited(
        service_document(type="NodePort", ports=ports),
        service_document(type="NodePort", ports=moved),
    )

    before = {port.name: port.node_port for port in edited.before.spec.ports}
    after = {port.name: port.node_port for port in edited.after.spec.ports}

    assert after["b"] == before["b"]
    assert after["c"] not in (0, before["b"])


def test_a_node_port_can_be_moved_to_another_port(service_document: ServiceDocument) -> None:
    """The port that had it gets another one, instead of the same again."""
    ports = [{"name": "a", "port": 80, "nodePort": 30123}]
    swapped = [{"name": "a", "port": 80}, {"name": "b", "port": 81, "nodePort": 30123}]
    edited = Edited(
        service_document(type="NodePort", ports=ports),
        service_document(type="NodePort", ports=swapped),
    )

    first, second = edited.after.spec.ports
    assert second.node_port == 30123 != first.node_port


def test_a_type_that_needs_node_ports_gets_them(service_document: ServiceDocument) -> None:
    edited = Edited(service_document(), service_document(type="LoadBalancer"))

    assert edited.after.spec.ports[0].node_port
    assert edited.after.spec.cluster_ip == edited.before.spec.cluster_ip


def test_node_ports_outlive_the_wish_to_have_none(service_document: ServiceDocument) -> None:
    edited = Edited(
        service_document(type="LoadBalancer"),
        service_document(type="LoadBalancer", allocateLoadBalancerNodePorts=False),
    )

    assert edited.after.spec.ports == edited.before.spec.ports


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param({}, id="manifest-says-nothing"),
        pytest.param(
            {
                "externalTrafficPolicy": "Local",
                "loadBalancerClass": "example.com/a",
                "healthCheckNodePort": 31000,
                "allocateLoadBalancerNodePorts": True,
                "ports": [{"port": 80, "nodePort": 30123}],
            },
            id="manifest-still-says-it",
        ),
    ],
)
def test_leaving_load_balancer_drops_what_belongs_to_it(
    service_document: ServiceDocument, kept: dict[str, Any]
) -> None:
    full = {
        "externalTrafficPolicy": "Local",
        "loadBalancerClass": "example.com/a",
        "healthCheckNodePort": 31000,
        "ports": [{"port": 80, "nodePort": 30123}],
    }
    edited = Edited(
        service_document(type="LoadBalancer", **full),
        service_document(type="ClusterIP", **kept),
        STATUS,
    )

    spec = edited.after.spec
    assert edited.refusals == ()
    assert (spec.ports[0].node_port, spec.health_check_node_port) == (0, 0)
    assert (spec.load_balancer_class, spec.allocate_load_balancer_node_ports) == (None, None)
    assert spec.external_traffic_policy == ""
    assert edited.after.status == ServiceStatus()


def test_a_new_node_port_is_not_dropped_but_refused(service_document: ServiceDocument) -> None:
    edited = Edited(
        service_document(type="NodePort"),
        service_document(ports=[{"port": 80, "nodePort": 30999}]),
    )

    assert [refusal.path for refusal in edited.refusals] == ["spec.ports[0].nodePort"]


def test_the_health_check_node_port_goes_with_the_local_policy(
    service_document: ServiceDocument,
) -> None:
    edited = Edited(
        service_document(**LOCAL, healthCheckNodePort=31000),
        service_document(type="LoadBalancer", healthCheckNodePort=31000),
    )

    assert edited.refusals == ()
    assert edited.after.spec.health_check_node_port == 0


def test_becoming_a_cname_gives_the_address_back(service_document: ServiceDocument) -> None:
    cname = service_document(type="ExternalName", externalName="a.example.com")
    edited = Edited(service_document(clusterIP="10.96.0.10"), cname)

    assert edited.refusals == ()
    assert (edited.after.spec.cluster_ip, edited.after.spec.ip_families) == ("", ())


@pytest.mark.parametrize(
    ("before", "after", "path", "message"),
    [
        pytest.param(
            CLASS,
            {"type": "LoadBalancer"},
            "spec.loadBalancerClass",
            "Invalid value: null: may not change once set",
            id="class-removed",
        ),
        pytest.param(
            {"type": "LoadBalancer"},
            CLASS,
            "spec.loadBalancerClass",
            'Invalid value: "example.com/a": may not change once set',
            id="class-added",
        ),
        pytest.param(
            LOCAL,
            {**LOCAL, "healthCheckNodePort": 31000},
            "spec.healthCheckNodePort",
            "Forbidden: field is immutable",
            id="health-check-node-port",
        ),
        pytest.param(
            {"clusterIP": "10.96.0.10"},
            {"clusterIP": "10.96.0.11"},
            "spec.clusterIPs[0]",
            'Invalid value: ["10.96.0.11"]: may not change once set',
            id="cluster-ip",
        ),
        pytest.param(
            {},
            {"clusterIP": "None"},
            "spec.clusterIPs[0]",
            "may not change once set",
            id="headless",
        ),
        pytest.param(
            {"ipFamilyPolicy": "RequireDualStack"},
            {
                "ipFamilyPolicy": "RequireDualStack",
                "ipFamilies": ["IPv6", "IPv4"],
                "clusterIPs": None,
            },
            "spec.ipFamilies[0]",
            "may not change once set",
            id="primary-family",
        ),
        pytest.param(
            {"ipFamilyPolicy": "RequireDualStack"},
            {"ipFamilies": ["IPv4"]},
            "spec.ipFamilyPolicy",
            "must be 'SingleStack' to release the secondary IP family",
            id="release-without-saying",
        ),
    ],
)
def test_some_things_may_not_change(
    service_document: ServiceDocument,
    before: dict[str, Any],
    after: dict[str, Any],
    path: str,
    message: str,
) -> None:
    edited = Edited(service_document(**before), service_document(**after))

    assert (path, message) in [
        (refusal.path, message) for refusal in edited.refusals if message in refusal.message
    ]
    assert edited.after == edited.before


def test_the_uid_may_not_change(service_document: ServiceDocument) -> None:
    edited = Edited(service_document(), service_document(metadata={"uid": "other"}))

    assert [refusal.path for refusal in edited.refusals] == ["metadata.uid"]


def test_a_class_can_change_by_way_of_another_type(service_document: ServiceDocument) -> None:
    cluster = OfflineCluster.load([service_document(**CLASS)])
    other = {**CLASS, "loadBalancerClass": "example.com/b"}

    assert cluster.apply([service_document()]) == ()
    assert cluster.apply([service_document(**other)]) == ()
    assert cluster.services()[0].spec.load_balancer_class == "example.com/b"


def test_a_second_family_can_be_added_and_given_back(service_document: ServiceDocument) -> None:
    both = service_document(ipFamilyPolicy="RequireDualStack")
    added = Edited(service_document(), both)
    removed = Edited(both, service_document(ipFamilyPolicy="SingleStack"))

    assert added.after.spec.ip_families == ("IPv4", "IPv6")
    assert added.after.spec.cluster_ips[0] == added.before.spec.cluster_ip
    assert removed.after.spec.ip_families == ("IPv4",)
    assert removed.after.spec.cluster_ips == removed.before.spec.cluster_ips[:1]


def test_a_policy_that_is_not_mentioned_stays(service_document: ServiceDocument) -> None:
    edited = Edited(service_document(ipFamilyPolicy="RequireDualStack"), service_document())

    assert edited.refusals == ()
    assert edited.after.spec.cluster_ips == edited.before.spec.cluster_ips


def test_a_refused_edit_changes_nothing_and_can_be_put_right(
    service_document: ServiceDocument,
) -> None:
    ports = [{"port": 80, "nodePort": 30123}]
    cluster = OfflineCluster.load(
        [
            service_document("a", type="NodePort", ports=ports),
            service_document("b", type="NodePort"),
        ]
    )
    before = cluster.services()

    refusals = cluster.apply([service_document("b", type="NodePort", ports=ports)])

    assert [refusal.name for refusal in refusals] == ["b"]
    assert cluster.services() == before
    assert cluster.refusals == refusals
    assert cluster.apply([service_document("b", type="NodePort")]) == ()
    assert cluster.refusals == ()


def test_a_refused_edit_keeps_what_the_service_holds(service_document: ServiceDocument) -> None:
    taken, own = [{"port": 80, "nodePort": 30123}], [{"port": 80, "nodePort": 30124}]
    cluster = OfflineCluster.load(
        [
            service_document("a", type="NodePort", ports=taken),
            service_document("b", type="NodePort", ports=own),
        ]
    )
    cluster.apply([service_document("b", type="NodePort", ports=taken)])

    refusals = cluster.apply([service_document("c", type="NodePort", ports=own)])

    assert [refusal.path for refusal in refusals] == ["spec.ports[0].nodePort"]


def test_finalizers_of_others_stay(service_document: ServiceDocument) -> None:
    edited = Edited(
        service_document(metadata={"finalizers": ["a.b/c"]}),
        service_document(metadata={"finalizers": ["d.e/f"], "annotations": {"x": "y"}}),
    )

    assert edited.after.metadata.finalizers == ("a.b/c", "d.e/f")
    assert edited.after.metadata.annotations == {"x": "y"}


def test_an_annotation_that_is_not_written_any_more_is_gone(
    service_document: ServiceDocument,
) -> None:
    edited = Edited(service_document(metadata={"annotations": {"x": "y"}}), service_document())

    assert edited.after.metadata.annotations == {}


def test_the_address_type_of_a_slice_may_not_change() -> None:
    value = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice"}
    metadata = {"name": "web-1"}
    cluster = OfflineCluster.load(
        [Document.of({**value, "metadata": metadata, "addressType": "IPv4"})]
    )

    refusals = cluster.apply([Document.of({**value, "metadata": metadata, "addressType": "IPv6"})])

    assert [refusal.path for refusal in refusals] == ["addressType"]
