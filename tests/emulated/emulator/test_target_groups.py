"""Target groups and their health checks as AWS accepts them."""

from typing import Any

import pytest

from cloudlb_aws.emulator import Emulator, SeededWorld


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a" * 33, id="33-characters"),
        pytest.param("a.b", id="dot"),
        pytest.param("-a", id="leading-hyphen"),
        pytest.param("a-", id="trailing-hyphen"),
    ],
)
def test_a_bad_name_is_refused(make: Any, refused: Any, name: str) -> None:
    with refused("ValidationError"):
        make.target_group(Name=name)


def test_the_same_request_again_returns_the_same_group(make: Any) -> None:
    assert make.target_group_arn() == make.target_group_arn()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"Port": 1}, id="port"),
        pytest.param({"Protocol": "UDP"}, id="protocol"),
        pytest.param({"TargetType": "ip"}, id="target-type"),
        pytest.param({"HealthCheckIntervalSeconds": 10}, id="health-check"),
        pytest.param({"Tags": [{"Key": "a", "Value": "b"}]}, id="tags"),
    ],
)
def test_a_taken_name_with_other_settings_is_refused(make: Any, refused: Any, change: Any) -> None:
    make.target_group()

    with refused("DuplicateTargetGroupName"):
        make.target_group(**change)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"Protocol": "SCTP"}, id="protocol"),
        pytest.param({"Port": 65_536}, id="port"),
        pytest.param({"VpcId": "vpc-0123456789abcdef0"}, id="vpc"),
        pytest.param({"TargetType": "pod"}, id="target-type"),
        pytest.param({"IpAddressType": "ipv5"}, id="address-type"),
        pytest.param({"HealthCheckProtocol": "UDP"}, id="health-check-protocol"),
        pytest.param({"HealthCheckIntervalSeconds": 4}, id="interval-4"),
        pytest.param({"HealthCheckIntervalSeconds": 301}, id="interval-301"),
        pytest.param({"HealthCheckTimeoutSeconds": 1}, id="timeout-1"),
        pytest.param({"HealthCheckTimeoutSeconds": 121}, id="timeout-121"),
        pytest.param(
            {"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 6},
            id="timeout-over-interval",
        ),
        pytest.param({"HealthyThresholdCount": 1}, id="healthy-1"),
        pytest.param({"UnhealthyThresholdCount": 11}, id="unhealthy-11"),
        pytest.param({"HealthCheckPort": "0"}, id="health-check-port"),
        pytest.param({"HealthCheckEnabled": False}, id="no-health-check"),
        pytest.param(
            {"HealthCheckProtocol": "HTTP", "HealthCheckPath": "healthz"}, id="relative-path"
        ),
        pytest.param(
            {"HealthCheckProtocol": "HTTP", "Matcher": {"HttpCode": "200-600"}}, id="matcher"
        ),
        pytest.param({"Protocol": "HTTP", "HealthCheckProtocol": "TCP"}, id="tcp-check-of-http"),
    ],
)
def test_a_wrong_setting_is_refused(make: Any, refused: Any, change: Any) -> None:
    with refused("ValidationError"):
        make.target_group(**change)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"HealthCheckPath": "/"}, id="path"),
        pytest.param({"Matcher": {"HttpCode": "200"}}, id="matcher"),
    ],
)
def test_a_tcp_check_has_neither_path_nor_matcher(make: Any, refused: Any, change: Any) -> None:
    with refused("InvalidConfigurationRequest"):
        make.target_group(**change)


def test_the_defaults_of_a_tcp_check(make: Any) -> None:
    shown = make.target_group()

    assert shown["HealthCheckProtocol"] == "TCP"
    assert shown["HealthCheckPort"] == "traffic-port"
    assert shown["HealthCheckIntervalSeconds"] == 30
    assert shown["HealthCheckTimeoutSeconds"] == 10
    assert (shown["HealthyThresholdCount"], shown["UnhealthyThresholdCount"]) == (5, 2)
    assert not {"Matcher", "HealthCheckPath"} & shown.keys()


def test_the_defaults_of_an_http_check_of_a_tcp_group(make: Any) -> None:
    shown = make.target_group(HealthCheckProtocol="HTTP", HealthCheckPort="32000")

    assert shown["HealthCheckTimeoutSeconds"] == 6
    assert shown["HealthCheckPath"] == "/"
    assert shown["Matcher"] == {"HttpCode": "200-399"}


def test_a_check_goes_from_tcp_to_http_and_back(make: Any, elb: Any) -> None:
    arn = make.target_group_arn()

    to_http = elb.modify_target_group(
        TargetGroupArn=arn,
        HealthCheckProtocol="HTTP",
        HealthCheckPort="32000",
        HealthCheckPath="/healthz",
        HealthCheckTimeoutSeconds=6,
    )["TargetGroups"][0]
    to_tcp = elb.modify_target_group(
        TargetGroupArn=arn, HealthCheckProtocol="TCP", HealthCheckPort="traffic-port"
    )["TargetGroups"][0]

    assert (to_http["HealthCheckPath"], to_http["Matcher"]["HttpCode"]) == ("/healthz", "200-399")
    assert not {"Matcher", "HealthCheckPath"} & to_tcp.keys()
    assert to_tcp["HealthCheckTimeoutSeconds"] == 6


def test_a_wrong_change_changes_nothing(make: Any, elb: Any, refused: Any) -> None:
    arn = make.target_group_arn()

    with refused("ValidationError"):
        elb.modify_target_group(
            TargetGroupArn=arn, HealthCheckIntervalSeconds=20, HealthyThresholdCount=99
        )

    (shown,) = elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    assert shown["HealthCheckIntervalSeconds"] == 30


def test_an_ipv6_group_needs_a_vpc_with_ipv6(make: Any, ec2: Any, refused: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]

    with refused("ValidationError"):
        make.target_group(VpcId=vpc, TargetType="ip", IpAddressType="ipv6")


def test_a_group_that_a_listener_points_at_is_not_deleted(
    make: Any, elb: Any, refused: Any
) -> None:
    group = make.target_group_arn()
    listener = make.listener(make.balancer_arn(), group)["ListenerArn"]

    with refused("ResourceInUse"):
        elb.delete_target_group(TargetGroupArn=group)

    elb.delete_listener(ListenerArn=listener)
    elb.delete_target_group(TargetGroupArn=group)
    elb.delete_target_group(TargetGroupArn=group)


def test_a_group_tells_the_load_balancer_it_serves(make: Any, elb: Any) -> None:
    balancer, group = make.balancer_arn(), make.target_group_arn()
    make.listener(balancer, group)
    make.target_group(Name="idle")

    (shown,) = elb.describe_target_groups(LoadBalancerArn=balancer)["TargetGroups"]

    assert (shown["TargetGroupArn"], shown["LoadBalancerArns"]) == (group, [balancer])


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        pytest.param({"Names": ["nobody"]}, "TargetGroupNotFound", id="unknown-name"),
        pytest.param(
            {"TargetGroupArns": ["arn:aws:x:eu-west-1:1:targetgroup/a/b"]},
            "TargetGroupNotFound",
            id="unknown-arn",
        ),
        pytest.param({"TargetGroupArns": ["targets"]}, "ValidationError", id="no-arn"),
        pytest.param({"Names": [f"n{n}" for n in range(21)]}, "ValidationError", id="21-names"),
        pytest.param(
            {"Names": ["a"], "TargetGroupArns": ["arn:aws:x:1:1:targetgroup/a/b"]},
            "ValidationError",
            id="names-and-arns",
        ),
    ],
)
def test_a_wrong_question_is_refused(
    elb: Any, world: SeededWorld, refused: Any, asked: Any, code: str
) -> None:
    with refused(code):
        elb.describe_target_groups(**asked)


def test_listings_come_in_pages(make: Any, elb: Any, emulator: Emulator) -> None:
    for number in range(3):
        make.target_group(Name=f"n{number}")
    emulator.configure(page_size=2)

    pages = list(elb.get_paginator("describe_target_groups").paginate())

    assert [len(page["TargetGroups"]) for page in pages] == [2, 1]
