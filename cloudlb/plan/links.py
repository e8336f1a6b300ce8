"""Who refers to whom among observed objects, found by the ids that their reference fields hold."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from cloudlb.plan.resource import Found, meanings


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | frozenset):
        for item in value:
            yield from _strings(item)


def held_ids(found: Found[Any], *, parts_only: bool = False) -> frozenset[str]:
    """Return the ids of other objects that an observed object's reference fields hold."""
    return frozenset(
        text
        for name, meaning in meanings(type(found.value)).items()
        if (meaning.part_of if parts_only else meaning.reference)
        for text in _strings(getattr(found.value, name))
        if text
    )


def _identities(found: Found[Any]) -> frozenset[str]:
    return frozenset((*found.attributes.values(), found.id))


def part_of_any(found: Found[Any], wholes: Iterable[Found[Any]]) -> bool:
    """Tell whether an object is a part of one of the others, and so goes when that one goes."""
    held = held_ids(found, parts_only=True)
    return bool(held) and any(
        whole is not found and type(whole.value) is not type(found.value) and held & _identities(whole)
        for whole in wholes
    )


class Links:
    """The references among a set of observed objects, as a graph."""

    def __init__(self, found: Iterable[Found[Any]]) -> None:
        self._found = tuple(found)
        self._by_identity: dict[str, list[Found[Any]]] = defaultdict(list)
        for each in self._found:
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
