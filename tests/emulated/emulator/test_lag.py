"""Eventual consistency: reads that do not see the last writes yet."""

from typing import Any

import pytest

from cloudlb_aws.emulator import Emulator


def names(elb: Any) -> Any:
    return [each["LoadBalancerName"] for each in elb.describe_load_balancers()["LoadBalancers"]]


def tagged(tagging: Any) -> Any:
    found = tagging.get_resources(TagFilters=[{"Key": "a"}])["ResourceTagMappingList"]
    return len(found)


def test_a_read_sees_a_write_after_so_many_calls(make: Any, elb: Any, emulator: Emulator) -> None:
    emulator.configure(lag_calls=2)
    make.balancer()

    assert [names(elb) for _ in range(3)] == [[], [], ["one"]]


def test_a_lagging_read_shows_what_was_there_before(
    make: Any, elb: Any, emulator: Emulator
) -> None:
    arn = make.balancer_arn(SecurityGroups=[make.security_group()])
    emulator.configure(lag_calls=1)

    elb.delete_load_balancer(LoadBalancerArn=arn)

    assert names(elb) == ["one"]
    assert names(elb) == []


def test_writes_always_see_the_truth(make: Any, elb: Any, emulator: Emulator, refused: Any) -> None:
    emulator.configure(lag_calls=10)
    arn = make.balancer_arn()

    make.listener(arn, make.target_group_arn())

    with refused("LoadBalancerNotFound"):
        elb.describe_listeners(LoadBalancerArn=arn)


def test_ec2_lags_too(make: Any, ec2: Any, emulator: Emulator, refused: Any) -> None:
    emulator.configure(lag_calls=1)
    group = make.security_group()

    with refused("InvalidGroup.NotFound"):
        ec2.describe_security_groups(GroupIds=[group])
    ec2.describe_security_groups(GroupIds=[group])


def test_the_tagging_api_can_lag_alone(
    make: Any, elb: Any, tagging: Any, emulator: Emulator
) -> None:
    emulator.configure(tag_lag_calls=3)
    make.balancer(Tags=[{"Key": "a", "Value": "b"}])

    assert names(elb) == ["one"]
    assert [tagged(tagging) for _ in range(3)] == [0, 0, 1]


@pytest.mark.parametrize("calls", [0, 1])
def test_after_the_lag_is_switched_off_everything_is_seen(
    make: Any, elb: Any, emulator: Emulator, calls: int
) -> None:
    emulator.configure(lag_calls=5)
    make.balancer()

    emulator.configure(lag_calls=calls)
    for _ in range(calls):
        names(elb)

    assert names(elb) == ["one"]
