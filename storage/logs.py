"""What a process tells on standard error: JSON, or lines where a person watches; never personal data.

Three ways lead to standard error, and all end in the list of `log_fields`: our own lines (structlog), the
libraries' (the standard library's `logging`: their text may quote anything, so that only the logger, the
place and the kind of error are kept), and errors that nobody caught.

One thing that is done from a request to its last statement has one correlation id: it stands in every line
and, on PostgreSQL, in `application_name` (`storage/session.py`), so in pg_stat_activity and in its log.
"""

import logging
import secrets
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

from storage.log_fields import FIELDS, OTHER, described, only_known, with_error

__all__ = ["configure", "correlated", "correlation", "described", "uncaught"]

_correlation: ContextVar[str | None] = ContextVar("correlation", default=None)
_LIBRARY = "library.said"
_UNCAUGHT = "process.failed"


def correlation() -> str | None:
    """The id of what is being done now, if it has one."""
    return _correlation.get()


@contextmanager
def correlated(reference: str | None = None) -> Iterator[str]:
    """Gives what is done in this block an id (hexadecimal; by default a new one), also in tasks it starts."""
    chosen = reference or secrets.token_hex(8)
    token = _correlation.set(chosen)
    try:
        yield chosen
    finally:
        _correlation.reset(token)


def configure(level: str) -> None:
    """From now on everything this process logs goes this way, from `level` (DEBUG ... ERROR) on.

    Libraries speak from WARNING on: without their text, what is below says nothing. Standard output stays
    for answers. May be called again.
    """
    least = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=_processors(),
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=lambda *_: _ToStandardError(),
    )
    _take_over_libraries(max(least, logging.WARNING))
    _take_over_hooks()


def _processors() -> list[Processor]:
    people = sys.stderr.isatty()
    return [
        _with_correlation,
        structlog.processors.add_log_level,
        with_error,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if people else "iso", utc=not people),
        only_known,
        structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer(),
    ]


def _with_correlation(_logger: Any, _method: str, line: EventDict) -> EventDict:
    if found := _correlation.get():
        line["correlation"] = found
    return line


class _ToStandardError:
    """Writes whole lines to what standard error is at that moment."""

    def msg(self, message: str) -> None:
        stream: TextIO = sys.stderr
        stream.write(message + "\n")
        stream.flush()

    log = debug = info = warning = error = critical = exception = fatal = msg


class _Library(logging.Handler):
    """Says which logger spoke, from where and of what kind of error; not what it said."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno,
            _LIBRARY,
            logger=record.name if FIELDS["logger"](record.name) else OTHER,
            at=f"{record.module}:{record.lineno}",
            exc_info=record.exc_info or None,
        )


def _take_over_libraries(least: int) -> None:
    root = logging.getLogger()
    for handler in [old for old in root.handlers if isinstance(old, _Library)]:
        root.removeHandler(handler)
    root.addHandler(_Library())
    root.setLevel(least)
    logging.raiseExceptions = False  # its complaints about a bad log call print the call's arguments


def _take_over_hooks() -> None:
    """Python's own reports of an error end with its text. Hooks that someone else has set are left alone,
    but for that of the command line, which would print all."""
    sys.excepthook = uncaught
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _uncaught_in_thread
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _unraisable


def uncaught(kind: type[BaseException], problem: BaseException, _: TracebackType | None) -> None:
    """Reports an error that ends the process: kind and place."""
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger().critical(_UNCAUGHT, exc_info=problem)


def _uncaught_in_thread(given: threading.ExceptHookArgs) -> None:
    structlog.get_logger().error("thread.failed", exc_info=given.exc_value)


def _unraisable(given: "sys.UnraisableHookArgs") -> None:
    structlog.get_logger().error("object.failed", exc_info=given.exc_value)
