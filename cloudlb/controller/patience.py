"""Reading a cloud with patience: what is throttled or fails for a moment is asked again. Writes are not touched here.

The apply loop retries its own steps (`cloudlb.plan.apply`); this does the same for what is read around it.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from cloudlb.errors import Throttled, Transient
from cloudlb.model import Node, Owner
from cloudlb.plan.apply import Pace
from cloudlb.plan.driver import Driver
from cloudlb.plan.resource import Observed, Stack
from cloudlb.provider import Cloud, Inventory, TargetHealth

T = TypeVar("T")

TRIES = 4
"""How often a read that fails without being throttled is made: more would only hide an outage."""

_log = structlog.get_logger(__name__)


class PatientCloud:
    """A cloud whose reads are made again as long as the class of the error allows it."""

    def __init__(self, cloud: Cloud, pace: Pace) -> None:
        self._cloud = cloud
        self._pace = pace

    def driver(self, owner: Owner) -> Driver:
        """Return the cloud's own driver."""
        return self._cloud.driver(owner)

    def survey(self, nodes: Sequence[Node]) -> Any:  # noqa: ANN401  (the provider's own landscape)
        """Read the network around the cluster."""
        return self._patiently("survey", lambda: self._cloud.survey(nodes))

    def sweep(self, owner: Owner | None = None) -> Inventory:
        """List what carries the cluster's ownership, or one owner's."""
        return self._patiently("sweep", lambda: self._cloud.sweep(owner))

    def observe(self, owner: Owner, inventory: Inventory, expected: Stack = Stack()) -> Observed:  # noqa: B008
        """Read what exists of an owner."""
        return self._patiently("observe", lambda: self._cloud.observe(owner, inventory, expected))

    def health(self, observed: Observed) -> tuple[TargetHealth, ...]:
        """Read the health of targets."""
        return self._patiently("health", lambda: self._cloud.health(observed))

    def _patiently(self, what: str, read: Callable[[], T]) -> T:
        def tell(state: RetryCallState) -> None:
            _log.info("reading again", what=what, after=state.upcoming_sleep, error=_error(state))

        retrying = Retrying(
            retry=retry_if_exception_type((Throttled, Transient)),
            stop=self._give_up,
            wait=self._pause,
            sleep=self._pace.sleep,
            before_sleep=tell,
            reraise=True,
        )
        return retrying(read)

    def _give_up(self, state: RetryCallState) -> bool:
        tries = self._pace.attempts
        if not isinstance(_error(state), Throttled):
            tries = min(tries, TRIES)
        return state.attempt_number >= tries

    def _pause(self, state: RetryCallState) -> float:
        """Full jitter under an exponential ceiling, after what the server asked for."""
        error, pace = _error(state), self._pace
        asked = error.after if isinstance(error, Throttled) and error.after is not None else 0.0
        ceiling = min(pace.longest, pace.shortest * 2**state.attempt_number)
        return asked + pace.jitter(0.0, ceiling)


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None
