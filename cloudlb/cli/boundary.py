"""The border between commands and people: every failure becomes a message and an exit code, never a traceback."""

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from cloudlb.cli.exits import Exit


class Commands(TyperGroup):
    """The group of all commands, with our exit codes and our way to report what went wrong."""

    def make_context(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401  (typer's own)
        """Read the options of the group itself."""
        try:
            return super().make_context(*args, **extra)
        except typer.TyperException as error:
            raise _usage(error) from error

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  (typer's own)
        """Run a command."""
        try:
            return super().invoke(ctx)
        except typer.TyperException as error:
            raise _usage(error) from error
        except (typer.Exit, typer.Abort, KeyboardInterrupt, BrokenPipeError):
            raise
        except Exception as error:
            raise typer.Exit(report(error)) from error


def _usage(error: typer.TyperException) -> typer.TyperException:
    if error.exit_code:
        error.exit_code = Exit.USAGE
    return error


def report(error: Exception) -> int:
    """Tell a person what went wrong, and return the exit code."""
    from cloudlb.cli.screen import Screen
    from cloudlb.errors import CloudError, CloudlbError

    screen = Screen.make()
    if isinstance(error, CloudError):
        from cloudlb.kube.status import describe

        screen.error(describe(error))
    elif isinstance(error, CloudlbError):
        for line in str(error).splitlines() or [type(error).__name__]:
            screen.error(line)
    elif isinstance(error, OSError):
        screen.error(
            f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")
        )
    else:
        _report_defect(screen, error)
    return Exit.ERROR


def _report_defect(screen: Any, error: Exception) -> None:  # noqa: ANN401  (imported lazily)
    screen.error(f"a defect of cloudlb: {type(error).__name__}: {error}")
    if os.environ.get("CLOUDLB_TRACEBACK"):
        import traceback

        screen.note("".join(traceback.format_exception(error)))
    else:
        screen.note(
            "Nothing of this is your doing. Run it again with CLOUDLB_TRACEBACK=1 and report it."
        )
    sys.stderr.flush()
