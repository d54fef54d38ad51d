"""Rules of the house that keep promises, checked on the syntax of the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.log_fields import FIELDS

ROOT = Path(__file__).parents[1]
FLOORS = ("bot", "connectors", "storage", "thoughts", "web")
LOGGERS = {"log", "_log", "known", "logger"}
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}


def modules() -> list[tuple[str, ast.Module]]:
    files = [
        ROOT / "chewbotta.py",
        ROOT / "jobs.py",
        *(f for floor in FLOORS for f in (ROOT / floor).rglob("*.py")),
    ]
    return [(str(file.relative_to(ROOT)), ast.parse(file.read_text(encoding="utf-8"))) for file in files]


MODULES = modules()


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """(where, what is called, the call) of all code."""
    for name, tree in MODULES:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield f"{name}:{node.lineno}", ast.unparse(node.func), node


def outside(where: str, *allowed: str) -> bool:
    """Whether a place is in none of these files (or, with a slash at the end, folders)."""
    return not where.startswith(tuple(name if name.endswith("/") else f"{name}:" for name in allowed))


_ENGINE_HOLDERS = ("storage/locks.py", "storage/pg_sessions.py")
"""The second is PostgreSQL's part of sessions."""


@pytest.mark.promises("P19")
def test_connections_are_opened_in_four_places() -> None:
    """Only sessions, locks, migrations and the key store open a connection; all else is given a session."""
    makers = re.compile(r"(?:.*\.)?create_(?:async_)?engine|(?:asyncpg|aiosqlite|sqlite3)\.connect")
    made = [where for where, called, _ in calls() if makers.fullmatch(called)]
    allowed = ("storage/session.py", "storage/keys/keystore.py", "storage/migrate.py")
    assert len(made) >= 3
    assert [where for where in made if outside(where, *allowed)] == []
    used = [
        f"{name}:{node.lineno}"
        for name, tree in MODULES
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"engine", "sync_engine", "_engine"}
    ]
    assert [where for where in used if outside(where, *allowed, *_ENGINE_HOLDERS)] == []


@pytest.mark.promises("P19")
def test_sql_text_stands_still() -> None:
    """SQL as text is written in the code: no f-string with anything but constants of its module."""
    moving = []
    for where, called, call in calls():
        if called.rpartition(".")[2] in {"text", "exec_driver_sql"} and call.args and outside(where, *_NAMED):
            names = {node.id for part in ast.walk(call.args[0]) if isinstance(part, ast.FormattedValue)
                     for node in ast.walk(part) if isinstance(node, ast.Name)}  # fmt: skip
            moving += [f"{where}: {name}" for name in names if not name.lstrip("_").isupper()]
    assert moving == []


# COPY into a staging table named after a model, indexes of a column, transactions: names of our own.
_NAMED = ("storage/intake/bulk.py", "storage/session.py", "storage/models/customer.py", "storage/migrations/")


@pytest.mark.promises("P16")
def test_log_lines_use_known_fields() -> None:
    """Every log call names its event in the code and gives it fields of `log_fields` alone."""
    wrong = []
    seen = 0
    for where, called, call in calls():
        owner, _, level = called.rpartition(".")
        if level not in LEVELS or (owner not in LOGGERS and not owner.startswith("structlog.get_logger")):
            continue
        seen += 1
        event = call.args[0] if call.args else None
        fixed = isinstance(event, ast.Constant) and FIELDS["event"](event.value)
        of_a_job = isinstance(event, ast.JoinedStr) and isinstance(event.values[-1], ast.Constant)
        if len(call.args) != 1 or not (fixed or of_a_job or called.startswith("structlog.")):
            wrong.append(f"{where}: event")
        wrong += [
            f"{where}: {word.arg}" for word in call.keywords if word.arg not in {*FIELDS, "exc_info", None}
        ]
        wrong += [
            f"{where}: **{ast.unparse(word.value)}"
            for word in call.keywords
            if word.arg is None and "described(" not in ast.unparse(word.value)
        ]
    assert seen > 10
    assert wrong == []


@pytest.mark.promises("P16")
def test_loggers_are_configured_in_one_place() -> None:
    """Nothing but storage/logs.py sets logging up, and nothing prints a traceback."""
    setting_up = re.compile(
        r"logging\.basicConfig|logging\.config\.dictConfig|structlog\.configure|faulthandler\.enable"
        r"|traceback\.(?:print|format)_\w+"
    )
    assert [
        w for w, called, _ in calls() if setting_up.fullmatch(called) and outside(w, "storage/logs.py")
    ] == []


@pytest.mark.promises("P15")
def test_programs_we_start_get_none_of_our_environment() -> None:
    """Whatever starts another program says which environment it gets: settings hold secrets."""
    starters = re.compile(
        r"(?:.*\.)?(?:create_subprocess_(?:exec|shell)|Popen|check_output|check_call)"
        r"|subprocess\.run|os\.(?:system|exec\w+|spawn\w+)"
    )
    started = [(where, call) for where, called, call in calls() if starters.fullmatch(called)]
    assert [where for where, call in started if "env" not in {word.arg for word in call.keywords}] == []


@pytest.mark.promises("P17")
def test_certificates_are_verified() -> None:
    """No call switches the verification of certificates off."""
    switched_off = [
        f"{where}: {word.arg}"
        for where, _, call in calls()
        for word in call.keywords
        if word.arg in {"verify", "verify_ssl", "ssl", "check_hostname"}
        and isinstance(word.value, ast.Constant)
        and word.value.value is False
    ]
    assert switched_off == []
    assert [w for w, called, _ in calls() if called.endswith("_create_unverified_context")] == []


@pytest.mark.promises("P9")
def test_code_names_few_hosts() -> None:
    """The hosts in the code are the sources', Slack's, and those of services that one may set up."""
    hosts = set()
    for _, tree in MODULES:
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                hosts |= set(re.findall(r"https?://([a-z0-9.-]+\.[a-z]{2,})", node.value))
    hosts = {host for host in hosts if not host.endswith((".example", "example.com", ".test"))}
    published = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    assert [host for host in sorted(hosts) if f"`{host}`" not in published] == []
