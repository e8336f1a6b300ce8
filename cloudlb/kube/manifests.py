"""Reading what `-f` takes: files, folders and stdin, YAML and JSON, many documents, Lists.

Ends in documents (see `documents`) or in one ManifestError that lists everything wrong with the files themselves.
Whether an object is valid is not asked here: that is the API server's part, played by `offline`.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import structlog

from cloudlb.errors import UsageError
from cloudlb.kube import json_reader, yaml_reader
from cloudlb.kube.decode import json_type
from cloudlb.kube.documents import KINDS, Document, Source
from cloudlb.kube.yaml_reader import YamlDocument, YamlList, YamlMap
from cloudlb.model import Problem

STDIN = "-"
SUFFIXES = (".json", ".yaml", ".yml")
"""What is read from a folder; a file that is named itself may be called anything. As kubectl does."""

_log = structlog.get_logger(__name__)


class ManifestError(UsageError):
    """The manifests can not be read. `problems` has one entry a fault; its path is `file:line:column`."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep the problems; the text has a line for each."""
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """A file's content and what messages call it."""

    name: str
    content: str
    is_json: bool


def read(names: Sequence[str | Path], *, stdin: BinaryIO | None = None) -> tuple[Document, ...]:
    """Read manifests from files, folders (not their subfolders) and `-`, in that order, folders by name.

    A file that is reached twice is read once. Kinds that cloudlb does not read are left out. Raises ManifestError
    with all that is wrong: what can not be found or read, syntax, things that are no objects, and objects that are
    there twice.
    """
    problems: list[Problem] = []
    found: list[Document] = []
    for text in _texts(names, stdin or sys.stdin.buffer, problems):
        found.extend(_documents(text, problems))
    problems.extend(_duplicates(found))
    if problems:
        raise ManifestError(problems)
    return tuple(found)


def _texts(
    names: Sequence[str | Path], stdin: BinaryIO, problems: list[Problem]
) -> Iterator[_Text]:
    seen: set[str] = set()
    for name in dict.fromkeys(str(name) for name in names):
        if name == STDIN:
            yield from _text("stdin", stdin.read(), problems)
            continue
        for path in _files(Path(name), problems):
            # Unlike Path.resolve, it does not raise for a link that leads to itself.
            if (real := os.path.realpath(path)) not in seen:
                seen.add(real)
                yield from _load(path, problems)


def _files(path: Path, problems: list[Problem]) -> list[Path]:
    try:
        if not path.is_dir():
            return [path]
        files = sorted(
            file for file in path.iterdir() if file.suffix in SUFFIXES and not file.is_dir()
        )
    except OSError as error:
        problems.append(_unreadable(path, error))
        return []
    if not files:
        problems.append(
            Problem.error(
                str(path),
                f"the folder has no manifest ({', '.join(SUFFIXES)})",
                "name the folder that holds the files themselves: subfolders are not read",
            )
        )
    return files


def _load(path: Path, problems: list[Problem]) -> Iterator[_Text]:
    try:
        data = path.read_bytes()
    except OSError as error:
        problems.append(_unreadable(path, error))
        return
    yield from _text(str(path), data, problems)


def _unreadable(path: Path, error: OSError) -> Problem:
    if isinstance(error, FileNotFoundError):
        return Problem.error(str(path), "no such file or folder", "check the path given to -f")
    return Problem.error(str(path), f"can not be read: {error.strerror}", "check its permissions")


def _text(name: str, data: bytes, problems: list[Problem]) -> Iterator[_Text]:
    try:
        content = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.append(
            Problem.error(f"{name}:{line}", f"not UTF-8 at byte {error.start}", "save it as UTF-8")
        )
        return
    yield _Text(name=name, content=content, is_json=name.endswith(".json"))


def _documents(text: _Text, problems: list[Problem]) -> Iterator[Document]:
    number = 0
    try:
        for number, parsed in enumerate(_parse(text), start=1):
            source = Source(file=text.name, document=number, line=parsed.line)
            yield from _objects(parsed.value, source, problems)
    except RecursionError:
        problems.append(Problem.error(f"{text.name} (document {number})", "nested too deeply"))
    except yaml_reader.YamlError as error:
        problems.append(
            Problem.error(
                f"{text.name}:{error.line}:{error.column}",
                f"{error.message} (document {number + 1})",
            )
        )


def _parse(text: _Text) -> Iterator[YamlDocument]:
    if text.content.lstrip()[:1] not in ("{", "["):
        return yaml_reader.read(text.content)
    try:
        return iter(json_reader.read(text.content))
    except yaml_reader.YamlError:
        # YAML in flow style begins with a brace as well; what is called JSON has to be JSON.
        if text.is_json:
            raise
        return yaml_reader.read(text.content)


def _objects(value: object, source: Source, problems: list[Problem]) -> Iterator[Document]:
    if value is None:
        return
    if not isinstance(value, Mapping):
        problems.append(
            Problem.error(str(source), f"expected a Kubernetes object, got {json_type(value)}")
        )
        return
    group, _, version = _string(value, "apiVersion").rpartition("/")
    name = _string(value, "kind")
    if name.endswith("List") and "items" in value:
        yield from _items(value, source, problems)
    elif missing := [key for key in ("apiVersion", "kind") if not _string(value, key)]:
        problems.append(
            Problem.error(
                str(source),
                f"not a Kubernetes object: {' and '.join(missing)} missing",
                "every object needs both, as text",
            )
        )
    elif (kind := KINDS.get((group, name))) is None:
        _log.debug("ignored a kind that cloudlb does not read", kind=name, source=str(source))
    elif version != kind.version:
        problems.append(
            Problem.error(
                str(source),
                f"{name} of {value['apiVersion']} is not served by current API servers",
                f"write apiVersion: {kind.api_version}",
            )
        )
    else:
        yield Document(kind=kind, value=value, source=source)


def _items(value: Mapping[str, Any], source: Source, problems: list[Problem]) -> Iterator[Document]:
    items = value["items"]
    if items is None:
        return
    if not isinstance(items, list):
        problems.append(
            Problem.error(f"{source}: items", f"expected a list, got {json_type(items)}")
        )
        return
    for index, item in enumerate(items):
        line = items.lines[index] if isinstance(items, YamlList) else source.line
        at = Source(file=source.file, document=source.document, line=line)
        yield from _objects(_typed(item, value), at, problems)


def _typed(item: object, parent: Mapping[str, Any]) -> object:
    # A ServiceList of the API itself names the type once, not on every item.
    name = _string(parent, "kind").removesuffix("List")
    if not name or not isinstance(item, Mapping) or "kind" in item:
        return item
    typed = YamlMap()
    typed.update(item)
    typed.lines = getattr(item, "lines", {})
    typed["apiVersion"], typed["kind"] = _string(parent, "apiVersion"), name
    return typed


def _string(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _duplicates(documents: Sequence[Document]) -> Iterator[Problem]:
    first: dict[tuple[str, str, str], Document] = {}
    for document in documents:
        # One without a name is refused later, for that.
        if not document.name:
            continue
        other = first.setdefault(document.key, document)
        if other is not document:
            kind, namespace, name = document.key
            yield Problem.error(
                str(document.source),
                f"{kind} {f'{namespace}/' if namespace else ''}{name} is also in {other.source}",
                "keep one of them",
            )
