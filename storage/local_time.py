"""Days of an account's time zone in SQL: PostgreSQL knows time zones, SQLite is taught them here."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import String, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from storage.types import Instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NAME = "last_moment_of_day"


class LastMomentOfDay(FunctionElement[datetime]):
    """In SQL, the last instant of the day that holds `moment` in a time zone, NULL of none."""

    type = Instant()
    inherit_cache = True

    def __init__(self, moment: Any, zone: str) -> None:
        super().__init__(moment, bindparam(None, zone, type_=String))


@compiles(LastMomentOfDay, "postgresql")
def _on_postgres(element: LastMomentOfDay, compiler: SQLCompiler, **kw: Any) -> str:
    moment, zone = (compiler.process(part, **kw) for part in element.clauses)
    next_day = f"date_trunc('day', {moment} AT TIME ZONE {zone}) + interval '1 day'"
    return f"(({next_day}) AT TIME ZONE {zone} - interval '1 microsecond')"


@compiles(LastMomentOfDay, "sqlite")
def _on_sqlite(element: LastMomentOfDay, compiler: SQLCompiler, **kw: Any) -> str:
    return f"{_NAME}({compiler.process(element.clauses, **kw)})"


def teach_sqlite(connection: Any) -> None:
    """Gives a new SQLite connection the function; times are whole microseconds since 1970 there."""
    connection.create_function(_NAME, 2, _last_moment, deterministic=True)


def _last_moment(microseconds: int | None, zone: str) -> int | None:
    if microseconds is None:
        return None
    day = (_EPOCH + timedelta(microseconds=microseconds)).astimezone(ZoneInfo(zone)).date()
    midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
    return (midnight - _EPOCH) // _MICROSECOND - 1
