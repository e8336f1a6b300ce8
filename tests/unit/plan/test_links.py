"""Who refers to whom among observed objects."""

from dataclasses import replace

from cloudlb.plan.links import Links, held_ids, refers_to_any

from .things import balancer, found, group, listener, members, ref

GROUP = found(group(), "g-1")
MEMBERS = found(replace(members(), group="g-1"), "m-1", group="g-1")
BALANCER = found(replace(balancer(), plots=frozenset({"p-1", "p-2"})), "b-1")
LISTENER = found(replace(listener(), balancer="b-1", target="g-1"), "l-1")
ALL = Links((GROUP, MEMBERS, BALANCER, LISTENER))


def test_ids_are_read_from_reference_fields_only() -> None:
    assert held_ids(LISTENER) == {"b-1", "g-1"}
    assert held_ids(BALANCER) == {"p-1", "p-2"}
    assert held_ids(GROUP) == frozenset()


def test_only_parts_name_their_whole() -> None:
    assert held_ids(LISTENER, parts_only=True) == {"b-1"}
    assert held_ids(BALANCER, parts_only=True) == frozenset()


def test_refs_and_empty_ids_are_no_ids() -> None:
    half = found(replace(listener(), balancer="", target=ref("group/x")), "l-2")

    assert held_ids(half) == frozenset()


def test_an_object_is_referred_to_by_its_id_and_by_its_attributes() -> None:
    assert set(ALL.targets(LISTENER)) == {GROUP, MEMBERS, BALANCER}


def test_the_wholes_are_what_something_is_a_part_of() -> None:
    assert ALL.wholes(LISTENER) == (BALANCER,)
    assert ALL.wholes(MEMBERS) == (GROUP,)
    assert ALL.wholes(GROUP) == ()


def test_nothing_refers_to_itself_or_to_its_own_kind() -> None:
    """Two sets of members of one group both answer to the group's id, and are not parts of each other."""
    twin = found(replace(members("y"), group="g-1"), "m-2", group="g-1")
    links = Links((MEMBERS, twin, GROUP))

    assert links.targets(MEMBERS) == (GROUP,)
    assert not refers_to_any(MEMBERS, (MEMBERS, twin))


def test_one_of_many_is_enough() -> None:
    assert refers_to_any(LISTENER, (MEMBERS,))
    assert refers_to_any(LISTENER, (BALANCER,), parts_only=True)
    assert not refers_to_any(LISTENER, (GROUP,), parts_only=True)
    assert not refers_to_any(LISTENER, ())
    assert not refers_to_any(GROUP, (MEMBERS, BALANCER, LISTENER))
