"""What the engine needs of a cloud: three verbs on single resources."""

from collections.abc import Callable
from typing import Any, Protocol

from cloudlb.plan.change import Change
from cloudlb.plan.resource import Found, Resource

Fence = Callable[[], None]
"""Returns while this process may write; raises `cloudlb.errors.Fenced` when it may not."""


class Driver(Protocol):
    """Changes single resources for one owner. Every method raises `cloudlb.errors.CloudError`s and nothing else.

    `fence` is called right before each write, so a verb that needs several calls stops between them.
    """

    def create(self, desired: Resource, fence: Fence) -> Found[Any]:
        """Create an object that carries the owner's marks from its first call on; `desired` holds no refs.

        Safe to call again after any failure: what an earlier call made is adopted after its ownership was checked
        (NotOwned if it is someone else's). Returns it with every managed field as desired.
        """

    def update(self, change: Change, desired: Resource, fence: Fence) -> Found[Any]:
        """Bring `change.found` to `desired` (the change's own, with every ref resolved), touching changed fields only.

        Members are added before others are removed. Raises NotFound where the object is gone.
        """

    def delete(self, found: Found[Any], fence: Fence) -> None:
        """Delete an object; that it is gone already is success. NotReady while something else still holds it."""
