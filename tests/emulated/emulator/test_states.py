"""What takes time: load balancers that are provisioned, and how it shows in the listing."""

from typing import Any

from cloudlb.testing.clock import ManualClock
from cloudlb_aws.emulator import Emulator, SeededWorld


def state(elb: Any) -> Any:
    return elb.describe_load_balancers()["LoadBalancers"][0]["State"]["Code"]


def test_a_load_balancer_is_provisioning_for_a_while(
    make: Any, elb: Any, emulator: Emulator, clock: ManualClock
) -> None:
    emulator.configure(provisioning_seconds=90)
    assert make.balancer()["State"]["Code"] == "provisioning"

    clock.advance(89)
    assert state(elb) == "provisioning"

    clock.advance(1)
    assert state(elb) == "active"


def test_without_a_delay_only_the_answer_to_the_creation_says_provisioning(
    make: Any, elb: Any
) -> None:
    assert make.balancer()["State"]["Code"] == "provisioning"
    assert state(elb) == "active"


def test_an_elastic_address_is_held_as_long_as_the_interfaces_are(
    *, make: Any, elb: Any, world: SeededWorld, emulator: Emulator, clock: ManualClock, refused: Any
) -> None:
    emulator.configure(interface_seconds=30)
    fixed = [{"SubnetId": world.public_subnets[0], "AllocationId": world.allocations[0]}]
    elb.delete_load_balancer(LoadBalancerArn=make.balancer_arn(SubnetMappings=fixed))

    with refused("ResourceInUse"):
        make.balancer(SubnetMappings=fixed)

    clock.advance(30)
    make.balancer(SubnetMappings=fixed)


def test_interfaces_take_addresses_of_their_subnets(
    make: Any, elb: Any, ec2: Any, world: SeededWorld
) -> None:
    def free() -> Any:
        (subnet,) = ec2.describe_subnets(SubnetIds=[world.public_subnets[0]])["Subnets"]
        return subnet["AvailableIpAddressCount"]

    before = free()
    arn = make.balancer_arn()
    assert free() == before - 1

    elb.delete_load_balancer(LoadBalancerArn=arn)
    assert free() == before
