"""Security groups and their rules: names, duplicates, quotas, and what holds a group."""

from typing import Any

import pytest

from cloudlb.testing.clock import ManualClock
from cloudlb_aws.emulator import Emulator, SeededWorld


def permission(port: int = 80, **changes: Any) -> Any:
    usual = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
    if not {"IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs"} & changes.keys():
        usual["IpRanges"] = [{"CidrIp": "0.0.0.0/0"}]
    return usual | changes


def allow(ec2: Any, group: Any, *permissions: Any) -> Any:
    reply = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=list(permissions))
    return reply["SecurityGroupRules"]


def ingress(ec2: Any, group: Any) -> Any:
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    return [rule for rule in rules["SecurityGroupRules"] if not rule["IsEgress"]]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"GroupName": "n" * 256}, "InvalidParameterValue", id="long-name"),
        pytest.param({"GroupName": "sg-front"}, "InvalidParameterValue", id="reserved-name"),
        pytest.param({"GroupName": "é"}, "InvalidParameterValue", id="name-beyond-ascii"),
        pytest.param({"Description": "d" * 256}, "InvalidParameterValue", id="long-description"),
        pytest.param({"Description": "a^b"}, "InvalidParameterValue", id="description-characters"),
        pytest.param({"Description": ""}, "MissingParameter", id="no-description"),
        pytest.param({"VpcId": "vpc-0123456789abcdef0"}, "InvalidVpcID.NotFound", id="vpc"),
    ],
)
def test_a_wrong_group_is_refused(make: Any, refused: Any, change: Any, code: str) -> None:
    with refused(code):
        make.security_group(**change)


def test_names_are_unique_within_a_vpc_whatever_their_case(
    make: Any, ec2: Any, refused: Any
) -> None:
    make.security_group("Front")

    with refused("InvalidGroup.Duplicate"):
        make.security_group("front")

    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    make.security_group("front", VpcId=vpc)


@pytest.mark.parametrize(
    ("group", "code"),
    [
        pytest.param("sg-0123456789abcdef0", "InvalidGroup.NotFound", id="unknown"),
        pytest.param("front", "InvalidGroupId.Malformed", id="no-id"),
    ],
)
def test_a_group_that_is_not_there_is_said_so(
    ec2: Any, world: SeededWorld, refused: Any, group: Any, code: str
) -> None:
    for call in (
        lambda: ec2.describe_security_groups(GroupIds=[group]),
        lambda: ec2.delete_security_group(GroupId=group),
        lambda: allow(ec2, group, permission()),
    ):
        with refused(code):
            call()


def test_groups_are_found_by_filters(make: Any, ec2: Any, world: SeededWorld) -> None:
    mine = make.security_group("front-one")
    make.security_group("back")

    reply = ec2.describe_security_groups(
        Filters=[
            {"Name": "vpc-id", "Values": [world.vpc_id]},
            {"Name": "group-name", "Values": ["front-*"]},
        ]
    )

    assert [each["GroupId"] for each in reply["SecurityGroups"]] == [mine]


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        pytest.param("describe_security_groups", "colour", id="of-groups"),
        pytest.param("describe_security_group_rules", "vpc-id", id="of-rules"),
    ],
)
def test_an_unknown_filter_is_refused(
    ec2: Any, world: SeededWorld, refused: Any, operation: str, name: str
) -> None:
    with refused("InvalidParameterValue"):
        getattr(ec2, operation)(Filters=[{"Name": name, "Values": ["x"]}])


def test_listings_come_in_pages(make: Any, ec2: Any, emulator: Emulator) -> None:
    group = make.security_group()
    allow(ec2, group, *(permission(port) for port in range(1, 6)))
    emulator.configure(page_size=4)

    pages = ec2.get_paginator("describe_security_group_rules").paginate(
        Filters=[{"Name": "group-id", "Values": [group]}]
    )

    assert [len(page["SecurityGroupRules"]) for page in pages] == [4, 3]


def test_a_group_of_a_load_balancer_is_held(make: Any, ec2: Any, elb: Any, refused: Any) -> None:
    group = make.security_group()
    arn = make.balancer_arn(SecurityGroups=[group])

    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=group)

    elb.delete_load_balancer(LoadBalancerArn=arn)
    ec2.delete_security_group(GroupId=group)


def test_a_group_that_its_load_balancer_gave_up_is_free(make: Any, ec2: Any, elb: Any) -> None:
    group, other = make.security_group(), make.security_group("other")
    arn = make.balancer_arn(SecurityGroups=[group])

    elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[other])

    ec2.delete_security_group(GroupId=group)


def test_a_group_of_nodes_is_held(ec2: Any, world: SeededWorld, refused: Any) -> None:
    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=world.node_security_group)


def test_a_group_named_in_a_rule_of_another_is_held(
    make: Any, ec2: Any, world: SeededWorld, refused: Any
) -> None:
    group = make.security_group()
    pair = permission(UserIdGroupPairs=[{"GroupId": group}])
    allow(ec2, world.node_security_group, pair)

    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=group)

    ec2.revoke_security_group_ingress(GroupId=world.node_security_group, IpPermissions=[pair])
    ec2.delete_security_group(GroupId=group)


def test_a_group_named_in_its_own_rule_is_free(make: Any, ec2: Any) -> None:
    group = make.security_group()
    allow(ec2, group, permission(UserIdGroupPairs=[{"GroupId": group}]))

    ec2.delete_security_group(GroupId=group)


def test_the_default_group_stays(ec2: Any, world: SeededWorld, refused: Any) -> None:
    (default,) = ec2.describe_security_groups(
        Filters=[
            {"Name": "vpc-id", "Values": [world.vpc_id]},
            {"Name": "group-name", "Values": ["default"]},
        ]
    )["SecurityGroups"]

    with refused("CannotDelete"):
        ec2.delete_security_group(GroupId=default["GroupId"])


def test_network_interfaces_hold_a_group_after_their_load_balancer_is_gone(
    *, make: Any, ec2: Any, elb: Any, emulator: Emulator, clock: ManualClock, refused: Any
) -> None:
    emulator.configure(interface_seconds=120)
    group = make.security_group()
    arn = make.balancer_arn(SecurityGroups=[group])
    elb.delete_load_balancer(LoadBalancerArn=arn)

    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=group)
    (holding, *_) = ec2.describe_network_interfaces(
        Filters=[{"Name": "group-id", "Values": [group]}]
    )["NetworkInterfaces"]
    assert holding["Description"].startswith("ELB net/one/")

    clock.advance(120)
    ec2.delete_security_group(GroupId=group)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        pytest.param(
            permission(IpRanges=[{"CidrIp": "10.1.2.3/16", "Description": "office"}]),
            {"CidrIpv4": "10.1.0.0/16", "Description": "office", "FromPort": 80},
            id="cidr-loses-host-bits",
        ),
        pytest.param(
            permission(Ipv6Ranges=[{"CidrIpv6": "2001:DB8::1/32"}]),
            {"CidrIpv6": "2001:db8::/32"},
            id="ipv6",
        ),
        pytest.param(
            {
                "IpProtocol": "icmp",
                "FromPort": 3,
                "ToPort": 4,
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            },
            {"IpProtocol": "icmp", "FromPort": 3, "ToPort": 4},
            id="icmp",
        ),
        pytest.param(
            {"IpProtocol": "58", "FromPort": 2, "ToPort": 0, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
            {"IpProtocol": "icmpv6", "FromPort": 2, "ToPort": 0},
            id="icmpv6-by-number",
        ),
        pytest.param(
            {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
            {"IpProtocol": "-1", "FromPort": -1, "ToPort": -1},
            id="everything",
        ),
    ],
)
def test_a_rule_is_answered_with_its_id_and_as_aws_keeps_it(
    make: Any, ec2: Any, given: Any, shown: Any
) -> None:
    group = make.security_group()

    (rule,) = allow(ec2, group, given)

    assert rule["SecurityGroupRuleId"].startswith("sgr-")
    assert {key: rule[key] for key in shown} == shown
    assert ingress(ec2, group) == [rule]


def test_prefix_lists_and_groups_can_be_sources(make: Any, ec2: Any, world: SeededWorld) -> None:
    group = make.security_group()
    office = world.prefix_lists["office"]

    rules = allow(
        ec2,
        group,
        permission(PrefixListIds=[{"PrefixListId": office, "Description": "office"}]),
        permission(UserIdGroupPairs=[{"GroupId": world.node_security_group}]),
    )

    assert (rules[0]["PrefixListId"], rules[0]["Description"]) == (office, "office")
    assert rules[1]["ReferencedGroupInfo"]["GroupId"] == world.node_security_group
    (shown,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    (grouped,) = shown["IpPermissions"]
    assert grouped["PrefixListIds"] == [{"PrefixListId": office, "Description": "office"}]
    assert grouped["UserIdGroupPairs"][0]["GroupId"] == world.node_security_group


@pytest.mark.parametrize(
    ("given", "code"),
    [
        pytest.param(
            permission(IpRanges=[{"CidrIp": "10.0.0.0/33"}]), "InvalidParameterValue", id="cidr"
        ),
        pytest.param(
            permission(IpRanges=[{"CidrIp": "::/0"}]), "InvalidParameterValue", id="cidr-family"
        ),
        pytest.param(
            permission(IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "a^b"}]),
            "InvalidParameterValue",
            id="description-characters",
        ),
        pytest.param(
            permission(IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "d" * 256}]),
            "InvalidParameterValue",
            id="long-description",
        ),
        pytest.param(permission(FromPort=90), "InvalidParameterValue", id="ports-reversed"),
        pytest.param(permission(ToPort=65_536), "InvalidParameterValue", id="port-65536"),
        pytest.param(permission(IpProtocol="sctpx"), "InvalidParameterValue", id="protocol"),
        pytest.param(
            {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}, "MissingParameter", id="no-source"
        ),
        pytest.param(
            {"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
            "InvalidParameterValue",
            id="no-ports",
        ),
        pytest.param(
            permission(UserIdGroupPairs=[{"GroupId": "sg-0123456789abcdef0"}]),
            "InvalidGroup.NotFound",
            id="unknown-group",
        ),
        pytest.param(
            permission(PrefixListIds=[{"PrefixListId": "pl-0123456789abcdef0"}]),
            "InvalidPrefixListID.NotFound",
            id="unknown-prefix-list",
        ),
    ],
)
def test_a_wrong_rule_is_refused(make: Any, ec2: Any, refused: Any, given: Any, code: str) -> None:
    with refused(code):
        allow(ec2, make.security_group(), given)


def test_a_rule_from_a_group_of_another_vpc_is_refused(make: Any, ec2: Any, refused: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    foreign = make.security_group("foreign", VpcId=vpc)

    with refused("InvalidGroup.NotFound"):
        allow(ec2, make.security_group(), permission(UserIdGroupPairs=[{"GroupId": foreign}]))


def test_a_rule_that_is_there_is_refused_and_nothing_is_added(
    make: Any, ec2: Any, refused: Any
) -> None:
    group = make.security_group()
    allow(ec2, group, permission(IpRanges=[{"CidrIp": "10.0.0.0/8", "Description": "one"}]))

    with refused("InvalidPermission.Duplicate"):
        again = permission(IpRanges=[{"CidrIp": "10.9.9.9/8", "Description": "other"}])
        allow(ec2, group, permission(81), again)

    assert len(ingress(ec2, group)) == 1


def test_one_rule_twice_in_a_call_is_refused(make: Any, ec2: Any, refused: Any) -> None:
    with refused("InvalidParameterValue"):
        allow(ec2, make.security_group(), permission(), permission())


def test_a_group_holds_60_rules_a_family(make: Any, ec2: Any, refused: Any) -> None:
    group = make.security_group()
    everyone = [{"CidrIpv6": "::/0"}]
    allow(ec2, group, *(permission(port) for port in range(1, 61)))
    allow(ec2, group, *(permission(port, Ipv6Ranges=everyone) for port in range(1, 61)))

    with refused("RulesPerSecurityGroupLimitExceeded"):
        allow(ec2, group, permission(61))
    with refused("RulesPerSecurityGroupLimitExceeded"):
        allow(ec2, group, permission(61, Ipv6Ranges=everyone))


def test_a_group_as_source_counts_in_both_families(
    make: Any, ec2: Any, world: SeededWorld, refused: Any
) -> None:
    group = make.security_group()
    allow(ec2, group, *(permission(port) for port in range(1, 61)))

    with refused("RulesPerSecurityGroupLimitExceeded"):
        source = [{"GroupId": world.node_security_group}]
        allow(ec2, group, permission(UserIdGroupPairs=source))


def test_a_prefix_list_counts_with_its_largest_size(
    make: Any, ec2: Any, world: SeededWorld, refused: Any
) -> None:
    group = make.security_group()
    office = [{"PrefixListId": world.prefix_lists["office"]}]
    allow(ec2, group, *(permission(port) for port in range(1, 51)))
    allow(ec2, group, permission(PrefixListIds=office))

    with refused("RulesPerSecurityGroupLimitExceeded"):
        allow(ec2, group, permission(51))


def test_the_quota_can_be_set(make: Any, ec2: Any, emulator: Emulator, refused: Any) -> None:
    emulator.configure(rules_per_group=2)

    with refused("RulesPerSecurityGroupLimitExceeded"):
        allow(ec2, make.security_group(), *(permission(port) for port in (1, 2, 3)))


def test_rules_are_revoked_by_id(make: Any, ec2: Any, refused: Any) -> None:
    group = make.security_group()
    first, second = allow(ec2, group, permission(80), permission(81))
    ids = [first["SecurityGroupRuleId"], "sgr-0123456789abcdef0"]

    with refused("InvalidSecurityGroupRuleId.NotFound"):
        ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=ids)
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=ids[:1])

    assert ingress(ec2, group) == [second]


def test_rules_are_revoked_by_value_whatever_their_description(
    make: Any, ec2: Any, refused: Any
) -> None:
    group = make.security_group()
    allow(ec2, group, permission(IpRanges=[{"CidrIp": "10.0.0.0/8", "Description": "one"}]))
    bare = permission(IpRanges=[{"CidrIp": "10.0.0.0/8"}])

    with refused("InvalidPermission.NotFound"):
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[bare, permission(81)])
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[bare])

    assert ingress(ec2, group) == []


def test_a_rule_is_changed_in_place(make: Any, ec2: Any) -> None:
    group = make.security_group()
    (rule,) = allow(ec2, group, permission())
    changed = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv4": "10.0.0.0/8"}

    ec2.modify_security_group_rules(
        GroupId=group,
        SecurityGroupRules=[
            {"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": changed}
        ],
    )

    (shown,) = ingress(ec2, group)
    assert shown["SecurityGroupRuleId"] == rule["SecurityGroupRuleId"]
    assert (shown["FromPort"], shown["CidrIpv4"]) == (443, "10.0.0.0/8")


def test_egress_has_its_own_rules(make: Any, ec2: Any) -> None:
    group = make.security_group()

    (rule,) = ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[permission()])[
        "SecurityGroupRules"
    ]

    assert rule["IsEgress"] is True
    assert ingress(ec2, group) == []
    ec2.revoke_security_group_egress(
        GroupId=group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]]
    )
