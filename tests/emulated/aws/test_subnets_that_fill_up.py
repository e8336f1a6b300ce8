"""Subnets fill up with load balancers: those that are there stay as they are, new ones go elsewhere."""

from collections.abc import Iterator

import pytest

from cloudlb.model import errors
from cloudlb.testing.laws.common import applied, changes_of, must, process_of, told
from cloudlb.testing.manifests import service
from cloudlb_aws.emulator.examined import AwsWorld


@pytest.fixture
def world() -> Iterator[AwsWorld]:
    with AwsWorld() as made:
        yield made


def fill(world: AwsWorld, subnet_id: str, free: int) -> None:
    """Leave a subnet with so many free addresses: to make thousands of interfaces would take minutes."""
    subnet = world.emulator._account.ec2.get_subnet(subnet_id)
    subnet._available_ip_addresses += free - subnet.available_ip_address_count


def zones_of(world: AwsWorld) -> dict[str, set[str]]:
    """Return the subnets of each load balancer, by its name's owner part."""
    elbv2 = world.emulator.client("elbv2")
    return {
        each["LoadBalancerName"].split("-")[2]: {
            zone["SubnetId"] for zone in each["AvailabilityZones"]
        }
        for each in elbv2.describe_load_balancers()["LoadBalancers"]
    }


def test_a_load_balancer_stays_in_a_subnet_that_filled_up(world):
    applied(world, (service("one"),))
    full, *others = world.seeded.public_subnets
    fill(world, full, 3)

    assert told(changes_of(process_of(world, (service("one"),)).forecast())) == []

    applied(world, (service("one"), service("two")))
    assert zones_of(world) == {"one": {full, *others}, "two": set(others)}


def test_a_zone_is_used_again_once_there_is_room(world):
    full, *others = world.seeded.public_subnets
    fill(world, full, 3)
    applied(world, (service("one"),))
    fill(world, full, 200)

    added = told(changes_of(process_of(world, (service("one"),)).forecast()))

    assert added == ["update load-balancer/network ['mappings']"]
    must(process_of(world, (service("one"),)).apply())
    assert zones_of(world) == {"one": {full, *others}}


def test_with_every_subnet_full_what_exists_goes_on_and_says_so(world):
    applied(world, (service("one"),))
    for each in world.seeded.public_subnets:
        fill(world, each, 0)
    process = process_of(world, (service("one"),))

    (intent,) = process.intents()

    assert told(changes_of(process.forecast())) == []
    assert not errors(intent.problems)
    assert [problem.reason for problem in intent.problems] == ["CrowdedSubnets"]
