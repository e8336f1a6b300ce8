"""The offline cluster as a whole: what it holds, who is who, and what is written back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlb.kube import manifests
from cloudlb.kube.cluster import Cluster, ObjectGone
from cloudlb.kube.documents import Document
from cloudlb.kube.objects import (
    LoadBalancerIngress,
    LoadBalancerStatus,
    ServiceStatus,
)
from cloudlb.kube.offline import OfflineCluster

ServiceDocument = Callable[..., Document]
STATUS = ServiceStatus(
    load_balancer=LoadBalancerStatus(ingress=(LoadBalancerIngress(ip="192.0.2.1"),))
)


def document(kind: str, name: str, **fields: Any) -> Document:
    version = "discovery.k8s.io/v1" if kind == "EndpointSlice" else "v1"
    metadata = {"name": name, **fields.pop("metadata", {})}
    return Document.of({"apiVersion": version, "kind": kind, "metadata": metadata, **fields})


def slice_of(service: str, name: str, namespace: str = "default") -> Document:
    labels = {"kubernetes.io/service-name": service}
    metadata = {"namespace": namespace, "labels": labels}
    return document("EndpointSlice", name, metadata=metadata, addressType="IPv4")


def test_objects_come_sorted(service_document: ServiceDocument) -> None:
    documents = [
        service_document("b"),
        service_document("a"),
        service_document("z", metadata={"namespace": "apps"}),
        document("Node", "n2"),
        document("Node", "n1"),
    ]

    cluster: Cluster = OfflineCluster.load(documents)

    services = [(found.metadata.namespace, found.metadata.name) for found in cluster.services()]
    assert services == [("apps", "z"), ("default", "a"), ("default", "b")]
    assert [node.metadata.name for node in cluster.nodes()] == ["n1", "n2"]


def test_slices_are_found_by_their_service() -> None:
    documents = [
        slice_of("web", "web-2"),
        slice_of("web", "web-1"),
        slice_of("other", "other-1"),
        slice_of("web", "web-3", namespace="shop"),
        document("EndpointSlice", "nobody", addressType="IPv4"),
    ]
    cluster = OfflineCluster.load(documents)

    found = [slice_.metadata.name for slice_ in cluster.endpoint_slices("default", "web")]

    assert found == ["web-1", "web-2"]
    assert cluster.endpoint_slices("default", "none") == ()


def test_slices_that_come_and_go_are_seen() -> None:
    cluster = OfflineCluster.load([slice_of("web", "web-1")])
    assert len(cluster.endpoint_slices("default", "web")) == 1

    cluster.apply([slice_of("web", "web-2")])
    cluster.delete("EndpointSlice", "default", "web-1")

    (found,) = cluster.endpoint_slices("default", "web")
    assert found.metadata.name == "web-2"


def test_uids_are_the_same_in_every_run(service_document: ServiceDocument) -> None:
    uids = {OfflineCluster.load([service_document()]).services()[0].metadata.uid for _ in range(2)}

    assert len(uids) == 1


def test_different_objects_have_different_uids(service_document: ServiceDocument) -> None:
    documents = [
        service_document("a"),
        service_document("b"),
        service_document("a", metadata={"namespace": "shop"}),
        document("Node", "a"),
    ]
    cluster = OfflineCluster.load(documents)

    found = [*cluster.services(), *cluster.nodes()]

    assert len({item.metadata.uid for item in found}) == 4


def test_a_uid_in_the_manifest_wins(service_document: ServiceDocument) -> None:
    cluster = OfflineCluster.load([service_document(metadata={"uid": "1-2-3"})])

    assert cluster.services()[0].metadata.uid == "1-2-3"


def test_an_object_that_is_made_again_is_another(service_document: ServiceDocument) -> None:
    given_uid = service_document(metadata={"uid": "1-2-3"})
    cluster = OfflineCluster.load([given_uid])
    uids = [cluster.services()[0].metadata.uid]
    for _ in range(2):
        assert cluster.delete("Service", "default", "web")
        cluster.apply([given_uid])
        uids.append(cluster.services()[0].metadata.uid)

    assert len(set(uids)) == 3


def test_the_cluster_id_is_the_uid_of_kube_system() -> None:
    named = [document("Namespace", "kube-system", metadata={"uid": "1-2-3"})]

    assert OfflineCluster.load(named).cluster_id == "1-2-3"


@pytest.mark.parametrize("names", [[], ["kube-system"]])
def test_without_a_uid_the_cluster_id_follows_the_name_of_the_cluster(names: list[str]) -> None:
    documents = [document("Namespace", name) for name in names]
    ids = [OfflineCluster.load(documents, cluster_name=name).cluster_id for name in ("a", "a", "b")]

    assert ids[0] == ids[1] != ids[2]
    assert OfflineCluster.load([], cluster_name="a").cluster_id == ids[0]


def test_one_bad_object_hides_no_other(service_document: ServiceDocument) -> None:
    documents = [
        service_document("bad", type="X", sessionAffinity="Y"),
        service_document("broken", ports="80"),
        service_document("good"),
    ]

    cluster = OfflineCluster.load(documents)

    assert [found.metadata.name for found in cluster.services()] == ["good"]
    assert [(refusal.name, refusal.path) for refusal in cluster.refusals] == [
        ("bad", "spec.type"),
        ("bad", "spec.sessionAffinity"),
        ("broken", "spec.ports"),
    ]


def test_a_refusal_names_file_line_document_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "web.yaml"
    path.write_text(
        "kind: Node\napiVersion: v1\nmetadata: {name: a}\n"
        "---\n"
        "apiVersion: v1\n"
        "kind: Service\n"
        "metadata:\n"
        "  name: web\n"
        "  annotations:\n"
        "    example.com/size: 0123\n"
        "spec: {ports: [{port: 80}]}\n"
    )

    (refusal,) = OfflineCluster.load(manifests.read([path])).refusals

    assert str(refusal) == (
        f"{path}:10 (document 2): Service default/web: metadata.annotations[example.com/size]: "
        "expected a string, got a number "
        "(quote the value: YAML reads it as something other than text)"
    )


def test_a_refusal_points_at_the_field(tmp_path: Path) -> None:
    path = tmp_path / "web.yaml"
    path.write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n"
        "  ports:\n  - name: a\n    port: 80\n  - name: b\n    port: 0\n    targetPort: 80\n"
    )

    (refusal,) = OfflineCluster.load(manifests.read([path])).refusals

    assert (refusal.path, refusal.source) == ("spec.ports[1].port", f"{path}:9 (document 1)")
    assert refusal.problem.path == "spec.ports[1].port"


def test_an_object_that_is_given_twice_is_refused_once(service_document: ServiceDocument) -> None:
    cluster = OfflineCluster.load([service_document(), service_document()])

    assert len(cluster.services()) == 1
    assert [refusal.message for refusal in cluster.refusals] == ['Duplicate value: "web"']


def test_a_status_in_a_manifest_is_not_the_cluster_s(service_document: ServiceDocument) -> None:
    plain = service_document(type="LoadBalancer")
    ingress = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}

    cluster = OfflineCluster.load([Document.of({**plain.value, "status": ingress})])

    assert cluster.services()[0].status == ServiceStatus()


def test_the_status_of_a_node_is_kept() -> None:
    status = {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}

    cluster = OfflineCluster.load([document("Node", "a", status=status)])

    assert cluster.nodes()[0].status.addresses[0].address == "10.0.0.1"


def test_an_object_that_is_being_deleted_stays_so(service_document: ServiceDocument) -> None:
    at = "2024-01-31T12:00:00Z"

    cluster = OfflineCluster.load([service_document(metadata={"deletionTimestamp": at})])

    assert cluster.services()[0].metadata.deletion_timestamp == at


def test_a_status_is_written_with_its_defaults(service_document: ServiceDocument) -> None:
    cluster = OfflineCluster.load([service_document(type="LoadBalancer")])
    before = cluster.services()[0]

    after = cluster.update_status(before, STATUS)

    assert after.status.load_balancer.ingress[0].ip_mode == "VIP"
    assert after.spec == before.spec
    assert after.metadata.resource_version != before.metadata.resource_version
    assert cluster.get("Service", "default", "web") == after


def test_writing_the_same_status_again_is_no_change(service_document: ServiceDocument) -> None:
    cluster = OfflineCluster.load([service_document(type="LoadBalancer")])
    first = cluster.update_status(cluster.services()[0], STATUS)

    assert cluster.update_status(first, STATUS) == first


def test_the_status_of_another_service_of_that_name_is_not_written(
    service_document: ServiceDocument,
) -> None:
    cluster = OfflineCluster.load([service_document(type="LoadBalancer")])
    former = cluster.services()[0]
    cluster.delete("Service", "default", "web")
    with pytest.raises(ObjectGone):
        cluster.update_status(former, STATUS)

    cluster.apply([service_document(type="LoadBalancer")])

    with pytest.raises(ObjectGone, match="Service default/web is gone"):
        cluster.update_status(former, STATUS)


def test_deleting_what_is_not_there_changes_nothing(service_document: ServiceDocument) -> None:
    cluster = OfflineCluster.load([])

    assert not cluster.delete("Service", "default", "web")
    cluster.apply([service_document()])
    (service,) = cluster.services()
    assert service == OfflineCluster.load([service_document()]).services()[0]


def test_deleting_a_service_frees_its_node_port(service_document: ServiceDocument) -> None:
    ports = [{"port": 80, "nodePort": 30123}]
    cluster = OfflineCluster.load([service_document("a", type="NodePort", ports=ports)])
    cluster.delete("Service", "default", "a")

    assert cluster.apply([service_document("b", type="NodePort", ports=ports)]) == ()


def test_pods_are_not_modelled(service_document: ServiceDocument) -> None:
    cluster = OfflineCluster.load([service_document()])

    assert cluster.endpoint_slices("default", "web") == ()


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(max_size=5)
    | st.sampled_from(["LoadBalancer", "NodePort", "None", "Local", "ClientIP", "::1", "10.0.0.1"])
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner)
)
FIELDS = [
    "type",
    "clusterIP",
    "clusterIPs",
    "ipFamilies",
    "ipFamilyPolicy",
    "externalTrafficPolicy",
    "healthCheckNodePort",
    "loadBalancerSourceRanges",
    "loadBalancerClass",
    "sessionAffinityConfig",
    "externalIPs",
    "selector",
]


@given(
    metadata=st.dictionaries(
        st.sampled_from(["namespace", "uid", "labels", "annotations"]), ANYTHING
    ),
    spec=st.dictionaries(st.sampled_from(FIELDS), ANYTHING),
    port=st.dictionaries(
        st.sampled_from(["port", "name", "protocol", "targetPort", "nodePort", "appProtocol"]),
        SCALARS,
    ),
)
def test_anything_is_accepted_or_refused(
    metadata: dict[str, Any], spec: dict[str, Any], port: dict[str, Any]
) -> None:
    value = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", **metadata},
        "spec": {"ports": [{"port": 80, **port}], **spec},
    }

    cluster = OfflineCluster.load([Document.of(value)])

    assert bool(cluster.services()) != bool(cluster.refusals)
    assert all(str(refusal) for refusal in cluster.refusals)


@given(st.permutations(range(6)))
def test_any_order_of_documents_gives_the_same_cluster(order: list[int]) -> None:
    documents = [
        document("Service", "a", spec={"type": "NodePort", "ports": [{"port": 80}]}),
        document("Service", "b", spec={"ports": [{"port": 80}]}),
        document("Node", "n"),
        document("Namespace", "kube-system"),
        slice_of("a", "a-1"),
        document("Service", "x", spec={"ports": []}),
    ]

    cluster = OfflineCluster.load([documents[index] for index in order])
    plain = OfflineCluster.load(documents)

    assert cluster.services() == plain.services()
    assert cluster.nodes() == plain.nodes()
    assert cluster.endpoint_slices("default", "a") == plain.endpoint_slices("default", "a")
    assert (cluster.refusals, cluster.cluster_id) == (plain.refusals, plain.cluster_id)
