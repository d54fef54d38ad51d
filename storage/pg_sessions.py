"""How a session of PostgreSQL begins and ends, in as few messages as can be: a question waits for each.

A read-only transaction is begun, put into its account's role and told its limits by one message, and ended
by another. The driver is told that there is none of its own (AUTOCOMMIT), as it would begin one by itself.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from asyncpg import InterfaceError, PostgresError
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_TRUSTED = 5.0
"""Seconds since its last use within which a connection that was not closed is taken for alive."""

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9 ._:-]")

_BEGIN_READING = (
    "BEGIN READ ONLY; SELECT set_config('role', '{role}', true),"
    " set_config('application_name', '{name}', true),"
    " set_config('chewbotta.account_id', '{account:d}', true),"
    " set_config('statement_timeout', '{timeout:d}', true),"
    " set_config('jit', 'off', true)"  # compiling a question takes longer than answering it
)


@asynccontextmanager
async def reading(
    engine: AsyncEngine, *, role: str, name: str, account_id: int, timeout: float | None
) -> AsyncIterator[AsyncConnection]:
    """A connection within a read-only transaction of one account; `timeout` in seconds a statement."""
    async with engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        driver: Any = (await connection.get_raw_connection()).driver_connection
        begin = _BEGIN_READING.format(
            role=role,
            name=_NOT_IN_NAMES.sub("", name)[:63],
            account=account_id,
            timeout=int((timeout or 0) * 1000),
        )
        try:
            await _send(driver, begin)
            yield connection
        finally:
            await _leave(connection, driver)


async def _send(driver: Any, statements: str) -> None:
    """Raises OperationalError, as the dialect would."""
    try:
        await driver.execute(statements)
    except (PostgresError, InterfaceError, OSError) as problem:
        raise OperationalError(statements, None, problem) from problem


async def _leave(connection: AsyncConnection, driver: Any) -> None:
    """Nobody else gets a connection that may still be within an account's transaction."""
    left = False
    try:
        await driver.execute("ROLLBACK")  # nothing was written
        left = True
    except Exception:  # noqa: BLE001 - whatever it was, the connection goes
        return
    finally:
        if not left:
            await connection.invalidate()


def look_at_idle_ones(engine: AsyncEngine) -> None:
    """Connections are taken from the pool without a question whether they still work, which would cost every
    session a message, unless they were idle for long; one that the server closed is known to be."""

    @event.listens_for(engine.sync_engine, "checkout")
    def look(adapted: Any, record: Any, _proxy: Any) -> None:
        if adapted.driver_connection.is_closed():
            raise DisconnectionError("the server closed the connection")
        if monotonic() - record.info.get("back_at", monotonic()) > _TRUSTED:
            try:
                adapted.ping()
            except engine.dialect.loaded_dbapi.Error as problem:
                raise DisconnectionError("the connection does not answer") from problem

    @event.listens_for(engine.sync_engine, "checkin")
    def note(_adapted: Any, record: Any) -> None:
        record.info["back_at"] = monotonic()
