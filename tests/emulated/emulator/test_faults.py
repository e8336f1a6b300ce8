"""Faults on demand, as a real SDK meets them."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError

from cloudlb.testing.faults import Fault, FaultKind
from cloudlb_aws.emulator import Emulator, SeededWorld


def test_a_throttle_says_when_to_come_back(
    emulator: Emulator, elb: Any, ec2: Any, world: SeededWorld
) -> None:
    emulator.faults.arm(Fault(kind=FaultKind.THROTTLE, retry_after=7, times=2))

    for call, code in (
        (elb.describe_load_balancers, "Throttling"),
        (ec2.describe_vpcs, "RequestLimitExceeded"),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == code
        assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "7"
    elb.describe_load_balancers()


def test_an_error_is_a_500_unless_another_code_is_asked_for(
    emulator: Emulator, elb: Any, world: SeededWorld
) -> None:
    emulator.faults.arm(
        Fault(kind=FaultKind.ERROR), Fault(kind=FaultKind.ERROR, at=2, code="ServiceUnavailable")
    )

    codes = []
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            elb.describe_load_balancers()
        codes.append(caught.value.response["Error"]["Code"])

    assert codes == ["InternalFailure", "ServiceUnavailable"]


def test_a_reset_before_leaves_nothing_behind(emulator: Emulator, make: Any, elb: Any) -> None:
    emulator.faults.arm(Fault(kind=FaultKind.RESET_BEFORE, operation="CreateLoadBalancer"))

    with pytest.raises((ConnectionClosedError, HTTPClientError)):
        make.balancer()

    assert elb.describe_load_balancers()["LoadBalancers"] == []


def test_a_reset_after_has_done_the_work(emulator: Emulator, make: Any, elb: Any) -> None:
    emulator.faults.arm(Fault(kind=FaultKind.RESET_AFTER, operation="CreateLoadBalancer"))

    with pytest.raises((ConnectionClosedError, HTTPClientError)):
        make.balancer()

    assert len(elb.describe_load_balancers()["LoadBalancers"]) == 1


def test_a_broken_connection_is_on_the_record(emulator: Emulator, make: Any) -> None:
    emulator.faults.arm(Fault(kind=FaultKind.RESET_AFTER))

    with pytest.raises((ConnectionClosedError, HTTPClientError)):
        make.balancer()

    last = emulator.recorder.calls[-1]
    assert (last.operation, last.write, last.status) == ("CreateLoadBalancer", True, 0)
    assert last.error == "ConnectionLost"


def test_a_fault_of_one_operation_lets_the_others_pass(
    emulator: Emulator, make: Any, elb: Any
) -> None:
    emulator.faults.arm(Fault(kind=FaultKind.ERROR, operation="CreateTargetGroup"))

    make.balancer()
    with pytest.raises(ClientError):
        make.target_group()

    assert [each.operation for each in emulator.faults.fired] == ["CreateTargetGroup"]
