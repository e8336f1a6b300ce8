"""What a Kubernetes API server answers when it does not do what was asked, by what the caller does next."""

import msgspec

from cloudlb.errors import CloudlbError


class KubeError(CloudlbError):
    """A request to the API server failed. `status` is the HTTP status, 0 where there was no answer."""

    def __init__(self, message: str, *, status: int = 0, after: float | None = None) -> None:
        """`after` is the server's own Retry-After in seconds, None if it gave none."""
        self.status = status
        self.after = after
        super().__init__(message)


class KubeConflict(KubeError):
    """The object was changed meanwhile: read it again (409)."""


class KubeGone(KubeError):
    """The history that was asked for is no longer kept: list again (410)."""


class KubeNotFound(KubeError):
    """There is no such object (404)."""


class KubeDenied(KubeError):
    """Who we are is unknown, or may not do this (401, 403)."""


class KubeInvalid(KubeError):
    """The object is not valid as it was sent (400, 422)."""


class KubeUnavailable(KubeError):
    """No answer, or one that says to try again (429, 5xx, a broken connection)."""


_KINDS: dict[int, type[KubeError]] = {
    400: KubeInvalid,
    401: KubeDenied,
    403: KubeDenied,
    404: KubeNotFound,
    409: KubeConflict,
    410: KubeGone,
    422: KubeInvalid,
    429: KubeUnavailable,
}


class Status(msgspec.Struct, frozen=True):
    """The `Status` object that the API sends instead of what was asked for (meta/v1)."""

    message: str = ""
    reason: str = ""
    code: int = 0


def error_of(status: int, body: bytes, what: str, after: float | None = None) -> KubeError:
    """Make the error for an answer. `what` is the request, for people (`PATCH /api/v1/…`)."""
    said = _read(body)
    kind = _KINDS.get(status, KubeUnavailable if status >= 500 else KubeError)
    text = said.message or said.reason or body[:200].decode(errors="replace") or "no explanation"
    return kind(f"{what}: {text} (HTTP {status})", status=status, after=after)


def _read(body: bytes) -> Status:
    try:
        return msgspec.json.decode(body, type=Status)
    except msgspec.DecodeError:
        return Status()
