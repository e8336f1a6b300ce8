"""References between resources that do not exist yet."""

from dataclasses import dataclass
from typing import NewType

Key = NewType("Key", str)
"""`kind/id`: the logical id of a resource, unique in its stack."""


@dataclass(frozen=True, slots=True)
class Ref:
    """The value of an attribute of another resource, known once that one exists.

    The other resource is in the same stack, or, with `shared`, in the stack that all owners of a cluster share.
    """

    key: Key
    attribute: str
    shared: bool = False

    def __str__(self) -> str:
        """`listener/80.id`, as plans print it while the value is unknown."""
        return f"{self.key}.{self.attribute}"
