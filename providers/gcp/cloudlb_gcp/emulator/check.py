"""Checks of single values that several kinds share."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Any

from cloudlb_gcp.emulator import errors

_RANGE = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
HIGHEST_PORT = 65_535


def within(body: Mapping[str, Any], field: str, low: int, high: int, prefix: str = "") -> None:
    """Raise GceError (invalid) if a whole number lies outside its bounds."""
    value = body.get(field)
    if value is not None and not low <= int(value) <= high:
        raise errors.invalid(prefix + field, value, f"Must be between {low} and {high}.")


def fraction(body: Mapping[str, Any], field: str, prefix: str = "") -> None:
    """Raise GceError (invalid) if a share is less than none or more than all."""
    value = body.get(field)
    if value is not None and not 0 <= float(value) <= 1:
        raise errors.invalid(prefix + field, value, "Must be between 0 and 1.")


def one_of(body: Mapping[str, Any], field: str, allowed: Iterable[str]) -> None:
    """Raise GceError (invalid) if a word is none of those allowed."""
    value = body.get(field)
    known = tuple(allowed)
    if value is not None and value not in known:
        raise errors.invalid(field, value, f"Must be one of {', '.join(known)}.")


def port_range(text: object, field: str) -> tuple[int, int]:
    """Read `80` or `80-90`. Raises GceError (invalid)."""
    found = _RANGE.fullmatch(str(text))
    low, high = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if found is None or low > high or high > HIGHEST_PORT:
        raise errors.invalid(field, text, "Must be a port or a range of ports.")
    return low, high


def network(text: object, field: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Read a CIDR, or a single address. Raises GceError (invalid): malformed, or with host bits set."""
    try:
        return ipaddress.ip_network(str(text))
    except ValueError as error:
        raise errors.invalid(
            field, text, "Must be a valid IP address range in CIDR notation."
        ) from error
