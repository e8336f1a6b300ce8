"""Every managed field that somebody changes behind our back shows in the next plan, and is put right."""

import pytest

from cloudlb.plan.change import Action
from cloudlb.testing.laws.common import changes_of, must
from cloudlb.testing.manifests import service


def _set_group(aws, **fields: object) -> None:
    aws.client("elbv2").modify_target_group(TargetGroupArn=aws.group()["TargetGroupArn"], **fields)


def _set_group_attribute(aws, key: str, value: str) -> None:
    aws.client("elbv2").modify_target_group_attributes(
        TargetGroupArn=aws.group()["TargetGroupArn"], Attributes=[{"Key": key, "Value": value}]
    )


def _set_balancer_attribute(aws, key: str, value: str) -> None:
    aws.client("elbv2").modify_load_balancer_attributes(
        LoadBalancerArn=aws.balancer()["LoadBalancerArn"], Attributes=[{"Key": key, "Value": value}]
    )


def _deregister_one(aws) -> None:
    instance, number = min(aws.targets())
    aws.client("elbv2").deregister_targets(
        TargetGroupArn=aws.group()["TargetGroupArn"], Targets=[{"Id": instance, "Port": number}]
    )


def _register_another_port(aws) -> None:
    instance, _ = min(aws.targets())
    aws.client("elbv2").register_targets(
        TargetGroupArn=aws.group()["TargetGroupArn"], Targets=[{"Id": instance, "Port": 31999}]
    )


def _front(aws) -> str:
    found = aws.client("ec2").describe_security_groups()["SecurityGroups"]
    (front,) = [each["GroupId"] for each in found if each["GroupName"].startswith("clb-default")]
    return front


def _open_further(aws) -> None:
    aws.client("ec2").authorize_security_group_ingress(
        GroupId=_front(aws), IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0"
    )


def _shut(aws) -> None:
    (rule,) = [each for each in aws.rules() if each["GroupId"] == _front(aws)]
    aws.client("ec2").revoke_security_group_ingress(
        GroupId=_front(aws), SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]]
    )


def _shut_nodes(aws) -> None:
    rules = [
        each
        for each in aws.rules()
        if each.get("ReferencedGroupInfo") and each["FromPort"] >= 30000
    ]
    for rule in rules:
        aws.client("ec2").revoke_security_group_ingress(
            GroupId=rule["GroupId"], SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]]
        )
    assert rules


def _retag(aws) -> None:
    arn = aws.balancer()["LoadBalancerArn"]
    aws.client("elbv2").add_tags(ResourceArns=[arn], Tags=[{"Key": "team", "Value": "red"}])


def _delete_listener(aws) -> None:
    (listener,) = aws.listeners().values()
    aws.client("elbv2").delete_listener(ListenerArn=listener["ListenerArn"])


def _delete_balancer(aws) -> None:
    aws.client("elbv2").delete_load_balancer(LoadBalancerArn=aws.balancer()["LoadBalancerArn"])


def _wear_other_groups(aws) -> None:
    aws.client("elbv2").set_security_groups(
        LoadBalancerArn=aws.balancer()["LoadBalancerArn"],
        SecurityGroups=[aws.world.seeded.node_security_group],
    )


DRIFTS = {
    "health check interval": (
        "target-group",
        lambda aws: _set_group(aws, HealthCheckIntervalSeconds=30),
    ),
    "health check timeout": (
        "target-group",
        lambda aws: _set_group(aws, HealthCheckTimeoutSeconds=5),
    ),
    "healthy threshold": ("target-group", lambda aws: _set_group(aws, HealthyThresholdCount=5)),
    "unhealthy threshold": ("target-group", lambda aws: _set_group(aws, UnhealthyThresholdCount=5)),
    "health check port": ("target-group", lambda aws: _set_group(aws, HealthCheckPort="8080")),
    "health check protocol": (
        "target-group",
        lambda aws: _set_group(aws, HealthCheckProtocol="HTTP", HealthCheckPath="/x"),
    ),
    "deregistration delay": (
        "target-group",
        lambda aws: _set_group_attribute(aws, "deregistration_delay.timeout_seconds", "7"),
    ),
    "stickiness": (
        "target-group",
        lambda aws: _set_group_attribute(aws, "stickiness.enabled", "true"),
    ),
    "proxy protocol": (
        "target-group",
        lambda aws: _set_group_attribute(aws, "proxy_protocol_v2.enabled", "true"),
    ),
    "cross zone": (
        "load-balancer",
        lambda aws: _set_balancer_attribute(aws, "load_balancing.cross_zone.enabled", "true"),
    ),
    "deletion protection": (
        "load-balancer",
        lambda aws: _set_balancer_attribute(aws, "deletion_protection.enabled", "true"),
    ),
    "security groups of the load balancer": ("load-balancer", _wear_other_groups),
    "a tag that was asked for": ("load-balancer", _retag),
    "a target less": ("targets", _deregister_one),
    "a target more": ("targets", _register_another_port),
    "a rule more": ("ingress-rules", _open_further),
    "a rule less": ("ingress-rules", _shut),
    "rules of the nodes": ("node-rules", _shut_nodes),
    "no listener": ("listener", _delete_listener),
    "no load balancer": ("load-balancer", _delete_balancer),
}


@pytest.mark.parametrize("drift", DRIFTS, ids=lambda name: name.replace(" ", "-"))
def test_drift_shows_in_the_plan_of_a_fresh_process_and_is_put_right(aws, drift):
    kind, disturb = DRIFTS[drift]
    note = {"service.beta.kubernetes.io/aws-load-balancer-additional-resource-tags": "team=blue"}
    aws.apply(service(annotations=note))
    aws.restart()
    assert changes_of(aws.process.forecast()) == []
    disturb(aws)
    aws.restart()
    changes = changes_of(aws.process.forecast())
    assert kind in {change.key.partition("/")[0] for change in changes}
    if not drift.startswith("no ") and drift != "rules of the nodes":
        assert [(change.action, change.key.partition("/")[0]) for change in changes] == [
            (Action.UPDATE, kind)
        ]
    must(aws.process.apply())
    aws.restart()
    assert changes_of(aws.process.forecast()) == []
