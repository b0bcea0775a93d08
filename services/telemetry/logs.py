"""Log lines: one JSON object each on stderr, from an allow-list of keys, so that no patient's text slips in."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from services.settings import Telemetry

# Only these keys leave the process; whatever else is passed is dropped. Values must be ids, counts, states,
# code points of reasons: nothing that was read from a message.
ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "process", "component", "site", "door", "state", "reason", "kind", "job",
        "message", "report", "version", "delivery", "epoch", "engine", "attempt", "seconds", "count", "bytes", "peer",
        "code", "status", "port", "host", "address", "error", "endpoint", "pid", "signal", "trace",
        "slots", "route", "method",
    }
)  # fmt: skip


def allow_listed(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drops every key that is not on the list, and of exceptions all but the type."""
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
    return {key: value for key, value in event.items() if key in ALLOWED}


def configure(settings: Telemetry, process: str) -> None:
    """Sets up structlog and routes the standard library's logging through the same list."""
    structlog.contextvars.bind_contextvars(process=process)
    renderer = structlog.processors.JSONRenderer() if settings.format == "json" else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            allow_listed,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, settings.level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(handlers=[_Foreign()], level=logging.WARNING, force=True)


class _Foreign(logging.Handler):
    """Other libraries' records: where and how bad, never their text, which could quote a message or a row."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        log(record.name).log(record.levelno, "library", code=f"{record.module}:{record.lineno}", error=error)


def log(name: str) -> structlog.stdlib.BoundLogger:
    """A logger; pass allowed keys only."""
    return structlog.get_logger(component=name)  # type: ignore[no-any-return]
