"""An account of any size to ask: the demo company, synced as usual, then its rows again and again.

A copy's rows are those of the original with ids of their own, so that everything fits together, figures too;
its customers have names of their own, sealed for their rows. Making 100,000 customers by a sync would take
minutes and give the same tables.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import md5
from typing import Any

from sqlalchemy import Table, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.demo import new_key
from connectors.sync import sync_source
from storage import accounts, models
from storage.keys.source_keys import SourceKeys
from storage.keys.vault import Vault
from storage.models.base import table_of
from storage.personal_document import Personal, open_personal, seal_personal
from storage.session import Database
from storage.sources import SourceSecret, add_source

_COPIED = (
    models.Customer,
    models.Subscription,
    models.Invoice,
    models.Payment,
    models.Refund,
    models.Dispute,
    models.MrrSpan,
    models.MrrPart,
    models.Movement,
    models.Profile,
    models.CustomerMrr,
    models.ProfileTrial,
)
_SUMS = ((models.MrrDay, ("amount", "spans")), (models.CustomerDay, ("amount", "customers")))
_IDS = frozenset(
    {"id", "customer_id", "profile_id", "subscription_id", "intent_id", "attempt_of", "payment_id"}
)
_ROWS_AT_ONCE = 20_000
_Keys = Callable[[], Awaitable[SourceKeys]]


@dataclass(frozen=True, slots=True)
class Company:
    """What was made. `someone` is the profile id of a paying customer."""

    account_id: int
    customers: int
    someone: bytes


class _Renaming:
    """Gives a copied customer its own name and address, sealed for its row, with their look-ups."""

    def __init__(self, found: list[tuple[Any, ...]], places: dict[str, int], keys: SourceKeys) -> None:
        self.keys, self._places = keys, places
        self._people = [open_personal(keys, row[places["id"]], row[places["sealed"]]) for row in found]

    def rename(self, row: list[Any], number: int, copy: int) -> None:
        one, places = self._people[number], self._places
        name = f"{one.name} {copy}"
        email = one.email and one.email.replace("@", f"@{copy}.", 1)
        row[places["sealed"]] = seal_personal(
            self.keys, row[places["id"]], Personal(f"{one.id}x{copy}", name, email, one.phone)
        )
        row[places["name_key"]] = self.keys.blind("name", name)
        row[places["email_key"]] = self.keys.blind("email", email)


async def make_company(db: Database, vault: Vault, customers: int, now: datetime) -> Company:
    """An account with at least so many customers (as many as the demo company has, or a multiple)."""
    account_id = await accounts.create_account(db, vault, name="Benchmark", now=now)
    secret = SourceSecret(new_key(now))
    source_id = await add_source(
        db, vault, account_id, kind="demo", label="Demo", secret=secret, base_url=None, now=now
    )
    await sync_source(db, vault, account_id, source_id)
    async with db.engine.begin() as connection:
        made = await connection.scalar(select(func.count()).select_from(table_of(models.Customer))) or 1
        copies = -(-customers // made)
        for model in _COPIED:
            await _copy(connection, table_of(model), copies, lambda: vault.source_keys(account_id, source_id))
        for summary, summed in _SUMS:
            table = table_of(summary)
            await connection.execute(update(table).values({name: table.c[name] * copies for name in summed}))
        span = table_of(models.MrrSpan)
        paying = select(span.c.profile_id).where(span.c.ends_at.is_(None), span.c.mrr > 0).limit(1)
        someone = (await connection.execute(paying)).scalar_one()
    if db.is_postgres:  # what autovacuum does in time; SQLite has nobody to do it
        async with db.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            await connection.execute(text("VACUUM ANALYZE"))
    return Company(account_id, made * copies, bytes(someone))


async def _copy(connection: AsyncConnection, table: Table, copies: int, keys: _Keys) -> None:
    if connection.dialect.name == "postgresql":
        async with _without_indexes(connection, table):
            await _copy_rows(connection, table, copies, keys)
    else:
        await _copy_rows(connection, table, copies, keys)


async def _copy_rows(connection: AsyncConnection, table: Table, copies: int, keys: _Keys) -> None:
    """Customers get names of their own; on PostgreSQL the server copies all else by itself."""
    if connection.dialect.name == "postgresql" and table.name != "customer":
        names = list(table.c.keys())
        values = (f"decode(md5({name} || int4send(copy)), 'hex')" if name in _IDS else name for name in names)
        await connection.execute(
            text(
                f"INSERT INTO {table.name} ({', '.join(names)})"  # noqa: S608 - names of ours
                f" SELECT {', '.join(values)} FROM generate_series(1, :last) AS copy, {table.name}"
            ),
            {"last": copies - 1},
        )
        return
    found = [tuple(row) for row in await connection.execute(select(table))]
    places = {name: n for n, name in enumerate(table.c.keys())}
    ids = [n for name, n in places.items() if name in _IDS]
    renaming = _Renaming(found, places, await keys()) if table.name == "customer" else None
    for chunk in _chunks(_copies(found, ids, copies, renaming)):
        await _store(connection, table, chunk)
        if renaming:
            renaming.keys = await keys()  # they do not last


@asynccontextmanager
async def _without_indexes(connection: AsyncConnection, table: Table) -> AsyncIterator[None]:
    """Makes them again afterwards: random ids one by one into large indexes take ten times as long."""
    key = ", ".join(column.name for column in table.primary_key)
    found = await connection.execute(
        text("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = :table"), {"table": table.name}
    )
    indexes = {name: made_by for name, made_by in found if name != table.primary_key.name}
    await connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
    await connection.execute(text(f"ALTER TABLE {table.name} DROP CONSTRAINT {table.primary_key.name}"))
    for name in indexes:
        await connection.execute(text(f"DROP INDEX {name}"))
    yield
    await connection.execute(
        text(f"ALTER TABLE {table.name} ADD CONSTRAINT {table.primary_key.name} PRIMARY KEY ({key})")
    )
    for made_by in indexes.values():
        await connection.execute(text(made_by))


def _copies(
    found: list[tuple[Any, ...]], ids: list[int], copies: int, renaming: _Renaming | None
) -> Iterator[list[Any]]:
    for copy in range(1, copies):
        salt = copy.to_bytes(4, "big")
        for number, original in enumerate(found):
            row = list(original)
            for place in ids:
                if row[place] is not None:
                    row[place] = md5(row[place] + salt, usedforsecurity=False).digest()
            if renaming:
                renaming.rename(row, number, copy)
            yield row


def _chunks(rows: Iterable[list[Any]]) -> Iterator[list[list[Any]]]:
    chunk: list[list[Any]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _ROWS_AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


async def _store(connection: AsyncConnection, table: Table, rows: list[list[Any]]) -> None:
    """COPY on PostgreSQL, as the owner of the tables; one executemany on SQLite."""
    names = list(table.c.keys())
    if connection.dialect.name != "postgresql":
        await connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])
        return
    for place, column in enumerate(table.columns):
        bind = column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        if bind:
            for row in rows:
                row[place] = bind(row[place])
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.copy_records_to_table(table.name, columns=names, records=[tuple(row) for row in rows])
