"""Nodes and pods come and go: targets follow, and nothing else is touched."""

import pytest

from cloudlb.testing.manifests import port

from .bed import NODES, until


@pytest.fixture
def running(bed):
    """A controller that is ready, and a Service that is served."""
    controller = bed.controller().wait_ready()
    bed.service()
    bed.programmed()
    return controller


def test_a_node_that_comes_is_registered_and_one_that_goes_is_not(bed, running):
    new = bed.run_instance()
    instance = new["spec"]["providerID"].rpartition("/")[2]
    with bed.counting() as calls:
        bed.api.post(NODES, new)
        until(lambda: instance in bed.targets(), "registered")
    writes = [each for each in calls if not each.startswith("Describe")]
    assert writes == ["RegisterTargets"]
    bed.api.delete(f"{NODES}/{new['metadata']['name']}")
    until(lambda: bed.targets() == set(bed.world.instances), "deregistered")


def test_a_taint_of_the_autoscaler_takes_a_node_out(bed, running):
    first = bed.node_manifests()[0]
    taint = {"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule", "value": "1"}
    bed.patch_node(first["metadata"]["name"], {"spec": {"taints": [taint]}})
    until(lambda: bed.targets() == set(bed.world.instances[1:]))


def test_the_exclude_label_takes_a_node_out_and_false_lets_it_in(bed, running):
    name = bed.node_manifests()[0]["metadata"]["name"]
    label = "node.kubernetes.io/exclude-from-external-load-balancers"
    bed.patch_node(name, {"metadata": {"labels": {label: "true"}}})
    until(lambda: bed.targets() == set(bed.world.instances[1:]))
    bed.patch_node(name, {"metadata": {"labels": {label: "false"}}})
    until(lambda: bed.targets() == set(bed.world.instances))


def test_a_node_without_an_instance_is_left_out_and_told_of(bed, running):
    ghost = bed.node_manifests()[0]
    ghost["metadata"]["name"] = f"{bed.namespace}-ghost"
    ghost["spec"]["providerID"] = "aws:///eu-west-1a/i-0deadbeefdeadbeef"
    bed.api.post(NODES, ghost)
    bed.service("second")
    bed.programmed("second")
    until(lambda: "ghost" in bed.condition("Accepted", "second")["message"], "the warning")
    assert bed.condition("Accepted", "second")["status"] == "True"
    assert bed.targets() == set(bed.world.instances)


def test_heartbeats_of_nodes_cost_no_call(bed, running):
    name = bed.node_manifests()[0]["metadata"]["name"]
    with bed.counting() as calls:
        for second in range(5):
            status = {
                "conditions": [
                    {
                        "type": "Ready",
                        "status": "True",
                        "reason": "x",
                        "message": str(second),
                        "lastHeartbeatTime": f"2026-01-01T00:00:0{second}Z",
                        "lastTransitionTime": "2026-01-01T00:00:00Z",
                    }
                ]
            }
            bed.patch_node(f"{name}/status", {"status": status})
        bed.service("second")
        bed.programmed("second")
    assert "RegisterTargets" in calls
    assert calls.count("DescribeInstances") == 0


def _pod(bed, name: str, address: str) -> None:
    bed.create(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": {"app": "pods"}},
            "spec": {
                "containers": [
                    {"name": "c", "image": "i", "ports": [{"name": "web", "containerPort": 8080}]}
                ],
                "nodeName": bed.node_manifests()[0]["metadata"]["name"],
            },
        },
        kind="pods",
    )
    status = {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    bed.api.patch(bed.path(name, kind="pods", part="status"), {"status": status})


def test_pods_as_targets_follow_the_endpoint_slices(bed, running):
    _pod(bed, "one", "10.0.48.101")
    ports = [port(80, targetPort="web")]
    bed.service("pods", *ports, annotations={"cloudlb.io/target-type": "pod"})
    bed.programmed("pods")
    nodes = set(bed.world.instances)
    until(lambda: bed.targets() == nodes | {"10.0.48.101"}, "the first pod")
    _pod(bed, "two", "10.0.64.102")
    until(lambda: bed.targets() == nodes | {"10.0.48.101", "10.0.64.102"}, "the second pod")
    bed.api.delete(bed.path("one", kind="pods") + "?gracePeriodSeconds=0")
    until(lambda: bed.targets() == nodes | {"10.0.64.102"}, "one pod less")
    bed.api.delete(bed.path("two", kind="pods") + "?gracePeriodSeconds=0")
    until(lambda: bed.targets() == nodes, "no pod")
    assert bed.address("pods"), "scaling to zero keeps the address"
