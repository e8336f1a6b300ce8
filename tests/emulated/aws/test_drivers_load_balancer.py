"""Load balancers: created in one call, changed group by group, adopted only if ours."""

from dataclasses import replace
from typing import Any

import pytest

from cloudlb.errors import Conflict, NotOwned, NotReady, Rejected, Transient
from cloudlb.testing.faults import Fault, FaultKind
from cloudlb_aws.resources.load_balancer import SubnetMapping


def made(bed: Any, **other: Any) -> Any:
    """Make a load balancer with a front group."""
    group = bed.create(bed.group())
    return bed.create(bed.balancer(security_groups=frozenset({str(group.id)}), **other))


def with_options(balancer: Any, **values: str) -> Any:
    """Change options; a double underscore in a key stands for a dot."""
    news = {key.replace("__", "."): value for key, value in values.items()}
    return replace(balancer, options=tuple(sorted((dict(balancer.options) | news).items())))


def observed(bed: Any) -> Any:
    """Observe the only load balancer."""
    (found,) = bed.observe().kind("load-balancer")
    return found


def assert_seen(bed: Any, found: Any) -> None:
    """Assert that an observation shows just what was made, as far as it is managed."""
    seen = observed(bed)
    stated = dict(found.value.options)
    assert {key: value for key, value in seen.value.options if key in stated} == stated
    assert replace(seen.value, options=found.value.options) == found.value
    assert (seen.id, seen.attributes) == (found.id, found.attributes)


def test_a_load_balancer_is_made_in_one_call_that_carries_its_tags(bed: Any) -> None:
    mark = bed.mark()
    found = made(bed, tags=(("team", "web"),))

    assert bed.operations(mark) == ("CreateSecurityGroup", "CreateLoadBalancer")
    (reply,) = bed.client("elbv2").describe_tags(ResourceArns=[found.id])["TagDescriptions"]
    tags = {each["Key"]: each["Value"] for each in reply["Tags"]}
    assert tags["team"] == "web"
    assert tags["cloudlb.io/owner-uid"] == bed.owner.uid
    assert found.attributes["dns_name"].startswith(found.value.name)
    assert_seen(bed, found)


@pytest.mark.parametrize("scheme", ["internet-facing", "internal"])
def test_our_table_of_defaults_is_what_a_new_load_balancer_has(bed: Any, scheme: str) -> None:
    mark = bed.mark()

    found = made(bed, scheme=scheme)

    assert bed.operations(mark)[-1] == "CreateLoadBalancer"
    assert_seen(bed, found)


def test_addresses_that_were_asked_for_come_back(bed: Any) -> None:
    mappings = tuple(
        SubnetMapping(subnet_id=subnet, allocation_id=allocation)
        for subnet, allocation in sorted(
            zip(bed.world.public_subnets, bed.world.allocations, strict=True)
        )
    )

    assert_seen(bed, made(bed, mappings=mappings))


def test_private_addresses_that_were_asked_for_come_back(bed: Any) -> None:
    mapping = SubnetMapping(subnet_id=bed.world.private_subnets[0], private_ipv4="10.0.48.77")

    assert_seen(bed, made(bed, scheme="internal", mappings=(mapping,)))


def test_what_a_new_load_balancer_can_not_be_told_is_set_right_after(bed: Any) -> None:
    desired = with_options(bed.balancer(), load_balancing__cross_zone__enabled="true")
    mark = bed.mark()

    found = made(bed, private_link_rules="off", options=desired.options)

    assert bed.operations(mark)[1:] == (
        "CreateLoadBalancer",
        "SetSecurityGroups",
        "ModifyLoadBalancerAttributes",
    )
    assert_seen(bed, found)


def test_without_security_groups_there_are_no_rules_for_private_link(bed: Any) -> None:
    found = bed.create(bed.balancer(security_groups=frozenset(), private_link_rules=""))

    assert_seen(bed, found)


def test_a_subnet_more_costs_one_call(bed: Any) -> None:
    *some, last = sorted(bed.world.public_subnets)
    found = made(bed, mappings=tuple(SubnetMapping(subnet_id=each) for each in some))
    mark = bed.mark()

    mappings = (*found.value.mappings, SubnetMapping(subnet_id=last))
    updated = bed.update(found, replace(found.value, mappings=mappings))

    assert bed.operations(mark) == ("SetSubnets",)
    assert_seen(bed, updated)


def test_other_groups_and_private_link_rules_change_in_one_call(bed: Any) -> None:
    found = made(bed)
    back = bed.create(bed.backend_group(), bed.shared)
    groups = found.value.security_groups | {str(back.id)}
    mark = bed.mark()

    updated = bed.update(
        found, replace(found.value, security_groups=groups, private_link_rules="off")
    )

    assert bed.operations(mark) == ("SetSecurityGroups",)
    assert_seen(bed, updated)


def test_only_changed_options_are_sent(bed: Any) -> None:
    found = made(bed)
    mark = bed.mark()

    updated = bed.update(
        found, with_options(found.value, load_balancing__cross_zone__enabled="true")
    )

    (call,) = bed.emulator.recorder.since(mark)
    assert call.params["Attributes"] == [
        {"Key": "load_balancing.cross_zone.enabled", "Value": "true"}
    ]
    assert_seen(bed, updated)


def test_tags_change_in_place(bed: Any) -> None:
    found = made(bed, tags=(("a", "1"),))

    updated = bed.update(found, replace(found.value, tags=(("b", "2"),)))

    assert_seen(bed, updated)


def test_a_lost_answer_makes_no_second_load_balancer(bed: Any) -> None:
    group = bed.create(bed.group())
    desired = bed.balancer(security_groups=frozenset({str(group.id)}), private_link_rules="off")
    bed.emulator.faults.arm(Fault(kind=FaultKind.RESET_AFTER, operation="CreateLoadBalancer"))
    with pytest.raises(Transient):
        bed.create(desired)

    assert_seen(bed, bed.create(desired))


def test_an_existing_one_is_compared_in_full_and_changed(bed: Any) -> None:
    first = made(bed, tags=(("team", "web"),))
    drifted = with_options(first.value, load_balancing__cross_zone__enabled="true")
    bed.update(first, drifted)
    bed.again()

    found = bed.create(replace(first.value, tags=(), private_link_rules="off"))

    assert found.id == first.id
    assert_seen(bed, found)


def test_one_that_would_have_to_be_replaced_is_a_conflict(bed: Any) -> None:
    found = made(bed)

    with pytest.raises(Conflict, match="scheme"):
        bed.create(replace(found.value, scheme="internal"))


def test_a_foreign_one_of_our_name_is_left_alone(bed: Any) -> None:
    theirs = bed.client("elbv2").create_load_balancer(
        Name=bed.balancer().name, Type="network", Subnets=[bed.world.public_subnets[0]]
    )["LoadBalancers"][0]
    writes = bed.emulator.recorder.count(write=True)

    with pytest.raises(NotOwned, match=theirs["LoadBalancerName"]):
        made(bed)

    assert bed.emulator.recorder.count(write=True) == writes + 2
    assert (
        bed.client("elbv2").describe_tags(ResourceArns=[theirs["LoadBalancerArn"]])[
            "TagDescriptions"
        ][0]["Tags"]
        == []
    )


def test_one_with_a_name_that_a_user_chose_is_asked_whose_it_is(bed: Any) -> None:
    mark = bed.mark()
    found = made(bed, name="shop")

    assert bed.operations(mark)[1:] == (
        "CreateLoadBalancer",
        "DescribeTags",
        "DescribeLoadBalancerAttributes",
    )
    assert_seen(bed, found)
    other = replace(bed.owner, uid="6f1f7a3e-0000-4000-8000-0000000000bb", name="other")
    with pytest.raises(NotOwned, match="shop"):
        bed.create(found.value, other)


def test_deleting_takes_the_listeners_along_and_is_success_when_gone(bed: Any) -> None:
    bed.apply(bed.stack())
    found = observed(bed)
    mark = bed.mark()

    bed.delete(found)
    bed.delete(found)

    assert bed.operations(mark) == ("DeleteLoadBalancer", "DeleteLoadBalancer")
    assert bed.observe().kind("load-balancer") == ()
    assert bed.observe().kind("listener") == ()


def test_a_protected_one_is_not_deleted_and_the_remedy_is_told(bed: Any) -> None:
    found = made(bed)
    found = bed.update(found, with_options(found.value, deletion_protection__enabled="true"))

    with pytest.raises(Rejected, match=r"deletion_protection\.enabled=false"):
        bed.delete(found)

    assert observed(bed).id == found.id


def test_addresses_that_are_still_in_use_are_waited_for(bed: Any) -> None:
    mapping = SubnetMapping(
        subnet_id=bed.world.public_subnets[0], allocation_id=bed.world.allocations[0]
    )
    first = made(bed, mappings=(mapping,))

    with pytest.raises(NotReady):
        bed.create(replace(first.value, name="clb-default-kubia-1b00000002"))


@pytest.mark.parametrize("name", ["shop", "clb-default-kubia-1b00000001"])
def test_one_that_does_not_show_yet_is_waited_for(bed: Any, name: str) -> None:
    bed.emulator.configure(lag_calls=9)
    found = made(bed, name="clb-default-kubia-1b00000001")

    with pytest.raises((NotReady, Conflict)):
        bed.create(replace(found.value, scheme="internal"))


class TestDualStack:
    """Load balancers with IPv6."""

    @pytest.fixture
    def seed(self, seed: Any) -> Any:
        return replace(seed, ipv6=True)

    def test_the_address_type_changes_in_one_call(self, bed: Any) -> None:
        found = made(bed)
        mark = bed.mark()

        updated = bed.update(found, replace(found.value, ip_address_type="dualstack"))

        assert bed.operations(mark) == ("SetIpAddressType",)
        assert_seen(bed, updated)

    def test_source_nat_for_datagrams_changes_together_with_the_address_type(
        self, bed: Any
    ) -> None:
        found = made(bed)
        mark = bed.mark()

        updated = bed.update(
            found, replace(found.value, ip_address_type="dualstack", ipv6_source_nat="on")
        )

        assert bed.operations(mark) == ("SetSubnets",)
        assert_seen(bed, updated)

    def test_everything_can_be_asked_for_at_once(self, bed: Any) -> None:
        assert_seen(bed, made(bed, ip_address_type="dualstack", ipv6_source_nat="on"))
