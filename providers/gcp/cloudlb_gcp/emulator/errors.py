"""Refusals of the Compute Engine API, with its codes, reasons and words.

Shapes and texts: gcp.md 5.3, gathered from the API's documentation and from what its users have reported.
"""

import json
from http import HTTPStatus
from typing import Any

from cloudlb.testing.wsgi import Response

JSON = (("Content-Type", "application/json; charset=UTF-8"),)

_CODES = {
    "alreadyExists": "RESOURCE_ALREADY_EXISTS",
    "badRequest": "BAD_REQUEST",
    "conditionNotMet": "CONDITION_NOT_MET",
    "forbidden": "FORBIDDEN",
    "invalid": "INVALID_FIELD_VALUE",
    "memberAlreadyExists": "RESOURCE_ALREADY_EXISTS",
    "notFound": "RESOURCE_NOT_FOUND",
    "quotaExceeded": "QUOTA_EXCEEDED",
    "rateLimitExceeded": "RATE_LIMIT_EXCEEDED",
    "required": "REQUIRED",
    "resourceInUseByAnotherResource": "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE",
    "resourceNotReady": "RESOURCE_NOT_READY",
}
_PHRASES = {
    400: "BAD REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT FOUND",
    409: "CONFLICT",
    412: "PRECONDITION FAILED",
    429: "TOO MANY REQUESTS",
    500: "INTERNAL SERVER ERROR",
    501: "NOT IMPLEMENTED",
    503: "SERVICE UNAVAILABLE",
}


class GceError(Exception):
    """A refusal: HTTP status, `reason`, message, and the domain that the reason belongs to."""

    def __init__(self, status: int, reason: str, message: str, *, domain: str = "global") -> None:
        self.status = status
        self.reason = reason
        self.message = message
        self.domain = domain
        super().__init__(message)

    @property
    def code(self) -> str:
        """The code that the same refusal has inside an operation."""
        return _CODES.get(self.reason, self.reason)

    @property
    def phrase(self) -> str:
        """The words for the HTTP status, as operations spell them."""
        return _PHRASES.get(self.status, "ERROR")

    def response(self, *, retry_after: float | None = None) -> Response:
        """Return the refusal as the API sends it."""
        headers = JSON if retry_after is None else (*JSON, ("Retry-After", str(retry_after)))
        if self.status == HTTPStatus.UNAUTHORIZED:
            headers = (
                *headers,
                ("WWW-Authenticate", 'Bearer realm="https://accounts.google.com/"'),
            )
        error = {"message": self.message, "domain": self.domain, "reason": self.reason}
        body = {"error": {"code": self.status, "message": self.message, "errors": [error]}}
        return Response(
            status=self.status, headers=headers, body=json.dumps(body, indent=1).encode()
        )

    def operation_error(self) -> dict[str, Any]:
        """Return the members of a finished operation that failed with this."""
        return {
            "error": {"errors": [{"code": self.code, "message": self.message}]},
            "httpErrorStatusCode": self.status,
            "httpErrorMessage": self.phrase,
        }


def not_found(path: str) -> GceError:
    """Something that the call names, or that its body refers to, does not exist."""
    return GceError(404, "notFound", f"The resource '{path}' was not found")


def no_such_route() -> GceError:
    """The path or the verb is none of the API's."""
    return GceError(404, "notFound", "Not Found")


def not_implemented(method: str) -> GceError:
    """The API has the method, the emulator has not."""
    return GceError(501, "notImplemented", f"The emulated Compute Engine does not know {method}.")


def already_exists(path: str) -> GceError:
    """The name is taken."""
    return GceError(409, "alreadyExists", f"The resource '{path}' already exists")


def in_use(word: str, path: str, user: str) -> GceError:
    """Something else refers to what is to be deleted."""
    message = f"The {word} resource '{path}' is already being used by '{user}'"
    return GceError(400, "resourceInUseByAnotherResource", message)


def invalid(field: str, value: object, why: str = "") -> GceError:
    """A field's value can not be."""
    message = f"Invalid value for field 'resource.{field}': '{value}'. {why}".rstrip()
    return GceError(400, "invalid", message)


def bad_parameter(name: str, value: object, why: str = "") -> GceError:
    """A name in the path, or a parameter of the query, can not be."""
    message = f"Invalid value for field '{name}': '{value}'. {why}".rstrip()
    return GceError(400, "invalid", message)


def required(field: str) -> GceError:
    """A field is missing."""
    return GceError(400, "required", f"Required field 'resource.{field}' not specified")


def bad_request(message: str) -> GceError:
    """The request itself is malformed."""
    return GceError(400, "badRequest", message)


def stale_fingerprint() -> GceError:
    """Somebody else wrote meanwhile."""
    return GceError(412, "conditionNotMet", "Invalid fingerprint.")


def not_ready(path: str) -> GceError:
    """An operation on it is still running."""
    return GceError(400, "resourceNotReady", f"The resource '{path}' is not ready")


def quota(metric: str, limit: float, where: str) -> GceError:
    """The project has as many as it may have."""
    message = f"Quota '{metric}' exceeded. Limit: {limit:.1f} {where}."
    return GceError(403, "quotaExceeded", message)


def rate_limited() -> GceError:
    """Too many calls."""
    return GceError(403, "rateLimitExceeded", "Rate Limit Exceeded", domain="usageLimits")


def too_many_requests() -> GceError:
    """Too many calls, in the other form that the API has for it."""
    return GceError(429, "rateLimitExceeded", "Rate Limit Exceeded", domain="usageLimits")


def unauthorized() -> GceError:
    """The caller's credentials are missing, or have run out."""
    return GceError(401, "authError", "Invalid Credentials")


def forbidden(permission: str, path: str) -> GceError:
    """The caller lacks a permission."""
    return GceError(403, "forbidden", f"Required '{permission}' permission for '{path}'")


def internal() -> GceError:
    """A fault of the API's own."""
    return GceError(500, "backendError", "Internal error. Please try again.")
