"""Deleting many rows in small transactions: no lock is held for long, and an interrupted run just goes on."""

from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.session import Database

AT_ONCE = 10_000


async def delete_in_batches(db: Database, account_id: int, table: Table, *where: ColumnElement[bool]) -> int:
    """Deletes the account's rows that `where` describes, and says how many they were."""
    where = (table.c.account_id == account_id, *where)
    place: ColumnElement[Any] = literal_column("ctid" if db.is_postgres else "rowid")
    deleted = 0
    while True:
        async with db.tenant(account_id) as session:
            connection = await session.connection()
            some = select(place).select_from(table).where(*where).limit(AT_ONCE)
            done = await connection.execute(delete(table).where(place.in_(some.correlate(None))))
        deleted += done.rowcount
        if done.rowcount < AT_ONCE:
            return deleted


async def count_rows(session: AsyncSession, table: Table, *where: ColumnElement[bool]) -> int:
    """How many rows of a table there are, as the session sees it."""
    connection = await session.connection()
    counted = await connection.scalar(select(func.count()).select_from(table).where(*where))
    return int(counted or 0)
