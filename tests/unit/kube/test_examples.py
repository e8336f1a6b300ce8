"""The manifests in `examples/` are what their pages say."""

from pathlib import Path

import pytest

from cloudlb.kube import manifests
from cloudlb.kube.objects import Service
from cloudlb.kube.offline import OfflineCluster

EXAMPLES = Path(__file__).parents[3] / "examples"
KUBIA = EXAMPLES / "kubia"
FILES = sorted(path.name for path in KUBIA.glob("*.yaml"))


@pytest.fixture(scope="module")
def cluster() -> OfflineCluster:
    return OfflineCluster.load(manifests.read([KUBIA]))


def service(cluster: OfflineCluster, name: str) -> Service:
    found = cluster.get("Service", "default", name)
    assert isinstance(found, Service)
    return found


def test_nothing_is_refused(cluster: OfflineCluster) -> None:
    assert cluster.refusals == ()


@pytest.mark.parametrize("name", FILES)
def test_every_file_can_be_used_with_the_nodes_alone(name: str) -> None:
    assert OfflineCluster.load(manifests.read([KUBIA / name, KUBIA / FILES[0]])).refusals == ()


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_in_the_table(name: str) -> None:
    assert f"[{name}](kubia/{name})" in (EXAMPLES / "README.md").read_text(encoding="utf-8")


def test_the_nodes_are_the_instances_of_the_emulated_cloud(cluster: OfflineCluster) -> None:
    assert [node.spec.provider_id for node in cluster.nodes()] == [
        f"aws:///eu-west-1{zone}/i-0a0000000000000a{number}"
        for number, zone in enumerate("abc", start=1)
    ]


def test_every_service_has_endpoints_on_two_nodes(cluster: OfflineCluster) -> None:
    for found in cluster.services():
        slices = cluster.endpoint_slices("default", found.metadata.name)
        nodes = [endpoint.node_name for slice_ in slices for endpoint in slice_.endpoints]
        if found.spec.selector:
            assert sorted(nodes) == ["node-a", "node-b", "node-b"]
        else:
            assert nodes == ["", ""]


def test_the_steps_of_the_story(cluster: OfflineCluster) -> None:
    assert service(cluster, "kubia").spec.ports[0].target_port == 8080
    assert service(cluster, "kubia-affinity").spec.session_affinity == "ClientIP"
    assert [port.port for port in service(cluster, "kubia-ports").spec.ports] == [80, 443]
    assert service(cluster, "kubia-named").spec.ports[0].target_port == "http"
    assert service(cluster, "kubia-nodeport").spec.ports[0].node_port == 30123
    assert service(cluster, "kubia-loadbalancer").spec.external_traffic_policy == "Cluster"
    assert service(cluster, "kubia-local").spec.health_check_node_port


def test_only_load_balancers_are_ours(cluster: OfflineCluster) -> None:
    ours = [
        found.metadata.name
        for found in cluster.services()
        if found.spec.load_balancer_class == "cloudlb.io/lb"
    ]

    assert ours == ["kubia-loadbalancer", "kubia-local"]
