"""Rules of application load balancers: limits and priorities."""

from typing import Any

import pytest

from cloudlb_aws.emulator import SeededWorld


@pytest.fixture
def listener(make: Any) -> Any:
    balancer = make.balancer_arn(Type="application")
    group = make.target_group_arn(Protocol="HTTP")
    return make.listener(balancer, group, Protocol="HTTP")["ListenerArn"]


FIXED = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]


def hosts(*values: Any) -> Any:
    return [{"Field": "host-header", "HostHeaderConfig": {"Values": list(values)}}]


def rule(elb: Any, listener: Any, priority: Any, *, conditions: Any = None) -> Any:
    return elb.create_rule(
        ListenerArn=listener,
        Priority=priority,
        Conditions=conditions or hosts(f"h{priority}.example"),
        Actions=FIXED,
    )["Rules"][0]["RuleArn"]


def priorities(elb: Any, listener: Any) -> Any:
    rules = elb.describe_rules(ListenerArn=listener)["Rules"]
    return {each["RuleArn"]: each["Priority"] for each in rules if not each["IsDefault"]}


def test_five_condition_values_are_accepted_and_six_refused(
    elb: Any, listener: Any, refused: Any
) -> None:
    paths = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a", "/b"]}}
    five = [*hosts("a", "b", "c"), paths]
    rule(elb, listener, 1, conditions=five)

    with refused("ValidationError"):
        rule(elb, listener, 2, conditions=[*five, {"Field": "path-pattern", "Values": ["/c"]}])


def test_a_listener_has_at_most_100_rules(elb: Any, listener: Any, refused: Any) -> None:
    for priority in range(1, 101):
        rule(elb, listener, priority)

    with refused("TooManyRules"):
        rule(elb, listener, 101)


def test_a_priority_belongs_to_one_rule(elb: Any, listener: Any, refused: Any) -> None:
    rule(elb, listener, 1)

    with refused("PriorityInUse"):
        rule(elb, listener, 1, conditions=hosts("other.example"))


@pytest.mark.parametrize("priority", [0, 50_001])
def test_a_priority_out_of_range_is_refused(
    elb: Any, listener: Any, refused: Any, priority: Any
) -> None:
    with refused("ValidationError"):
        rule(elb, listener, priority)


def test_two_rules_swap_priorities_in_one_call(elb: Any, listener: Any) -> None:
    first, second = rule(elb, listener, 1), rule(elb, listener, 2)

    elb.set_rule_priorities(
        RulePriorities=[
            {"RuleArn": first, "Priority": 2},
            {"RuleArn": second, "Priority": 1},
        ]
    )

    assert priorities(elb, listener) == {second: "1", first: "2"}


def test_a_priority_of_an_unmoved_rule_is_refused_and_nothing_moves(
    elb: Any, listener: Any, refused: Any
) -> None:
    first, second, third = (rule(elb, listener, number) for number in (1, 2, 3))

    with refused("PriorityInUse"):
        elb.set_rule_priorities(
            RulePriorities=[
                {"RuleArn": first, "Priority": 9},
                {"RuleArn": second, "Priority": 3},
            ]
        )

    assert priorities(elb, listener) == {first: "1", second: "2", third: "3"}


def test_regular_expressions_are_kept(elb: Any, listener: Any) -> None:
    condition = {"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["^/a.*"]}}
    arn = rule(elb, listener, 1, conditions=[condition])

    (shown,) = elb.describe_rules(RuleArns=[arn])["Rules"]
    assert shown["Conditions"][0]["PathPatternConfig"]["RegexValues"] == ["^/a.*"]


def test_the_default_rule_stays(elb: Any, listener: Any, refused: Any) -> None:
    (default,) = elb.describe_rules(ListenerArn=listener)["Rules"]

    with refused("OperationNotPermitted"):
        elb.delete_rule(RuleArn=default["RuleArn"])


def test_rules_of_a_network_load_balancer_are_refused(make: Any, elb: Any, refused: Any) -> None:
    arn = make.listener(make.balancer_arn(), make.target_group_arn())["ListenerArn"]

    with refused("UnsupportedProtocol"):
        rule(elb, arn, 1)


def test_a_rule_holds_its_target_group(make: Any, elb: Any, listener: Any, refused: Any) -> None:
    group = make.target_group_arn(Name="other", Protocol="HTTP")
    arn = rule(elb, listener, 1)
    elb.modify_rule(RuleArn=arn, Actions=[{"Type": "forward", "TargetGroupArn": group}])

    with refused("ResourceInUse"):
        elb.delete_target_group(TargetGroupArn=group)

    elb.delete_rule(RuleArn=arn)
    elb.delete_target_group(TargetGroupArn=group)


def test_a_rule_that_is_not_there_is_said_so(elb: Any, world: SeededWorld, refused: Any) -> None:
    with refused("RuleNotFound"):
        elb.delete_rule(RuleArn="arn:aws:x:eu-west-1:1:listener-rule/app/a/b/c/d")
