"""Security groups and rules: created with tags, adopted only if ours, changed rule by rule."""

from dataclasses import replace
from typing import Any

import pytest

from cloudlb.errors import Conflict, NotOwned, NotReady, QuotaExceeded, Transient
from cloudlb.testing.faults import Fault, FaultKind
from cloudlb_aws.resources.ingress_rules import IngressRule

WEB = IngressRule(protocol="tcp", from_port=80, to_port=80, source="192.0.2.0/24")
SIX = IngressRule(protocol="tcp", from_port=80, to_port=80, source="2001:db8::/32")
PATH_MTU = IngressRule(protocol="icmp", from_port=3, to_port=4, source="0.0.0.0/0")
PATH_MTU_SIX = IngressRule(protocol="icmpv6", from_port=2, to_port=0, source="::/0")
DATAGRAMS = IngressRule(protocol="udp", from_port=53, to_port=53, source="0.0.0.0/0")


def opened(bed: Any, *rules: IngressRule) -> Any:
    """Make a group with these rules."""
    group = bed.create(bed.group())
    return bed.create(bed.rules(*rules, group=str(group.id)))


def rules_in_ec2(bed: Any, group_id: str) -> list[dict[str, Any]]:
    reply = bed.client("ec2").describe_security_group_rules(
        Filters=[{"Name": "group-id", "Values": [group_id]}]
    )
    return [each for each in reply["SecurityGroupRules"] if not each["IsEgress"]]


def test_a_group_is_made_in_one_call_that_carries_its_tags(bed: Any) -> None:
    mark = bed.mark()
    found = bed.create(bed.group(tags=(("team", "web"),)))

    assert bed.operations(mark) == ("CreateSecurityGroup",)
    (group,) = bed.client("ec2").describe_security_groups(GroupIds=[found.id])["SecurityGroups"]
    tags = {each["Key"]: each["Value"] for each in group["Tags"]}
    assert tags["team"] == "web"
    assert tags["cloudlb.io/cluster"] == bed.owner.cluster
    assert tags["cloudlb.io/owner-uid"] == bed.owner.uid
    assert tags["cloudlb.io/resource"] == "security-group/frontend"


def test_creating_a_group_again_adopts_it(bed: Any) -> None:
    first = bed.create(bed.group())

    bed.again()

    assert bed.create(bed.group()) == first


def test_an_adopted_group_gets_the_tags_that_are_wanted_now(bed: Any) -> None:
    bed.create(bed.group(tags=(("team", "web"),)))

    found = bed.create(bed.group(tags=(("stage", "live"),)))

    (observed,) = bed.observe().kind("security-group")
    assert observed.value.tags == found.value.tags == (("stage", "live"),)


def test_tags_that_somebody_else_made_stay(bed: Any) -> None:
    found = bed.create(bed.group(tags=(("team", "web"),)))
    bed.client("ec2").create_tags(Resources=[found.id], Tags=[{"Key": "cost", "Value": "7"}])

    bed.update(found, bed.group())

    (group,) = bed.client("ec2").describe_security_groups(GroupIds=[found.id])["SecurityGroups"]
    keys = {each["Key"] for each in group["Tags"]}
    assert "cost" in keys
    assert "team" not in keys


def test_a_foreign_group_of_our_name_is_left_alone(bed: Any) -> None:
    bed.client("ec2").create_security_group(
        GroupName=bed.group().name, Description="theirs", VpcId=bed.world.vpc_id
    )
    writes = bed.emulator.recorder.count(write=True)

    with pytest.raises(NotOwned, match="security-group/frontend"):
        bed.create(bed.group())

    assert bed.emulator.recorder.count(write=True) == writes + 1


def test_a_group_whose_answer_was_lost_is_made_once(bed: Any) -> None:
    bed.emulator.faults.arm(Fault(kind=FaultKind.RESET_AFTER, operation="CreateSecurityGroup"))
    with pytest.raises(Transient):
        bed.create(bed.group())

    found = bed.create(bed.group())

    assert [each.id for each in bed.observe().kind("security-group")] == [found.id]


def test_a_group_that_does_not_show_yet_is_waited_for(bed: Any) -> None:
    bed.emulator.configure(lag_calls=5)
    bed.create(bed.group())

    with pytest.raises(NotReady, match="does not show it yet"):
        bed.create(bed.group())


def test_a_group_in_use_is_not_deleted_yet(bed: Any) -> None:
    front = bed.create(bed.group())
    back = bed.create(bed.backend_group(), bed.shared)
    bed.create(bed.node_rules(str(back.id), 30080), bed.shared)

    with pytest.raises(NotReady) as raised:
        bed.delete(back, bed.shared)

    assert raised.value.after > 0
    assert "DependencyViolation" in str(raised.value)
    bed.delete(front)
    bed.delete(front)


def test_rules_of_every_kind_come_back_as_they_were_asked_for(bed: Any) -> None:
    (prefix_list,) = bed.world.prefix_lists.values()
    listed = replace(WEB, source=prefix_list)
    rules = (WEB, SIX, PATH_MTU, PATH_MTU_SIX, DATAGRAMS, listed)
    mark = bed.mark()
    made = opened(bed, *rules)

    assert bed.operations(mark) == ("CreateSecurityGroup", "AuthorizeSecurityGroupIngress")
    (observed,) = bed.observe().kind("ingress-rules")
    assert observed == made
    assert observed.handles == made.handles
    assert all(each.startswith("sgr-") for each in made.handles.values())


def test_rules_carry_the_owners_tags(bed: Any) -> None:
    made = opened(bed, WEB)

    (rule,) = rules_in_ec2(bed, made.id)
    tags = {each["Key"]: each["Value"] for each in rule["Tags"]}
    assert tags["cloudlb.io/resource"] == "ingress-rules/frontend"
    assert tags["cloudlb.io/owner-uid"] == bed.owner.uid


def test_without_rules_no_call_is_made(bed: Any) -> None:
    group = bed.create(bed.group())
    mark = bed.mark()

    bed.create(replace(bed.rules(group=str(group.id)), rules=frozenset()))

    assert bed.operations(mark) == ()


def test_a_changed_source_range_costs_two_calls_the_opening_first(bed: Any) -> None:
    made = opened(bed, WEB, PATH_MTU)
    other = replace(WEB, source="198.51.100.0/24")
    mark = bed.mark()

    updated = bed.update(made, bed.rules(other, PATH_MTU, group=str(made.id)))

    assert bed.operations(mark) == ("AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress")
    (observed,) = bed.observe().kind("ingress-rules")
    assert observed == updated
    assert observed.handles == updated.handles


def test_where_the_quota_leaves_no_room_the_old_rules_go_first(bed: Any) -> None:
    old = [replace(WEB, source=f"192.0.2.{number}/32") for number in range(60)]
    new = [replace(WEB, source=f"198.51.100.{number}/32") for number in range(60)]
    made = opened(bed, *old)

    updated = bed.update(made, bed.rules(*new, group=str(made.id)))

    (observed,) = bed.observe().kind("ingress-rules")
    assert observed.value.rules == frozenset(new)
    assert observed.handles == updated.handles


def test_more_rules_than_the_quota_allows_are_an_error_that_names_it(bed: Any) -> None:
    many = [replace(WEB, source=f"192.0.2.{number}/32") for number in range(61)]

    with pytest.raises(QuotaExceeded, match="rules per security group"):
        opened(bed, *many)


def test_rules_whose_answer_was_lost_are_taken_over(bed: Any) -> None:
    group = bed.create(bed.group())
    bed.emulator.faults.arm(
        Fault(kind=FaultKind.RESET_AFTER, operation="AuthorizeSecurityGroupIngress")
    )
    desired = bed.rules(WEB, PATH_MTU, group=str(group.id))
    with pytest.raises(Transient):
        bed.create(desired)

    made = bed.create(desired)

    assert bed.observe().kind("ingress-rules") == (made,)
    assert set(made.handles) == {WEB, PATH_MTU}


def test_only_what_is_missing_is_opened_where_some_rules_exist(bed: Any) -> None:
    made = opened(bed, WEB)

    again = bed.create(bed.rules(WEB, SIX, group=str(made.id)))

    assert set(again.handles) == {WEB, SIX}
    assert len(rules_in_ec2(bed, made.id)) == 2


def test_an_adopted_group_loses_the_rules_that_are_not_wanted(bed: Any) -> None:
    opened(bed, WEB, SIX)
    bed.again()
    group = bed.create(bed.group())

    made = bed.create(bed.rules(WEB, group=str(group.id)))

    assert set(made.handles) == {WEB}
    assert len(rules_in_ec2(bed, made.id)) == 1


def test_a_rule_that_is_gone_already_does_not_stop_the_others_from_going(bed: Any) -> None:
    made = opened(bed, WEB, SIX, PATH_MTU)
    bed.client("ec2").revoke_security_group_ingress(
        GroupId=made.id, SecurityGroupRuleIds=[made.handles[SIX]]
    )

    bed.update(made, bed.rules(PATH_MTU, group=str(made.id)))

    (observed,) = bed.observe().kind("ingress-rules")
    assert observed.value.rules == {PATH_MTU}


def test_all_rules_can_go_while_the_group_stays(bed: Any) -> None:
    made = opened(bed, WEB, SIX)

    bed.delete(made)

    assert rules_in_ec2(bed, made.id) == []
    bed.delete(made)


def test_rules_for_a_group_that_is_gone_are_a_conflict(bed: Any) -> None:
    group = bed.create(bed.group())
    bed.delete(group)
    bed.again()

    with pytest.raises(Conflict):
        bed.create(bed.rules(WEB, group=str(group.id)))


def test_a_group_that_was_made_a_moment_ago_may_be_unknown_for_another_moment(bed: Any) -> None:
    group = bed.create(bed.group())
    bed.client("ec2").delete_security_group(GroupId=group.id)

    with pytest.raises(NotReady, match="a moment ago"):
        bed.create(bed.rules(WEB, group=str(group.id)))


def test_node_rules_name_the_backend_group_and_leave_other_rules_alone(bed: Any) -> None:
    back = bed.create(bed.backend_group(), bed.shared)
    nodes = bed.world.node_security_group
    bed.client("ec2").authorize_security_group_ingress(
        GroupId=nodes, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="192.0.2.0/24"
    )
    made = bed.create(bed.node_rules(str(back.id), 30080, 30443), bed.shared)

    updated = bed.update(made, bed.node_rules(str(back.id), 30443, 31000), bed.shared)

    observed = bed.blind(owner=bed.shared)
    assert observed.kind("node-rules") == (updated,)
    assert observed.kind("security-group") == (back,)
    bed.delete(updated, bed.shared)
    assert [each["FromPort"] for each in rules_in_ec2(bed, nodes)] == [22]
    assert bed.blind(owner=bed.shared).kind("node-rules") == ()


def test_a_node_rule_without_tags_is_marked_and_not_made_twice(bed: Any) -> None:
    back = bed.create(bed.backend_group(), bed.shared)
    bed.client("ec2").authorize_security_group_ingress(
        GroupId=bed.world.node_security_group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 30080,
                "ToPort": 30080,
                "UserIdGroupPairs": [{"GroupId": back.id}],
            }
        ],
    )

    made = bed.create(bed.node_rules(str(back.id), 30080, 30443), bed.shared)

    assert bed.blind(owner=bed.shared).kind("node-rules") == (made,)
    assert len(rules_in_ec2(bed, bed.world.node_security_group)) == 2


def test_where_there_is_no_backend_group_one_call_tells_that_nothing_is_shared(bed: Any) -> None:
    mark = bed.mark()

    assert len(bed.blind(owner=bed.shared)) == 0

    assert bed.operations(mark) == ("DescribeSecurityGroups",)
