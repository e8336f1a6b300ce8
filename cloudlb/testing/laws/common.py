"""What the laws do again and again: run a process, insist that it went well, look whether anything is left to do."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from cloudlb.controller.verdicts import Forecast, Round
from cloudlb.model import TargetKind
from cloudlb.plan.apply import unfenced
from cloudlb.plan.change import Change
from cloudlb.plan.driver import Fence
from cloudlb.testing.manifests import Manifest
from cloudlb.testing.process import KillAt, Killed, Process, cluster_of
from cloudlb.testing.world import World

NewWorld = Callable[[], World]

MANY_WRITES = 60
"""More writes than any scenario here needs: where a kill sweep must have ended."""


def process_of(world: World, manifests: Iterable[Manifest], fence: Fence = unfenced) -> Process:
    """Start a process over the world's nodes and some objects."""
    return Process(world, cluster_of(world, manifests), fence)


def applied(world: World, manifests: Iterable[Manifest]) -> Process:
    """Start a process and let it apply, which must go well."""
    process = process_of(world, manifests)
    must(process.apply())
    return process


def must(done: Round) -> Round:
    """Insist that a round went well, showing what did not."""
    said = [str(problem) for verdict in done.verdicts for problem in verdict.intent.problems]
    failed = [repr(error) for verdict in done.verdicts for error in verdict.errors]
    assert done.ok, (said, failed, done.shared_errors)
    return done


def changes_of(forecast: Forecast) -> list[Change]:
    """List all changes of a forecast, the shared ones included."""
    plans = [preview.plan for preview in forecast.previews] + [forecast.shared]
    return [change for plan in plans for change in plan]


def needs_targets(world: World, *manifests: Manifest) -> None:
    """Skip what asks for a kind of targets that the provider does not have: it refuses that, as L12 shows."""
    kinds = world.provider.capabilities.target_kinds
    for each in manifests:
        asked = each.get("metadata", {}).get("annotations", {}).get("cloudlb.io/target-type", "")
        if asked and TargetKind(asked) not in kinds:
            pytest.skip(f"the provider has no {asked} targets")


def same_ports(old: Manifest, new: Manifest) -> bool:
    """Tell whether two versions of a Service listen on the same ports."""
    listens = [
        {(port["port"], port.get("protocol", "TCP")) for port in each["spec"]["ports"]}
        for each in (old, new)
    ]
    return listens[0] == listens[1]


def told(changes: Iterable[Change]) -> list[str]:
    """Put changes into words short enough for a failed assertion."""
    return [f"{each.action} {each.key} {sorted(each.changed)}" for each in changes]


def assert_converged(world: World, manifests: Iterable[Manifest]) -> None:
    """Assert that a new process finds nothing to do, and no object twice."""
    process = process_of(world, manifests)
    assert told(changes_of(process.forecast())) == []
    for observed in process.observed():
        times = Counter(each.key for each in observed)
        assert [key for key, count in times.items() if count > 1] == []


def kill_points(run: Callable[[KillAt], object]) -> Iterator[int]:
    """Run with a kill at the first write, at the second, and so on, until a run outlives its kill."""
    for write in range(1, MANY_WRITES):
        try:
            run(KillAt(write))
        except Killed:
            yield write
            continue
        return
    pytest.fail(f"still writing after {MANY_WRITES} writes")


def recovers(world: World, manifests: Iterable[Manifest], write: int) -> int:
    """Assert that a new process finishes what one that was killed at a write has left; return the write."""
    manifests = tuple(manifests)
    applied(world, manifests)
    assert_converged(world, manifests)
    return write


class Reordered:
    """A world whose nodes are listed otherwise."""

    def __init__(self, world: World, nodes: list[Manifest]) -> None:
        self._world = world
        self._nodes = nodes

    def nodes(self) -> list[Manifest]:
        """Return the other list."""
        return self._nodes

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        """Leave all else to the world itself."""
        return getattr(self._world, name)
