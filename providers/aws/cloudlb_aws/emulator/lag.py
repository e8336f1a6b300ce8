"""Eventual consistency: reads that do not see the last writes yet.

Before each write a copy of the account is kept. A read then looks at the oldest copy that is young enough, in the place
of the present state. Copies cost time, so none are made while nothing lags.
"""

import copy
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cloudlb_aws.emulator.context import Context
from cloudlb_aws.emulator.ledger import Ledger


@dataclass(slots=True)
class _State:
    """Everything that calls of cloudlb can change."""

    load_balancers: Any
    target_groups: Any
    tags: Any
    groups: Any
    ec2_tags: Any
    ledger: Ledger


def _read(context: Context) -> _State:
    return _State(
        load_balancers=context.elbv2.load_balancers,
        target_groups=context.elbv2.target_groups,
        tags=context.elbv2.tagging_service.tags,
        groups=context.ec2.groups,
        ec2_tags=context.ec2.tags,
        ledger=context.ledger,
    )


def _write(context: Context, state: _State) -> None:
    context.elbv2.load_balancers = state.load_balancers
    context.elbv2.target_groups = state.target_groups
    context.elbv2.tagging_service.tags = state.tags
    context.ec2.groups = state.groups
    context.ec2.tags = state.ec2_tags


def _copy(context: Context) -> _State:
    fixed = [context.ec2, context.elbv2]
    fixed += [subnet for zone in context.ec2.subnets.values() for subnet in zone.values()]
    return copy.deepcopy(_read(context), {id(each): each for each in fixed})


class History:
    """The copies of one account, each with the number of the call that was about to change it."""

    def __init__(self) -> None:
        """Begin without copies."""
        self._calls = 0
        self._copies: deque[tuple[int, _State]] = deque()

    @contextmanager
    def view(self, context: Context) -> Iterator[Ledger]:
        """Work on what a call may see. Gives the ledger that goes with it."""
        self._calls += 1
        settings = context.settings
        reach = max(settings.lag_calls, settings.tag_lag_calls)
        while self._copies and self._copies[0][0] < self._calls - reach:
            self._copies.popleft()
        if context.operation.write:
            if reach:
                self._copies.append((self._calls, _copy(context)))
            yield context.ledger
            return
        tagging = context.operation.service == "resourcegroupstaggingapi"
        lag = reach if tagging else settings.lag_calls
        seen = next((state for made, state in self._copies if made >= self._calls - lag), None)
        if seen is None:
            yield context.ledger
            return
        present = _read(context)
        _write(context, seen)
        try:
            yield seen.ledger
        finally:
            _write(context, present)
