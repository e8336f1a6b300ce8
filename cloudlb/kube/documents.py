"""Documents: Kubernetes objects as somebody wrote them, with where they were written.

A document is not decoded and not checked beyond what makes it an object at all. `manifests` reads them from files;
tests and programs make them of plain data with `Document.of`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudlb.kube.objects import EndpointSlice, Namespace, Node, Object, Service
from cloudlb.kube.yaml_reader import YamlList, YamlMap

DEFAULT_NAMESPACE = "default"

_STEP = re.compile(r"\.?([^.\[\]]+)|\[([^\]]*)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of object that cloudlb reads. `group` is empty for the core API."""

    name: str
    group: str
    version: str
    namespaced: bool
    type: type[Object]

    @property
    def api_version(self) -> str:
        """`v1`, or `group/version`."""
        return f"{self.group}/{self.version}" if self.group else self.version


KINDS = {
    (kind.group, kind.name): kind
    for kind in (
        Kind(name="Namespace", group="", version="v1", namespaced=False, type=Namespace),
        Kind(name="Node", group="", version="v1", namespaced=False, type=Node),
        Kind(name="Service", group="", version="v1", namespaced=True, type=Service),
        Kind(
            name="EndpointSlice",
            group="discovery.k8s.io",
            version="v1",
            namespaced=True,
            type=EndpointSlice,
        ),
    )
}
"""The kinds that cloudlb reads, by (group, kind)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a document was written. `document` and `line` count from 1; 0 where there is no such thing."""

    file: str = ""
    document: int = 0
    line: int = 0

    def __str__(self) -> str:
        """`services.yaml:12 (document 2)`, as far as it is known."""
        line = f":{self.line}" if self.line else ""
        return f"{self.file}{line}" + (f" (document {self.document})" if self.document else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An object of a kind that cloudlb reads, not decoded yet."""

    kind: Kind
    value: Mapping[str, Any] = field(hash=False)
    source: Source = Source()

    @classmethod
    def of(cls, value: Mapping[str, Any], source: Source = Source()) -> "Document":
        """Make a document of plain data. Raises ValueError if it is not of a kind that cloudlb reads."""
        group, _, _version = str(value.get("apiVersion", "v1")).rpartition("/")
        kind = KINDS.get((group, str(value.get("kind"))))
        if kind is None:
            raise ValueError(f"not a kind that cloudlb reads: {value.get('kind')}")
        return cls(kind=kind, value=value, source=source)

    @property
    def name(self) -> str:
        """`metadata.name`, empty if there is none."""
        return self._metadata("name")

    @property
    def namespace(self) -> str:
        """`metadata.namespace`, `default` if there is none, empty for what has no namespace."""
        if not self.kind.namespaced:
            return ""
        return self._metadata("namespace") or DEFAULT_NAMESPACE

    @property
    def key(self) -> tuple[str, str, str]:
        """(kind, namespace, name): what may be there once."""
        return (self.kind.name, self.namespace, self.name)

    def at(self, path: str) -> Source:
        """Return where the field `path` (`spec.ports[0].port`) was written, or the nearest thing around it."""
        line = self.source.line
        value: Any = self.value
        for step in _steps(path):
            if isinstance(value, YamlMap) and step in value:
                line, value = value.lines[step], value[step]
            elif isinstance(value, YamlList) and step.isdigit() and int(step) < len(value):
                line, value = value.lines[int(step)], value[int(step)]
            else:
                break
        return Source(file=self.source.file, document=self.source.document, line=line)

    def _metadata(self, field_name: str) -> str:
        metadata = self.value.get("metadata")
        value = metadata.get(field_name) if isinstance(metadata, Mapping) else None
        return value if isinstance(value, str) else ""


def _steps(path: str) -> list[str]:
    return [plain or bracketed for plain, bracketed in _STEP.findall(path)]
