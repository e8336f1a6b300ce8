"""The exit codes, in one place; `cloudlb --help` and the docs say the same."""

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended. `CHANGES` is only used with `--detailed-exitcode`."""

    OK = 0
    ERROR = 1
    CHANGES = 2
    USAGE = 64  # EX_USAGE of sysexits.h; the usual 2 would look like "changes"
    INTERRUPTED = 130


HELP = (
    "Exit codes: 0 done or nothing to do, 1 error, 2 changes (plan --detailed-exitcode), "
    "64 the command line is wrong, 130 interrupted."
)
