"""Days of an account's time zone in SQL: PostgreSQL knows time zones, SQLite is taught them here."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import String, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from storage.types import Instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class local_day(FunctionElement[str]):  # noqa: N801 - named as the SQL function that it is
    """The calendar day of an instant as text (2026-10-31): `local_day(column, zone)`."""

    type = String()
    name = "local_day"
    inherit_cache = True

    def __init__(self, moment: Any, zone: str) -> None:
        super().__init__(moment, bindparam(None, zone, type_=String))


class last_moment_of_day(FunctionElement[datetime]):  # noqa: N801 - named as the SQL function that it is
    """The last instant of the day that holds an instant: `last_moment_of_day(column, zone)`."""

    type = Instant()
    name = "last_moment_of_day"
    inherit_cache = True

    def __init__(self, moment: Any, zone: str) -> None:
        super().__init__(moment, bindparam(None, zone, type_=String))


@compiles(local_day, "postgresql")
def _day_on_postgres(element: local_day, compiler: SQLCompiler, **kw: Any) -> str:
    moment, zone = (compiler.process(part, **kw) for part in element.clauses)
    return f"to_char({moment} AT TIME ZONE {zone}, 'YYYY-MM-DD')"


@compiles(last_moment_of_day, "postgresql")
def _last_moment_on_postgres(element: last_moment_of_day, compiler: SQLCompiler, **kw: Any) -> str:
    moment, zone = (compiler.process(part, **kw) for part in element.clauses)
    next_day = f"date_trunc('day', {moment} AT TIME ZONE {zone}) + interval '1 day'"
    return f"(({next_day}) AT TIME ZONE {zone} - interval '1 microsecond')"


@compiles(local_day, "sqlite")
@compiles(last_moment_of_day, "sqlite")
def _on_sqlite(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> str:
    return f"{element.name}({compiler.process(element.clauses, **kw)})"


def teach_sqlite(connection: Any) -> None:
    """Gives a new SQLite connection the functions; times are whole microseconds since 1970 there."""
    connection.create_function("local_day", 2, _day_of, deterministic=True)
    connection.create_function("last_moment_of_day", 2, _last_moment_of, deterministic=True)


def _local(microseconds: int, zone: str) -> datetime:
    return (_EPOCH + timedelta(microseconds=microseconds)).astimezone(ZoneInfo(zone))


def _day_of(microseconds: int | None, zone: str) -> str | None:
    return None if microseconds is None else _local(microseconds, zone).date().isoformat()


def _last_moment_of(microseconds: int | None, zone: str) -> int | None:
    if microseconds is None:
        return None
    following: date = _local(microseconds, zone).date() + timedelta(days=1)
    midnight = datetime.combine(following, time(), ZoneInfo(zone)).astimezone(UTC)
    return (midnight - _EPOCH) // _MICROSECOND - 1
