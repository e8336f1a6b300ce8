"""What Compute Engine's refusals mean to us: reasons mapped to the classes of `cloudlb.errors`.

Knows no SDK: session.py takes the SDK's exceptions apart. A refusal is a reason in an HTTP error (`alreadyExists`), or
a code in a finished operation (`RESOURCE_ALREADY_EXISTS`); both are one to us. Messages are shown and never read
(gcp.md 5.3).
"""

from dataclasses import dataclass

from cloudlb.errors import (
    CloudError,
    Conflict,
    Denied,
    NotFound,
    NotReady,
    QuotaExceeded,
    Rejected,
    Throttled,
    Transient,
)

HELD_SECONDS = 5.0
"""When to ask again for something that is still in use, or not ready."""

ALREADY_EXISTS = "alreadyExists"
_NO_PERMISSION = "forbidden"

_CODES = {
    "BACKEND_ERROR": "backendError",
    "CONDITION_NOT_MET": "conditionNotMet",
    "FORBIDDEN": _NO_PERMISSION,
    "INTERNAL_ERROR": "internalError",
    "INVALID_FIELD_VALUE": "invalid",
    "IP_IN_USE_BY_ANOTHER_RESOURCE": "conflict",
    "PERMISSIONS_ERROR": _NO_PERMISSION,
    "QUOTA_EXCEEDED": "quotaExceeded",
    "RATE_LIMIT_EXCEEDED": "rateLimitExceeded",
    "RESOURCE_ALREADY_EXISTS": ALREADY_EXISTS,
    "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE": "resourceInUseByAnotherResource",
    "RESOURCE_NOT_FOUND": "notFound",
    "RESOURCE_NOT_READY": "resourceNotReady",
    "RESOURCE_OPERATION_RATE_EXCEEDED": "rateLimitExceeded",
    "SERVICE_UNAVAILABLE": "backendError",
    "ZONE_RESOURCE_POOL_EXHAUSTED": "backendError",
}
"""Codes inside operations, by the reason that says the same."""

_THROTTLED = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "resourceExhausted"})
_WAITING = frozenset({"resourceInUseByAnotherResource", "resourceNotReady"})
_DENIED = frozenset({"accessNotConfigured", _NO_PERMISSION, "insufficientPermissions"})
_QUOTA = frozenset({"limitExceeded", "quotaExceeded"})
_CONFLICTS = frozenset({ALREADY_EXISTS, "conflict", "memberAlreadyExists"})
_PASSING = frozenset({"backendError", "internalError"})
_TOO_MANY, _SERVER_ERROR, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _CONFLICT = (
    429,
    500,
    401,
    403,
    404,
    409,
)

CREDENTIALS_REMEDY = (
    "set GOOGLE_APPLICATION_CREDENTIALS, or log in with `gcloud auth application-default login`, or in a cluster give"
    " the service account an identity (Workload Identity Federation for GKE)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A refusal of the API, in plain data. `retry_after` is in seconds, None where the server named no time."""

    operation: str
    reason: str
    message: str
    status: int
    retry_after: float | None = None

    @property
    def text(self) -> str:
        """What the API said, in one line."""
        return f"{self.operation}: {' '.join(self.message.split())} ({self.reason or self.status})"


def reason_of(code: str) -> str:
    """Return the reason that a code inside an operation stands for."""
    return _CODES.get(code, code)


_CLASSES: tuple[tuple[frozenset[str], frozenset[int], "Plain"], ...] = (
    (_PASSING, frozenset(), Transient),
    (_QUOTA, frozenset(), QuotaExceeded),
    (_DENIED, frozenset({_UNAUTHORIZED, _FORBIDDEN}), Denied),
    (frozenset({"notFound"}), frozenset({_NOT_FOUND}), NotFound),
    (_CONFLICTS, frozenset({_CONFLICT}), Conflict),
)
"""The first that fits counts."""


def error_of(refusal: Refusal) -> CloudError:
    """Map a refusal to the error whose class says what to do about it."""
    reason, operation, text = reason_of(refusal.reason), refusal.operation, refusal.text
    if reason in _THROTTLED or refusal.status == _TOO_MANY:
        return Throttled(text, after=refusal.retry_after, operation=operation, code=reason)
    if reason in _WAITING:
        return NotReady(text, after=HELD_SECONDS, operation=operation, code=reason)
    kind, message = _class_and_message(refusal, reason)
    return kind(message, operation=operation, code=reason)


Plain = type[Transient | Denied | QuotaExceeded | Rejected | NotFound | Conflict]


def _class_and_message(refusal: Refusal, reason: str) -> tuple[Plain, str]:
    text, status = refusal.text, refusal.status
    if reason == "conditionNotMet":
        return _unmet(refusal)
    if status == _UNAUTHORIZED:
        text = f"{text}; {CREDENTIALS_REMEDY}"
    elif reason in _QUOTA:
        text = f"{text}; ask for more under IAM & Admin, Quotas"
    for reasons, statuses, kind in _CLASSES:
        if reason in reasons or status in statuses:
            return kind, text
    return (Transient if status >= _SERVER_ERROR else Rejected), text


def _unmet(refusal: Refusal) -> tuple[Plain, str]:
    """Tell a stale fingerprint, which only changes carry, from a policy of the organisation, which forbids creations."""
    if refusal.operation.endswith((".insert", ".attachNetworkEndpoints")):
        return Denied, f"{refusal.text}; a policy of the organisation forbids it"
    return Conflict, refusal.text


def broken(operation: str, error: Exception) -> Transient:
    """Make the error of a call that got no answer: it may or may not have been carried out."""
    reason = " ".join(str(error).split()) or type(error).__name__
    message = f"{operation}: no answer from Compute Engine: {reason}"
    return Transient(message, operation=operation, code=type(error).__name__)


def no_credentials(operation: str, error: Exception) -> Denied:
    """Make the error of a call that could not be signed."""
    message = f"{operation}: no usable Google Cloud credentials: {error}; {CREDENTIALS_REMEDY}"
    return Denied(message, operation=operation, code=type(error).__name__)


def lacks_permission(error: CloudError) -> bool:
    """Tell whether the identity lacks a permission: not a policy, not bad credentials, not an API that is off."""
    return isinstance(error, Denied) and error.code == _NO_PERMISSION


def is_taken(error: CloudError) -> bool:
    """Tell whether a creation was refused because something of that name exists."""
    return error.code == ALREADY_EXISTS
