"""Registration of targets, and their health."""

from typing import Any

import pytest

from cloudlb.testing.clock import ManualClock
from cloudlb_aws.emulator import Emulator, SeededWorld


def register(elb: Any, group: Any, *targets: Any) -> None:
    elb.register_targets(TargetGroupArn=group, Targets=list(targets))


def health(elb: Any, group: Any, *targets: Any) -> Any:
    asked = {"Targets": list(targets)} if targets else {}
    reply = elb.describe_target_health(TargetGroupArn=group, **asked)["TargetHealthDescriptions"]
    return {
        (each["Target"]["Id"], each["Target"]["Port"]): (
            each["TargetHealth"]["State"],
            each["TargetHealth"].get("Reason"),
        )
        for each in reply
    }


def test_an_unknown_instance_is_refused_and_nothing_is_registered(
    make: Any, elb: Any, world: SeededWorld, refused: Any
) -> None:
    group = make.target_group_arn()

    with refused("InvalidTarget"):
        register(elb, group, {"Id": world.instances[0]}, {"Id": "i-0123456789abcdef0"})

    assert health(elb, group) == {}


def test_an_instance_of_another_vpc_is_refused(
    make: Any, elb: Any, ec2: Any, world: SeededWorld, refused: Any
) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = make.target_group_arn(VpcId=vpc)

    with refused("InvalidTarget"):
        register(elb, group, {"Id": world.instances[0]})


def test_a_stopped_instance_is_refused(
    make: Any, elb: Any, ec2: Any, world: SeededWorld, refused: Any
) -> None:
    ec2.stop_instances(InstanceIds=[world.instances[0]])

    with refused("InvalidTarget"):
        register(elb, make.target_group_arn(), {"Id": world.instances[0]})


@pytest.mark.parametrize(
    ("target", "code"),
    [
        pytest.param({"Id": "8.8.8.8"}, "InvalidTarget", id="public"),
        pytest.param(
            {"Id": "8.8.8.8", "AvailabilityZone": "all"}, "InvalidTarget", id="public-all"
        ),
        pytest.param({"Id": "192.168.1.1"}, "ValidationError", id="outside-without-zone"),
        pytest.param({"Id": "i-0a0000000000000a1"}, "ValidationError", id="instance"),
        pytest.param({"Id": "2001:db8::1"}, "ValidationError", id="other-family"),
        pytest.param({"Id": "10.0.48.4", "Port": 0}, "ValidationError", id="port-0"),
        pytest.param({"Id": "10.0.48.4", "Port": 65_536}, "ValidationError", id="port-65536"),
    ],
)
def test_a_wrong_address_is_refused(
    make: Any, elb: Any, refused: Any, target: Any, code: str
) -> None:
    with refused(code):
        register(elb, make.target_group_arn(TargetType="ip"), target)


@pytest.mark.parametrize(
    ("target", "zone"),
    [
        pytest.param({"Id": "10.0.48.4"}, "eu-west-1a", id="in-a-subnet"),
        pytest.param({"Id": "192.168.1.1", "AvailabilityZone": "all"}, "all", id="outside"),
        pytest.param({"Id": "100.64.0.1", "AvailabilityZone": "all"}, "all", id="carrier-grade"),
    ],
)
def test_an_address_gets_its_zone(make: Any, elb: Any, target: Any, zone: Any) -> None:
    group = make.target_group_arn(TargetType="ip")
    register(elb, group, target)

    (shown,) = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]

    assert shown["Target"]["AvailabilityZone"] == zone


def test_one_instance_can_be_registered_at_several_ports(
    make: Any, elb: Any, world: SeededWorld
) -> None:
    group, instance = make.target_group_arn(), world.instances[0]

    register(elb, group, {"Id": instance, "Port": 30001}, {"Id": instance, "Port": 30002})
    elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": instance, "Port": 30001}])

    assert list(health(elb, group)) == [(instance, 30002)]


def test_without_a_port_the_groups_own_is_meant(make: Any, elb: Any, world: SeededWorld) -> None:
    group, instance = make.target_group_arn(), world.instances[0]

    register(elb, group, {"Id": instance})
    assert list(health(elb, group)) == [(instance, 30080)]

    elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": instance, "Port": 30080}])
    assert health(elb, group) == {}


def test_deregistering_what_is_not_registered_succeeds(
    make: Any, elb: Any, world: SeededWorld
) -> None:
    elb.deregister_targets(
        TargetGroupArn=make.target_group_arn(), Targets=[{"Id": world.instances[0]}]
    )


def test_a_call_takes_200_targets_and_no_more(make: Any, elb: Any, refused: Any) -> None:
    group = make.target_group_arn(TargetType="ip")
    targets = [{"Id": f"10.0.48.{number}"} for number in range(1, 202)]

    with refused("ValidationError"):
        register(elb, group, *targets)

    register(elb, group, *targets[:200])


def test_a_zone_takes_500_targets_of_a_group(make: Any, elb: Any, refused: Any) -> None:
    group, ports = make.target_group_arn(TargetType="ip"), range(1000, 1501)
    targets = [{"Id": "10.0.48.9", "Port": port} for port in ports]
    for start in range(0, 500, 125):
        register(elb, group, *targets[start : start + 125])

    with refused("TooManyTargets"):
        register(elb, group, targets[500])


def test_a_group_without_a_listener_is_unused(make: Any, elb: Any, world: SeededWorld) -> None:
    group = make.target_group_arn()
    register(elb, group, {"Id": world.instances[0]})

    assert health(elb, group) == {(world.instances[0], 30080): ("unused", "Target.NotInUse")}


def test_targets_are_initial_for_a_while_and_then_healthy(
    make: Any, elb: Any, world: SeededWorld, emulator: Emulator, clock: ManualClock
) -> None:
    emulator.configure(health_seconds=20)
    group, key = make.target_group_arn(), (world.instances[0], 30080)
    register(elb, group, {"Id": world.instances[0]})
    clock.advance(60)

    make.listener(make.balancer_arn(), group)
    assert health(elb, group)[key] == ("initial", "Elb.InitialHealthChecking")

    clock.advance(20)
    assert health(elb, group)[key] == ("healthy", None)


def test_targets_drain_for_a_while_after_deregistration(
    make: Any, elb: Any, world: SeededWorld, emulator: Emulator, clock: ManualClock
) -> None:
    emulator.configure(health_seconds=20)
    group, instance = make.target_group_arn(), world.instances[0]
    register(elb, group, {"Id": instance})
    elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": instance}])

    assert health(elb, group)[instance, 30080][0] == "draining"

    clock.advance(20)
    assert health(elb, group) == {}


def test_targets_can_be_made_to_fail(
    make: Any, elb: Any, world: SeededWorld, emulator: Emulator
) -> None:
    group = make.target_group_arn()
    make.listener(make.balancer_arn(), group)
    register(elb, group, *({"Id": each} for each in world.instances))

    emulator.fail_targets(world.instances[1])
    states = [state for state, _ in health(elb, group).values()]
    assert states == ["healthy", "unhealthy", "healthy"]

    emulator.fail_targets()
    assert {state for state, _ in health(elb, group).values()} == {"healthy"}


def test_an_instance_that_stops_is_unused(
    make: Any, elb: Any, ec2: Any, world: SeededWorld
) -> None:
    group = make.target_group_arn()
    make.listener(make.balancer_arn(), group)
    register(elb, group, {"Id": world.instances[0]})

    ec2.stop_instances(InstanceIds=[world.instances[0]])

    assert health(elb, group)[world.instances[0], 30080] == ("unused", "Target.InvalidState")


def test_asked_for_by_name_an_unregistered_target_says_so(
    make: Any, elb: Any, world: SeededWorld
) -> None:
    group = make.target_group_arn()

    assert health(elb, group, {"Id": world.instances[0]}) == {
        (world.instances[0], 30080): ("unused", "Target.NotRegistered")
    }


def test_a_group_that_is_not_there_is_said_so(elb: Any, world: SeededWorld, refused: Any) -> None:
    arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/a/b"

    with refused("TargetGroupNotFound"):
        register(elb, arn, {"Id": world.instances[0]})
