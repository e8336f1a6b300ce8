"""What AWS's refusals mean to us: error codes mapped to the classes of `cloudlb.errors`.

Knows no SDK: session.py takes the SDK's exceptions apart. Codes are those of the ELBv2, EC2 and tagging API references.
"""

import re
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
"""When to ask again for the deletion of something that is still in use."""

_IAM_PREFIX = {
    "elbv2": "elasticloadbalancing",
    "resourcegroupstaggingapi": "tag",
}
_SERVER_ERROR = 500

_THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
    }
)
_TRANSIENT = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServiceException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "Unavailable",
    }
)
_NO_PERMISSION = frozenset(
    {"AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedOperation"}
)
_BAD_CREDENTIALS = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "OptInRequired",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_HELD = frozenset({"DependencyViolation", "ResourceInUse"})
_DUPLICATE = frozenset(
    {
        "DuplicateListener",
        "DuplicateLoadBalancerName",
        "DuplicateTargetGroupName",
        "InvalidGroup.Duplicate",
        "InvalidPermission.Duplicate",
    }
)
_ASKED_FOR_AND_MISSING = frozenset(
    {
        "AllocationIdNotFound",
        "CertificateNotFound",
        "InvalidAllocationID.NotFound",
        "SSLPolicyNotFound",
        "TrustStoreNotFound",
    }
)
"""What a user names in the object: that it does not exist is the object's fault, and observing again cures nothing."""

_QUOTAS = {
    "RulesPerSecurityGroupLimitExceeded": "Inbound or outbound rules per security group",
    "SecurityGroupLimitExceeded": "VPC security groups per Region",
    "SecurityGroupsPerInterfaceLimitExceeded": "Security groups per network interface",
    "TagLimitExceeded": "50 tags per resource",
    "TargetGroupAssociationLimit": "one Network Load Balancer per target group",
    "TooManyCertificates": "Certificates per Network Load Balancer",
    "TooManyListeners": "Listeners per Network Load Balancer",
    "TooManyLoadBalancers": "Network Load Balancers per Region",
    "TooManyRegistrationsForTargetId": "Times a target can be registered per Network Load Balancer",
    "TooManyTags": "50 tags per resource",
    "TooManyTargetGroups": "Target Groups per Region",
    "TooManyTargets": "Targets per Network Load Balancer",
    "TooManyUniqueTargetGroupsPerLoadBalancer": "Target Groups per Network Load Balancer",
}
"""Names as Service Quotas lists them."""

_ACTION = re.compile(r"not authorized to perform:? ([\w-]+:\w+)")
_ENCODED = re.compile(r"\s*Encoded authorization failure message:.*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error reply of AWS, in plain data. `retry_after` is in seconds, None where the server named no time."""

    service: str
    operation: str
    code: str
    message: str
    status: int
    retry_after: float | None = None

    @property
    def text(self) -> str:
        """What AWS said, in one line."""
        return f"{self.operation}: {_ENCODED.sub('', self.message).strip()} ({self.code})"


def error_of(refusal: Refusal) -> CloudError:
    """Map a refusal to the error whose class says what to do about it."""
    code, operation, text = refusal.code, refusal.operation, refusal.text
    if code in _THROTTLED:
        return Throttled(text, after=refusal.retry_after, operation=operation, code=code)
    if code in _HELD:
        return NotReady(text, after=HELD_SECONDS, operation=operation, code=code)
    kind, message = _class_and_message(refusal, text)
    return kind(message, operation=operation, code=code)


def is_duplicate(error: CloudError) -> bool:
    """Tell whether a creation was refused because something of that name, port or rule exists."""
    return error.code in _DUPLICATE


def broken(service: str, operation: str, error: Exception) -> Transient:
    """Make the error of a call that got no answer: it may or may not have been carried out."""
    reason = " ".join(str(error).split()) or type(error).__name__
    message = f"{operation}: no answer from AWS ({service}): {reason}"
    return Transient(message, operation=operation, code=type(error).__name__)


def no_credentials(operation: str, error: Exception) -> Denied:
    """Make the error of a call that could not be signed."""
    message = f"{operation}: no usable AWS credentials: {error}; {CREDENTIALS_REMEDY}"
    return Denied(message, operation=operation, code=type(error).__name__)


CREDENTIALS_REMEDY = (
    "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, log in with `aws sso login`,"
    " or in a cluster give the service account an IAM role (IRSA or EKS Pod Identity);"
    " instance metadata is never asked"
)


Plain = type[Transient | Denied | QuotaExceeded | Rejected | NotFound | Conflict]


def _class_and_message(refusal: Refusal, text: str) -> tuple[Plain, str]:
    code = refusal.code
    if refusal.status >= _SERVER_ERROR:
        return Transient, text
    for codes, kind, advice in _ADVISED:
        if code in codes:
            return kind, text + advice.format(action=_action(refusal))
    if code in _QUOTAS or code.startswith("TooMany") or code.endswith("LimitExceeded"):
        limit = _QUOTAS.get(code, code)
        return QuotaExceeded, f"{text}; the limit is {limit!r}: ask for more in Service Quotas"
    if "NotFound" in code or code.endswith(".Unknown"):
        return NotFound, text
    return Rejected, text


_ADVISED: tuple[tuple[frozenset[str], Plain, str], ...] = (
    (_TRANSIENT, Transient, ""),
    (_NO_PERMISSION, Denied, "; allow the action {action} in the IAM policy of this identity"),
    (_BAD_CREDENTIALS, Denied, f"; AWS does not accept these credentials: {CREDENTIALS_REMEDY}"),
    (_ASKED_FOR_AND_MISSING, Rejected, "; check what the annotations name, and the region"),
    (_DUPLICATE, Conflict, ""),
)


def _action(refusal: Refusal) -> str:
    """Name the IAM action: the one in AWS's own sentence, which may differ from the call (AddTags within a create)."""
    if named := _ACTION.search(refusal.message):
        return named[1]
    return f"{_IAM_PREFIX.get(refusal.service, refusal.service)}:{refusal.operation}"
