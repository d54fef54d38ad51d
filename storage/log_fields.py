"""What a log line may say: a list of known fields, each with the only form its value may have.

Everything else is left out, whoever logs it: a name, a question, an address or a key has no field to stand
in. So a mistake in a log call costs a field of one line, and never what was promised.
"""

import re
import sys
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from enum import Enum
from pathlib import Path
from typing import Any

Check = Callable[[Any], bool]

OTHER = "other"
MOST_FRAMES = 8
_MOST_CAUSES = 4


def _like(pattern: str) -> Check:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int)


def _each(check: Check) -> Check:
    return lambda value: isinstance(value, list | tuple) and all(check(one) for one in value)


def _is_logger(value: Any) -> bool:
    """A logger may be named after anything: one that bears the name of a loaded package is named."""
    if not (isinstance(value, str) and re.fullmatch(r"[\w.]{1,120}", value)):
        return False
    return value == OTHER or value.partition(".")[0] in {*sys.modules, "chewbotta"}


_word = _like(r"(?!sk_|rk_|pk_|whsec_|xox|xapp)[a-z][a-z0-9_]{0,39}(?:[.:][a-z0-9_]{1,40}){0,3}")
"""An enumeration's value, a table, a stream, a job: named in our code, or a code of a vendor's list."""
_class = _like(r"_?[A-Z][A-Za-z0-9]{1,79}")
_frame = _like(r"[\w.<>-]{1,80}:\d{1,6}(?: [\w<>.]{1,80})?")

FIELDS: Mapping[str, Check] = {
    # the line itself
    "event": _word,
    "level": _word,
    "timestamp": _like(r"[0-9T:.Z+-]{8,40}"),
    "logger": _is_logger,
    "at": _frame,
    "correlation": _like(r"[0-9a-f]{4,32}"),
    "reference": _like(r"[0-9a-f]{4,32}"),
    # ids: ours and Discord's servers' are numbers, a workspace's is Slack's own
    "account": _is_whole,
    "source": _is_whole,
    "guild": _is_whole,
    "alert": _is_whole,
    "team": _like(r"[TE][A-Z0-9]{0,20}"),
    # what went wrong: kinds and places
    "error": _class,
    "causes": _each(_class),
    "where": _each(_frame),
    "status": _is_whole,
    "code": _word,
    "why": _like(r"[A-Z][A-Z0-9_]{0,39}|[a-z][a-z0-9_]{0,39}"),
    # enumerations
    **dict.fromkeys(("job", "kind", "phase", "platform", "purge", "state", "stream", "table"), _word),
    # counts, durations (seconds), switches
    **dict.fromkeys(
        (
            "attempt", "changed", "count", "days", "dead", "deleted", "done", "dropped", "epoch",
            "failed", "late", "later", "lost", "missing", "number", "read", "recomputed", "retry_num",
            "routed", "seconds", "sent", "total", "tries", "version", "wait_for", "waited_so_far", "written",
        ),
        _is_number,
    ),
}  # fmt: skip


def only_known(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keeps the fields of the list in the form that they must have; `dropped` counts the others."""
    kept = {key: value for key, given in line.items() if _fits(key, value := _plain(given))}
    if len(kept) < len(line):
        kept["dropped"] = len(line) - len(kept)
    kept.setdefault("event", "log.unnamed")
    return kept


def _fits(key: str, value: Any) -> bool:
    if value is None:
        return key in FIELDS
    return key in FIELDS and FIELDS[key](value)


def _plain(value: Any) -> Any:
    """An enumeration as its value: what is logged must be plain JSON."""
    return value.value if isinstance(value, Enum) else value


def with_error(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Turns `exc_info` into the error's kind, place and causes; its text stays out of the log."""
    given = line.pop("exc_info", None)
    problem = given if isinstance(given, BaseException) else (given[1] if isinstance(given, tuple) else None)
    if given is True:
        problem = sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1]
    if problem is not None:
        line.update(described(problem))
    return line


def described(problem: BaseException) -> dict[str, Any]:
    """An error for a log or an error report: kind, place and the kinds of its causes, never a word of its
    text, which may quote a row, a question or a key."""
    frames = traceback.extract_tb(problem.__traceback__)[-MOST_FRAMES:]
    said: dict[str, Any] = {
        "error": type(problem).__name__,
        "where": [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if causes := [type(cause).__name__ for cause in _causes(problem)]:
        said["causes"] = causes
    return said


def _causes(problem: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    cause = problem.__cause__ or problem.__context__
    while cause is not None and cause not in found and len(found) < _MOST_CAUSES:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found
