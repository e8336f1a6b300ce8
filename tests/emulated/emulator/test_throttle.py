"""AWS's buckets of tokens."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudlb.testing.clock import ManualClock
from cloudlb_aws.emulator import Emulator, SeededWorld


def calls_until_refused(call: Any, limit: int = 200) -> Any:
    for count in range(limit):
        try:
            call()
        except ClientError as error:
            return count, error.response
    return limit, None


@pytest.fixture
def throttled(emulator: Emulator, world: SeededWorld) -> Any:
    emulator.configure(throttle="realistic")
    return emulator


def test_describes_of_elbv2_come_40_at_once_and_then_10_a_second(
    throttled: Any, elb: Any, clock: ManualClock
) -> None:
    assert calls_until_refused(elb.describe_load_balancers)[0] == 40

    clock.advance(1.0)
    assert calls_until_refused(elb.describe_target_groups)[0] == 10


def test_registrations_come_20_at_once_and_then_4_a_second(
    make: Any, throttled: Any, clock: ManualClock
) -> None:
    target = [{"Id": make.world.instances[0]}]
    group = make.target_group_arn()

    def register() -> None:
        make.elb.register_targets(TargetGroupArn=group, Targets=target)

    assert calls_until_refused(register)[0] == 20

    clock.advance(2.0)
    assert calls_until_refused(register)[0] == 8


def test_ec2_describes_come_100_at_once(throttled: Any, ec2: Any) -> None:
    assert calls_until_refused(ec2.describe_vpcs)[0] == 100


def test_one_class_does_not_drain_another(throttled: Any, elb: Any, make: Any) -> None:
    calls_until_refused(elb.describe_load_balancers)

    make.balancer()


def test_each_service_refuses_in_its_own_words(
    throttled: Any, elb: Any, ec2: Any, tagging: Any
) -> None:
    refusals = [
        calls_until_refused(call)[1]
        for call in (elb.describe_load_balancers, ec2.describe_vpcs, tagging.get_resources)
    ]

    told = [
        (each["Error"]["Code"], each["ResponseMetadata"]["HTTPStatusCode"]) for each in refusals
    ]
    assert told == [
        ("Throttling", 400),
        ("RequestLimitExceeded", 503),
        ("ThrottlingException", 400),
    ]


def test_refused_calls_are_on_the_record(throttled: Any, elb: Any) -> None:
    calls_until_refused(elb.describe_load_balancers)

    last = throttled.recorder.calls[-1]
    assert (last.status, last.error) == (400, "Throttling")


def test_switched_off_nothing_is_refused(emulator: Emulator, world: SeededWorld, elb: Any) -> None:
    assert calls_until_refused(elb.describe_load_balancers, limit=60)[1] is None
