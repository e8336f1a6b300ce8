"""Create, update and delete single objects for one owner."""

from typing import Any

from cloudlb.errors import NotFound, NotOwned
from cloudlb.model import Owner
from cloudlb.plan.change import Change
from cloudlb.plan.driver import Fence
from cloudlb.plan.resource import Found, Resource
from cloudlb.testing.memory import marks
from cloudlb.testing.memory.account import Refused, Thing
from cloudlb.testing.memory.client import translated
from cloudlb.testing.memory.endpoint import Endpoint
from cloudlb.testing.memory.resources import Listener, found_in, name_of, settings_of


class MemoryDriver:
    """The verbs of `cloudlb.plan.driver.Driver`."""

    def __init__(self, endpoint: Endpoint, owner: Owner) -> None:
        self._endpoint = endpoint
        self._owner = owner

    def create(self, desired: Resource, fence: Fence) -> Found[Any]:
        """Make an object; one that an earlier try has made is adopted, anybody else's is left alone."""
        new = self._thing(desired)
        fence()
        with translated("create"):
            try:
                made = self._endpoint.create(new)
            except Refused as error:
                if error.thing is None:
                    raise
                return self._adopted(error.thing, desired, fence)
        return found_in(made, desired.id)

    def update(self, change: Change, desired: Resource, fence: Fence) -> Found[Any]:
        """Change what differs."""
        assert change.found is not None
        settings = {name: getattr(desired, name) for name in sorted(change.changed)}
        fence()
        with translated("change"):
            return found_in(self._endpoint.change(change.found.id, settings), desired.id)

    def delete(self, found: Found[Any], fence: Fence) -> None:
        """Delete an object with its parts, if it is still there."""
        fence()
        try:
            with translated("delete"):
                self._endpoint.delete(found.id)
        except NotFound:
            return

    def _thing(self, desired: Resource) -> Thing:
        return Thing(
            id="",
            kind=desired.KIND,
            name=name_of(desired),
            settings=settings_of(desired),
            marks=marks.of_resource(self._owner, desired.key),
            part_of=str(desired.load_balancer) if isinstance(desired, Listener) else "",
        )

    def _adopted(self, thing: Thing, desired: Resource, fence: Fence) -> Found[Any]:
        wanted = marks.of_resource(self._owner, desired.key)
        if not wanted.items() <= thing.marks.items():
            raise NotOwned(f"{thing.kind} {thing.name} exists, and is not {self._owner.path}'s")
        if thing.settings != settings_of(desired):
            fence()
            thing = self._endpoint.change(thing.id, settings_of(desired))
        return found_in(thing, desired.id)
