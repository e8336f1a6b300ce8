"""One emulated project: its resources and operations, and the look-ups that the rules of all kinds need."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudlb_gcp.emulator import errors, links
from cloudlb_gcp.emulator.addressing import Pools
from cloudlb_gcp.emulator.errors import GceError
from cloudlb_gcp.emulator.links import Scope
from cloudlb_gcp.emulator.operations import Operations
from cloudlb_gcp.emulator.settings import EmulatorSettings
from cloudlb_gcp.emulator.store import Store

Json = dict[str, Any]


@dataclass(slots=True)
class Project:
    """State of the emulator. Not safe for threads."""

    current: Callable[[], EmulatorSettings]
    pools: Pools = field(default_factory=Pools)
    unhealthy: set[str] = field(default_factory=set)
    """Names of instances that fail every health check."""
    weights: dict[str, int] = field(default_factory=dict)
    """What instances answer as their weight, by name."""
    store: Store = field(init=False)
    named: str = ""
    """Its id, where that is not the one of the settings."""
    operations: Operations = field(init=False)
    host: "Project | None" = field(init=False, default=None)
    """The project that has the network, where that is another one: of a shared VPC."""

    def __post_init__(self) -> None:
        """Begin with nothing, and no operations."""
        clock = self.settings.clock

        def seconds() -> float:
            return self.settings.operation_seconds

        self.store = Store(clock, seconds)
        self.operations = Operations(self.id, clock=clock, seconds=seconds)
        host = self.settings.host_project
        if host and not self.named:
            self.host = Project(self.current, self.pools, named=host)
            self.host.store = self.store

    @property
    def settings(self) -> EmulatorSettings:
        """The settings as they are now."""
        return self.current()

    @property
    def id(self) -> str:
        """The project's id."""
        return self.named or self.settings.project

    @property
    def networking(self) -> "Project":
        """The project that has the network: its host, or itself."""
        return self.host or self

    def known(self, project: str) -> "Project | None":
        """Find itself or its host by id."""
        return next((e for e in (self, self.host) if e is not None and e.id == project), None)

    def in_collection(self, collection: str) -> Iterator[str]:
        """Yield the paths of the project's own resources of a collection, in any scope."""
        for path, _ in self.store.in_collection(collection):
            if path.startswith(f"projects/{self.id}/"):
                yield path

    def path(self, scope: Scope, collection: str, name: str = "") -> str:
        """Return the path of a resource of this project."""
        return links.path_of(self.id, scope, collection, name)

    def referred(self, field_name: str, link: object, collections: Iterable[str]) -> str:
        """Return the path that a reference means. Raises GceError: malformed, wrong kind, missing, or not ready yet."""
        path = links.path_in(str(link), self.id) if link else None
        if path is None or links.collection_of(path) not in collections:
            why = (
                "The URL is malformed."
                if path is None
                else "The referenced resource is of another kind."
            )
            raise errors.invalid(field_name, link, why)
        if path not in self.store:
            raise errors.not_found(path)
        self.operations.check_free(path)
        return path

    def there(self, path: str) -> Mapping[str, Any]:
        """Return a resource. Raises GceError: notFound."""
        found = self.store.get(path)
        if found is None:
            raise errors.not_found(path)
        return found

    def linked(self, link: object) -> Mapping[str, Any]:
        """Return the resource behind a canonical reference. Raises GceError: notFound."""
        return self.there(links.path_in(str(link), self.id) or str(link))

    def count(self, scope: Scope, collection: str) -> int:
        """Count what a quota counts: the resources of a collection in a region, its zones included, or globally."""
        region = links.region_of(scope)
        return sum(
            links.region_of(links.scope_of(path)) == region
            for path in self.in_collection(collection)
        )

    def check_quota(self, metric: str, used: int, scope: Scope) -> None:
        """Raise GceError (quotaExceeded) if one more would be too many."""
        limit = self.settings.quota(metric)
        if used >= limit:
            region = links.region_of(scope)
            raise errors.quota(metric, limit, f"in region {region}" if region else "globally")

    def check_permission(self, service: str, method: str, path: str) -> None:
        """Raise GceError (forbidden) for what the settings deny."""
        verb = {"insert": "create", "patch": "update", "aggregatedList": "list"}.get(method, method)
        permission = f"compute.{service}.{verb}"
        if permission in self.settings.denied:
            raise errors.forbidden(permission, path)

    def instance(self, field_name: str, link: object, zone: str) -> str:
        """Return the path of an instance that is named by its name or URL. Raises GceError."""
        text = str(link)
        if "/" not in text:
            text = self.path(Scope("zone", zone), "instances", text)
        path = self.referred(field_name, text, ("instances",))
        if links.scope_of(path).name != zone:
            raise errors.invalid(field_name, link, f"The instance is not in zone {zone}.")
        return path


__all__ = ["GceError", "Project"]
