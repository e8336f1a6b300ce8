"""YAML 1.2 as users of kubectl write it."""

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlb.kube.yaml_reader import MAX_DEPTH, YamlError, YamlMap, read, scalar


def only(text: str) -> Any:
    (document,) = read(text)
    return document.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("No", "No"),
        ("2024-01-31", "2024-01-31"),
        ("12:30:45", "12:30:45"),
        ("1_000", "1_000"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("true", True),
        ("False", False),
        ("0123", 123),
        ("0o17", 15),
        ("0xfF", 255),
        ("-12", -12),
        ("1e3", 1000.0),
        ("-.5", -0.5),
        ("-.inf", -math.inf),
        ("~", None),
        ("null", None),
        ("", None),
        ('"yes"', "yes"),
        ("'0123'", "0123"),
        ("!!str 0123", "0123"),
        ("! 0123", "0123"),
        ("!!float 3", 3),
        ("|\n  a\n  b\n", "a\nb\n"),
        ("bücher", "bücher"),
    ],
)
def test_a_scalar_means_what_the_core_schema_says(text: str, value: Any) -> None:
    found = only(f"key: {text}")["key"]

    assert (found, type(found)) == (value, type(value))


def test_not_a_number_is_a_number() -> None:
    assert math.isnan(scalar(".NaN"))


def test_keys_are_text_whatever_they_look_like() -> None:
    assert only("80: a\ntrue: b\n") == {"80": "a", "true": "b"}


def test_a_merge_key_adds_what_the_mapping_does_not_say_itself() -> None:
    text = (
        "base: &base {a: 1, b: 2}\nmore: &more {b: 3, c: 4}\nboth:\n  <<: [*base, *more]\n  a: 0\n"
    )

    assert only(text)["both"] == {"a": 0, "b": 2, "c": 4}


def test_a_quoted_merge_key_is_an_ordinary_key() -> None:
    assert only('"<<": 1') == {"<<": 1}


def test_documents_are_told_apart_and_know_their_lines() -> None:
    first, empty, last = read("# nothing\n---\na: 1\n---\n---\n\n- b\n")

    assert (first.value, first.line) == ({"a": 1}, 3)
    assert empty.value is None
    assert (last.value, last.line) == (["b"], 7)


def test_entries_know_their_lines() -> None:
    value = only("a: 1\nb:\n  - x\n  - y: z\n")

    assert isinstance(value, YamlMap)
    assert (value.lines, value["b"].lines, value["b"][1].lines) == (
        {"a": 1, "b": 2},
        [3, 4],
        {"y": 4},
    )


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        pytest.param("a: [1, 2\nb: c\n", 2, 2, "expected ',' or ']'", id="open-list"),
        pytest.param("a:\n\tb: 1", 2, 1, "indent with spaces, not tabs", id="tab"),
        pytest.param("a: 1\nb: 2\na: 3", 3, 1, "the key 'a' is there twice", id="same-key"),
        pytest.param("a: *b", 1, 4, "alias *b has no anchor", id="no-anchor"),
        pytest.param("a: &a [*a]", 1, 8, "alias *a has no anchor", id="within-itself"),
        pytest.param("[a, b]: c", 1, 1, "a key must be plain text", id="list-as-key"),
        pytest.param("a: !Ref b", 1, 4, "the tag !Ref has no meaning", id="foreign-tag"),
        pytest.param("a: !Ref {b: c}", 1, 4, "the tag !Ref has no meaning", id="tagged-map"),
        pytest.param("a: !!binary aGk=", 1, 4, "the tag !!binary has no", id="binary"),
        pytest.param("a: !!int b", 1, 4, "not of the type", id="wrong-tag"),
        pytest.param("<<: 3", 1, 1, "a merge key (<<) takes", id="merge-of-a-number"),
        pytest.param("a: " + "9" * 5000, 1, 4, "too many digits", id="long-number"),
        pytest.param("ä: 1\nü: \x01", 2, 4, "U+0001 is not allowed", id="control-character"),
        pytest.param("[" * 200, 1, MAX_DEPTH + 2, "nested deeper", id="deep"),
    ],
)
def test_a_fault_names_its_place(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(YamlError) as caught:
        list(read(text))

    assert (caught.value.line, caught.value.column) == (line, column)
    assert message in caught.value.message


def test_aliases_that_explode_are_refused() -> None:
    """Ten lists, each of ten aliases of the one before: ten milliards of items."""
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 11)]

    with pytest.raises(YamlError, match="too much data"):
        list(read("\n".join(lines)))


def test_what_precedes_a_fault_is_read() -> None:
    stream = read("a: 1\n---\nb: [")

    assert next(stream).value == {"a": 1}
    with pytest.raises(YamlError):
        next(stream)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(YamlError):
        list(read(text))


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%, \n0.~<", max_size=40))
def test_anything_like_yaml_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(YamlError):
        list(read(text))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.text(st.characters(codec="ascii")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="ascii")), inner, max_size=3)
    ),
)


@given(JSON)
def test_json_is_yaml(value: Any) -> None:
    assert only(json.dumps(value)) == value
