"""What a handler of a call works on, and the table of handlers.

A handler is registered for an operation with `handles`. It may refuse (raise AwsError), answer itself (return a reply
in botocore's names), or let moto answer (return None). One family of rules a file; `families` lists the files.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cloudlb.testing.wsgi import Operation
from cloudlb_aws.emulator.accounts import Account
from cloudlb_aws.emulator.ledger import Ledger
from cloudlb_aws.emulator.moto import Backend
from cloudlb_aws.emulator.settings import EmulatorSettings

Reply = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a handler works on: the call's parameters, the account's state in moto, and what moto has no room for."""

    operation: Operation
    account: Account
    ledger: Ledger
    settings: EmulatorSettings

    @property
    def params(self) -> Mapping[str, Any]:
        """The call's parameters in botocore's names."""
        return self.operation.params

    @property
    def elbv2(self) -> Backend:
        """Moto's ELBv2 state."""
        return self.account.elbv2

    @property
    def ec2(self) -> Backend:
        """Moto's EC2 state."""
        return self.account.ec2

    def now(self) -> float:
        """Return the time on the emulator's clock."""
        return self.settings.clock()


Handler = Callable[[Context], Reply | None]
HANDLERS: dict[tuple[str, str], Handler] = {}


def handles(service: str, *operations: str) -> Callable[[Handler], Handler]:
    """Register a handler for operations of a service. ValueError when one has a handler already."""

    def register(handler: Handler) -> Handler:
        for operation in operations:
            if (service, operation) in HANDLERS:
                message = f"{service}:{operation} has two handlers"
                raise ValueError(message)
            HANDLERS[service, operation] = handler
        return handler

    return register
