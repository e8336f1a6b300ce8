"""The strict layer: every call passes AWS's rules here before moto sees it.

A handler is registered for an operation with `handles`. It may refuse (raise AwsError), answer itself (return a reply
in botocore's names), or let moto answer (return None). One family of rules a file; `rules` lists the files.
"""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from wsgiref.types import WSGIApplication

from moto.core.exceptions import ServiceException

from cloudlb.testing.wsgi import Layer, Operation, Request, Response, identified
from cloudlb_aws.emulator.accounts import Account
from cloudlb_aws.emulator.errors import AwsError
from cloudlb_aws.emulator.ledger import Ledger
from cloudlb_aws.emulator.request import identify, render, render_error, scope_of
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
    def elbv2(self) -> Any:  # noqa: ANN401  (moto's backend)
        """Moto's ELBv2 state."""
        return self.account.elbv2

    @property
    def ec2(self) -> Any:  # noqa: ANN401  (moto's backend)
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


class Strict(Layer):
    """Runs the handler of each call, and moto where there is none."""

    def __init__(
        self, app: WSGIApplication, *, account: Account, settings: Callable[[], EmulatorSettings]
    ) -> None:
        super().__init__(app)
        self._account = account
        self._settings = settings
        self.ledger = Ledger()

    def handle(self, request: Request) -> Response:
        """Answer a call by AWS's rules."""
        operation = identified(request, identify)
        context = Context(
            operation=operation,
            account=self._account,
            ledger=self.ledger,
            settings=self._settings(),
        )
        try:
            _check_signature(request, operation, self._account.region)
            with self._account.turn():
                handler = HANDLERS.get((operation.service, operation.name))
                reply = handler(context) if handler else None
                return self._ask_moto(request) if reply is None else render(operation, reply)
        except AwsError as error:
            return render_error(operation, error)
        except ServiceException as error:
            return render_error(operation, AwsError(error.code, error.message))
        except Exception as error:  # noqa: BLE001  (a fault of the emulator must reach the client as one)
            trace = traceback.format_exception(error)
            return render_error(operation, AwsError("InternalFailure", "".join(trace), status=500))

    def _ask_moto(self, request: Request) -> Response:
        request.environ["HTTP_X_MOTO_ACCOUNT_ID"] = self._account.id
        return self.forward(request)


def _check_signature(request: Request, operation: Operation, region: str) -> None:
    signed, service = scope_of(request)
    if not service:
        message = "Request is missing Authentication Token"
        raise AwsError("MissingAuthenticationToken", message, status=403)
    if signed != region and operation.service not in {"iam", "sts"}:
        message = f"Credential should be scoped to a valid region, not '{signed}'."
        raise AwsError("SignatureDoesNotMatch", message, status=403)
