"""Which ports a cluster's Services need: in doubt one more, because a rule that lives must not be called dead."""

from datetime import UTC, datetime

import pytest

from cloudlb.firewall.living import living
from cloudlb.firewall.made import Origin
from cloudlb.firewall.rules import Opening, Rule
from cloudlb.firewall.verdicts import Court, Verdict
from cloudlb.kube.documents import Document
from cloudlb.kube.offline import OfflineCluster
from cloudlb.model import Owner
from cloudlb.testing.manifests import LOCAL, Manifest, port, service

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def cluster_of(*manifests: Manifest) -> OfflineCluster:
    return OfflineCluster.load([Document.of(each) for each in manifests])


def shared_rule(number: int, cluster: str) -> Rule:
    return Rule(
        id="r",
        place="n",
        place_name="n",
        openings=(Opening("tcp", number, number),),
        sources=("192.0.2.0/24",),
        origin=Origin(maker="cloudlb"),
        owner=Owner.of_cluster(cluster),
    )


def verdict(number: int, *manifests: Manifest) -> Verdict:
    cluster = cluster_of(*manifests)
    court = Court(living(cluster, lambda _service: True), NOW)
    (judged,) = court.rules([shared_rule(number, cluster.cluster_id)])
    return judged.verdict


@pytest.mark.parametrize(
    ("number", "manifest"),
    [
        pytest.param(30080, service("a", port(80, nodePort=30080)), id="a-node-port"),
        pytest.param(10256, service("a"), id="kube-proxy-s-health"),
        pytest.param(
            8081,
            service(
                "a",
                annotations={
                    "service.beta.kubernetes.io/aws-load-balancer-healthcheck-port": "8081"
                },
            ),
            id="an-annotated-health-port",
        ),
        pytest.param(
            32000, service("a", healthCheckNodePort=32000, **LOCAL), id="the-health-check-node-port"
        ),
    ],
)
def test_what_a_service_needs_lives(number, manifest):
    assert verdict(number, manifest) is Verdict.LIVE


@pytest.mark.parametrize("value", ["", "x", "0", "65536", "٣", "1e3", "999999999999", "80,443"])
def test_what_is_no_port_is_no_need(value):
    assert verdict(9, service("a", annotations={"x.example/y": value})) is Verdict.ORPHAN


def test_without_any_service_the_shared_check_is_needed_by_nobody():
    assert verdict(10256) is Verdict.ORPHAN
