"""Addresses of load balancers, and what may change about their place in the network."""

from typing import Any

import pytest

from cloudlb_aws.emulator import SeededWorld


def mappings(world: SeededWorld, allocations: Any) -> Any:
    pairs = zip(world.public_subnets, allocations, strict=False)
    return [{"SubnetId": subnet, "AllocationId": allocation} for subnet, allocation in pairs]


def test_elastic_addresses_are_shown_in_their_zones(
    make: Any, ec2: Any, world: SeededWorld
) -> None:
    zones = make.balancer(SubnetMappings=mappings(world, world.allocations))["AvailabilityZones"]

    shown = [zone["LoadBalancerAddresses"][0] for zone in zones]
    assert [each["AllocationId"] for each in shown] == list(world.allocations)
    known = {each["AllocationId"]: each for each in ec2.describe_addresses()["Addresses"]}
    assert [each["IpAddress"] for each in shown] == [
        known[allocation]["PublicIp"] for allocation in world.allocations
    ]


def test_private_addresses_are_shown_in_their_zones(make: Any, world: SeededWorld) -> None:
    wanted = {"SubnetId": world.private_subnets[0], "PrivateIPv4Address": "10.0.48.99"}

    (zone,) = make.balancer(Scheme="internal", SubnetMappings=[wanted])["AvailabilityZones"]

    assert zone["LoadBalancerAddresses"] == [{"PrivateIPv4Address": "10.0.48.99"}]


def test_addresses_that_aws_chooses_are_not_shown(make: Any) -> None:
    zones = make.balancer()["AvailabilityZones"]

    assert [zone["LoadBalancerAddresses"] for zone in zones] == [[], [], []]


def test_an_elastic_address_serves_one_load_balancer(
    make: Any, world: SeededWorld, refused: Any
) -> None:
    make.balancer(SubnetMappings=mappings(world, world.allocations[:1]))

    with refused("ResourceInUse"):
        make.balancer(Name="two", SubnetMappings=mappings(world, world.allocations[:1]))


def test_an_elastic_address_is_free_again_after_deletion(
    make: Any, elb: Any, world: SeededWorld
) -> None:
    arn = make.balancer_arn(SubnetMappings=mappings(world, world.allocations[:1]))
    elb.delete_load_balancer(LoadBalancerArn=arn)

    make.balancer(Name="two", SubnetMappings=mappings(world, world.allocations[:1]))


@pytest.mark.parametrize(
    ("scheme", "addresses", "code"),
    [
        pytest.param(
            "internet-facing",
            {"AllocationId": "eipalloc-0123456789abcdef0"},
            "AllocationIdNotFound",
            id="unknown-allocation",
        ),
        pytest.param(
            "internal",
            {"AllocationId": "eipalloc-0123456789abcdef0"},
            "InvalidConfigurationRequest",
            id="elastic-but-internal",
        ),
        pytest.param(
            "internet-facing",
            {"PrivateIPv4Address": "10.0.0.99"},
            "InvalidConfigurationRequest",
            id="private-but-internet-facing",
        ),
        pytest.param(
            "internal",
            {"PrivateIPv4Address": "10.0.200.1"},
            "InvalidConfigurationRequest",
            id="outside-the-subnet",
        ),
        pytest.param(
            "internal",
            {"PrivateIPv4Address": "10.0.48"},
            "ValidationError",
            id="no-address",
        ),
        pytest.param(
            "internet-facing",
            {"IPv6Address": "2001:db8::1"},
            "InvalidConfigurationRequest",
            id="ipv6-on-ipv4",
        ),
    ],
)
def test_an_address_that_does_not_fit_is_refused(
    *, make: Any, world: SeededWorld, refused: Any, scheme: Any, addresses: Any, code: str
) -> None:
    subnet = (world.public_subnets if scheme == "internet-facing" else world.private_subnets)[0]

    with refused(code):
        make.balancer(Scheme=scheme, SubnetMappings=[{"SubnetId": subnet, **addresses}])


def test_a_taken_private_address_is_refused(make: Any, world: SeededWorld, refused: Any) -> None:
    taken = world.addresses[world.instances[0]]
    wanted = {"SubnetId": world.private_subnets[0], "PrivateIPv4Address": taken}

    with refused("InvalidConfigurationRequest"):
        make.balancer(Scheme="internal", SubnetMappings=[wanted])


def test_an_application_load_balancer_takes_no_addresses(
    make: Any, world: SeededWorld, refused: Any
) -> None:
    with refused("InvalidConfigurationRequest"):
        make.balancer(Type="application", SubnetMappings=mappings(world, world.allocations))


def test_subnets_and_mappings_together_are_refused(
    make: Any, world: SeededWorld, refused: Any
) -> None:
    with refused("ValidationError"):
        make.elb.create_load_balancer(
            Name="one",
            Type="network",
            Subnets=[world.public_subnets[0]],
            SubnetMappings=[{"SubnetId": world.public_subnets[1]}],
        )


def test_subnets_can_come_and_go(make: Any, elb: Any, world: SeededWorld) -> None:
    arn = make.balancer_arn(Subnets=list(world.public_subnets[:2]))

    zones = elb.set_subnets(LoadBalancerArn=arn, Subnets=list(world.public_subnets[1:]))

    shown = {zone["SubnetId"] for zone in zones["AvailabilityZones"]}
    assert shown == set(world.public_subnets[1:])


def test_a_subnet_that_stays_keeps_its_address(
    make: Any, elb: Any, world: SeededWorld, refused: Any
) -> None:
    arn = make.balancer_arn(SubnetMappings=mappings(world, world.allocations[:1]))
    (old,) = mappings(world, world.allocations[:1])

    with refused("InvalidConfigurationRequest"):
        other = old | {"AllocationId": world.allocations[1]}
        elb.set_subnets(LoadBalancerArn=arn, SubnetMappings=[other])

    more = {"SubnetId": world.public_subnets[1], "AllocationId": world.allocations[1]}
    zones = elb.set_subnets(LoadBalancerArn=arn, SubnetMappings=[old, more])["AvailabilityZones"]
    assert [zone["LoadBalancerAddresses"][0]["AllocationId"] for zone in zones] == list(
        world.allocations[:2]
    )


def test_a_network_load_balancer_made_without_groups_never_gets_any(
    make: Any, elb: Any, refused: Any
) -> None:
    arn, group = make.balancer_arn(), make.security_group()

    with refused("InvalidConfigurationRequest"):
        elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[group])


def test_a_load_balancer_never_loses_its_last_group(make: Any, elb: Any, refused: Any) -> None:
    arn = make.balancer_arn(SecurityGroups=[make.security_group()])

    with refused("ValidationError"):
        elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[])


def test_groups_and_private_link_rules_can_be_changed(make: Any, elb: Any) -> None:
    arn = make.balancer_arn(SecurityGroups=[make.security_group()])
    other = make.security_group("other")

    elb.set_security_groups(
        LoadBalancerArn=arn,
        SecurityGroups=[other],
        EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic="off",
    )

    (shown,) = elb.describe_load_balancers()["LoadBalancers"]
    assert shown["SecurityGroups"] == [other]
    assert shown["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "off"


@pytest.mark.parametrize(
    ("group", "code"),
    [
        pytest.param("sg-0123456789abcdef0", "InvalidSecurityGroup", id="unknown-group"),
    ],
)
def test_groups_must_exist(make: Any, elb: Any, refused: Any, group: Any, code: str) -> None:
    arn = make.balancer_arn(SecurityGroups=[make.security_group()])

    with refused(code):
        elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[group])


def test_a_sixth_group_is_refused(make: Any, elb: Any, refused: Any) -> None:
    arn = make.balancer_arn(SecurityGroups=[make.security_group()])
    groups = [make.security_group(f"g{number}") for number in range(6)]

    with refused("InvalidConfigurationRequest"):
        elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=groups)


def test_the_address_type_goes_to_dual_stack_and_back(make: Any, elb: Any) -> None:
    arn = make.balancer_arn()

    for kind in ("dualstack", "ipv4"):
        elb.set_ip_address_type(LoadBalancerArn=arn, IpAddressType=kind)
        assert elb.describe_load_balancers()["LoadBalancers"][0]["IpAddressType"] == kind


def test_ipv6_target_groups_hold_a_load_balancer_on_dual_stack(
    make: Any, elb: Any, refused: Any
) -> None:
    arn = make.balancer_arn(IpAddressType="dualstack")
    make.listener(arn, make.target_group_arn(TargetType="ip", IpAddressType="ipv6"))

    with refused("InvalidConfigurationRequest"):
        elb.set_ip_address_type(LoadBalancerArn=arn, IpAddressType="ipv4")


def test_udp_on_dual_stack_needs_prefixes_for_source_nat(make: Any, elb: Any, refused: Any) -> None:
    group = make.target_group_arn(Protocol="UDP")
    without = make.balancer_arn(IpAddressType="dualstack")
    prefixes = make.balancer_arn(
        Name="two", IpAddressType="dualstack", EnablePrefixForIpv6SourceNat="on"
    )

    with refused("InvalidConfigurationRequest"):
        make.listener(without, group, Protocol="UDP")

    make.listener(prefixes, group, Protocol="UDP")
    assert elb.describe_listeners(LoadBalancerArn=without)["Listeners"] == []


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(("set_subnets", {"Subnets": ["subnet-0123456789abcdef0"]}), id="subnets"),
        pytest.param(("set_security_groups", {"SecurityGroups": ["sg-1"]}), id="groups"),
        pytest.param(("set_ip_address_type", {"IpAddressType": "ipv4"}), id="address-type"),
    ],
)
def test_a_load_balancer_that_is_not_there_is_said_so(
    elb: Any, world: SeededWorld, refused: Any, call: Any
) -> None:
    operation, arguments = call
    arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/a/b"

    with refused("LoadBalancerNotFound"):
        getattr(elb, operation)(LoadBalancerArn=arn, **arguments)
