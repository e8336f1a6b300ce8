"""The API server's way to say what is wrong with a field: a path, and a message that begins with the sort of fault."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

IMMUTABLE = "field is immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One fault of one field. `remedy` is ours: the API server gives none."""

    path: str
    message: str
    remedy: str = ""


def invalid(path: str, value: object, detail: str, remedy: str = "") -> FieldError:
    """The value does not fit the field."""
    message = f"Invalid value: {json.dumps(value, ensure_ascii=False)}: {detail}"
    return FieldError(path=path, message=message, remedy=remedy)


def required(path: str, detail: str = "", remedy: str = "") -> FieldError:
    """The field is missing."""
    message = f"Required value: {detail}" if detail else "Required value"
    return FieldError(path=path, message=message, remedy=remedy)


def forbidden(path: str, detail: str, remedy: str = "") -> FieldError:
    """The field may not be there, or not be changed, in this case."""
    return FieldError(path=path, message=f"Forbidden: {detail}", remedy=remedy)


def duplicate(path: str, value: object) -> FieldError:
    """The value is there already and must be unique."""
    return FieldError(
        path=path, message=f"Duplicate value: {json.dumps(value, ensure_ascii=False)}"
    )


def unsupported(path: str, value: object, allowed: Iterable[str]) -> FieldError:
    """The value is none of those that the field may have."""
    names = ", ".join(json.dumps(name) for name in allowed)
    shown = json.dumps(value, ensure_ascii=False)
    return FieldError(path=path, message=f"Unsupported value: {shown}: supported values: {names}")


def too_long(path: str, limit: int) -> FieldError:
    """The value is longer than the field may be."""
    return FieldError(path=path, message=f"Too long: may not be more than {limit} bytes")
