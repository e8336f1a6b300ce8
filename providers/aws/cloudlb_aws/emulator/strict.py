"""The strict layer: every call passes AWS's rules here before moto sees it."""

import traceback
from collections.abc import Callable
from dataclasses import replace
from wsgiref.types import WSGIApplication

from moto.core.exceptions import ServiceException

from cloudlb.testing.wsgi import Layer, Operation, Request, Response, identified
from cloudlb_aws.emulator.accounts import Account
from cloudlb_aws.emulator.context import HANDLERS, Context
from cloudlb_aws.emulator.errors import AwsError
from cloudlb_aws.emulator.families import FAMILIES
from cloudlb_aws.emulator.interfaces import sweep
from cloudlb_aws.emulator.lag import History
from cloudlb_aws.emulator.ledger import Ledger
from cloudlb_aws.emulator.request import identify, render, render_error, scope_of
from cloudlb_aws.emulator.settings import EmulatorSettings

__all__ = ["FAMILIES", "Strict"]


class Strict(Layer):
    """Runs the handler of each call, and moto where there is none."""

    def __init__(
        self, app: WSGIApplication, *, account: Account, settings: Callable[[], EmulatorSettings]
    ) -> None:
        """Stand around moto's application."""
        super().__init__(app)
        self._account = account
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        """Forget everything but the settings."""
        self.ledger = Ledger()
        self.history = History()

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
            with self._account.turn(), self.history.view(context) as ledger:
                sweep(context)
                handler = HANDLERS.get((operation.service, operation.name))
                reply = handler(replace(context, ledger=ledger)) if handler else None
                return self._ask_moto(request) if reply is None else render(operation, reply)
        except AwsError as error:
            return render_error(operation, error)
        except ServiceException as error:
            return render_error(operation, AwsError(error.code, error.message))
        except NotImplementedError:
            message = f"The emulator does not know the action {operation.name}."
            return render_error(operation, AwsError("InvalidAction", message))
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
