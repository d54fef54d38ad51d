"""What long-running processes tell, on standard error: lines for people, JSON for collectors."""

import logging
import sys
from typing import Any

import structlog


def configure(level: str) -> None:
    """From now on every logger of this process speaks from this level on (DEBUG, INFO, WARNING or ERROR).

    Standard output stays for answers. What is logged are names of things and counts, never what was said.
    """
    people = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if people else "iso", utc=not people),
            structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=_on_standard_error,
    )


def _on_standard_error(*_: Any) -> structlog.PrintLogger:
    return structlog.PrintLogger(sys.stderr)
