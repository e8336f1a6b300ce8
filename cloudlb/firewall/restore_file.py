"""The file that undoes a prune: written to disk before the first deletion, read by `firewall restore`."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cloudlb.errors import UsageError
from cloudlb.firewall.pruning import Item
from cloudlb.firewall.verdicts import Judged, JudgedDependent

FORMAT = "cloudlb.io/firewall-restore/v1"


@dataclass(frozen=True, slots=True)
class Saved:
    """What puts one rule or dependent back, as the provider wrote it, and the id that it had."""

    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """What a file says: whose it is, and what it puts back, dependents in the order in which they can be made."""

    provider: str
    dependents: tuple[Saved, ...]
    rules: tuple[Saved, ...]


def write(
    folder: Path,
    provider: str,
    going: tuple[Sequence[Judged], Sequence[JudgedDependent]],
    now: datetime,
) -> Path:
    """Write what puts rules and dependents back, to disk, and return where. Raises UsageError where that can not be written.

    Dependents come as they are to be deleted, and are written as they are to be made again.
    """
    rules, dependents = going
    path = folder / f"cloudlb-prune-{now.strftime('%Y%m%dT%H%M%S.%f')}Z.json"
    content = {
        "format": FORMAT,
        "provider": provider,
        "written": now.isoformat(),
        "dependents": [_entry("dependent", each) for each in reversed(dependents)],
        "rules": [_entry("rule", each) for each in rules],
    }
    try:
        with path.open("x", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        message = f"{path}: the file that would put the rules back can not be written ({error.strerror}); nothing was deleted"
        raise UsageError(message) from error
    return path


def _entry(word: str, each: Item) -> dict[str, Any]:
    return {
        word: each.made.id,
        "verdict": each.verdict.value,
        "facts": list(each.facts),
        "saved": each.made.saved,
    }


def read(path: Path) -> Restore:
    """Read a file of `write`. Raises UsageError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path} can not be read: {error}"
        raise UsageError(message) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        message = f"{path} is no file of `cloudlb firewall prune` (format {FORMAT} is wanted)"
        raise UsageError(message)
    try:
        return Restore(
            provider=str(content["provider"]),
            dependents=_saved(content.get("dependents", ()), "dependent"),
            rules=_saved(content["rules"], "rule"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        message = f"{path} is not whole: {type(error).__name__} {error}"
        raise UsageError(message) from error


def _saved(entries: Sequence[Mapping[str, Any]], word: str) -> tuple[Saved, ...]:
    return tuple(Saved(str(each[word]), str(each["saved"])) for each in entries)
