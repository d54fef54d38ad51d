"""What a plan makes the database do: its statements as they were sent, with their values apart."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from time import perf_counter
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from storage.metrics.plan import Plan
from storage.metrics.run import run
from storage.metrics.scope import Asking

_ANALYSE = {"postgresql": "EXPLAIN (ANALYZE, BUFFERS) ", "sqlite": "EXPLAIN QUERY PLAN "}
_KEYED = re.compile(r"\\x[0-9a-f]{32}")
_ID = "<16 bytes>"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. `plan` is how the database goes about it, where that was asked for."""

    sql: str
    parameters: tuple[str, ...]
    milliseconds: float
    plan: tuple[str, ...] = ()


class Recorder:
    """Notes what a connection sends, while it is entered."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection: Any = connection.sync_connection
        self._began = 0.0
        self.sent: list[tuple[str, Any, float]] = []

    def __enter__(self) -> "Recorder":
        event.listen(self._connection, "before_cursor_execute", self._before)
        event.listen(self._connection, "after_cursor_execute", self._after)
        return self

    def __exit__(self, *problem: object) -> None:
        event.remove(self._connection, "before_cursor_execute", self._before)
        event.remove(self._connection, "after_cursor_execute", self._after)

    def _before(self, *_call: Any) -> None:
        self._began = perf_counter()

    def _after(self, _connection: Any, _cursor: Any, sql: str, parameters: Any, *_call: Any) -> None:
        self.sent.append((sql, parameters, (perf_counter() - self._began) * 1000))


async def explained(
    session: AsyncSession, plan: Plan, asking: Asking, *, analyse: bool = False
) -> list[Statement]:
    """Runs a plan and tells its statements in order; raises what `run` raises. No result is told, and no
    keyed id of a customer."""
    connection = await session.connection()
    with Recorder(connection) as recorder:
        await run(session, plan, asking)
    return [
        Statement(
            sql=sql,
            parameters=tuple(_said(value) for value in _values(parameters)),
            milliseconds=milliseconds,
            plan=await _analysed(connection, sql, parameters) if analyse else (),
        )
        for sql, parameters, milliseconds in recorder.sent
    ]


async def _analysed(connection: AsyncConnection, sql: str, parameters: Any) -> tuple[str, ...]:
    """The database's own plan, with what it did on PostgreSQL."""
    found = await connection.exec_driver_sql(_ANALYSE[connection.dialect.name] + sql, parameters)
    return tuple(_KEYED.sub(_ID, str(row[-1])) for row in found)


def _values(parameters: Any) -> Sequence[Any]:
    return list(parameters.values()) if isinstance(parameters, dict) else parameters


def _said(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return _ID
    if isinstance(value, datetime | date):
        return value.isoformat()
    return repr(value) if isinstance(value, str) else str(value)
