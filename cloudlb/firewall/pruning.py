"""Removing rules that nobody needs, so that it can be undone: the file that puts them back is written first.

Between the plan that a person saw and the deletion, everything is read and judged again; what is not exactly as it was
shown, or not condemned any more, is kept.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cloudlb.errors import CloudlbError, UsageError
from cloudlb.firewall.rules import Firewall
from cloudlb.firewall.verdicts import Judged, Verdict

FORMAT = "cloudlb.io/firewall-restore/v1"

DEAD = frozenset({Verdict.ORPHAN, Verdict.LEFTOVER, Verdict.EXPIRED})
"""Verdicts that condemn. No other one ever does."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one rule: `deleted`, `kept` or `failed`, and why."""

    judged: Judged
    result: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which rules are to go: the kinds and, with `before`, only those that were made before a time.

    Of clusters that are not at `home`, only the rules of those that are named. Raises ValueError for a kind that is not
    dead.
    """

    kinds: frozenset[Verdict]
    before: datetime | None = None
    home: str = ""
    clusters: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Check the kinds."""
        if not self.kinds <= DEAD:
            message = f"only {', '.join(sorted(DEAD))} may be removed"
            raise ValueError(message)

    def spared(self, each: Judged) -> str:
        """Say why a rule of a chosen kind is kept all the same; empty if it is not."""
        owner = each.rule.owner
        cluster = owner.cluster if owner is not None else self.home
        if self.home and cluster not in {self.home, *self.clusters}:
            return f"it belongs to the cluster {cluster}: give that id with --cluster to have it removed"
        if self.before is None:
            return ""
        if each.rule.created is None:
            return "its age is not known"
        if each.rule.created >= self.before:
            return "it is not old enough"
        return ""


def condemned(
    rules: Iterable[Judged], choice: Choice
) -> tuple[tuple[Judged, ...], tuple[Done, ...]]:
    """Choose the rules that are to go; and those that are kept although they are dead, with the reason."""
    dead = [each for each in rules if each.verdict in choice.kinds]
    kept = [Done(each, "kept", why) for each in dead if (why := choice.spared(each))]
    return tuple(each for each in dead if not choice.spared(each)), tuple(kept)


def still(shown: Sequence[Judged], now: Iterable[Judged]) -> tuple[list[Judged], list[Done]]:
    """Split what was shown into what is just so now, and what is kept because it is not."""
    by_id = {each.rule.id: each for each in now}
    same: list[Judged] = []
    kept: list[Done] = []
    for each in shown:
        found = by_id.get(each.rule.id)
        if found is None:
            kept.append(Done(each, "kept", "it has gone meanwhile"))
        elif found.rule != each.rule:
            kept.append(Done(each, "kept", "it was changed meanwhile"))
        elif found.verdict not in DEAD:
            kept.append(Done(each, "kept", f"it is {found.verdict} now: {'; '.join(found.facts)}"))
        else:
            same.append(each)
    return same, kept


def write_restore_file(folder: Path, provider: str, rules: Iterable[Judged], now: datetime) -> Path:
    """Write what puts the rules back, to disk, and return where. Raises UsageError where that can not be written."""
    path = folder / f"cloudlb-prune-{now.strftime('%Y%m%dT%H%M%S.%f')}Z.json"
    content = {
        "format": FORMAT,
        "provider": provider,
        "written": now.isoformat(),
        "rules": [
            {
                "rule": each.rule.id,
                "verdict": each.verdict.value,
                "facts": list(each.facts),
                "saved": each.rule.saved,
            }
            for each in rules
        ],
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


def read_restore_file(path: Path) -> Mapping[str, Any]:
    """Read a file of `write_restore_file`. Raises UsageError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path} can not be read: {error}"
        raise UsageError(message) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        message = f"{path} is no file of `cloudlb firewall prune` (format {FORMAT} is wanted)"
        raise UsageError(message)
    return content


def delete(firewall: Firewall, rules: Iterable[Judged]) -> list[Done]:
    """Delete rules one by one: one that fails does not keep the others."""
    done = []
    for each in rules:
        try:
            there = firewall.delete(each.rule)
        except CloudlbError as error:
            done.append(Done(each, "failed", str(error)))
        else:
            done.append(
                Done(each, "deleted") if there else Done(each, "kept", "it has gone meanwhile")
            )
    return done
