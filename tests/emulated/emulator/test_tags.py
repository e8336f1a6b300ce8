"""Tags of all kinds of resources, and finding resources by them."""

from typing import Any

import pytest

from cloudlb_aws.emulator import Emulator, SeededWorld

MINE = [{"Key": "owner", "Value": "me"}]


def as_dict(tags: Any) -> Any:
    return {tag["Key"]: tag["Value"] for tag in tags}


def elb_tags(elb: Any, arn: Any) -> Any:
    (shown,) = elb.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return as_dict(shown["Tags"])


@pytest.fixture
def tagged(make: Any, ec2: Any) -> Any:
    """One of everything that carries tags, made with them."""
    balancer = make.balancer_arn(Tags=MINE)
    group = make.target_group_arn(Tags=MINE)
    listener = make.listener(balancer, group, Tags=MINE)["ListenerArn"]
    front = make.security_group(
        TagSpecifications=[{"ResourceType": "security-group", "Tags": MINE}]
    )
    rule = ec2.authorize_security_group_ingress(
        GroupId=front,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "::/0"}]}
            | {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ],
        TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": MINE}],
    )["SecurityGroupRules"][0]
    return {
        "balancer": balancer,
        "group": group,
        "listener": listener,
        "front": front,
        "rule": rule["SecurityGroupRuleId"],
    }


@pytest.mark.parametrize("kind", ["balancer", "group", "listener"])
def test_tags_given_while_creating_are_kept(elb: Any, tagged: Any, kind: str) -> None:
    assert elb_tags(elb, tagged[kind]) == {"owner": "me"}


def test_tags_of_groups_and_rules_given_while_creating_are_kept(ec2: Any, tagged: Any) -> None:
    (group,) = ec2.describe_security_groups(GroupIds=[tagged["front"]])["SecurityGroups"]
    (rule,) = ec2.describe_security_group_rules(SecurityGroupRuleIds=[tagged["rule"]])[
        "SecurityGroupRules"
    ]

    assert as_dict(group["Tags"]) == as_dict(rule["Tags"]) == {"owner": "me"}


def test_tags_are_added_overwritten_and_removed(elb: Any, tagged: Any) -> None:
    arn = tagged["listener"]

    elb.add_tags(
        ResourceArns=[arn], Tags=[{"Key": "owner", "Value": "you"}, {"Key": "b", "Value": ""}]
    )
    assert elb_tags(elb, arn) == {"owner": "you", "b": ""}

    elb.remove_tags(ResourceArns=[arn], TagKeys=["owner", "nothing"])
    assert elb_tags(elb, arn) == {"b": ""}


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        pytest.param([{"Key": "k" * 129, "Value": ""}], "ValidationError", id="long-key"),
        pytest.param([{"Key": "k", "Value": "v" * 257}], "ValidationError", id="long-value"),
        pytest.param([{"Key": "aws:k", "Value": ""}], "ValidationError", id="reserved"),
        pytest.param(MINE + MINE, "DuplicateTagKeys", id="twice"),
        pytest.param(
            [{"Key": f"k{n}", "Value": ""} for n in range(51)], "TooManyTags", id="51-tags"
        ),
    ],
)
def test_wrong_tags_of_a_load_balancer_are_refused(
    make: Any, refused: Any, tags: Any, code: str
) -> None:
    with refused(code):
        make.balancer(Tags=tags)


def test_50_tags_are_accepted_and_one_more_refused(make: Any, elb: Any, refused: Any) -> None:
    arn = make.balancer_arn(Tags=[{"Key": f"k{n}", "Value": ""} for n in range(50)])

    with refused("TooManyTags"):
        elb.add_tags(ResourceArns=[arn], Tags=MINE)


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        pytest.param([{"Key": "k" * 129, "Value": ""}], "InvalidParameterValue", id="long-key"),
        pytest.param([{"Key": "k", "Value": "v" * 257}], "InvalidParameterValue", id="long-value"),
        pytest.param([{"Key": "aws:k", "Value": ""}], "InvalidParameterValue", id="reserved"),
        pytest.param(MINE + MINE, "InvalidParameterValue", id="twice"),
        pytest.param(
            [{"Key": f"k{n}", "Value": ""} for n in range(51)], "TagLimitExceeded", id="51-tags"
        ),
    ],
)
def test_wrong_tags_of_a_security_group_are_refused(
    make: Any, refused: Any, tags: Any, code: str
) -> None:
    with refused(code):
        make.security_group(TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}])


def test_tags_for_another_kind_of_resource_are_refused(make: Any, refused: Any) -> None:
    with refused("InvalidParameterValue"):
        make.security_group(TagSpecifications=[{"ResourceType": "instance", "Tags": MINE}])


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        pytest.param("sg-0123456789abcdef0", "InvalidGroup.NotFound", id="group"),
        pytest.param("sgr-0123456789abcdef0", "InvalidSecurityGroupRuleId.NotFound", id="rule"),
    ],
)
def test_tagging_what_is_not_there_is_refused(
    ec2: Any, world: SeededWorld, refused: Any, resource: Any, code: str
) -> None:
    with refused(code):
        ec2.create_tags(Resources=[resource], Tags=MINE)


def test_ec2_tags_are_added_and_removed(ec2: Any, tagged: Any) -> None:
    rule = tagged["rule"]

    ec2.create_tags(Resources=[rule], Tags=[{"Key": "b", "Value": "c"}])
    ec2.delete_tags(Resources=[rule], Tags=[{"Key": "owner"}])

    (shown,) = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"]
    assert as_dict(shown["Tags"]) == {"b": "c"}


def test_20_resources_are_described_at_once_and_no_more(make: Any, elb: Any, refused: Any) -> None:
    arns = [make.target_group_arn(Name=f"n{number}") for number in range(21)]

    assert len(elb.describe_tags(ResourceArns=arns[:20])["TagDescriptions"]) == 20
    with refused("ValidationError"):
        elb.describe_tags(ResourceArns=arns)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        pytest.param("loadbalancer/net/a/b", "LoadBalancerNotFound", id="load-balancer"),
        pytest.param("targetgroup/a/b", "TargetGroupNotFound", id="target-group"),
        pytest.param("listener/net/a/b/c", "ListenerNotFound", id="listener"),
        pytest.param("listener-rule/app/a/b/c/d", "RuleNotFound", id="rule"),
    ],
)
def test_tags_of_what_is_not_there_are_refused(
    elb: Any, world: SeededWorld, refused: Any, kind: str, code: str
) -> None:
    arn = f"arn:aws:elasticloadbalancing:eu-west-1:111122223333:{kind}"

    with refused(code):
        elb.describe_tags(ResourceArns=[arn])


def found(tagging: Any, **filters: Any) -> Any:
    return {
        each["ResourceARN"].split(":", 5)[5].partition("/")[0]
        for page in tagging.get_paginator("get_resources").paginate(**filters)
        for each in page["ResourceTagMappingList"]
    }


def test_everything_that_carries_a_tag_is_found_by_it(tagging: Any, tagged: Any) -> None:
    assert found(tagging, TagFilters=[{"Key": "owner", "Values": ["me"]}]) == {
        "loadbalancer",
        "targetgroup",
        "listener",
        "security-group",
        "security-group-rule",
    }


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        pytest.param(["elasticloadbalancing:listener"], {"listener"}, id="one-type"),
        pytest.param(["ec2"], {"security-group", "security-group-rule"}, id="one-service"),
    ],
)
def test_types_narrow_a_search(tagging: Any, tagged: Any, types: Any, expected: Any) -> None:
    filters = {"TagFilters": [{"Key": "owner"}], "ResourceTypeFilters": types}

    assert found(tagging, **filters) == expected


def test_all_tag_filters_must_match(tagging: Any, tagged: Any) -> None:
    assert (
        found(tagging, TagFilters=[{"Key": "owner", "Values": ["me", "you"]}, {"Key": "b"}])
        == set()
    )


def test_a_search_comes_in_pages(tagging: Any, tagged: Any, emulator: Emulator) -> None:
    emulator.configure(page_size=2)

    pages = tagging.get_paginator("get_resources").paginate(TagFilters=[{"Key": "owner"}])

    assert [len(page["ResourceTagMappingList"]) for page in pages] == [2, 2, 1]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        pytest.param({"ResourcesPerPage": 101}, "InvalidParameterException", id="page-of-101"),
        pytest.param(
            {"ResourceARNList": ["arn:aws:ec2:x:1:vpc/a"], "TagFilters": [{"Key": "a"}]},
            "InvalidParameterException",
            id="arns-and-filters",
        ),
        pytest.param(
            {"PaginationToken": "bogus"}, "PaginationTokenExpiredException", id="bad-token"
        ),
    ],
)
def test_a_wrong_search_is_refused(
    tagging: Any, world: SeededWorld, refused: Any, asked: Any, code: str
) -> None:
    with refused(code):
        tagging.get_resources(**asked)


def test_tags_go_with_their_resource(tagging: Any, elb: Any, ec2: Any, tagged: Any) -> None:
    elb.delete_load_balancer(LoadBalancerArn=tagged["balancer"])
    elb.delete_target_group(TargetGroupArn=tagged["group"])
    ec2.delete_security_group(GroupId=tagged["front"])

    assert found(tagging, TagFilters=[{"Key": "owner"}]) == set()
