"""The log of a command: silent unless asked for, to stderr, so that results stay clean."""

import logging
import sys

import structlog


def _to_stderr(*_name: object) -> structlog.PrintLogger:
    """Write to what `sys.stderr` is at that moment."""
    return structlog.PrintLogger(sys.stderr)


def configure(*, verbose: bool, color: bool) -> None:
    """Log from debug on, or from warnings on."""
    level = logging.DEBUG if verbose else logging.WARNING
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=color),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_to_stderr,
        cache_logger_on_first_use=False,
    )


def configure_service(*, level: str, as_json: bool) -> None:
    """Log as a service does: one line an event to stderr, JSON or for a console."""
    renderer = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_to_stderr,
        cache_logger_on_first_use=True,
    )
