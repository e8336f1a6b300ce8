"""Target groups and their members: one call where nothing differs from AWS's defaults, batches, refusals of single targets."""

from dataclasses import replace
from typing import Any

import pytest

from cloudlb.errors import Conflict, NotFound, NotOwned, NotReady, QuotaExceeded, Transient
from cloudlb.testing.faults import Fault, FaultKind
from cloudlb_aws.resources.target_group import HealthCheck
from cloudlb_aws.resources.targets import Target

LOCAL = HealthCheck(
    protocol="HTTP",
    port="31234",
    path="/healthz",
    matcher="200-399",
    interval=10,
    timeout=6,
    healthy_threshold=2,
    unhealthy_threshold=2,
)
GONE = "i-0dead000000000000"


def with_options(group: Any, **values: str) -> Any:
    """Change options; a double underscore in a key stands for a dot."""
    news = {key.replace("__", "."): value for key, value in values.items()}
    return replace(group, options=tuple(sorted((dict(group.options) | news).items())))


def filled(bed: Any, *instances: str) -> Any:
    """Make a group with these members."""
    group = bed.create(bed.target_group())
    return bed.create(bed.targets(*instances, group=group.attributes["arn"]))


def pods(bed: Any, count: int) -> Any:
    """Make a group of addresses with so many members."""
    group = bed.create(bed.target_group(target_type="ip"))
    members = frozenset(
        Target(id=f"10.0.{number // 200}.{number % 200 + 10}", port=8080) for number in range(count)
    )
    return bed.targets(group=group.attributes["arn"], members=members)


def test_a_group_is_made_in_one_call_that_carries_its_tags(bed: Any) -> None:
    mark = bed.mark()
    found = bed.create(bed.target_group(tags=(("team", "web"),)))

    assert bed.operations(mark) == ("CreateTargetGroup",)
    (reply,) = bed.client("elbv2").describe_tags(ResourceArns=[found.id])["TagDescriptions"]
    tags = {each["Key"]: each["Value"] for each in reply["Tags"]}
    assert tags["team"] == "web"
    assert tags["cloudlb.io/generation"] == "g1"
    assert tags["cloudlb.io/resource"] == "target-group/tcp-80"
    assert bed.observe().kind("target-group") == (found,)


@pytest.mark.parametrize("protocol", ["TCP", "UDP", "TCP_UDP", "TLS"])
@pytest.mark.parametrize("target_type", ["instance", "ip"])
def test_our_table_of_defaults_is_what_a_new_group_has(
    bed: Any, protocol: str, target_type: str
) -> None:
    desired = bed.target_group(protocol=protocol, target_type=target_type)
    mark = bed.mark()

    made = bed.create(desired)

    assert bed.operations(mark) == ("CreateTargetGroup",)
    (observed,) = bed.observe().kind("target-group")
    assert dict(observed.value.options).items() >= dict(desired.options).items()
    assert replace(observed.value, options=desired.options) == made.value


def test_only_options_that_are_no_defaults_are_sent(bed: Any) -> None:
    desired = with_options(bed.target_group(), proxy_protocol_v2__enabled="true")
    mark = bed.mark()

    bed.create(desired)

    _, call = bed.emulator.recorder.since(mark)
    assert call.params["Attributes"] == [{"Key": "proxy_protocol_v2.enabled", "Value": "true"}]
    (observed,) = bed.observe().kind("target-group")
    assert observed.value == desired


def test_a_health_check_over_http_keeps_its_path_and_codes(bed: Any) -> None:
    found = bed.create(bed.target_group(health_check=LOCAL))

    assert bed.observe().kind("target-group") == (found,)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(None, LOCAL, id="tcp-to-http"),
        pytest.param(LOCAL, None, id="http-to-tcp"),
        pytest.param(LOCAL, replace(LOCAL, path="/ready"), id="another-path"),
    ],
)
def test_another_health_check_costs_one_call(
    bed: Any, old: HealthCheck | None, new: HealthCheck | None
) -> None:
    usual = bed.target_group()
    found = bed.create(replace(usual, health_check=old or usual.health_check))
    desired = replace(usual, health_check=new or usual.health_check)
    mark = bed.mark()

    updated = bed.update(found, desired)

    assert bed.operations(mark) == ("ModifyTargetGroup",)
    assert bed.observe().kind("target-group") == (updated,)


def test_changed_options_are_sent_and_no_others(bed: Any) -> None:
    found = bed.create(bed.target_group())
    desired = with_options(bed.target_group(), stickiness__enabled="true")
    mark = bed.mark()

    updated = bed.update(found, desired)

    (call,) = bed.emulator.recorder.since(mark)
    assert call.params["Attributes"] == [{"Key": "stickiness.enabled", "Value": "true"}]
    assert bed.observe().kind("target-group") == (updated,)


def test_tags_come_and_go_with_the_record_of_them(bed: Any) -> None:
    found = bed.create(bed.target_group(tags=(("a", "1"), ("b", "2"))))
    bed.client("elbv2").add_tags(ResourceArns=[found.id], Tags=[{"Key": "cost", "Value": "7"}])

    found = bed.update(found, bed.target_group(tags=(("b", "3"), ("c", "4"))))
    assert bed.observe().kind("target-group") == (found,)
    found = bed.update(found, bed.target_group())

    assert bed.observe().kind("target-group") == (found,)
    (reply,) = bed.client("elbv2").describe_tags(ResourceArns=[found.id])["TagDescriptions"]
    keys = {each["Key"] for each in reply["Tags"]}
    assert "cost" in keys
    assert not keys & {"a", "b", "c", "cloudlb.io/tag-keys"}


def test_a_lost_answer_makes_no_second_group(bed: Any) -> None:
    bed.emulator.faults.arm(Fault(kind=FaultKind.RESET_AFTER, operation="CreateTargetGroup"))
    with pytest.raises(Transient):
        bed.create(bed.target_group())

    found = bed.create(bed.target_group())

    assert bed.observe().kind("target-group") == (found,)


def test_a_group_with_other_settings_is_adopted_and_changed(bed: Any) -> None:
    first = bed.create(bed.target_group(tags=(("team", "web"),)))
    desired = with_options(
        bed.target_group(health_check=LOCAL), deregistration_delay__timeout_seconds="30"
    )

    found = bed.again() and bed.create(desired)

    assert found.id == first.id
    assert bed.observe().kind("target-group") == (found,)
    assert found.value == desired


def test_a_group_that_would_have_to_be_replaced_is_a_conflict(bed: Any) -> None:
    bed.create(bed.target_group())

    with pytest.raises(Conflict, match="protocol"):
        bed.create(bed.target_group(protocol="UDP"))


def test_a_foreign_group_of_our_name_is_left_alone(bed: Any) -> None:
    theirs = bed.client("elbv2").create_target_group(
        Name=bed.target_group().name, Protocol="TCP", Port=1, VpcId=bed.world.vpc_id
    )["TargetGroups"][0]

    with pytest.raises(NotOwned, match=bed.target_group().name):
        bed.create(bed.target_group())

    (still,) = bed.client("elbv2").describe_target_groups()["TargetGroups"]
    assert still == theirs


def test_a_group_in_use_is_not_deleted_yet(bed: Any) -> None:
    bed.apply(bed.stack())
    (group,) = bed.observe().kind("target-group")

    with pytest.raises(NotReady, match="in use"):
        bed.delete(group)


def test_deleting_what_is_gone_is_success(bed: Any) -> None:
    found = bed.create(bed.target_group())
    bed.delete(found)

    bed.delete(found)

    assert len(bed.observe()) == 0


def test_members_are_registered_in_one_call_and_seen_again(bed: Any) -> None:
    mark = bed.mark()
    made = filled(bed, *bed.world.instances)

    assert bed.operations(mark) == ("CreateTargetGroup", "RegisterTargets")
    assert bed.observe().kind("targets") == (made,)


def test_members_come_before_others_go(bed: Any) -> None:
    one, two, three = bed.world.instances
    made = filled(bed, one, two)
    mark = bed.mark()

    updated = bed.update(made, bed.targets(two, three, group=made.value.group))

    assert bed.operations(mark) == ("RegisterTargets", "DeregisterTargets")
    assert bed.observe().kind("targets") == (updated,)


def test_members_that_still_drain_are_out(bed: Any) -> None:
    bed.emulator.configure(health_seconds=60.0)
    made = filled(bed, *bed.world.instances)

    bed.update(made, bed.targets(bed.world.instances[0], group=made.value.group))

    (observed,) = bed.observe().kind("targets")
    assert {each.id for each in observed.value.members} == {bed.world.instances[0]}


def test_many_members_are_sent_in_the_sizes_that_aws_takes(bed: Any) -> None:
    mark = bed.mark()
    made = bed.create(pods(bed, 450))

    assert bed.operations(mark).count("RegisterTargets") == 3
    assert bed.observe().kind("targets") == (made,)
    bed.update(made, replace(made.value, members=frozenset()))
    assert bed.operations(mark).count("DeregisterTargets") == 3


def test_too_many_members_are_an_error_that_names_the_quota(bed: Any) -> None:
    with pytest.raises(QuotaExceeded, match="Targets per"):
        bed.create(pods(bed, 501))


def test_addresses_outside_the_network_keep_their_zone(bed: Any) -> None:
    group = bed.create(bed.target_group(target_type="ip"))
    members = frozenset(
        {Target(id="10.0.0.9", port=8080), Target(id="192.168.7.1", port=8080, zone="all")}
    )

    made = bed.create(bed.targets(group=group.attributes["arn"], members=members))

    assert bed.observe().kind("targets") == (made,)


def test_an_instance_that_does_not_exist_does_not_hold_up_the_others(bed: Any) -> None:
    group = bed.create(bed.target_group())

    with pytest.raises(Conflict, match=GONE):
        bed.create(bed.targets(*bed.world.instances, GONE, group=group.attributes["arn"]))

    (observed,) = bed.observe().kind("targets")
    assert {each.id for each in observed.value.members} == set(bed.world.instances)


def test_members_that_go_are_deregistered_even_if_a_new_one_is_refused(bed: Any) -> None:
    one, two, _ = bed.world.instances
    made = filled(bed, one)

    with pytest.raises(Conflict):
        bed.update(made, bed.targets(two, GONE, group=made.value.group))

    (observed,) = bed.observe().kind("targets")
    assert {each.id for each in observed.value.members} == {two}


def test_members_of_an_adopted_group_that_are_not_wanted_go(bed: Any) -> None:
    one, two, three = bed.world.instances
    filled(bed, one, two)
    bed.again()
    group = bed.create(bed.target_group(health_check=LOCAL))

    made = bed.create(bed.targets(two, three, group=group.attributes["arn"]))

    assert bed.observe().kind("targets") == (made,)


def test_members_of_a_group_that_is_gone_are_not_found(bed: Any) -> None:
    made = filled(bed, bed.world.instances[0])
    bed.client("elbv2").delete_target_group(TargetGroupArn=made.id)
    bed.again()

    with pytest.raises(NotFound):
        bed.update(made, bed.targets(*bed.world.instances, group=made.value.group))
    bed.delete(made)


def test_all_members_can_go_while_the_group_stays(bed: Any) -> None:
    made = filled(bed, *bed.world.instances)

    bed.delete(made)

    (observed,) = bed.observe().kind("targets")
    assert observed.value.members == frozenset()
