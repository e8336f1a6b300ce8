"""Resources, references and stacks: the typed data that a plan is computed from.

A resource is a frozen dataclass of one cloud object's managed settings. What a field means to the diff is written on
the field with `attribute(...)`. The cloud's own ids live beside a resource, in `Found`; a resource that needs the id of
another one holds a `Ref`, and those refs are the dependency graph. Nothing here knows a cloud or Kubernetes.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Generic, NewType, TypeVar

Key = NewType("Key", str)
"""`kind/id`: the logical id of a resource, unique in its stack."""

CloudId = NewType("CloudId", str)
"""The cloud's id of an object (an ARN, a self link): opaque here."""


@dataclass(frozen=True, slots=True)
class Ref:
    """The value of an attribute of another resource, known once that one exists.

    The other resource is in the same stack, or, with `shared`, in the stack that all owners of a cluster share.
    """

    key: Key
    attribute: str
    shared: bool = False

    def __str__(self) -> str:
        """`target-group/80.arn`, as plans print it while the value is unknown."""
        return f"{self.key}.{self.attribute}"


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
    overlay       a sorted tuple of (name, value) pairs, of which only the names that are desired are compared.
    members       a frozenset that is changed by set difference (targets, rules).
    secret        never printed.
    reference     holds a Ref or the cloud's id of another object (or a tuple of these).
    part_of       a reference to the object that this one is a part of: it goes when that one goes, without a call.
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
    )
    metadata = {_MEANING: meaning}
    if default is dataclasses.MISSING:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


def only(value: object) -> tuple[object, ...]:
    """Return the value itself as what is held exclusively; nothing if it is empty."""
    return (value,) if value else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Base of all resources. `id` is unique among the resources of one kind in a stack (`tcp-80`).

    Subclasses set `KIND` (the field's own term, kebab-case: `target-group`) and are frozen, slotted, keyword-only
    dataclasses whose values are hashable: str, int, bool, None, Ref, frozen structs, and tuples or frozensets of these.
    """

    KIND: ClassVar[str] = "resource"
    HOLDS_ADDRESS: ClassVar[bool] = False
    """Whether clients connect to this object's own address, so that replacing it changes the address."""

    id: str = attribute(create_only=True)

    @property
    def key(self) -> Key:
        """The logical id: `kind/id`."""
        return Key(f"{self.KIND}/{self.id}")


@cache
def meanings(kind: type[Resource]) -> Mapping[str, Meaning]:
    """Return what each field of a resource class means, in the order of declaration, without `id`."""
    return {
        each.name: each.metadata.get(_MEANING, _PLAIN)
        for each in dataclasses.fields(kind)
        if each.name != "id"
    }


def exclusive_values(resource: Resource) -> frozenset[tuple[str, object]]:
    """Return what no two live objects of this kind can hold at once, as (field, value)."""
    return frozenset(
        (name, value)
        for name, meaning in meanings(type(resource)).items()
        if meaning.exclusive is not None
        for value in meaning.exclusive(getattr(resource, name))
    )


def references(resource: Resource) -> Iterator[tuple[str, Ref]]:
    """Yield (field, Ref) for every reference that a resource holds."""
    for name in meanings(type(resource)):
        for ref in _refs(getattr(resource, name)):
            yield name, ref


def _refs(value: object) -> Iterator[Ref]:
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, tuple | frozenset):
        for item in value:
            yield from _refs(item)


R = TypeVar("R", bound=Resource)


def resolve(resource: R, lookup: Callable[[Ref], str | None]) -> R:
    """Replace every Ref whose value `lookup` knows; the others stay."""
    changed = {
        name: _resolved(getattr(resource, name), lookup)
        for name in dict.fromkeys(name for name, _ in references(resource))
    }
    return dataclasses.replace(resource, **changed) if changed else resource


def _resolved(value: Any, lookup: Callable[[Ref], str | None]) -> Any:  # noqa: ANN401
    if isinstance(value, Ref):
        known = lookup(value)
        return value if known is None else known
    if isinstance(value, tuple):
        return tuple(_resolved(item, lookup) for item in value)
    if isinstance(value, frozenset):
        return frozenset(_resolved(item, lookup) for item in value)
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[R]):
    """A resource that exists: its settings as observed, the cloud's id, and the attributes that refs may ask for.

    In an observed resource the reference fields hold the cloud's own values, never refs.
    `attributes` maps names (`arn`, `dns_name`) to values; `handles` is whatever else the driver needs for changing it
    later (ids of single rules), as an opaque frozen value.
    """

    id: CloudId
    value: R
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)
    handles: object = field(default=None, hash=False, compare=False)

    @property
    def key(self) -> Key:
        """The logical id of the resource."""
        return self.value.key


@dataclass(frozen=True, slots=True)
class Stack:
    """A set of desired resources, held sorted by key: two stacks of the same resources are equal.

    Raises ValueError if two resources share a key or a Ref leads outside the stack.
    """

    resources: tuple[Resource, ...] = ()

    def __post_init__(self) -> None:
        """Sort, and check keys and references."""
        ordered = tuple(sorted(self.resources, key=lambda each: each.key))
        object.__setattr__(self, "resources", ordered)
        keys = {each.key for each in ordered}
        if len(keys) != len(ordered):
            doubled = sorted({a.key for a, b in zip(ordered, ordered[1:], strict=False) if a.key == b.key})
            message = f"two resources with one key: {', '.join(doubled)}"
            raise ValueError(message)
        for each in ordered:
            for name, ref in references(each):
                if not ref.shared and ref.key not in keys:
                    message = f"{each.key}.{name} refers to {ref.key}, which is not in the stack"
                    raise ValueError(message)

    def __iter__(self) -> Iterator[Resource]:
        """Iterate in the order of keys."""
        return iter(self.resources)

    def __len__(self) -> int:
        """Count the resources."""
        return len(self.resources)

    def __bool__(self) -> bool:
        """Tell whether there is anything in it."""
        return bool(self.resources)

    def get(self, key: Key) -> Resource | None:
        """Find a resource by key."""
        return next((each for each in self.resources if each.key == key), None)


@dataclass(frozen=True, slots=True)
class Observed:
    """What exists of one owner. Keys may repeat: a replacement that was interrupted leaves two objects of one key."""

    found: tuple[Found[Any], ...] = ()

    def __post_init__(self) -> None:
        """Sort, so that equal sets are equal values."""
        ordered = tuple(sorted(self.found, key=lambda each: (each.key, each.id)))
        object.__setattr__(self, "found", ordered)

    def __iter__(self) -> Iterator[Found[Any]]:
        """Iterate in the order of (key, cloud id)."""
        return iter(self.found)

    def __len__(self) -> int:
        """Count the objects."""
        return len(self.found)

    def of(self, key: Key) -> tuple[Found[Any], ...]:
        """Find the objects of one key."""
        return tuple(each for each in self.found if each.key == key)

    def kind(self, kind: str) -> tuple[Found[Any], ...]:
        """Find the objects of one kind."""
        return tuple(each for each in self.found if each.value.KIND == kind)

    def with_found(self, *changed: Found[Any]) -> "Observed":
        """Return a copy in which objects of the same cloud id and kind are replaced by the given ones."""
        gone = {(each.value.KIND, each.id) for each in changed}
        return Observed((*self._except(gone), *changed))

    def without(self, *removed: Found[Any]) -> "Observed":
        """Return a copy without the given objects."""
        return Observed(tuple(self._except({(each.value.KIND, each.id) for each in removed})))

    def _except(self, gone: Iterable[tuple[str, CloudId]]) -> Iterator[Found[Any]]:
        return (each for each in self.found if (each.value.KIND, each.id) not in gone)
