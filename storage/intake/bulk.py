"""Many rows into one table at once, new and changed ones only.

PostgreSQL: COPY into a staging table, then one upsert. SQLite: a look at the stored fingerprints, then one
executemany. Either way a batch costs a fixed number of statements, whatever its size.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Table, any_, insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.rows import Row, Target
from storage.models.base import table_of
from storage.types import Document, encode_document

_SQLITE_VARIABLES = 500
_WORTH_A_COPY = 50


@dataclass(frozen=True, slots=True)
class Stored:
    """One row that the upsert touched."""

    id: bytes
    inserted: bool


def among(session: AsyncSession, column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """`column IN values`, for many values: one array on PostgreSQL, so that the statement stays the same."""
    found: ColumnElement[bool]
    if session.get_bind().dialect.name == "postgresql":
        found = column == any_(literal(list(values), postgresql.ARRAY(column.type)))
    else:
        found = column.in_(list(values))
    return found


async def insert_new(session: AsyncSession, model: type[models.Base], rows: list[Row]) -> None:
    """Inserts rows whose key is not there yet, and leaves the others as they are."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    await session.execute(dialect.insert(model).on_conflict_do_nothing(), rows)


async def insert_all(session: AsyncSession, model: type[models.Base], rows: list[Row]) -> None:
    """Inserts rows that give every column a value. Many go by COPY on PostgreSQL: it costs a third."""
    if len(rows) >= _WORTH_A_COPY and session.get_bind().dialect.name == "postgresql":
        table = table_of(model)
        driver, stage = await _staged(session, table, rows)
        names = ", ".join(column.name for column in table.columns)
        await driver.execute(f"INSERT INTO {table.name} ({names}) SELECT {names} FROM pg_temp.{stage}")  # noqa: S608 - names of ours
    elif rows:  # the ORM would split them by which of their values are missing
        await session.execute(insert(model), rows, execution_options={"dml_strategy": "raw"})


async def add_up(
    session: AsyncSession, model: type[models.Base], summed: Sequence[str], rows: list[Row]
) -> None:
    """Adds each row's `summed` columns to those of the row with its key, or inserts it.

    Rows in the order of their keys, so that two who add up at the same time do not wait for each other.
    """
    if not rows:
        return
    table = table_of(model)
    if len(rows) >= _WORTH_A_COPY and session.get_bind().dialect.name == "postgresql":
        driver, stage = await _staged(session, table, rows)
        await driver.execute(_addition_sql(table, stage, tuple(summed)))
        return
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(model)
    sums = {name: table.c[name] + statement.excluded[name] for name in summed}
    key = [column.name for column in table.primary_key]
    await session.execute(statement.on_conflict_do_update(index_elements=key, set_=sums), rows)


@cache
def _addition_sql(table: Table, stage: str, summed: tuple[str, ...]) -> str:
    """All names come from our own models, never from data."""
    key = ", ".join(column.name for column in table.primary_key)
    names = ", ".join(column.name for column in table.columns)
    sums = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in summed)
    return (
        f"INSERT INTO {table.name} ({names}) SELECT {names} FROM pg_temp.{stage} ORDER BY {key}"  # noqa: S608 - names of ours
        f" ON CONFLICT ({key}) DO UPDATE SET {sums}"
    )


async def upsert(session: AsyncSession, target: Target, rows: list[Row]) -> list[Stored]:
    """Inserts new rows and updates those whose fingerprint differs; returns the ones that it touched."""
    if not rows:
        return []
    if session.get_bind().dialect.name == "postgresql":
        return await _upsert_by_copy(session, target, rows)
    return await _upsert_by_fingerprint(session, target, rows)


async def _upsert_by_copy(session: AsyncSession, target: Target, rows: list[Row]) -> list[Stored]:
    table = table_of(target.model)
    driver, stage = await _staged(session, table, rows)
    touched = await driver.fetch(_merge_sql(table, stage, target.keep))
    return [Stored(row_id, inserted) for row_id, inserted in touched]


async def _staged(session: AsyncSession, table: Table, rows: list[Row]) -> tuple[Any, str]:
    """Copies rows into a temporary table of the same columns: (the driver's connection, its name).

    COPY into the table itself is not for a role that row-level security holds to one account.
    """
    stage = f"stage_{table.name}"
    connection = await session.connection()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.execute(f"CREATE TEMP TABLE IF NOT EXISTS {stage} (LIKE {table.name}) ON COMMIT DELETE ROWS")
    if stage in session.info.setdefault("staged", set()):  # twice in one transaction
        await driver.execute(f"DELETE FROM pg_temp.{stage}")  # noqa: S608 - a name of ours
    session.info["staged"].add(stage)
    await driver.copy_records_to_table(
        stage,
        schema_name="pg_temp",
        columns=[column.name for column in table.columns],
        records=_as_tuples(table, rows),
    )
    return driver, stage


def _as_tuples(table: Table, rows: list[Row]) -> Iterator[tuple[Any, ...]]:
    """The rows' values in the table's order, documents as text."""
    values = itemgetter(*(column.name for column in table.columns))
    documents = [n for n, column in enumerate(table.columns) if isinstance(column.type, Document)]
    for row in rows:
        if documents:
            line = list(values(row))
            for place in documents:
                line[place] = encode_document(line[place])
            yield tuple(line)
        else:
            yield values(row)


@cache
def _merge_sql(table: Table, stage: str, keep: frozenset[str]) -> str:
    """From the staging table into `table`: inserts new rows, updates those whose fingerprint differs.

    All names come from our own models, never from data.
    """
    key = [column.name for column in table.primary_key]
    names = [column.name for column in table.columns]
    updates = ", ".join(f"{name} = excluded.{name}" for name in names if name not in key and name not in keep)
    columns = ", ".join(names)
    return (
        f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM pg_temp.{stage}"  # noqa: S608 - names of ours
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {updates}"
        f" WHERE {table.name}.fingerprint IS DISTINCT FROM excluded.fingerprint"
        " RETURNING id, (xmax = 0) AS inserted"
    )


async def _upsert_by_fingerprint(session: AsyncSession, target: Target, rows: list[Row]) -> list[Stored]:
    table = table_of(target.model)
    connection = await session.connection()
    first = rows[0]
    known: dict[bytes, bytes] = {}
    for start in range(0, len(rows), _SQLITE_VARIABLES):
        chunk = [row["id"] for row in rows[start : start + _SQLITE_VARIABLES]]
        found = await connection.execute(
            select(table.c.id, table.c.fingerprint).where(
                table.c.account_id == first["account_id"],
                table.c.source_id == first["source_id"],
                table.c.id.in_(chunk),
            )
        )
        known.update((row_id, fingerprint) for row_id, fingerprint in found)
    fresh = [row for row in rows if known.get(row["id"]) != row["fingerprint"]]
    if fresh:
        statement = sqlite.insert(table)
        key = [column.name for column in table.primary_key]
        updates = {
            column.name: statement.excluded[column.name]
            for column in table.columns
            if column.name not in key and column.name not in target.keep
        }
        await connection.execute(statement.on_conflict_do_update(index_elements=key, set_=updates), fresh)
    return [Stored(row["id"], row["id"] not in known) for row in fresh]
