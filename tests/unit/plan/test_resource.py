"""Stacks, observed sets and references, and what a class of resources may declare."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from cloudlb.plan.resource import (
    Key,
    Observed,
    Ref,
    Resource,
    Stack,
    attribute,
    exclusive_values,
    meanings,
    pair_fields,
    references,
    resolve,
)

from .things import Group, balancer, found, group, listener, members, plot, ref, rules


class TestStack:
    """A set of desired resources."""

    def test_it_is_the_same_in_any_order(self) -> None:
        one, other = Stack((group(), members(), plot())), Stack((plot(), members(), group()))

        assert one == other
        assert hash(one) == hash(other)
        assert [each.key for each in one] == ["group/x", "members/x", "plot/a"]

    def test_its_order_has_what_is_referred_to_first(self) -> None:
        stack = Stack((balancer(on="a"), rules("a", 80), plot()))

        assert [each.key for each in stack.order] == ["plot/a", "rules/a", "balancer/b"]

    def test_a_resource_is_found_by_key(self) -> None:
        stack = Stack((group(),))

        assert stack.get(Key("group/x")) == group()
        assert stack.get(Key("group/y")) is None
        assert len(stack) == 1
        assert stack
        assert not Stack()

    def test_one_key_is_one_resource(self) -> None:
        with pytest.raises(ValueError, match="two resources with one key: group/x"):
            Stack((group(), group(protocol="udp")))

    def test_a_reference_to_nowhere_is_told_with_its_field(self) -> None:
        with pytest.raises(ValueError, match=r"members/x\.group refers to group/x, which is not"):
            Stack((members(),))

    def test_a_reference_into_what_is_shared_may_lead_anywhere(self) -> None:
        assert Stack((replace(members(), group=ref("group/s", shared=True)),))

    def test_a_circle_is_told_with_its_path(self) -> None:
        first = replace(members("a"), group=ref("members/b"))
        second = replace(members("b"), group=ref("members/a"))

        with pytest.raises(ValueError, match="cycle: members/a → members/b → members/a"):
            Stack((first, second))


class TestObserved:
    """What exists of one owner."""

    def test_it_is_the_same_in_any_order_and_may_hold_a_key_twice(self) -> None:
        one, other = found(group(), "1"), found(group(), "2")

        assert Observed((one, other)) == Observed((other, one))
        assert Observed((one, other)).of(Key("group/x")) == (one, other)
        assert len(Observed((one, other))) == 2

    def test_objects_are_exchanged_and_removed_by_kind_and_id(self) -> None:
        old, new = found(group(seal="old"), "1"), found(group(seal="new"), "1")
        same_id = found(plot(), "1")
        there = Observed((old, same_id))

        assert there.with_found(new) == Observed((new, same_id))
        assert there.without(old) == Observed((same_id,))
        assert there.kind("plot") == (same_id,)


class TestReferences:
    """Refs wherever a reference field may hold them."""

    def test_they_are_found_in_sets_too(self) -> None:
        assert set(references(balancer(on=("a", "b")))) == {
            ("plots", Ref(Key("rules/a"), "plot")),
            ("plots", Ref(Key("rules/b"), "plot")),
        }

    def test_what_is_known_is_resolved_and_the_rest_stays(self) -> None:
        known = {Key("rules/a"): "p-1"}

        made = resolve(balancer(on=("a", "b")), lambda each: known.get(each.key))

        assert made.plots == {"p-1", Ref(Key("rules/b"), "plot")}

    def test_resolving_nothing_gives_the_same_object(self) -> None:
        given = listener()

        assert resolve(given, lambda _ref: None) is given

    def test_a_ref_reads_as_plans_print_it(self) -> None:
        assert str(Ref(Key("group/80"), "arn")) == "group/80.arn"


class TestMeanings:
    """What fields declare."""

    def test_they_come_in_the_order_of_declaration_without_the_id(self) -> None:
        assert list(meanings(Group)) == ["name", "protocol", "check", "options", "seal"]
        assert meanings(Group)["protocol"].immutable
        assert meanings(Group)["seal"].secret

    def test_pairs_are_overlays_and_what_is_declared_so(self) -> None:
        assert pair_fields(Group) == {"options"}
        assert pair_fields(type(balancer())) == {"tags"}

    def test_exclusive_values_name_their_field(self) -> None:
        assert exclusive_values(balancer(addresses=("192.0.2.1", "192.0.2.2"))) == {
            ("name", "balancer-b"),
            ("addresses", "192.0.2.1"),
            ("addresses", "192.0.2.2"),
        }

    def test_a_ref_where_nobody_would_look_for_it_is_a_mistake_of_the_class(self) -> None:
        @dataclass(frozen=True, slots=True, kw_only=True)
        class Careless(Resource):
            KIND: ClassVar[str] = "careless"

            target: Ref | str = attribute(immutable=True)

        with pytest.raises(TypeError, match=r"Careless\.target may hold a Ref: declare it"):
            Stack((Careless(id="x", target="y"),))
