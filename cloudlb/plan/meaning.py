"""What the fields of a resource mean to the engine: written on the field, gathered once a class."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, get_args

from cloudlb.plan.ref import Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a field means to the diff; see `attribute`."""

    immutable: bool = False
    replace_when: Callable[[Any, Any], bool] | None = None
    exclusive: Callable[[Any], Iterable[object]] | None = None
    create_only: bool = False
    overlay: bool = False
    members: bool = False
    secret: bool = False
    reference: bool = False
    part_of: bool = False
    because: str = ""
    interrupts: bool = False

    def forces_replacement(self, old: object, new: object) -> bool:
        """Tell whether going from old to new needs a new object."""
        if self.replace_when is not None:
            return self.replace_when(old, new)
        return self.immutable


_MEANING = "cloudlb.meaning"
_PLAIN = Meaning()


def attribute(  # noqa: PLR0913  (one keyword a meaning; all optional)
    *,
    immutable: bool = False,
    replace_when: Callable[[Any, Any], bool] | None = None,
    exclusive: Callable[[Any], Iterable[object]] | None = None,
    create_only: bool = False,
    overlay: bool = False,
    members: bool = False,
    secret: bool = False,
    reference: bool = False,
    part_of: bool = False,
    because: str = "",
    interrupts: bool = False,
    default: Any = dataclasses.MISSING,  # noqa: ANN401  (as dataclasses.field)
) -> Any:  # noqa: ANN401
    """Declare a field of a resource and what it means to the diff.

    immutable     a change means replace.
    replace_when  a predicate (old, new): which changes mean replace; the others are updates. `new` may hold refs that
                  are not known yet.
    exclusive     a function from the field's value to what two live objects can not hold at once (a unique name,
                  reserved addresses; `only` for the value itself): a replacement that shares one of these with the old
                  object must delete it first, and interrupts traffic.
    create_only   used when creating and never compared, so that an adopted object keeps its own (names).
    overlay       a tuple of (name, value) pairs, of which only the names that are desired are compared.
    members       a frozenset that is changed by set difference (targets, rules).
    secret        never printed.
    reference     holds a Ref or the cloud's id of another object, or tuples or frozensets of these (also nested, as in
                  pairs of a ref and a weight). Refs in other fields are not looked for.
    part_of       a reference to the object that this one is a part of: it goes when that one goes, without a call.
    interrupts    an update stops traffic for a while: the cloud takes the object down and makes it anew in its place,
                  with its name and its address.
    because       why a change means replace, for people; without it, the field's name "can not change in place".
    """
    meaning = Meaning(
        immutable=immutable,
        replace_when=replace_when,
        exclusive=exclusive,
        create_only=create_only,
        overlay=overlay,
        members=members,
        secret=secret,
        reference=reference or part_of,
        part_of=part_of,
        because=because,
        interrupts=interrupts,
    )
    metadata = {_MEANING: meaning}
    if default is dataclasses.MISSING:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


def only(value: object) -> tuple[object, ...]:
    """Return the value itself as what is held exclusively; nothing if it is empty."""
    return (value,) if value else ()


def _mentions_ref(annotation: object) -> bool:
    return annotation is Ref or any(map(_mentions_ref, get_args(annotation)))


def _all_of(names: tuple[str, ...]) -> Callable[[Any], Any]:
    return attrgetter(*names) if names else _none_of


def _none_of(_value: object) -> tuple[()]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The fields of one resource class by what they mean, in the order of declaration, without `id`.

    `settled` reads all compared fields that are neither overlays nor references at once. `pairs` are the fields that
    hold (name, value) pairs.
    """

    meanings: Mapping[str, Meaning]
    overlays: tuple[str, ...]
    references: tuple[str, ...]
    parts: tuple[str, ...]
    members: tuple[str, ...]
    exclusive: tuple[tuple[str, Callable[[Any], Iterable[object]]], ...]
    pairs: frozenset[str]
    settled: Callable[[Any], Any]

    @classmethod
    def of(cls, kind: type[Any]) -> "Schema":
        """Gather what the fields of a class mean. Raises TypeError for a Ref where nobody looks for one."""
        fields = [each for each in dataclasses.fields(kind) if each.name != "id"]
        found = {each.name: each.metadata.get(_MEANING, _PLAIN) for each in fields}
        for each in fields:
            if _mentions_ref(each.type) and not found[each.name].reference:
                message = f"{kind.__name__}.{each.name} may hold a Ref: declare it with attribute(reference=True)"
                raise TypeError(message)
        compared = {name: meaning for name, meaning in found.items() if not meaning.create_only}
        return cls(
            meanings=found,
            overlays=tuple(name for name, each in compared.items() if each.overlay),
            references=tuple(name for name, each in found.items() if each.reference),
            parts=tuple(name for name, each in found.items() if each.part_of),
            members=tuple(name for name, each in found.items() if each.members),
            exclusive=tuple(
                (name, each.exclusive) for name, each in found.items() if each.exclusive is not None
            ),
            pairs=frozenset(
                each.name
                for each in fields
                if found[each.name].overlay or each.type == tuple[tuple[str, str], ...]
            ),
            settled=_all_of(
                tuple(n for n, each in compared.items() if not each.overlay and not each.reference)
            ),
        )


_SCHEMAS: dict[type[Any], Schema] = {}


def schema(kind: type[Any]) -> Schema:
    """Return what the fields of a resource class mean."""
    found = _SCHEMAS.get(kind)
    if found is None:
        found = _SCHEMAS[kind] = Schema.of(kind)
    return found
