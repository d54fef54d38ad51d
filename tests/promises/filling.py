"""A row in every table that is still empty: so that what a test says of all tables holds for new ones too."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from storage.models import Base, Tenant
from storage.models.base import table_of
from storage.trust.plain_rows import SEALED
from storage.types import Document, ExactDecimal, Instant
from tests.vendors.stripe_company import NOW

INVENTED = b"\x01" * 16
"""Every id that is made up: so that rows find each other."""


def tenant_tables() -> list[sa.Table]:
    """Every table with rows of accounts, those first that others refer to."""
    theirs = {table_of(m.class_) for m in Base.registry.mappers if issubclass(m.class_, Tenant)}
    return [table for table in Base.metadata.sorted_tables if table in theirs]


async def fill_empty_tables(url: str, account_id: int, source_id: int, *, whole: bool = False) -> list[str]:
    """One invented row of this source, or account, in every table that has none; which those were.

    `whole`: with a value in every column, but for what is sealed.
    """
    engine = create_async_engine(url)
    filled = []
    async with engine.begin() as connection:
        for table in tenant_tables():
            if not await count(connection, table.name, account_id):
                await connection.execute(sa.insert(table), [_row(table, account_id, source_id, whole=whole)])
                filled.append(table.name)
    await engine.dispose()
    return filled


async def count(connection: AsyncConnection, table: str, account_id: int) -> int:
    """The account's rows of a table, as whoever may see everything counts them."""
    of_account = sa.column("account_id") == account_id
    found = await connection.scalar(sa.select(sa.func.count()).select_from(sa.table(table)).where(of_account))
    return int(found or 0)


async def rows_by_table(url: str, account_id: int) -> dict[str, int]:
    """How many rows of the account each table of the database has that knows accounts, ours or not."""
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        names = await connection.run_sync(_with_accounts)
        found = {name: await count(connection, name, account_id) for name in names}
    await engine.dispose()
    return found


def _with_accounts(connection: sa.Connection) -> list[str]:
    look = sa.inspect(connection)
    columns = {name: {column["name"] for column in look.get_columns(name)} for name in look.get_table_names()}
    return [name for name, has in columns.items() if "account_id" in has]


def _row(table: sa.Table, account_id: int, source_id: int, *, whole: bool) -> dict[str, Any]:
    known = {"account_id": account_id, "source_id": source_id}
    return {column.name: known.get(column.name, _value(table, column, whole)) for column in table.columns}


def _value(table: sa.Table, column: sa.Column[Any], whole: bool) -> Any:
    """Something of the column's type; nothing where that may be, and where a sealed value would be opened."""
    sealed = column.name in SEALED.get(table.name, {})
    if column.nullable and (sealed or not whole):
        return None
    if sealed:
        return b""
    if isinstance(column.type, Document):
        return column.default.arg(None) if column.default is not None else ()
    if isinstance(column.type, Instant):
        return NOW
    if isinstance(column.type, ExactDecimal):
        return Decimal(1)
    examples: dict[type, Any] = {bytes: INVENTED, str: "x", int: 1, bool: False}
    kind = column.type.impl if isinstance(column.type, sa.TypeDecorator) else column.type
    return (examples | {date: NOW.date(), datetime: NOW})[kind.python_type]
