"""Cutting a request into pieces that AWS takes."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batches(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Yield the items in tuples of `size`, the last one maybe shorter."""
    rest = iter(items)
    while piece := tuple(islice(rest, size)):
        yield piece
