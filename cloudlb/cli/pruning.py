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
from cloudlb.errors import CloudlbError, UsageError
from cloudlb.firewall import pruning
from cloudlb.firewall.pruning import Choice, Done
from cloudlb.firewall.verdicts import Judged

FORMAT = "cloudlb.io/firewall-prune/v1"


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
        found, spared = self._condemned()
        self._shown(found)
        if self._output is Output.JSON:
            self._write([*(Done(each, "condemned") for each in found), *spared], None)
        else:
            self._tell_kept(spared)
        return Exit.CHANGES if found else Exit.OK

    def run(self, folder: Path, *, ask: bool) -> Exit:
        """Show what is to be deleted, ask, and delete it."""
        shown, spared = self._condemned()
        self._shown(shown)
        if not shown:
            if self._output is Output.JSON:
                self._write(spared, None)
            else:
                self._tell_kept(spared)
            return Exit.OK
        if ask and not self._agreed(len(shown)):
            return Exit.ERROR
        place = self._ground()
        wanted, done = pruning.still(shown, place.judged())
        done = [*spared, *done]
        file = None
        if wanted:
            name = place.source.provider.name
            file = pruning.write_restore_file(folder, name, wanted, datetime.now(UTC))
            done += pruning.delete(place.firewall, wanted)
        self._tell(done, file)
        return Exit.ERROR if any(each.result == "failed" for each in done) else Exit.OK

    def _condemned(self) -> tuple[tuple[Judged, ...], tuple[Done, ...]]:
        place = self._ground()
        with self._screen.busy("reading the clusters and their firewall rules"):
            found = place.judged()
        return pruning.condemned(found, replace(self._choice, home=place.home))

    def _ground(self) -> rules.Ground:
        return rules.ground(self._options, self._screen, self._contexts)

    def _tell_kept(self, done: Sequence[Done]) -> None:
        for each in done:
            if each.result != "deleted":
                self._screen.note(f"{each.judged.rule.id} {each.result}: {each.why}")

    def _shown(self, found: Sequence[Judged]) -> None:
        if self._output is Output.JSON:
            return
        if not found:
            self._screen.line("Nothing to delete: every rule around these nodes may be needed.")
            return
        self._screen.table(rules.table(found, wide=True))
        self._screen.line()

    def _agreed(self, count: int) -> bool:
        words = "1 rule" if count == 1 else f"{count} rules"
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
        found: list[dict[str, Any]] = [
            rules.plain(each.judged) | {"result": each.result, "why": each.why} for each in done
        ]
        restore_file = None if file is None else str(file)
        self._screen.json({"format": FORMAT, "restoreFile": restore_file, "rules": found})


def restore(options: ClusterOptions, screen: Screen, path: Path) -> Exit:
    """Put back the rules of a restore file; those that are there already stay. Raises UsageError for no such file."""
    content = pruning.read_restore_file(path)
    place = rules.ground(options, screen)
    if content["provider"] != place.source.provider.name:
        message = f"{path} is of the provider {content['provider']!r}, and this is {place.source.provider.name!r}"
        raise UsageError(message)
    failed = 0
    for each in content["rules"]:
        try:
            made = place.firewall.restore(each["saved"])
        except (CloudlbError, KeyError, ValueError) as error:
            failed += 1
            screen.error(f"{each.get('rule', 'a rule')} is not put back: {error}")
        else:
            words = f"is back as {made}" if made else "is there already"
            screen.line(f"{each['rule']} {words}")
    return Exit.ERROR if failed else Exit.OK
