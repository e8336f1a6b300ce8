"""The life of a Service under a running controller, seen at the API server and in the cloud."""

import pytest

from cloudlb.testing.manifests import port

from .bed import until

NAME = "service.beta.kubernetes.io/aws-load-balancer-"


@pytest.fixture
def running(bed):
    """A controller that is ready."""
    return bed.controller().wait_ready()


def test_a_service_gets_an_address_and_loses_everything_when_it_is_deleted(bed, running):
    bed.service()
    address = bed.programmed()
    (balancer,) = bed.balancers().values()
    assert address == balancer["DNSName"].lower()
    assert bed.targets() == set(bed.world.instances)
    assert bed.get()["metadata"]["finalizers"] == ["cloudlb.io/cleanup"]
    bed.delete()
    bed.gone()
    assert bed.empty()
    assert running.terminate() == 0


def test_the_finalizer_is_acknowledged_before_the_first_write_to_the_cloud(bed, running):
    seen = []

    def look(call) -> None:
        if call.write:
            seen.append(bed.get()["metadata"].get("finalizers"))

    bed.emulator.recorder.before_answer = look
    bed.service()
    bed.programmed()
    assert seen
    assert all(each == ["cloudlb.io/cleanup"] for each in seen)


def test_finalizers_and_conditions_of_others_stay(bed, running):
    made = bed.service()
    bed.patch("kubia", {"metadata": {"finalizers": ["example.org/theirs"]}})
    theirs = {
        "type": "example.org/Theirs",
        "status": "True",
        "reason": "Because",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    bed.patch("kubia", {"status": {"conditions": [theirs]}}, part="status")
    bed.programmed()
    until(lambda: "cloudlb.io/cleanup" in bed.get()["metadata"]["finalizers"])
    assert "example.org/theirs" in bed.get()["metadata"]["finalizers"]
    assert theirs in bed.get()["status"]["conditions"]
    bed.delete()
    until(bed.empty, "the cloud empty")
    until(lambda: bed.get()["metadata"]["finalizers"] == ["example.org/theirs"])
    bed.patch("kubia", {"metadata": {"finalizers": None}})
    bed.gone()
    assert made["metadata"]["uid"]


def test_events_tell_of_transitions_and_only_of_those(bed, running):
    bed.service()
    bed.programmed()
    until(lambda: "EnsuredLoadBalancer" in bed.events())
    bed.patch("kubia", {"metadata": {"labels": {"touched": "1"}}})
    until(lambda: running.said("unchanged"))
    assert bed.events() == ["EnsuringLoadBalancer", "EnsuredLoadBalancer"]
    bed.delete()
    bed.gone()
    until(lambda: "DeletedLoadBalancer" in bed.events())
    assert bed.events()[2:] == ["DeletingLoadBalancer", "DeletedLoadBalancer"]


def _edited(bed, change, done) -> None:
    """Make a Service, change its spec, and wait for what that does; the address must stay."""
    bed.service()
    before = bed.programmed()
    bed.patch("kubia", change)
    until(done, f"the cloud after {change}")
    assert bed.programmed() == before


def test_edit_ports(bed, running):
    ports = [port(80), port(443, name="https"), port(53, "UDP", name="dns")]
    _edited(
        bed,
        {"spec": {"ports": ports}},
        lambda: bed.listeners() == [(53, "UDP"), (80, "TCP"), (443, "TCP")],
    )
    assert [
        (each["port"], each["protocol"])
        for each in bed.get()["status"]["loadBalancer"]["ingress"][0]["ports"]
    ] == [(80, "TCP"), (443, "TCP"), (53, "UDP")]


def test_edit_source_ranges(bed, running):
    _edited(
        bed,
        {"spec": {"loadBalancerSourceRanges": ["192.0.2.0/24"]}},
        lambda: bed.rules(CidrIpv4="192.0.2.0/24") and not bed.rules(CidrIpv4="0.0.0.0/0"),
    )


def test_edit_traffic_policy(bed, running):
    _edited(
        bed,
        {"spec": {"externalTrafficPolicy": "Local"}},
        lambda: (
            bed.groups()[0]["HealthCheckPath:".rstrip(":")] == "/healthz"
            if "HealthCheckPath" in bed.groups()[0]
            else False
        ),
    )
    number = bed.get()["spec"]["healthCheckNodePort"]
    assert bed.groups()[0]["HealthCheckPort"] == str(number)


def test_edit_annotation_and_take_it_away(bed, running):
    key = f"{NAME}healthcheck-interval"
    _edited(
        bed,
        {"metadata": {"annotations": {key: "30"}}},
        lambda: bed.groups()[0]["HealthCheckIntervalSeconds"] == 30,
    )
    bed.patch("kubia", {"metadata": {"annotations": {key: None}}})
    until(lambda: bed.groups()[0]["HealthCheckIntervalSeconds"] == 10)


def test_edit_session_affinity(bed, running):
    def sticky() -> bool:
        arn = bed.groups()[0]["TargetGroupArn"]
        client = bed.emulator.client("elbv2")
        found = client.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
        return {"Key": "stickiness.enabled", "Value": "true"} in found

    _edited(bed, {"spec": {"sessionAffinity": "ClientIP"}}, sticky)


def test_a_mistake_keeps_what_serves_and_says_what_is_wrong(bed, running):
    bed.service()
    address = bed.programmed()
    bed.patch("kubia", {"metadata": {"annotations": {"cloudlb.io/scheme": "inside"}}})
    condition = until(
        lambda: (found := bed.condition("Accepted")).get("status") == "False" and found
    )
    assert "inside" in condition["message"]
    assert "cloudlb.io/scheme" in condition["message"]
    assert bed.address() == address
    assert len(bed.balancers()) == 1
    bed.patch("kubia", {"metadata": {"annotations": {"cloudlb.io/scheme": None}}})
    until(lambda: bed.condition("Accepted").get("status") == "True")
    assert bed.programmed() == address


def test_one_bad_service_does_not_hold_up_the_others(bed, running):
    bed.service("bad", annotations={"cloudlb.io/target-type": "unicorn"})
    bed.service("good")
    bed.programmed("good")
    until(lambda: bed.condition("Accepted", "bad").get("status") == "False")
    assert bed.events("bad") == ["UnAvailableLoadBalancer"] or bed.events("bad")
    assert not bed.get("bad")["metadata"].get("finalizers")


def test_type_to_cluster_ip_and_back(bed, running):
    bed.service()
    first = bed.programmed()
    bed.patch("kubia", {"spec": {"type": "ClusterIP"}})
    until(bed.empty, "the cloud empty")
    until(lambda: not bed.get()["metadata"].get("finalizers"))
    assert not bed.address()
    assert not bed.condition("Programmed")
    bed.patch("kubia", {"spec": {"type": "LoadBalancer"}})
    assert bed.programmed() != first
    assert len(bed.balancers()) == 1


def test_a_foreign_class_costs_no_call_at_all(bed, running):
    with bed.counting() as calls:
        bed.service("theirs", loadBalancerClass="example.org/other")
        bed.service("plain", type="ClusterIP")
        bed.service("ours")
        bed.programmed("ours")
    assert all("theirs" not in each for each in calls)
    assert bed.get("theirs")["metadata"].get("finalizers") is None
    assert bed.get("theirs")["status"] == {"loadBalancer": {}}
    assert bed.events("theirs") == []
    assert len(bed.balancers()) == 1


def test_a_service_that_another_controller_gets_is_let_go_without_touching_its_status(bed, running):
    bed.service()
    bed.programmed()
    bed.delete()
    bed.gone()
    bed.service(loadBalancerClass="example.org/other")
    bed.patch("kubia", {"metadata": {"finalizers": ["cloudlb.io/cleanup"]}})
    theirs = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1", "ipMode": "VIP"}]}}
    bed.patch("kubia", {"status": theirs}, part="status")
    until(lambda: not bed.get()["metadata"].get("finalizers"))
    assert bed.get()["status"] == theirs


def test_the_same_name_with_a_new_uid_is_another_owner(bed, running):
    old = bed.service()
    first = bed.programmed()
    bed.delete()
    bed.gone()
    new = bed.service()
    assert new["metadata"]["uid"] != old["metadata"]["uid"]
    assert bed.programmed() != first
    assert len(bed.balancers()) == 1


def test_a_namespace_that_is_deleted_takes_its_load_balancers_with_it(bed, running):
    bed.service()
    bed.service("second")
    bed.programmed()
    bed.programmed("second")
    bed.api.delete(f"/api/v1/namespaces/{bed.namespace}")
    until(bed.empty, "the cloud empty")
    bed.gone()
    bed.api.post("/api/v1/namespaces", {"metadata": {"name": f"{bed.namespace}-x"}})
    bed.namespace = f"{bed.namespace}-x"


def test_standing_still_costs_nothing(bed, running):
    bed.service()
    bed.programmed()
    until(lambda: running.said("unchanged"))
    version = bed.get()["metadata"]["resourceVersion"]
    with bed.counting() as calls:
        bed.service("second")
        bed.programmed("second")
    assert calls.count("CreateLoadBalancer") == 1
    assert bed.get()["metadata"]["resourceVersion"] == version


def test_pages_tell_health_and_figures(bed, running):
    bed.service()
    bed.programmed()
    assert running.page("/healthz")[0] == 200
    assert running.page("/readyz")[0] == 200
    until(lambda: running.metric("cloudlb_reconciles_total", result="ok") >= 1)
    assert running.metric("cloudlb_objects", condition="Programmed", status="True") == 1
    calls = running.metric("cloudlb_api_calls_total", operation="CreateLoadBalancer")
    assert calls == 1
    assert running.metric("cloudlb_leader") == 1


def test_neither_tokens_nor_keys_are_logged(bed, running):
    bed.service()
    bed.programmed()
    running.terminate()
    text = running.text()
    assert bed.emulator.environment()["AWS_SECRET_ACCESS_KEY"] not in text
    assert all(token not in text for token in bed.server._tokens.values())
    (applied,) = running.said("applied")
    assert applied["owner"] == f"service/{bed.namespace}/kubia"
    assert applied["plan"] == "6 create"
