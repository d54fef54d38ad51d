"""Many rows at once: deleted in small transactions, so that no lock is held for long and an interrupted run
just goes on; or each updated with values of its own."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, delete, func, literal_column, select, update
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


async def update_each(
    session: AsyncSession, table: Table, rows: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]
) -> None:
    """Updates many rows of the session's account: each a pair of the values that find it and those it gets.

    One statement for all rows that get the same columns.
    """
    connection = await session.connection()
    alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[dict[str, Any]]] = defaultdict(list)
    for found_by, values in rows:
        named = {f"is_{name}": value for name, value in found_by.items()}
        named |= {f"new_{name}": value for name, value in values.items()}
        alike[tuple(found_by), tuple(values)].append(named)
    for (key, changed), parameters in alike.items():
        where = [table.c[name] == bindparam(f"is_{name}") for name in key]
        statement = update(table).where(table.c.account_id == session.info["account_id"], *where)
        await connection.execute(
            statement.values({name: bindparam(f"new_{name}") for name in changed}), parameters
        )


async def count_rows(session: AsyncSession, table: Table, *where: ColumnElement[bool]) -> int:
    """How many rows of a table there are, as the session sees it."""
    connection = await session.connection()
    counted = await connection.scalar(select(func.count()).select_from(table).where(*where))
    return int(counted or 0)
