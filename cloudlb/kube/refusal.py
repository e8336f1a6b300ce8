"""What the API server would refuse, and why."""

from collections.abc import Iterable
from dataclasses import dataclass

from cloudlb.kube.documents import Document
from cloudlb.kube.field_errors import FieldError
from cloudlb.model import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One reason why an object is not (or not as written) in the cluster.

    `path` and `message` are in the words of the API server; `source` is where it was written
    (`services.yaml:12 (document 2)`), empty for objects that come from no file.
    """

    kind: str
    namespace: str
    name: str
    path: str
    message: str
    source: str = ""
    remedy: str = ""

    @property
    def problem(self) -> Problem:
        """The same as a problem of the object."""
        return Problem.error(self.path, self.message, self.remedy, reason="Refused")

    def __str__(self) -> str:
        """One line: where, which object, what, what to do."""
        source = f"{self.source}: " if self.source else ""
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{source}{self.kind} {place}{self.name}: {self.problem}"


def refusals(document: Document, faults: Iterable[FieldError]) -> tuple[Refusal, ...]:
    """Turn the faults of a document into refusals that say where they were written."""
    return tuple(
        Refusal(
            kind=document.kind.name,
            namespace=document.namespace,
            name=document.name,
            path=fault.path,
            message=fault.message,
            source=str(document.at(fault.path)),
            remedy=fault.remedy,
        )
        for fault in faults
    )
