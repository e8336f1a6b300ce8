"""Labels and network tags that the settings ask for: what Compute Engine takes."""

import re
from collections.abc import Iterable

from cloudlb.errors import UsageError

_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_TAG = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")
_VALUE = re.compile(r"[a-z0-9_-]{0,63}")


def check_labels(labels: Iterable[tuple[str, str]]) -> None:
    """Raise UsageError for labels that Compute Engine would refuse ("Labeling resources", requirements)."""
    for key, value in labels:
        if not _KEY.fullmatch(key) or not _VALUE.fullmatch(value):
            message = (
                f"{key}={value} can not be a label: keys begin with a letter, and both have at most 63 of a-z, 0-9,"
                " - and _"
            )
            raise UsageError(message)


def check_tags(tags: Iterable[str]) -> None:
    """Raise UsageError for network tags that Compute Engine would refuse."""
    for each in tags:
        if not _TAG.fullmatch(each):
            message = f"{each!r} can not be a network tag: it has at most 63 of a-z, 0-9 and -, and begins with a letter"
            raise UsageError(message)
