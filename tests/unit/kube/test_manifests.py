"""What `-f` takes, and what it says when it can not take it."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudlb.errors import UsageError
from cloudlb.kube.documents import Document
from cloudlb.kube.manifests import ManifestError, read

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: %s}\nspec: {ports: [{port: 80}]}\n"


def names(documents: tuple[Document, ...]) -> list[str]:
    return [document.name for document in documents]


def write(folder: Path, content: str | bytes, name: str = "a.yaml") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def messages(*paths: Path | str, stdin: bytes = b"") -> list[str]:
    with pytest.raises(ManifestError) as caught:
        read(paths, stdin=io.BytesIO(stdin))
    return [str(problem) for problem in caught.value.problems]


def test_a_folder_is_read_by_name_without_its_subfolders(tmp_path: Path) -> None:
    write(tmp_path, SERVICE % "second", "b.yml")
    write(tmp_path, SERVICE % "first", "a.yaml")
    write(tmp_path, "not: [yaml", "notes.txt")
    (tmp_path / "sub.yaml").mkdir()
    write(tmp_path / "sub.yaml", SERVICE % "deep")

    assert names(read([tmp_path])) == ["first", "second"]


def test_a_file_that_is_named_may_be_called_anything(tmp_path: Path) -> None:
    assert names(read([write(tmp_path, SERVICE % "web", "manifest")])) == ["web"]


def test_a_file_that_is_reached_twice_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path, SERVICE % "web")

    assert names(read([tmp_path, path, str(path)])) == ["web"]


def test_stdin_is_read_for_a_dash() -> None:
    assert names(read(["-"], stdin=io.BytesIO((SERVICE % "web").encode()))) == ["web"]


def test_many_documents_and_empty_ones(tmp_path: Path) -> None:
    text = "---\n# nothing\n---\n" + SERVICE % "a" + "---\n---\n" + SERVICE % "b" + "...\n"

    documents = read([write(tmp_path, text)])

    assert names(documents) == ["a", "b"]
    assert [document.source.document for document in documents] == [2, 4]
    assert [document.source.line for document in documents] == [4, 10]


def test_json_of_one_or_several_objects(tmp_path: Path) -> None:
    objects = [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}} for name in "ab"]
    text = "\n".join(json.dumps(found, indent=1) for found in objects)

    assert names(read([write(tmp_path, text, "a.json")])) == ["a", "b"]


def test_a_byte_order_mark_is_no_part_of_json(tmp_path: Path) -> None:
    text = b'\xef\xbb\xbf{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"}}'

    assert names(read([write(tmp_path, text, "a.json")])) == ["a"]


def test_yaml_in_flow_style_is_not_taken_for_json(tmp_path: Path) -> None:
    path = write(tmp_path, "{apiVersion: v1, kind: Node, metadata: {name: a}}")

    assert names(read([path])) == ["a"]


@pytest.mark.parametrize("kind", ["List", "ServiceList"])
def test_lists_are_unfolded(tmp_path: Path, kind: str) -> None:
    item: dict[str, Any] = {"metadata": {"name": "a"}}
    if kind == "List":
        item |= {"apiVersion": "v1", "kind": "Service"}
    inner = {"apiVersion": "v1", "kind": kind, "items": [item]}
    outer = {"apiVersion": "v1", "kind": "List", "items": [inner, {**inner, "items": None}]}

    (document,) = read([write(tmp_path, json.dumps(outer))])

    assert (document.kind.name, document.name) == ("Service", "a")


def test_items_of_a_typed_list_know_their_lines(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: NodeList\nitems:\n- metadata:\n    name: a\n    uid: b\n"

    (document,) = read([write(tmp_path, text)])

    assert (document.source.line, document.at("metadata.uid").line) == (4, 6)


def test_other_kinds_are_left_out_with_a_debug_line(tmp_path: Path) -> None:
    text = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n---\n"
        "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: b}\n---\n"
    ) + SERVICE % "c"

    with structlog.testing.capture_logs() as logs:
        documents = read([write(tmp_path, text)])

    assert names(documents) == ["c"]
    assert [(entry["kind"], entry["log_level"]) for entry in logs] == [
        ("Deployment", "debug"),
        ("Service", "debug"),
    ]


def test_values_are_not_mangled(tmp_path: Path) -> None:
    text = SERVICE % 'web, annotations: {a: yes, b: on, c: 2024-01-31, d: "0123", e: "tür"}'

    (document,) = read([write(tmp_path, b"\xef\xbb\xbf" + text.encode())])

    assert document.value["metadata"]["annotations"] == {
        "a": "yes",
        "b": "on",
        "c": "2024-01-31",
        "d": "0123",
        "e": "tür",
    }


def test_objects_that_are_there_twice_are_refused_with_both_places(tmp_path: Path) -> None:
    first = write(tmp_path, SERVICE % "web", "a.yaml")
    second = write(tmp_path, SERVICE % "web, namespace: default", "b.yaml")

    (message,) = messages(tmp_path)

    assert message == (
        f"{second}:1 (document 1): Service default/web is also in {first}:1 (document 1) "
        "(keep one of them)"
    )


def test_one_name_in_two_namespaces_is_two_objects(tmp_path: Path) -> None:
    text = SERVICE % "web" + "---\n" + SERVICE % "web, namespace: shop"

    assert len(read([write(tmp_path, text)])) == 2


@pytest.mark.parametrize(
    ("content", "file", "expected"),
    [
        pytest.param(SERVICE % "a" + "---\nkind: [\n", "a.yaml", "a.yaml:7:1: ", id="yaml-syntax"),
        pytest.param('{"kind": "Node",\n}', "a.json", "a.json:2:1: ", id="json-syntax"),
        pytest.param("{kind: Node}", "a.json", "a.json:1:2: ", id="yaml-called-json"),
        pytest.param('{"a": 1,\n "a": 2}', "a.json", "'a' is there twice", id="json-key-twice"),
        pytest.param('{"a": NaN}', "a.json", "NaN is not JSON", id="json-nan"),
        pytest.param("[" * 100_000, "a.json", "nested too deeply", id="json-deep"),
        pytest.param(b"kind: \xff", "a.yaml", "a.yaml:1: not UTF-8 at byte 6", id="latin-1"),
        pytest.param(
            "just text", "a.yaml", "expected a Kubernetes object, got a string", id="text"
        ),
        pytest.param("[1]", "a.yaml", "expected a Kubernetes object, got a list", id="list"),
        pytest.param("replicas: 1", "a.yaml", "apiVersion and kind missing", id="values-file"),
        pytest.param("kind: Service", "a.yaml", "apiVersion missing", id="no-version"),
        pytest.param("kind: 3\napiVersion: v1", "a.yaml", "kind missing", id="kind-is-a-number"),
        pytest.param("kind: List\nitems: 3", "a.yaml", "items: expected a list", id="items"),
        pytest.param(
            "apiVersion: discovery.k8s.io/v1beta1\nkind: EndpointSlice",
            "a.yaml",
            "write apiVersion: discovery.k8s.io/v1",
            id="old-version",
        ),
    ],
)
def test_what_can_not_be_read_is_told_with_its_place(
    tmp_path: Path, content: str | bytes, file: str, expected: str
) -> None:
    (message,) = messages(write(tmp_path, content, file))

    assert str(tmp_path) in message
    assert expected in message


def test_lists_in_lists_are_unfolded_or_refused_at_any_depth() -> None:
    for depth in range(50, 600, 7):
        text = '{"kind":"List","items":[' * depth + "]}" * depth
        with contextlib.suppress(ManifestError):
            assert read(["-"], stdin=io.BytesIO(text.encode())) == ()


def test_a_missing_file_is_told() -> None:
    assert messages("no/such.yaml") == [
        "no/such.yaml: no such file or folder (check the path given to -f)"
    ]


def test_a_folder_without_manifests_is_told(tmp_path: Path) -> None:
    (message,) = messages(tmp_path)

    assert message.startswith(f"{tmp_path}: the folder has no manifest (.json, .yaml, .yml)")


def test_a_file_that_can_not_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")

    (message,) = messages(tmp_path)

    assert "loop.yaml: can not be read" in message


def test_every_fault_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, "a: [", "a.yaml")
    write(tmp_path, "text", "b.yaml")

    assert len(messages(tmp_path, "gone", "-", stdin=b"a: b: c")) == 4


def test_the_error_is_a_usage_error() -> None:
    with pytest.raises(UsageError):
        read(["gone"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.text(max_size=30)
    | st.sampled_from(["yes", "0x1F", "1e3", "~", "2001-01-01", "*a", "&a", "!t x", "{", "- a"])
)
def test_any_scalar_as_a_value_is_read_or_refused(value: str) -> None:
    text = f"{SERVICE % 'web'}  \nextra: {value}\n"
    with contextlib.suppress(ManifestError):
        read(["-"], stdin=io.BytesIO(text.encode()))


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(ManifestError):
        read(["-"], stdin=io.BytesIO(data))
