"""Plans as JSON: the page that describes them is right, and nothing in it depends on chance."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings

from cloudlb.model import Problem
from cloudlb.plan.change import Plan
from cloudlb.plan.diff import diff
from cloudlb.plan.document import FORMAT, document, dumps
from cloudlb.plan.render import Section
from cloudlb.plan.resource import Found, Resource, Stack

from .stacks import stacks
from .things import Check, balancer, found, group, listener, members, observed
from .world import World

PAGE = Path(__file__).parents[3] / "docs" / "plan-json.md"


def section(*desired: Resource, there: tuple[Found[Any], ...] = ()) -> Section:
    return Section(owner_path="service/default/web", plan=diff(Stack(desired), observed(*there)))


def example() -> Section:
    """Make the plan that the page shows."""
    there = (
        found(group("x", name="old", protocol="udp", seal="before"), "group-1"),
        found(replace(members("x", "10.0.0.1:80"), group="group-1"), "members-1", group="group-1"),
        found(balancer("b", tags=(("team", "blue"),)), "balancer-1"),
        found(replace(listener(), balancer="balancer-1", target="group-1"), "listener-1"),
    )
    desired = (
        group("x", seal="after"),
        members("x", "10.0.0.2:80"),
        balancer("b", tags=(("team", "red"),)),
    )
    problem = Problem.warning(
        "metadata.annotations[cloudlb.io/shceme]",
        "is not an annotation that cloudlb knows, and does nothing",
        "did you mean cloudlb.io/scheme?",
        reason="UnknownAnnotation",
    )
    return replace(section(*desired, there=there), problems=(problem,))


def fields_of(made: Section, change: int = 0) -> list[dict[str, Any]]:
    found_fields: list[dict[str, Any]] = document((made,))["objects"][0]["changes"][change][
        "fields"
    ]
    return found_fields


def test_the_example_of_the_page_is_real_output() -> None:
    (_, shown) = PAGE.read_text(encoding="utf-8").split("```json\n")

    assert shown.partition("\n```")[0] == dumps((example(),))


def test_the_page_names_every_key_of_the_document_and_its_format() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert FORMAT in page
    for key in _keys(document((example(),))):
        assert f"`{key}`" in page or f"`{key}[]`" in page or f".{key}[]`" in page, key


def _keys(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {key for key in value if key != "team"}
        return own.union(*map(_keys, value.values()))
    if isinstance(value, list):
        return set().union(*map(_keys, value))
    return set()


def test_nothing_to_do_is_an_object_without_changes() -> None:
    made = document((Section(owner_path="service/default/a", note="of type ClusterIP"),))

    assert made["objects"] == [
        {
            "owner": "service/default/a",
            "note": "of type ClusterIP",
            "problems": [],
            "changes": [],
            "summary": {"create": 0, "update": 0, "replace": 0, "delete": 0, "apiCalls": 0},
        }
    ]


def test_a_creation_lists_every_field_with_its_value() -> None:
    made = section(group(options=(("a", "1"),), check=Check(path="/up")))

    assert {each["field"]: each["new"] for each in fields_of(made)} == {
        "name": "group-x",
        "protocol": "tcp",
        "check": {"path": "/up", "seconds": 10},
        "options": {"a": "1"},
        "seal": None,
    }
    assert all(each["old"] is None for each in fields_of(made))


def test_a_deletion_lists_none() -> None:
    assert fields_of(section(there=(found(group()),))) == []


def test_a_secret_is_told_as_sensitive_without_its_value() -> None:
    (field,) = fields_of(section(group(seal="after"), there=(found(group(seal="before")),)))

    assert field == {
        "field": "seal",
        "old": None,
        "new": None,
        "knownAfterApply": False,
        "sensitive": True,
    }


def test_what_is_known_only_after_the_apply_is_a_ref() -> None:
    field = fields_of(section(group(), members()), change=1)[0]

    assert field["new"] == {"ref": {"key": "group/x", "attribute": "id", "shared": False}}
    assert field["knownAfterApply"]


def test_sets_are_sorted_lists() -> None:
    there = (found(group()), found(replace(members("x", "c", "a"), group="group-x")))
    field = fields_of(section(group(), members("x", "d", "b"), there=there))[0]

    assert (field["old"], field["new"]) == (["a", "c"], ["b", "d"])


def test_each_action_has_its_word_and_its_calls() -> None:
    changes = document((example(),))["objects"][0]["changes"]

    assert [(each["action"], each["key"], each["id"], each["apiCalls"]) for each in changes] == [
        ("update", "balancer/b", "balancer-1", 1),
        ("replace", "group/x", "group-1", 2),
        ("replace", "members/x", "members-1", 1),
        ("delete", "listener/b-80", "listener-1", 1),
    ]


@settings(max_examples=60)
@given(stacks(), stacks())
def test_the_same_plan_is_the_same_text_and_sums_up(there: Stack, desired: Stack) -> None:
    world = World()
    world.hold(there)
    plan: Plan = diff(desired, world.observed())
    again = diff(Stack(tuple(reversed(desired.resources))), world.observed())

    text = dumps((Section(owner_path="a", plan=plan), Section(owner_path="b", plan=plan)))

    assert text == dumps((Section(owner_path="a", plan=again), Section(owner_path="b", plan=again)))
    made = json.loads(text)
    for key, total in made["summary"].items():
        assert total == sum(each["summary"][key] for each in made["objects"])
    calls = sum(each["apiCalls"] for each in made["objects"][0]["changes"])
    assert made["objects"][0]["summary"]["apiCalls"] == calls
