"""What `firewall prune` and `firewall restore` do: show, ask, write the restore file, delete; and the way back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from rich.text import Text

from cloudlb.cli import rules
from cloudlb.cli.exits import Exit
from cloudlb.cli.options import ClusterOptions, Output
from cloudlb.cli.screen import Screen
from cloudlb.errors import UsageError
from cloudlb.firewall import pruning, removal, restore_file
from cloudlb.firewall.pruning import Choice, Done, Sentence
from cloudlb.firewall.verdicts import Judged

FORMAT = "cloudlb.io/firewall-prune/v1"

_NAMED = 5
"""Ids that one line of reasons names."""


class Pruning:
    """One run of `prune`. Its methods return the exit code, and raise CloudlbErrors of reading."""

    def __init__(
        self,
        options: ClusterOptions,
        screen: Screen,
        choice: Choice,
        output: Output,
        contexts: Sequence[str] = (),
    ) -> None:
        self._options = options
        self._screen = screen
        self._choice = choice
        self._contexts = contexts
        self._output = output

    def show(self) -> Exit:
        """Show what would be deleted."""
        found = self._sentence(self._ground())
        self._shown(found)
        if self._output is Output.JSON:
            condemned = (Done(each, "condemned") for each in found.going)
            self._write([*condemned, *found.kept], None)
        else:
            self._tell_kept(found.kept)
        return Exit.CHANGES if len(found) else Exit.OK

    def run(self, folder: Path, *, ask: bool) -> Exit:
        """Show what is to be deleted, ask, and delete it."""
        shown = self._sentence(self._ground())
        self._shown(shown)
        if not len(shown):
            if self._output is Output.JSON:
                self._write(shown.kept, None)
            else:
                self._tell_kept(shown.kept)
            return Exit.OK
        if ask and not self._agreed(shown):
            return Exit.ERROR
        place = self._ground()
        going = self._unchanged(shown, place)
        done = [*shown.kept, *going.kept]
        file = None
        if len(going):
            name = place.source.provider.name
            file = restore_file.write(
                folder, name, (going.rules, going.dependents), datetime.now(UTC)
            )
            with self._screen.counting("deleting", len(going.rules)) as told:
                done += removal.carry_out(place.firewall, going, told=told)
        self._tell(done, file)
        unfinished = any(
            each.result == "failed" or each.why == removal.INTERRUPTED for each in done
        )
        return Exit.ERROR if unfinished else Exit.OK

    def _sentence(self, place: rules.Ground) -> Sentence:
        found = self._findings(place)
        return pruning.sentence(found.rules, found.dependents, self._chosen(place))

    def _unchanged(self, shown: Sentence, place: rules.Ground) -> Sentence:
        """Read and judge again: what was shown goes if it is just so and still condemned."""
        now = self._findings(place)
        same, changed = pruning.still(shown.rules, now.rules)
        hanging, others = pruning.still(shown.dependents, now.dependents)
        going = pruning.sentence(same, hanging, self._chosen(place))
        return replace(going, kept=(*changed, *others, *going.kept))

    def _findings(self, place: rules.Ground) -> rules.Findings:
        with self._screen.counting("reading firewall rules") as told:
            return place.findings(dependents=self._choice.dependents, told=told)

    def _chosen(self, place: rules.Ground) -> Choice:
        return replace(self._choice, home=place.home)

    def _ground(self) -> rules.Ground:
        return rules.ground(self._options, self._screen, self._contexts)

    def _tell_kept(self, done: Sequence[Done]) -> None:
        """Say what was not deleted and why, on one line where the reason is the same."""
        by_reason: dict[tuple[str, str], list[str]] = {}
        for each in done:
            if each.result != "deleted":
                by_reason.setdefault((each.result, each.why), []).append(each.judged.made.id)
        for (result, why), ids in by_reason.items():
            self._screen.note(f"{_named(ids)} {result}: {why}")

    def _shown(self, found: Sentence) -> None:
        if self._output is Output.JSON:
            return
        if not len(found):
            self._screen.line("Nothing to delete: every rule around these nodes may be needed.")
            return
        if found.rules:
            self._screen.table(rules.table(found.rules, wide=True))
            self._screen.line()
        if found.dependents:
            self._screen.table(rules.dependents_table(found.dependents))
            self._screen.line()

    def _agreed(self, found: Sentence) -> bool:
        words = _counted(found)
        if not self._screen.can_ask:
            self._screen.error(
                f"{words} would be deleted, and nobody is there to ask: add --yes to delete them"
            )
            return False
        if typer.confirm(f"Delete {words}?", default=False, err=True):
            return True
        self._screen.note("Nothing was deleted.")
        return False

    def _tell(self, done: Sequence[Done], file: Path | None) -> None:
        if self._output is Output.JSON:
            self._write(done, file)
        self._tell_kept(done)
        if self._output is Output.TEXT:
            counts = Counter(each.result for each in done)
            words = ", ".join(f"{count} {result}" for result, count in sorted(counts.items()))
            self._screen.line(Text(f"{words}.", style="bold"))
            if file is not None:
                self._screen.line(f"`cloudlb firewall restore {file}` puts them back.")

    def _write(self, done: Sequence[Done], file: Path | None) -> None:
        found: dict[str, list[dict[str, Any]]] = {"rules": [], "dependents": []}
        for each in done:
            outcome = {"result": each.result, "why": each.why}
            if isinstance(each.judged, Judged):
                found["rules"].append(rules.plain(each.judged) | outcome)
            else:
                found["dependents"].append(rules.plain_dependent(each.judged) | outcome)
        self._screen.json({"format": FORMAT, "restoreFile": str(file) if file else None, **found})


def _named(ids: Sequence[str]) -> str:
    if len(ids) == 1:
        return ids[0]
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return f"{', '.join(ids[:_NAMED])}{more} ({len(ids)})"


def _counted(found: Sentence) -> str:
    rules_, dependents = len(found.rules), len(found.dependents)
    words = "1 rule" if rules_ == 1 else f"{rules_} rules"
    if not dependents:
        return words
    return f"{words} and {dependents} dependent{'' if dependents == 1 else 's'}"


def restore(options: ClusterOptions, screen: Screen, path: Path) -> Exit:
    """Put back what a restore file has; what is there already stays. Raises UsageError for no such file."""
    content = restore_file.read(path)
    place = rules.ground(options, screen)
    if content.provider != place.source.provider.name:
        message = f"{path} is of the provider {content.provider!r}, and this is {place.source.provider.name!r}"
        raise UsageError(message)
    with screen.counting("putting back", len(content.rules)) as told:
        done = removal.put_back(place.firewall, content, told=told)
    for each in done:
        if each.error:
            screen.error(f"{each.saved.id} is not put back: {each.error}")
        else:
            words = f"is back as {each.id}" if each.made else "is there already"
            screen.line(f"{each.saved.id} {words}")
    return Exit.ERROR if any(each.error for each in done) else Exit.OK
