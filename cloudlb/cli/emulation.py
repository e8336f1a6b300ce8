"""Emulated clouds, found by entry point (group `cloudlb.emulators`): what the command line knows of them."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import Any, Protocol

from cloudlb.errors import UsageError
from cloudlb.kube.objects import Node

GROUP = "cloudlb.emulators"
ZONE_LABEL = "topology.kubernetes.io/zone"

NodePlace = tuple[str, str, tuple[str, ...]]
"""(provider id, zone, addresses); zone and addresses may be empty."""


class Standing(Protocol):
    """A running emulated cloud with a network and nodes in it."""

    @property
    def endpoint_url(self) -> str:
        """The URL of every endpoint."""

    @property
    def region(self) -> str:
        """The region that it plays."""

    @property
    def recorder(self) -> Any:  # noqa: ANN401  (cloudlb.testing.recorder.Recorder, not imported for its dependencies)
        """Sees every call."""

    def environment(self) -> Mapping[str, str]:
        """Return the variables that point a tool or an SDK here."""

    def describe(self) -> Sequence[str]:
        """Return lines for a person: what is in it."""

    def commands(self) -> Sequence[str]:
        """Return commands of the cloud's own tool to look at it with."""

    def examples(self) -> Sequence[str]:
        """Return manifests of our examples whose nodes are its instances."""

    def stop(self) -> None:
        """Stop and forget everything."""


class Emulator(Protocol):
    """Starts emulated clouds of one kind."""

    def start(
        self,
        *,
        port: int = 0,
        latency: float = 0.0,
        throttle: str = "off",
        nodes: Iterable[NodePlace] = (),
    ) -> Standing:
        """Start one whose instances are those nodes, or some of its own. OSError when the port is taken."""


def names() -> tuple[str, ...]:
    """Return the names of the installed emulators, sorted."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def load(name: str) -> Emulator:
    """Import an installed emulator by name. Raises UsageError."""
    for point in entry_points(group=GROUP):
        if point.name == name:
            try:
                emulator: Emulator = point.load()
            except ModuleNotFoundError as error:
                message = (
                    f"the emulator {name!r} needs {error.name}, which is not installed; "
                    f"install it with `pip install 'cloudlb-{name}[emulator]'`"
                )
                raise UsageError(message) from error
            return emulator
    known = ", ".join(names()) or "none"
    message = f"there is no emulated {name!r} (installed: {known})"
    raise UsageError(message)


def places(nodes: Iterable[Node]) -> tuple[NodePlace, ...]:
    """Return where the nodes of a cluster are, as an emulator takes them."""
    return tuple(
        (
            node.spec.provider_id,
            node.metadata.labels.get(ZONE_LABEL, ""),
            tuple(each.address for each in node.status.addresses if each.type == "InternalIP"),
        )
        for node in nodes
        if node.spec.provider_id
    )


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables of this process for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
