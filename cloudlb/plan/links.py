"""Who refers to whom among observed objects, found by the ids that their reference fields hold."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from cloudlb.plan.meaning import schema
from cloudlb.plan.resource import Found


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | frozenset):
        for item in value:
            yield from _strings(item)


def held_ids(found: Found[Any], *, parts_only: bool = False) -> frozenset[str]:
    """Return the ids of other objects that an observed object's reference fields hold."""
    fields = schema(type(found.value))
    return frozenset(
        text
        for name in (fields.parts if parts_only else fields.references)
        for text in _strings(getattr(found.value, name))
        if text
    )


def _identities(found: Found[Any]) -> frozenset[str]:
    return frozenset((*found.attributes.values(), found.id))


def refers_to_any(
    found: Found[Any], others: Iterable[Found[Any]], *, parts_only: bool = False
) -> bool:
    """Tell whether an object refers to one of the others or, with `parts_only`, is a part of one of them.

    As everywhere here, nothing refers to itself or to another object of its kind.
    """
    held = held_ids(found, parts_only=parts_only)
    return bool(held) and any(
        other is not found
        and type(other.value) is not type(found.value)
        and not held.isdisjoint(_identities(other))
        for other in others
    )


class Links:
    """The references among a set of observed objects, as a graph."""

    def __init__(self, found: Iterable[Found[Any]]) -> None:
        """Index the objects by everything that they may be referred to by."""
        self._by_identity: dict[str, list[Found[Any]]] = defaultdict(list)
        for each in found:
            for identity in _identities(each):
                self._by_identity[identity].append(each)

    def targets(self, found: Found[Any]) -> tuple[Found[Any], ...]:
        """Return what an object refers to: never itself, nor another of its kind."""
        return self._pointed(found, held_ids(found))

    def wholes(self, found: Found[Any]) -> tuple[Found[Any], ...]:
        """Return what an object is a part of."""
        return self._pointed(found, held_ids(found, parts_only=True))

    def _pointed(self, found: Found[Any], ids: frozenset[str]) -> tuple[Found[Any], ...]:
        return tuple(
            {
                id(each): each
                for held in sorted(ids)
                for each in self._by_identity.get(held, ())
                if each is not found and type(each.value) is not type(found.value)
            }.values()
        )
