"""Load balancers as AWS makes, lists and deletes them."""

from typing import Any

import pytest

from cloudlb_aws.emulator import Emulator, SeededWorld


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a" * 33, id="33-characters"),
        pytest.param("under_score", id="underscore"),
        pytest.param("-front", id="leading-hyphen"),
        pytest.param("front-", id="trailing-hyphen"),
        pytest.param("internal-front", id="reserved-prefix"),
    ],
)
def test_a_bad_name_is_refused(make: Any, refused: Any, name: str) -> None:
    with refused("ValidationError"):
        make.balancer(Name=name)


def test_a_name_of_32_characters_is_accepted(make: Any) -> None:
    assert make.balancer(Name="a" * 32)["LoadBalancerName"] == "a" * 32


def test_the_same_request_again_returns_the_same_load_balancer(make: Any, elb: Any) -> None:
    assert make.balancer_arn() == make.balancer_arn()
    assert len(elb.describe_load_balancers()["LoadBalancers"]) == 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"Scheme": "internal"}, id="scheme"),
        pytest.param({"Type": "application"}, id="type"),
        pytest.param({"IpAddressType": "dualstack"}, id="address-type"),
        pytest.param({"Tags": [{"Key": "a", "Value": "b"}]}, id="tags"),
    ],
)
def test_a_taken_name_with_other_settings_is_refused(make: Any, refused: Any, change: Any) -> None:
    make.balancer()

    with refused("DuplicateLoadBalancerName"):
        make.balancer(**change)


def test_a_taken_name_with_other_subnets_is_refused(
    make: Any, world: SeededWorld, refused: Any
) -> None:
    make.balancer()

    with refused("DuplicateLoadBalancerName"):
        make.balancer(Subnets=[world.public_subnets[0]])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"Scheme": "public"}, "ValidationError", id="scheme"),
        pytest.param({"Type": "carrier"}, "ValidationError", id="type"),
        pytest.param({"IpAddressType": "ipv6"}, "ValidationError", id="address-type"),
        pytest.param({"Subnets": []}, "ValidationError", id="no-subnets"),
        pytest.param({"Subnets": ["subnet-0123456789abcdef0"]}, "SubnetNotFound", id="no-subnet"),
        pytest.param(
            {"SecurityGroups": ["sg-0123456789abcdef0"]}, "InvalidSecurityGroup", id="no-group"
        ),
        pytest.param(
            {"EnablePrefixForIpv6SourceNat": "on"}, "InvalidConfigurationRequest", id="source-nat"
        ),
    ],
)
def test_a_wrong_setting_is_refused(make: Any, refused: Any, change: Any, code: str) -> None:
    with refused(code):
        make.balancer(**change)


def test_two_subnets_of_one_zone_are_refused(make: Any, world: SeededWorld, refused: Any) -> None:
    with refused("InvalidConfigurationRequest"):
        make.balancer(Subnets=[world.public_subnets[0], world.private_subnets[0]])


def test_an_application_load_balancer_needs_two_zones(
    make: Any, world: SeededWorld, refused: Any
) -> None:
    with refused("ValidationError"):
        make.balancer(Type="application", Subnets=[world.public_subnets[0]])


def test_a_network_load_balancer_is_content_with_one_zone(make: Any, world: SeededWorld) -> None:
    assert len(make.balancer(Subnets=[world.public_subnets[0]])["AvailabilityZones"]) == 1


def test_a_full_subnet_is_refused(make: Any, ec2: Any, world: SeededWorld, refused: Any) -> None:
    full = ec2.create_subnet(
        VpcId=world.vpc_id, CidrBlock="10.0.255.240/28", AvailabilityZone=world.zones[0]
    )["Subnet"]["SubnetId"]
    for _ in range(4):
        ec2.create_network_interface(SubnetId=full)

    with refused("InvalidSubnet"):
        make.balancer(Subnets=[full])


def test_an_internet_facing_one_needs_an_internet_gateway(
    make: Any, ec2: Any, refused: Any
) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24", AvailabilityZone="eu-west-1a")[
        "Subnet"
    ]["SubnetId"]

    with refused("InvalidSubnet"):
        make.balancer(Subnets=[subnet])

    assert make.balancer(Subnets=[subnet], Scheme="internal")["Scheme"] == "internal"


def test_dual_stack_needs_ipv6_in_every_subnet(
    make: Any, ec2: Any, world: SeededWorld, refused: Any
) -> None:
    plain = ec2.create_subnet(
        VpcId=world.vpc_id, CidrBlock="10.0.240.0/24", AvailabilityZone=world.zones[0]
    )["Subnet"]["SubnetId"]

    with refused("InvalidConfigurationRequest"):
        make.balancer(Subnets=[plain], IpAddressType="dualstack")

    assert make.balancer(IpAddressType="dualstack")["IpAddressType"] == "dualstack"


def test_groups_of_another_vpc_are_refused(make: Any, ec2: Any, refused: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = make.security_group("foreign", VpcId=vpc)

    with refused("InvalidConfigurationRequest"):
        make.balancer(SecurityGroups=[group])


def test_arns_and_dns_names_tell_the_type_and_keep_the_case(make: Any) -> None:
    network = make.balancer(Name="FrontDoor")
    application = make.balancer(Name="Web", Type="application", Scheme="internal")

    assert ":loadbalancer/net/FrontDoor/" in network["LoadBalancerArn"]
    assert network["DNSName"].startswith("FrontDoor-")
    assert network["DNSName"].endswith(".elb.eu-west-1.amazonaws.com")
    assert ":loadbalancer/app/Web/" in application["LoadBalancerArn"]
    assert application["DNSName"].startswith("internal-Web-")


def test_a_network_load_balancer_shows_groups_only_when_it_has_some(make: Any) -> None:
    assert "SecurityGroups" not in make.balancer()
    with_group = make.balancer(Name="two", SecurityGroups=[make.security_group()])
    assert len(with_group["SecurityGroups"]) == 1
    assert with_group["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "on"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        pytest.param({"Names": ["nobody"]}, "LoadBalancerNotFound", id="unknown-name"),
        pytest.param(
            {"LoadBalancerArns": ["arn:aws:x:eu-west-1:1:loadbalancer/net/a/b"]},
            "LoadBalancerNotFound",
            id="unknown-arn",
        ),
        pytest.param({"LoadBalancerArns": ["one"]}, "ValidationError", id="no-arn"),
        pytest.param({"Names": [f"n{n}" for n in range(21)]}, "ValidationError", id="21-names"),
        pytest.param(
            {"LoadBalancerArns": ["arn:aws:x:1:1:loadbalancer/net/a/b"], "Names": ["a"]},
            "ValidationError",
            id="names-and-arns",
        ),
        pytest.param({"PageSize": 401}, "ValidationError", id="page-of-401"),
        pytest.param({"Marker": "bogus"}, "ValidationError", id="marker"),
    ],
)
def test_a_wrong_question_is_refused(
    elb: Any, world: SeededWorld, refused: Any, asked: Any, code: str
) -> None:
    with refused(code):
        elb.describe_load_balancers(**asked)


def test_listings_come_in_pages_of_the_size_set(make: Any, elb: Any, emulator: Emulator) -> None:
    for number in range(5):
        make.balancer(Name=f"n{number}")
    emulator.configure(page_size=2)

    pages = list(elb.get_paginator("describe_load_balancers").paginate())

    assert [len(page["LoadBalancers"]) for page in pages] == [2, 2, 1]


def test_deletion_protection_refuses_deletion_until_it_is_off(
    make: Any, elb: Any, refused: Any
) -> None:
    arn = make.balancer_arn()
    protect = {"Key": "deletion_protection.enabled", "Value": "true"}
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[protect])

    with refused("OperationNotPermitted"):
        elb.delete_load_balancer(LoadBalancerArn=arn)

    elb.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=[protect | {"Value": "false"}]
    )
    elb.delete_load_balancer(LoadBalancerArn=arn)
    assert elb.describe_load_balancers()["LoadBalancers"] == []


def test_deleting_what_is_not_there_succeeds(make: Any, elb: Any) -> None:
    arn = make.balancer_arn()

    elb.delete_load_balancer(LoadBalancerArn=arn)
    elb.delete_load_balancer(LoadBalancerArn=arn)


def test_deleting_takes_listeners_along_and_frees_target_groups(
    make: Any, elb: Any, refused: Any
) -> None:
    balancer, group = make.balancer_arn(), make.target_group_arn()
    listener = make.listener(balancer, group)["ListenerArn"]

    elb.delete_load_balancer(LoadBalancerArn=balancer)

    with refused("ListenerNotFound"):
        elb.describe_listeners(ListenerArns=[listener])
    elb.delete_target_group(TargetGroupArn=group)
