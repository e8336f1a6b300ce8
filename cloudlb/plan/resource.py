"""Resources, references and stacks: the typed data that a plan is computed from.

A resource is a frozen dataclass of one cloud object's managed settings. What a field means to the diff is written on
the field with `attribute(...)`. The cloud's own ids live beside a resource, in `Found`; a resource that needs the id of
another one holds a `Ref`, and those refs are the dependency graph. Nothing here knows a cloud or Kubernetes.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, NewType, Self, TypeVar

from cloudlb.plan.meaning import Meaning, attribute, only, schema
from cloudlb.plan.ref import Key, Ref

__all__ = [
    "NOTHING",
    "CloudId",
    "Found",
    "Key",
    "Lookup",
    "Meaning",
    "Observed",
    "Ref",
    "Resource",
    "Stack",
    "attribute",
    "exclusive_values",
    "meanings",
    "only",
    "pair_fields",
    "references",
    "resolve",
    "resolved",
]

CloudId = NewType("CloudId", str)
"""The cloud's own id of an object: opaque here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Base of all resources. `id` is unique among the resources of one kind in a stack (`tcp-80`).

    Subclasses set `KIND` (the field's own term, kebab-case: `target-group`) and are frozen, slotted, keyword-only
    dataclasses whose values are hashable: str, int, bool, None, Ref, frozen structs, and tuples or frozensets of these.
    """

    KIND: ClassVar[str] = "resource"
    HOLDS_ADDRESS: ClassVar[bool] = False
    """Whether clients connect to this object's own address, so that replacing it changes the address."""
    HOLDS_TARGETS: ClassVar[bool] = False
    """Whether traffic goes to this object's members, so that emptying it stops traffic."""

    id: str = attribute(create_only=True)

    @property
    def key(self) -> Key:
        """The logical id: `kind/id`."""
        return Key(f"{self.KIND}/{self.id}")

    def ordinary(self) -> Mapping[str, object]:
        """Return the values of fields that go without saying when the object is made: the cloud's own defaults."""
        return {}

    def settled(self, found: Self) -> Self:
        """Return what is desired where `found` is there: less than of a new object, if that one may stay as it is."""
        del found
        return self


def meanings(kind: type[Resource]) -> Mapping[str, Meaning]:
    """Return what each field of a resource class means, in the order of declaration, without `id`."""
    return schema(kind).meanings


def pair_fields(kind: type[Resource]) -> frozenset[str]:
    """Return the names of the fields that hold (name, value) pairs: overlays, and tuples declared so."""
    return schema(kind).pairs


def exclusive_values(resource: Resource) -> frozenset[tuple[str, object]]:
    """Return what no two live objects of this kind can hold at once, as (field, value)."""
    return frozenset(
        (name, value)
        for name, exclusive in schema(type(resource)).exclusive
        for value in exclusive(getattr(resource, name))
    )


def references(resource: Resource) -> Iterator[tuple[str, Ref]]:
    """Yield (field, Ref) for every reference that a resource holds; of those in a set, in no order."""
    for name in schema(type(resource)).references:
        for ref in _refs(getattr(resource, name)):
            yield name, ref


def _refs(value: object) -> Iterator[Ref]:
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, tuple | frozenset):
        for item in value:
            yield from _refs(item)


R = TypeVar("R", bound=Resource)
Lookup = Callable[[Ref], str | None]


def resolve(resource: R, lookup: Lookup) -> R:
    """Replace every Ref whose value `lookup` knows; the others stay."""
    changed = {}
    for name in schema(type(resource)).references:
        value = getattr(resource, name)
        known = resolved(value, lookup)
        if known != value:
            changed[name] = known
    return dataclasses.replace(resource, **changed) if changed else resource


def resolved(value: Any, lookup: Lookup) -> Any:  # noqa: ANN401
    """Replace the Refs in a field's value, as `resolve` does."""
    if isinstance(value, Ref):
        known = lookup(value)
        return value if known is None else known
    if isinstance(value, tuple):
        return tuple(resolved(item, lookup) for item in value)
    if isinstance(value, frozenset):
        return frozenset(resolved(item, lookup) for item in value)
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[R]):
    """A resource that exists: its settings as observed, the cloud's id, and the attributes that refs may ask for.

    In an observed resource the reference fields hold the cloud's own values, never refs.
    `attributes` maps names (`id`, `dns_name`) to values; `handles` is whatever else the driver needs for changing it
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

    `order` has the same resources with everything that one refers to before it. Raises ValueError if two resources
    share a key, a Ref leads outside the stack, or the references form a cycle.
    """

    resources: tuple[Resource, ...] = ()
    order: tuple[Resource, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort, and check keys and references."""
        by_key: dict[Key, Resource] = {}
        for each in self.resources:
            if by_key.setdefault(each.key, each) is not each:
                message = f"two resources with one key: {each.key}"
                raise ValueError(message)
        ordered = {key: by_key[key] for key in sorted(by_key)}
        object.__setattr__(self, "resources", tuple(ordered.values()))
        object.__setattr__(self, "order", tuple(_Sorting(ordered).sorted()))

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


class _Sorting:
    """Depth first: each resource right after what it refers to, which is how people read a plan best."""

    def __init__(self, by_key: Mapping[Key, Resource]) -> None:
        self._by_key = by_key
        self._done: dict[Key, Resource] = {}
        self._path: list[Key] = []

    def sorted(self) -> Iterable[Resource]:
        for key in self._by_key:
            self._visit(key)
        return self._done.values()

    def _visit(self, key: Key) -> None:
        if key in self._done:
            return
        if key in self._path:
            message = f"the references of a stack form a cycle: {' → '.join((*self._path, key))}"
            raise ValueError(message)
        self._path.append(key)
        resource = self._by_key[key]
        for needed in sorted({self._checked(key, *each) for each in references(resource)} - {""}):
            self._visit(Key(needed))
        self._path.pop()
        self._done[key] = resource

    def _checked(self, key: Key, name: str, ref: Ref) -> str:
        if ref.shared:
            return ""
        if ref.key not in self._by_key:
            message = f"{key}.{name} refers to {ref.key}, which is not in the stack"
            raise ValueError(message)
        return ref.key


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
        return tuple(each for each in self.found if kind == each.value.KIND)

    def with_found(self, *changed: Found[Any]) -> "Observed":
        """Return a copy in which objects of the same cloud id and kind are replaced by the given ones."""
        gone = {(each.value.KIND, each.id) for each in changed}
        return Observed((*self._except(gone), *changed))

    def without(self, *removed: Found[Any]) -> "Observed":
        """Return a copy without the given objects."""
        return Observed(tuple(self._except({(each.value.KIND, each.id) for each in removed})))

    def _except(self, gone: Iterable[tuple[str, CloudId]]) -> Iterator[Found[Any]]:
        return (each for each in self.found if (each.value.KIND, each.id) not in gone)


NOTHING = Observed()
"""Of whom nothing exists."""
