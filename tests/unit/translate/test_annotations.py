"""Annotations: every parser, what keys mean, which of two counts, and what a person is told of the rest."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlb.model import Protocol, Scheme, TargetKind
from cloudlb.translate.annotations import (
    CORE,
    CORE_ROWS,
    HEALTH,
    UNSET,
    Parsed,
    Parser,
    Table,
    boolean,
    choice,
    cidr,
    csv,
    integer,
    markdown,
    one_of,
    pairs,
    path,
    path_of,
    port_or_name,
    settings,
    text,
)

from .things import TABLE, row, told

SPEEDS = choice({"fast": 2, "slow": 1})
MODES = one_of("HTTP2Only", "None")


def parse(**annotations: str) -> Parsed:
    """Parse keys of `a.example`."""
    return TABLE.parse({f"a.example/{key}": value for key, value in annotations.items()})


@pytest.mark.parametrize(
    ("parser", "given_text", "value"),
    [
        pytest.param(text, "x", "x", id="text"),
        pytest.param(text, "grüße, 世界", "grüße, 世界", id="text in any script"),
        pytest.param(boolean, "true", True, id="true"),
        pytest.param(boolean, "TRUE", True, id="true in capitals"),
        pytest.param(boolean, "False", False, id="false"),
        pytest.param(integer(1, 300), "1", 1, id="the lowest number"),
        pytest.param(integer(1, 300), "300", 300, id="the highest number"),
        pytest.param(integer(1, 300), "007", 7, id="leading zeros"),
        pytest.param(integer(0, 9), "0", 0, id="zero"),
        pytest.param(integer(0, 9), "0" * 5000, 0, id="more zeros than Python converts"),
        pytest.param(SPEEDS, "fast", 2, id="a word"),
        pytest.param(SPEEDS, "SLOW", 1, id="a word in capitals"),
        pytest.param(MODES, "http2only", "HTTP2Only", id="a word as the table spells it"),
        pytest.param(MODES, "NONE", "None", id="another"),
        pytest.param(csv(), "b,a", ("b", "a"), id="a list keeps its order"),
        pytest.param(csv(), " a , ,b,", ("a", "b"), id="a list with spaces and empty items"),
        pytest.param(csv(), "a,a", ("a", "a"), id="a list may repeat"),
        pytest.param(csv(integer(1, 9)), "1, 2", (1, 2), id="a list of numbers"),
        pytest.param(pairs, "b=2,a=1", (("a", "1"), ("b", "2")), id="pairs, sorted"),
        pytest.param(pairs, " a = 1 ,, , b=", (("a", "1"), ("b", "")), id="pairs with spaces"),
        pytest.param(pairs, "a=b=c", (("a", "b=c"),), id="the first equals sign divides"),
        pytest.param(cidr, "10.0.0.0/8", "10.0.0.0/8", id="a CIDR"),
        pytest.param(cidr, "10.0.0.1/8", "10.0.0.0/8", id="bits of the host"),
        pytest.param(cidr, "2001:DB8::/32", "2001:db8::/32", id="IPv6 in capitals"),
        pytest.param(cidr, "192.0.2.1", "192.0.2.1/32", id="an address alone"),
        pytest.param(cidr, "::/0", "::/0", id="everyone over IPv6"),
        pytest.param(path, "/", "/", id="the shortest path"),
        pytest.param(path, "/a/b?c=d#e", "/a/b?c=d#e", id="a path with more"),
        pytest.param(port_or_name, "80", 80, id="a port"),
        pytest.param(port_or_name, "http", "http", id="a port's name"),
        pytest.param(port_or_name, "traffic-port", 0, id="the traffic's port"),
        pytest.param(port_or_name, "Traffic-Port", 0, id="the traffic's port, capitalised"),
        pytest.param(port_or_name, "8080-http", "8080-http", id="a name that begins with digits"),
        pytest.param(port_or_name, "n" * 63, "n" * 63, id="a name of 63 characters"),
    ],
)
def test_what_a_parser_takes(parser: Parser, given_text: str, value: Any) -> None:
    found = parser(given_text)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("parser", "given_text", "message"),
    [
        pytest.param(text, "", "is empty", id="no text"),
        pytest.param(boolean, "yes", "'yes' is neither true nor false", id="yes"),
        pytest.param(boolean, "1", "'1' is neither true nor false", id="one is no boolean"),
        pytest.param(boolean, "", "'' is neither true nor false", id="nothing is no boolean"),
        pytest.param(integer(1, 300), "0", "0 is not from 1 to 300", id="below"),
        pytest.param(integer(1, 300), "301", "301 is not from 1 to 300", id="above"),
        pytest.param(
            integer(1, 300), "9" * 5000, f"{'9' * 5000} is not from 1 to 300", id="far above"
        ),
        pytest.param(
            integer(1, 300), "-5", "'-5' is not a whole number from 1 to 300", id="negative"
        ),
        pytest.param(integer(1, 9), "1.0", "'1.0' is not a whole number from 1 to 9", id="decimal"),
        pytest.param(integer(1, 9), "+1", "'+1' is not a whole number from 1 to 9", id="a sign"),
        pytest.param(integer(1, 9), "5s", "'5s' is not a whole number from 1 to 9", id="a unit"),
        pytest.param(integer(1, 9), "", "'' is not a whole number from 1 to 9", id="no number"),
        pytest.param(
            integer(1, 9), "٣", "'٣' is not a whole number from 1 to 9", id="Arabic digits"
        ),
        pytest.param(
            integer(1, 9), "1_0", "'1_0' is not a whole number from 1 to 9", id="an underscore"
        ),
        pytest.param(SPEEDS, "medium", "'medium' is not one of fast, slow", id="another word"),
        pytest.param(SPEEDS, "", "'' is not one of fast, slow", id="no word"),
        pytest.param(MODES, "http2", "'http2' is not one of http2only, none", id="half a word"),
        pytest.param(csv(), "", "'' is an empty list", id="no list"),
        pytest.param(csv(), " , ,", "' , ,' is an empty list", id="commas"),
        pytest.param(csv(cidr), "10.0.0.0/8,x", "'x' is not a CIDR such as 10.0.0.0/24", id="item"),
        pytest.param(pairs, "a", "'a' is not key=value", id="no equals sign"),
        pytest.param(pairs, "a=1,=2", "'=2' is not key=value", id="no key"),
        pytest.param(pairs, "a=1, a=1", "'a' is given twice", id="a key twice"),
        pytest.param(pairs, ",", "',' is an empty list", id="no pairs"),
        pytest.param(cidr, "10.0.0.0/33", "'10.0.0.0/33' is not a CIDR such as 10.0.0.0/24"),
        pytest.param(cidr, "10.0.0.0/ 8", "'10.0.0.0/ 8' is not a CIDR such as 10.0.0.0/24"),
        pytest.param(cidr, "", "'' is not a CIDR such as 10.0.0.0/24", id="no CIDR"),
        pytest.param(path, "healthz", "'healthz' is not a path that begins with /", id="relative"),
        pytest.param(path, "/a b", "'/a b' is not a path that begins with /", id="a space"),
        pytest.param(path, "", "'' is not a path that begins with /", id="no path"),
        pytest.param(port_or_name, "0", "0 is not from 1 to 65535", id="port zero"),
        pytest.param(port_or_name, "65536", "65536 is not from 1 to 65535", id="a port too high"),
        pytest.param(port_or_name, "", "is empty", id="no port"),
    ],
)
def test_what_a_parser_refuses_and_says(parser: Parser, given_text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        parser(given_text)

    assert str(caught.value) == message


@given(st.integers(0, 10**9), st.integers(0, 10**6))
def test_a_number_is_taken_exactly_when_it_is_in_the_range(number: int, high: int) -> None:
    parser = integer(1, high)
    try:
        taken = parser(str(number)) == number
    except ValueError:
        taken = False

    assert taken is (1 <= number <= high)


@given(
    st.dictionaries(
        st.text("abc/.-", min_size=1), st.text("xyz=0", max_size=5), min_size=1, max_size=5
    )
)
def test_pairs_come_back_sorted_and_whole(given_pairs: dict[str, str]) -> None:
    written = ",".join(f"{key}={value}" for key, value in given_pairs.items())

    assert pairs(written) == tuple(sorted(given_pairs.items()))


def test_every_neutral_annotation_has_a_value_of_its_type() -> None:
    given_values = {
        "scheme": ("internal", Scheme.INTERNAL),
        "target-type": ("pod", TargetKind.POD),
        "source-ranges": ("10.0.0.0/8", ("10.0.0.0/8",)),
        "target-node-labels": ("b=2,a=1", (("a", "1"), ("b", "2"))),
        "expose-node-ports": ("192.0.2.7/24", ("192.0.2.0/24",)),
        "health-check-protocol": ("http", Protocol.HTTP),
        "health-check-port": ("8080", 8080),
        "health-check-path": ("/live", "/live"),
        "health-check-interval": ("10", 10),
        "health-check-timeout": ("6", 6),
        "health-check-healthy-threshold": ("2", 2),
        "health-check-unhealthy-threshold": ("3", 3),
        "health-check-success-codes": ("200", "200"),
    }
    found = TABLE.parse({f"cloudlb.io/{key}": said for key, (said, _) in given_values.items()})

    assert [each.key for each in CORE_ROWS] == [f"cloudlb.io/{key}" for key in given_values]
    assert found.problems == ()
    assert {each.field: found.values[each.field] for each in CORE_ROWS} == {
        each.field: value for each, (_, value) in zip(CORE_ROWS, given_values.values(), strict=True)
    }


@pytest.mark.parametrize(
    ("key", "word", "value"),
    [
        ("scheme", "internet", Scheme.INTERNET),
        ("scheme", "Internet-Facing", Scheme.INTERNET),
        ("target-type", "node", TargetKind.NODE),
        ("target-type", "instance", TargetKind.NODE),
        ("target-type", "IP", TargetKind.POD),
    ],
)
def test_words_that_people_know_from_elsewhere_are_understood(
    key: str, word: str, value: Any
) -> None:
    (found,) = TABLE.parse({f"cloudlb.io/{key}": word}).values.values()

    assert found is value


def test_spaces_around_a_value_do_not_count() -> None:
    assert parse(size=" \t5\n", label="  a b ").values == {"size": 5, "label": "a b"}


def test_nothing_said_is_nothing() -> None:
    assert TABLE.parse({}) == Parsed()


def test_annotations_of_others_are_left_alone() -> None:
    others = {
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "scheme": "internal",
        "example.com/size": "99",
        "xa.example/size": "99",
        "cloudlb.iox/scheme": "",
        "": "",
    }

    assert TABLE.parse(others) == Parsed()


@pytest.mark.parametrize(
    ("key", "value", "message", "remedy"),
    [
        ("a.example/size", "10", "10 is not from 1 to 9", "allowed: 1 to 9"),
        (
            "cloudlb.io/scheme",
            "public",
            "'public' is not one of internet, internet-facing, internal",
            "allowed: internet | internal",
        ),
        (
            "cloudlb.io/target-type",
            "",
            "'' is not one of node, instance, pod, ip",
            "allowed: node | pod",
        ),
        (
            "cloudlb.io/target-node-labels",
            "pool",
            "'pool' is not key=value",
            "allowed: label=value, separated by commas",
        ),
        ("a.example/attributes.80", "x", "'x' is not key=value", "allowed: T"),
    ],
)
def test_a_wrong_value_is_an_error_with_its_place_and_what_is_allowed(
    key: str, value: str, message: str, remedy: str
) -> None:
    found = TABLE.parse({key: value})

    assert found.values == {}
    assert told(found.problems) == [("error", "InvalidAnnotation", f"metadata.annotations[{key}]")]
    assert (found.problems[0].message, found.problems[0].remedy) == (message, remedy)


@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        pytest.param("cloudlb.io/shceme", "did you mean cloudlb.io/scheme?", id="letters swapped"),
        pytest.param("cloudlb.io/Scheme", "did you mean cloudlb.io/scheme?", id="a capital"),
        pytest.param(
            "cloudlb.io/health-check-intervall",
            "did you mean cloudlb.io/health-check-interval?",
            id="a letter too many",
        ),
        pytest.param(
            "cloudlb.io/healthcheck-path",
            "did you mean cloudlb.io/health-check-path?",
            id="a hyphen missing",
        ),
        pytest.param("a.example/sice", "did you mean a.example/size?", id="the provider's own"),
        pytest.param(
            "a.example/atributes.80", "did you mean a.example/attributes?", id="with a port"
        ),
        pytest.param(
            "a.example/size.80", "did you mean a.example/size?", id="a port where none belongs"
        ),
        pytest.param(
            "a.example/attributes.", "did you mean a.example/attributes?", id="a port left out"
        ),
        pytest.param("a.example/" + "x" * 63, "remove it", id="63 characters, near to nothing"),
        pytest.param("cloudlb.io/ключ-неизвестный-совсем", "remove it", id="another script"),
    ],
)
def test_an_unknown_key_under_a_known_prefix_is_a_warning(key: str, remedy: str) -> None:
    found = TABLE.parse({key: "x"})

    assert found.values == {}
    assert told(found.problems) == [("warning", "UnknownAnnotation", path_of(key))]
    assert found.problems[0].message == "is not an annotation that cloudlb knows, and does nothing"
    assert found.problems[0].remedy == remedy


@pytest.mark.parametrize("key", ["a.example/bandwidth", "a.example/bandwidth.80"])
def test_a_key_known_to_do_nothing_says_what_to_do_instead(key: str) -> None:
    (problem,) = TABLE.parse({key: "1"}).problems

    assert told([problem]) == [("warning", "UnknownAnnotation", path_of(key))]
    assert (problem.message, problem.remedy) == (
        "is not supported, and does nothing",
        "ask the network team",
    )


def test_an_alias_is_as_good_as_its_key() -> None:
    found = TABLE.parse({"b.example/scheme": "internal"})

    assert (found.values, found.problems) == ({"scheme": Scheme.INTERNAL}, ())
    assert found.path("scheme") == "metadata.annotations[b.example/scheme]"


def test_a_deprecated_key_works_and_names_its_successor() -> None:
    found = parse(tag="x")

    assert found.values == {"label": "x"}
    assert told(found.problems) == [("warning", "DeprecatedAnnotation", path_of("a.example/tag"))]
    assert found.problems[0].remedy == "use a.example/label instead"


def test_a_deprecated_key_with_a_wrong_value_says_both() -> None:
    assert [each.reason for each in parse(tag="").problems] == [
        "DeprecatedAnnotation",
        "InvalidAnnotation",
    ]


INTERNAL, INTERNET = "internal", "internet"
NEUTRAL, OWN, ALIAS = "cloudlb.io/scheme", "a.example/scheme", "b.example/scheme"


@pytest.mark.parametrize(
    ("annotations", "winner", "outvoted"),
    [
        pytest.param(
            {OWN: INTERNET, NEUTRAL: INTERNAL}, NEUTRAL, [OWN], id="the earlier row of the table"
        ),
        pytest.param(
            {ALIAS: INTERNET, OWN: INTERNAL}, OWN, [ALIAS], id="a key before its own alias"
        ),
        pytest.param(
            {ALIAS: INTERNET, OWN: INTERNET, NEUTRAL: INTERNAL},
            NEUTRAL,
            [OWN, ALIAS],
            id="one of three",
        ),
        pytest.param({OWN: INTERNAL, NEUTRAL: INTERNAL}, NEUTRAL, [], id="all say the same"),
        pytest.param(
            {OWN: "internet-facing", NEUTRAL: INTERNET}, NEUTRAL, [], id="the same in other words"
        ),
    ],
)
def test_of_two_keys_for_one_field_the_table_says_which_counts(
    annotations: dict[str, str], winner: str, outvoted: list[str]
) -> None:
    found = TABLE.parse(annotations)

    assert found.values == {"scheme": Scheme(annotations[winner])}
    assert found.path("scheme") == path_of(winner)
    assert told(found.problems) == [
        ("warning", "ConflictingAnnotations", path_of(key)) for key in outvoted
    ]
    assert {each.message for each in found.problems} <= {
        f"says something else than {winner}, which counts"
    }


def test_a_value_that_says_nothing_outvotes_nobody() -> None:
    table = Table(
        rows=(row("first", "kind", choice({"any": UNSET})), row("second", "kind", text)),
        prefixes=(),
        options=dict,
    )
    found = table.parse({"first": "any", "second": "x"})

    assert (found.values, found.path("kind"), found.problems) == (
        {"kind": "x"},
        path_of("second"),
        (),
    )


def test_values_by_port_are_sorted_by_their_suffix() -> None:
    found = TABLE.parse(
        {
            "a.example/attributes.UDP-53": "c=3",
            "a.example/attributes.80": "a=1",
            "b.example/attributes.http": "b=2",
            "a.example/attributes": "d=4",
        }
    )

    assert found.problems == ()
    assert found.values == {
        "attributes": (("d", "4"),),
        "by_port": (
            ("80", (("a", "1"),)),
            ("UDP-53", (("c", "3"),)),
            ("http", (("b", "2"),)),
        ),
    }
    assert found.path("by_port") == path_of("a.example/attributes.80")


def test_of_two_keys_for_one_port_the_table_says_which_counts() -> None:
    found = TABLE.parse({"b.example/attributes.80": "a=2", "a.example/attributes.80": "a=1"})

    assert found.values == {"by_port": (("80", (("a", "1"),)),)}
    assert told(found.problems) == [
        ("warning", "ConflictingAnnotations", path_of("b.example/attributes.80"))
    ]


def test_keys_for_two_ports_do_not_conflict() -> None:
    found = TABLE.parse({"b.example/attributes.80": "a=2", "a.example/attributes.81": "a=1"})

    assert found.values == {"by_port": (("80", (("a", "2"),)), ("81", (("a", "1"),)))}
    assert found.problems == ()


def test_a_field_that_nobody_wrote_is_named_itself() -> None:
    assert Parsed().path("scheme") == "metadata.annotations[scheme]"


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param((row("k", "a", text), row("k", "b", text)), id="the same key"),
        pytest.param((row("k", "a", text), row("l", "b", text, aliases=("k",))), id="an alias"),
        pytest.param((row("k", "a", text, aliases=("k",)),), id="an alias of itself"),
        pytest.param(
            (row("k", "a", text, per_port=True), row("k", "b", text, per_port=True)), id="by port"
        ),
    ],
)
def test_a_table_with_one_key_in_two_rows_is_refused(rows: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="two rows for annotation k"):
        Table(rows=rows, prefixes=(), options=dict)


def test_settings_are_the_fields_that_translation_does_not_handle_itself() -> None:
    assert settings(TABLE.rows) == ("size", "mode", "speed", "label", "by_port", "attributes")
    assert settings(CORE_ROWS) == ()
    assert all(each.field in CORE or each.field.startswith(HEALTH) for each in CORE_ROWS)


def test_the_table_as_the_docs_page_has_it() -> None:
    rows = (
        row("k/a", "a", text, type="x | y", default="x", doc="First.", aliases=("l/a",)),
        row("k/b", "b", text, deprecated="k/a", doc="Second.", per_port=True),
    )

    assert markdown(rows).splitlines() == [
        "| annotation | values | default | meaning |",
        "|---|---|---|---|",
        "| `k/a` or `l/a` | x \\| y | x | First. |",
        "| `k/b.PORT` | T |  | Deprecated: use `k/a`. Second. |",
    ]
    assert markdown(rows, aliases=False).splitlines()[2] == "| `k/a` | x \\| y | x | First. |"


KEYS = st.one_of(
    st.sampled_from([key for each in TABLE.rows for key in (each.key, *each.aliases)]),
    st.builds("a.example/attributes.{}".format, st.text(max_size=5)),
    st.builds("{}{}".format, st.sampled_from(["a.example/", "cloudlb.io/", ""]), st.text()),
)
WORDS = st.sampled_from(
    ["true", "internal", "pod", "0", "9", "10", "80", "10.0.0.0/8", "a=1,b=2", "/x", "on", ",", "="]
)


@given(st.dictionaries(KEYS, st.text() | WORDS, max_size=8))
def test_any_text_is_read_or_told_about(annotations: Mapping[str, str]) -> None:
    found = TABLE.parse(annotations)
    backwards = TABLE.parse(dict(reversed(annotations.items())))

    assert found == backwards
    assert set(found.values) == set(found.keys)
    places = {each.path for each in found.problems}
    assert places <= {path_of(key) for key in annotations}
    assert all(each.message and each.remedy for each in found.problems)
    found_rows = [TABLE.find(key) for key in annotations if path_of(key) not in places]
    assert {row.field for _, row, _ in filter(None, found_rows)} <= set(found.values)
