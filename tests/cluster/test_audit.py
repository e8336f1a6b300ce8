"""The audit of a running controller: drift is repaired, and what nobody owns any more goes."""

from .bed import until


def test_what_somebody_changes_in_the_cloud_is_put_right(bed):
    controller = bed.controller("--audit-interval=2s").wait_ready()
    bed.service()
    bed.programmed()
    arn = bed.groups()[0]["TargetGroupArn"]
    bed.emulator.client("elbv2").modify_target_group(
        TargetGroupArn=arn, HealthCheckIntervalSeconds=30
    )
    until(lambda: bed.groups()[0]["HealthCheckIntervalSeconds"] == 10)
    assert controller.metric("cloudlb_drift_found_total") >= 1
    assert controller.said("changed by somebody else")


def test_a_load_balancer_that_somebody_deletes_comes_back_and_the_status_follows(bed):
    bed.controller("--audit-interval=2s").wait_ready()
    bed.service()
    before = bed.programmed()
    (arn,) = bed.balancers()
    bed.emulator.client("elbv2").delete_load_balancer(LoadBalancerArn=arn)
    until(lambda: bed.address() not in ("", before), "a new address")
    (balancer,) = bed.balancers().values()
    assert bed.address() == balancer["DNSName"].lower()


def test_what_a_service_left_whose_finalizer_was_taken_by_force_goes(bed):
    bed.controller("--audit-interval=2s").wait_ready()
    bed.service()
    bed.service("stays")
    bed.programmed()
    kept = bed.programmed("stays")
    for each in bed.started:
        each.kill()
    bed.delete()
    bed.patch("kubia", {"metadata": {"finalizers": None}})
    bed.gone()
    assert len(bed.balancers()) == 2
    bed.controller("--audit-interval=2s").wait_ready()
    until(lambda: len(bed.balancers()) == 1, "the orphan gone")
    until(lambda: len(bed.groups()) == 1)
    assert bed.address("stays") == kept
    assert len(bed.security_groups()) == 2


def test_a_finalizer_that_is_taken_by_force_while_we_watch_does_not_wait_for_the_audit(bed):
    bed.controller("--audit-interval=0").wait_ready()
    bed.service()
    bed.programmed()
    bed.emulator.configure(latency=0.2)
    bed.delete()
    bed.patch("kubia", {"metadata": {"finalizers": None}})
    bed.gone()
    until(bed.empty, "the cloud empty")


def test_another_clusters_load_balancers_are_never_touched(bed):
    client = bed.emulator.client("elbv2")
    tags = {
        "cloudlb.io/cluster": "another-cluster",
        "cloudlb.io/owner": "service/default/kubia",
        "cloudlb.io/owner-uid": "1-2-3",
        "cloudlb.io/resource": "load-balancer/network",
    }
    client.create_load_balancer(
        Name="theirs",
        Type="network",
        Subnets=[bed.world.public_subnets[0]],
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    controller = bed.controller("--audit-interval=1s").wait_ready()
    bed.service()
    bed.programmed()
    until(lambda: len(controller.said("unchanged")) >= 4, "some audits")
    assert {each["LoadBalancerName"] for each in bed.balancers().values()} >= {"theirs"}
    bed.delete()
    bed.gone()
    assert [each["LoadBalancerName"] for each in bed.balancers().values()] == ["theirs"]


def test_a_node_list_that_comes_back_empty_does_not_empty_the_load_balancers(bed):
    controller = bed.controller().wait_ready()
    for number in range(6):
        bed.service(f"s{number}")
    for number in range(6):
        bed.programmed(f"s{number}")
    bed.remove_nodes()
    until(lambda: controller.said("targets are kept"), "the guard")
    assert controller.metric("cloudlb_plans_held_back_total") >= 1
    client = bed.emulator.client("elbv2")
    full = [
        each
        for each in bed.groups()
        if client.describe_target_health(TargetGroupArn=each["TargetGroupArn"])[
            "TargetHealthDescriptions"
        ]
    ]
    assert len(full) >= 3
    bed.add_nodes()
    until(lambda: bed.condition("Programmed", "s5").get("status") == "True")
