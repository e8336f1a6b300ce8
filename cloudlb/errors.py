"""What can go wrong, sorted by what the caller does next (DESIGN section 6).

A provider maps its SDK's errors to these in one file; the runtime owns retry, back-off, events and status.
"""

from collections.abc import Iterable

from cloudlb.model import Problem


class CloudlbError(Exception):
    """Base of every error that cloudlb raises on purpose. Its text is fit for a person."""


class UsageError(CloudlbError):
    """A command was given something it can not work with (a file, a flag, a provider's name)."""


class InvalidObject(CloudlbError):
    """The object can not be provisioned as it stands. No retry until it changes."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class CloudError(CloudlbError):
    """A call to the cloud did not do what was asked. `operation` is the API's own name for the call."""

    def __init__(self, message: str, *, operation: str = "", code: str = "") -> None:
        self.operation = operation
        self.code = code
        super().__init__(message)


class NotReady(CloudError):
    """Not yet: something else must finish first. Ask again after `after` seconds."""

    def __init__(self, message: str, *, after: float, operation: str = "", code: str = "") -> None:
        self.after = after
        super().__init__(message, operation=operation, code=code)


class Throttled(CloudError):
    """The API's rate limit was met. `after` is the server's own Retry-After in seconds, None if it gave none."""

    def __init__(
        self, message: str, *, after: float | None = None, operation: str = "", code: str = ""
    ) -> None:
        self.after = after
        super().__init__(message, operation=operation, code=code)


class Transient(CloudError):
    """A fault that passes (5xx, a broken connection). The call may or may not have been carried out."""


class Conflict(CloudError):
    """The cloud is not as we thought: observe again, plan again."""


class NotFound(Conflict):
    """What the call names does not exist. Success for a deletion; a Conflict for everything else."""


class QuotaExceeded(CloudError):
    """A limit of the account or of a resource. Retried slowly; the message names the limit."""


class Denied(CloudError):
    """The identity lacks a permission; the message names it. Retried slowly."""


class Rejected(CloudError):
    """The cloud refuses the request as it is written. No retry until the object changes."""


class NotOwned(CloudError):
    """A resource carries a name of ours and not our ownership. It is not touched."""


class Fenced(CloudlbError):
    """This process may no longer write (leadership lost, a newer generation). Stop at once."""
