"""Names of what we make: deterministic, valid for any owner, never parsed back.

`clb-<namespace>-<name>-<hash>-<role>`: the words are for people and cut short; the hash of cluster and owner decides.
All names of an owner begin alike, so that one filtered list call a kind finds everything that is the owner's. The role
ends in a hash of whatever can not change in place, where an object may have to live beside the one that it replaces.
"""

import hashlib
import re

from cloudlb.model import Owner

EVERYTHING = "name eq clb-.*"
"""The filter that lists whatever has a name like ours."""

LONGEST = 63
"""Characters of any resource's name (Compute Engine API, RFC 1035 label)."""

EVERYTHING = "name eq clb-.*"
"""The filter that lists whatever has a name of ours."""

_OURS = "clb-"
_NAMESPACE = 14
_NAME = 20
_DIGEST = 10
_SHORT = 6
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


def prefix(owner: Owner) -> str:
    """Return what all names of an owner begin with."""
    words = (_word(owner.namespace, _NAMESPACE), _word(owner.name, _NAME))
    return "-".join(filter(None, ("clb", *words, _digest(_DIGEST, owner.cluster, owner.uid))))


def generated(owner: Owner, role: str, *fixed: str) -> str:
    """Return the name of an owner's object in a role; `fixed` are the settings that make it another object."""
    parts = (prefix(owner), role, _digest(_SHORT, *fixed) if fixed else "")
    return "-".join(filter(None, parts))


def opened(owner: Owner, version: int) -> str:
    """Return the name of a firewall rule that a person opens for an owner: none of those that its objects have."""
    return f"open-{prefix(owner)}-{version}"


def for_accounts(name: str) -> str:
    """Return the name of the firewall rule beside another one that knows nodes by their service accounts."""
    return f"{name}-sa"


def by_hand(name: str, action: str) -> str:
    """Return what to call a firewall rule that a person makes in the place of ours: no name of ours, and as telling."""
    return f"{action}-{name.removeprefix(_OURS)}"


def is_of(owner: Owner, name: str) -> bool:
    """Tell whether a name is one that only this owner's objects have."""
    return name.startswith(f"{prefix(owner)}-")


def listing_filter(owner: Owner) -> str:
    """Return the filter that lists an owner's objects by name (regex dialect of list filters)."""
    return f"name eq {prefix(owner)}-.*"


def _word(text: str, longest: int) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())[:longest]


def _digest(length: int, *parts: str) -> str:
    """Hash parts into letters and digits, with no two lists of parts that run together alike."""
    number = int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest())
    digits = []
    for _ in range(length):
        number, rest = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[rest])
    return "".join(digits)
