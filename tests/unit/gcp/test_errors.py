"""What refusals mean: by reason and status, never by their words."""

import pytest

from cloudlb.errors import (
    Conflict,
    Denied,
    NotFound,
    NotReady,
    QuotaExceeded,
    Rejected,
    Throttled,
    Transient,
)
from cloudlb_gcp.errors import HELD_SECONDS, Refusal, broken, error_of, is_taken

TABLE = [
    ("rateLimitExceeded", 403, Throttled),
    ("userRateLimitExceeded", 403, Throttled),
    ("RATE_LIMIT_EXCEEDED", 403, Throttled),
    ("", 429, Throttled),
    ("quotaExceeded", 403, QuotaExceeded),
    ("QUOTA_EXCEEDED", 403, QuotaExceeded),
    ("forbidden", 403, Denied),
    ("insufficientPermissions", 403, Denied),
    ("", 403, Denied),
    ("authError", 401, Denied),
    ("notFound", 404, NotFound),
    ("RESOURCE_NOT_FOUND", 404, NotFound),
    ("alreadyExists", 409, Conflict),
    ("RESOURCE_ALREADY_EXISTS", 409, Conflict),
    ("memberAlreadyExists", 400, Conflict),
    ("conflict", 409, Conflict),
    ("IP_IN_USE_BY_ANOTHER_RESOURCE", 409, Conflict),
    ("resourceInUseByAnotherResource", 400, NotReady),
    ("RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", 200, NotReady),
    ("resourceNotReady", 400, NotReady),
    ("invalid", 400, Rejected),
    ("required", 400, Rejected),
    ("badRequest", 400, Rejected),
    ("somethingNew", 400, Rejected),
    ("backendError", 500, Transient),
    ("", 503, Transient),
    ("internalError", 500, Transient),
]


def refusal(reason: str, status: int, operation: str = "firewalls.patch", **more: float) -> Refusal:
    return Refusal(operation=operation, reason=reason, message="as it is", status=status, **more)


@pytest.mark.parametrize(("reason", "status", "expected"), TABLE)
def test_reason_and_status_decide(reason, status, expected):
    error = error_of(refusal(reason, status))

    assert type(error) is expected
    assert "firewalls.patch: as it is" in str(error)
    assert error.operation == "firewalls.patch"


def test_a_fingerprint_that_is_old_is_a_conflict_and_a_policy_forbids():
    assert type(error_of(refusal("conditionNotMet", 412))) is Conflict
    denied = error_of(refusal("conditionNotMet", 412, "forwardingRules.insert"))
    assert type(denied) is Denied
    assert "policy of the organisation" in str(denied)


def test_a_server_s_own_pause_is_kept():
    assert error_of(refusal("rateLimitExceeded", 403, retry_after=7.0)).after == 7.0


def test_what_is_held_is_asked_again_after_a_while():
    assert error_of(refusal("resourceNotReady", 400)).after == HELD_SECONDS


def test_remedies_are_said():
    assert "Quotas" in str(error_of(refusal("quotaExceeded", 403)))
    assert "gcloud auth" in str(error_of(refusal("authError", 401)))


def test_a_taken_name_is_told_from_other_conflicts():
    assert is_taken(error_of(refusal("RESOURCE_ALREADY_EXISTS", 409)))
    assert not is_taken(error_of(refusal("conflict", 409)))


def test_no_answer_may_or_may_not_have_been_carried_out():
    error = broken("firewalls.insert", ConnectionError("reset\nby peer"))

    assert type(error) is Transient
    assert "no answer from Compute Engine: reset by peer" in str(error)
