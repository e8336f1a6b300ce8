"""Plans as text: golden blocks, and what must never come out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudlb.model import Problem
from cloudlb.plan.change import Action, Change, FieldChange, Plan
from cloudlb.plan.details import Detail, details, facts
from cloudlb.plan.diff import diff
from cloudlb.plan.document import dumps
from cloudlb.plan.render import Section, Style, Totals, lines, totals
from cloudlb.plan.resource import Found, Key, Ref, Resource, Stack, attribute

from .stacks import stacks
from .things import (
    Check,
    balancer,
    found,
    group,
    listener,
    members,
    observed,
    plot,
    rules,
)
from .world import World

WEB = "service/default/web"


def section(
    *desired: Resource, there: tuple[Found[Any], ...] = (), problems: tuple[Problem, ...] = ()
) -> Section:
    return Section(owner_path=WEB, plan=diff(Stack(desired), observed(*there)), problems=problems)


def rendered(*sections: Section, verbose: bool = False) -> str:
    return "\n".join(str(each) for each in lines(sections, verbose=verbose))


def golden(text: str) -> str:
    """Take a text as it stands below, without the margin."""
    return "\n".join(line.removeprefix("    ") for line in text.strip("\n").splitlines()).rstrip()


THERE = (
    found(group("x", name="old", protocol="udp", seal="hush-old")),
    found(replace(members("x", "m", "n"), group="group-x"), group="group-x"),
    found(balancer("b", tags=(("team", "blue"), ("old", "1")))),
    found(replace(listener(), balancer="balancer-b", target="group-x")),
    found(balancer("gone", name="gone")),
    found(replace(listener(443, on="gone"), balancer="balancer-gone", target="group-x")),
    found(group("y", check=Check(path="/old"), options=(("depth", "1"), ("theirs", "2")))),
)
DESIRED = (
    group("x", seal="hush-new"),
    members("x", "m", "o"),
    balancer("b", tags=(("team", "red"),)),
    listener(),
    plot("a"),
    rules("a", 80, 443),
    group("y", check=Check(path="/new"), options=(("depth", "2"),)),
)


def test_a_plan_with_everything_in_it() -> None:
    text = rendered(section(*DESIRED, there=THERE))

    assert text == golden(
        """
    service/default/web: 2 to create, 3 to update, 2 to replace, 2 to delete
      ~ balancer/b
          tags.team  blue → red
          tags.old   1 → (none)
      ± group/x        protocol can not change in place
          protocol  udp → tcp
          seal      (secret) → (secret), another one
      ~ group/y
          check.path     /old → /new
          options.depth  1 → 2
      ± members/x      its group is a new one
          members  + o
                   - n
      ~ listener/b-80
          target  group-x → members/x.group (known after apply)
      + plot/a         name=plot-a
      + rules/a        open=2 (80, 443)
      - balancer/gone  with listener/gone-443

    Plan: 2 to create, 3 to update, 2 to replace, 2 to delete in 1 object; 9 API calls.
    """
    )


def test_what_interrupts_and_moves_the_address_says_so() -> None:
    text = rendered(section(balancer(), there=(found(balancer(scheme="internal")),)))

    assert text == golden(
        """
    service/default/web: 1 to replace
      ± balancer/b  scheme can not change in place — interrupts traffic — the address changes
          scheme  internal → internet

    Plan: 1 to replace in 1 object; 2 API calls.
    """
    )


def test_a_creation_that_interrupts_says_why() -> None:
    there = (found(balancer("old", addresses=("192.0.2.1",))),)

    text = rendered(section(balancer("new", addresses=("192.0.2.1",)), there=there))

    assert "(takes the place of balancer/old — interrupts traffic)" in text


def test_verbose_shows_defaults_and_references() -> None:
    text = rendered(section(group(), members("x", "m", "n")), verbose=True)

    assert text == golden(
        """
    service/default/web: 2 to create
      + group/x    name=group-x  protocol=tcp  check=(path=/ seconds=10)  seal=(secret)
      + members/x  group=group/x.id  members=2 (m, n)

    Plan: 2 to create in 1 object; 2 API calls.
    """
    )


def test_problems_stand_above_the_changes_with_their_remedies() -> None:
    problems = (
        Problem.warning("spec.ports[0]", "is odd", "use another one"),
        Problem.error("spec.type", "is wrong"),
    )

    text = rendered(Section(owner_path=WEB, problems=problems))

    assert text == golden(
        """
    service/default/web: can not be provisioned as it stands
      ! warning: spec.ports[0]: is odd
        → use another one
      ! error: spec.type: is wrong

    No changes: 1 object can not be provisioned as it stands.
    """
    )


def test_what_needs_nothing_says_so_or_why() -> None:
    text = rendered(
        Section(owner_path="service/default/idle"),
        Section(owner_path="service/default/own", note="of type ClusterIP"),
    )

    assert text == golden(
        """
    service/default/idle: nothing to do

    service/default/own: of type ClusterIP

    Nothing to do.
    """
    )


def test_broken_objects_are_counted_beside_the_plan() -> None:
    broken = Section(owner_path="service/default/bad", problems=(Problem.error("x", "bad"),))

    last = lines((section(plot()), broken, broken))[-1]

    assert str(last) == (
        "Plan: 1 to create in 1 object; 1 API call. 2 objects can not be provisioned as they stand."
    )


def test_every_line_has_the_style_of_what_it_is() -> None:
    styles = [each.style for each in lines((section(*DESIRED, there=THERE),))]

    assert styles[:3] == [Style.OBJECT, Style.UPDATE, Style.FIELD]
    assert {Style.REPLACE, Style.ADDED, Style.REMOVED, Style.CREATE, Style.DELETE} <= set(styles)
    assert styles[-2:] == [Style.BLANK, Style.SUMMARY]


def test_a_provider_counts_its_own_calls_and_what_goes_along_costs_none() -> None:
    made = replace(section(*DESIRED, there=THERE), cost=lambda _change: 5)

    # Nine changes, of which one deletion goes along with its whole.
    assert totals(made) == Totals(create=2, update=3, replace=2, delete=2, api_calls=8 * 5)


def test_many_members_are_counted_and_not_all_shown() -> None:
    many = [f"n{number:02}" for number in range(25)]
    there = (found(group()), found(replace(members("x", *many), group="group-x")))

    text = rendered(section(group(), members("x"), there=there))

    assert "- n09" in text
    assert "n10" not in text
    assert "- and 15 more" in text


def test_long_facts_wrap_under_the_first() -> None:
    made = group(
        name="n" * 40, options=tuple((f"option-{number}", "v" * 20) for number in range(4))
    )

    first, *others, _, _ = [str(each) for each in lines((section(made),))][1:]

    assert first.startswith("  + group/x  name=")
    assert others
    assert all(each.startswith(" " * 13 + "options.") for each in others)
    assert all(len(each) <= 100 for each in (first, *others))


@pytest.mark.parametrize("verbose", [False, True])
def test_a_secret_is_never_printed(verbose: bool) -> None:
    sections = (
        section(group("x", seal="hush-made")),
        section(group(seal="hush-new"), there=(found(group(seal="hush-old")),)),
        section(
            group(seal="hush-next"),
            there=(found(group(seal="hush-last", protocol="udp", name="o")),),
        ),
        section(there=(found(group(seal="hush-gone")),)),
    )

    assert "hush" not in rendered(*sections, verbose=verbose)
    assert "hush" not in dumps(sections)


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        pytest.param("a\x1b[31mb", r"a\x1b[31mb", id="escape codes"),
        pytest.param("a\nb", r'"a\nb"', id="line breaks"),
        pytest.param("a\u202eb", r"a\u202eb", id="marks that turn text around"),
        pytest.param("\ud800", r"\ud800", id="half a character"),
        pytest.param("größe-例", "größe-例", id="letters of any script stay"),
        pytest.param("two words", '"two words"', id="spaces are quoted"),
        pytest.param("x" * 300, "x" * 49 + "…" + "x" * 50, id="long texts are cut in the middle"),
    ],
)
def test_values_are_shown_harmless_and_on_one_line(given_text: str, shown: str) -> None:
    text = rendered(section(group(check=Check(path=given_text)), there=(found(group()),)))

    assert f"check.path  / → {shown}\n" in text


def test_names_and_messages_are_harmless_too() -> None:
    nasty = "a\x1b[2J\nb"
    shown = rendered(
        Section(owner_path=nasty, note=nasty, problems=(Problem.warning(nasty, nasty, nasty),)),
        section(group(nasty, name=nasty), there=(found(balancer(nasty)),)),
    )

    assert "\x1b" not in shown
    assert all(line.isprintable() for line in shown.splitlines())


class TestFacts:
    """What is said of an object that is to be made."""

    def test_what_is_switched_off_is_left_out_of_pairs(self) -> None:
        made = group(options=(("logs", "false"), ("mode", "off"), ("depth", "3"), ("more", "0")))

        assert list(facts(made, verbose=False)) == ["name=group-x", "options.depth=3"]
        assert "options.logs=false" in list(facts(made, verbose=True))

    def test_of_members_the_first_are_named_and_their_whole_goes_without_saying(self) -> None:
        made = members("x", *"abcde")

        assert list(facts(made, verbose=False)) == ["members=5 (a, b, c, and 2 more)"]
        assert list(facts(made, verbose=True)) == [
            "group=group/x.id",
            "members=5 (a, b, c, d, e)",
        ]

    def test_what_is_ordinary_goes_without_saying_unless_asked_for(self) -> None:
        usual = Plain(id="x", size=5, options=(("a", "1"), ("b", "2")))
        unusual = Plain(id="x", size=6, options=(("a", "1"), ("b", "3")))

        assert list(facts(usual, verbose=False)) == []
        assert list(facts(usual, verbose=True)) == ["size=5", "options.a=1", "options.b=2"]
        assert list(facts(unusual, verbose=False)) == ["size=6", "options.b=3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain(Resource):
    """Something of which the cloud has its own ideas."""

    KIND: ClassVar[str] = "plain"

    size: int
    options: tuple[tuple[str, str], ...] = attribute(overlay=True)

    def ordinary(self) -> Mapping[str, object]:
        return {"size": 5, "options": (("a", "1"), ("b", "2"))}


class TestDetails:
    """What is said of a field that differs."""

    def told(self, old: object, new: object, **flags: bool) -> list[Detail]:
        change = Change(
            action=Action.UPDATE,
            key=Key("group/x"),
            desired=group(),
            found=found(group()),
            fields=(FieldChange("thing", old, new, **flags),),
        )
        return list(details(change))

    @pytest.mark.parametrize(
        ("old", "new", "shown"),
        [
            pytest.param(None, 5, "(none) → 5", id="a number from nothing"),
            pytest.param(True, False, "true → false", id="booleans"),
            pytest.param("", "x", '"" → x', id="an empty text is seen"),
            pytest.param(("a",), ("a", "b"), "[a] → [a, b]", id="an ordered list is shown whole"),
            pytest.param(
                "id-1",
                Ref(Key("group/y"), "id"),
                "id-1 → group/y.id (known after apply)",
                id="a ref",
            ),
        ],
    )
    def test_plain_values_are_shown_old_and_new(self, old: object, new: object, shown: str) -> None:
        assert self.told(old, new) == [Detail("thing", "", shown)]

    def test_of_structs_only_the_fields_that_differ(self) -> None:
        assert self.told(Check(path="/a", seconds=5), Check(path="/a", seconds=6)) == [
            Detail("thing.seconds", "", "5 → 6")
        ]

    def test_of_sets_what_comes_and_what_goes(self) -> None:
        assert self.told(frozenset({"b", "a"}), frozenset({"c", "b"})) == [
            Detail("thing", "+", "c"),
            Detail("", "-", "a"),
        ]

    def test_tuples_of_structs_read_like_sets(self) -> None:
        one, other = Check(path="/1"), Check(path="/2")

        assert self.told((one,), (one, other)) == [
            Detail("thing", "+", "(path=/2 seconds=10)"),
        ]

    def test_structs_in_another_order_are_shown_whole(self) -> None:
        one, other = Check(path="/1"), Check(path="/2")

        (detail,) = self.told((one, other), (other, one))

        assert detail.sign == ""
        assert "→" in detail.text


class Nasty:
    """A value that can be neither shown nor compared for order."""

    def __str__(self) -> str:
        raise ZeroDivisionError

    def __repr__(self) -> str:
        return "Nasty()"

    def __lt__(self, _other: object) -> bool:
        raise ZeroDivisionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd(Resource):
    """Holds anything at all."""

    KIND: ClassVar[str] = "odd"

    value: Any = None
    pairs: Any = attribute(overlay=True, default=())
    many: Any = attribute(members=True, default=frozenset())
    hidden: Any = attribute(secret=True, default="")


def anything() -> st.SearchStrategy[Any]:
    """Draw a value, the stranger the better."""
    plain = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.binary(),
        st.builds(Check, path=st.text()),
        st.builds(Ref, st.text().map(Key), st.text()),
        st.sampled_from(Action),
        st.builds(Nasty),
    )
    return st.recursive(
        plain,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(tuple),
            st.frozensets(inner, max_size=3),
            st.dictionaries(st.text(), inner, max_size=2).map(lambda each: tuple(each.items())),
        ),
        max_leaves=8,
    )


def odd_changes() -> st.SearchStrategy[Change]:
    """Draw a change of something odd."""
    odd = st.builds(
        Odd, id=st.text(), value=anything(), pairs=anything(), many=anything(), hidden=anything()
    )
    fields = st.builds(
        FieldChange,
        field=st.one_of(st.sampled_from(("value", "pairs", "many", "hidden")), st.text()),
        old=anything(),
        new=anything(),
        secret=st.booleans(),
        members=st.booleans(),
    )
    return st.builds(
        Change,
        action=st.sampled_from(Action),
        key=st.text().map(Key),
        desired=st.one_of(st.none(), odd),
        found=st.one_of(st.none(), odd.map(found)),
        fields=st.lists(fields, max_size=3).map(tuple),
        reason=st.text(),
        interrupts=st.booleans(),
        moves_address=st.booleans(),
        absorbed=st.booleans(),
    )


@settings(max_examples=150)
@given(st.lists(odd_changes(), max_size=3), st.text(), st.booleans())
def test_rendering_never_raises_and_never_breaks_a_line(
    changes: list[Change],
    path: str,
    verbose: bool,
) -> None:
    odd = Section(owner_path=path, plan=Plan(changes=tuple(changes)), note=path)

    assert all(each.text.isprintable() for each in lines((odd,), verbose=verbose))
    assert dumps((odd,)).startswith("{")


@settings(max_examples=100)
@given(st.lists(stacks(), max_size=2), stacks())
def test_the_last_line_counts_what_the_plan_says(there: list[Stack], desired: Stack) -> None:
    world = World()
    for each in there:
        world.hold(each)
    made = Section(owner_path=WEB, plan=diff(desired, world.observed()))

    total = totals(made)

    assert total.create + total.update + total.replace + total.delete == len(made.plan)
    assert bool(total) == bool(made.plan)
    assert total.api_calls >= total.create + total.update + total.replace
