"""An account of any size to ask: the demo company, synced as usual, then its rows again and again.

A copy's rows are those of the original with ids of their own, so that everything fits together, figures too;
its customers have names of their own, sealed for their rows. Making 100,000 customers by a sync would take
minutes and give the same tables.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import Table, func, insert, select, text
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
    models.Movement,
    models.Profile,
)
_IDS = frozenset(
    {"id", "customer_id", "profile_id", "subscription_id", "intent_id", "attempt_of", "payment_id"}
)
_ROWS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Company:
    """What was made. `someone` is the profile id of a paying customer."""

    account_id: int
    customers: int
    someone: bytes


async def make_company(db: Database, vault: Vault, customers: int, now: datetime) -> Company:
    """An account with at least so many customers (as many as the demo company has, or a multiple)."""
    account_id = await accounts.create_account(db, vault, name="Benchmark", now=now)
    secret = SourceSecret(new_key(now))
    source_id = await add_source(
        db, vault, account_id, kind="demo", label="Demo", secret=secret, base_url=None, now=now
    )
    await sync_source(db, vault, account_id, source_id)
    keys = await vault.source_keys(account_id, source_id)
    async with db.engine.begin() as connection:
        made = await connection.scalar(select(func.count()).select_from(table_of(models.Customer))) or 1
        copies = -(-customers // made)
        for model in _COPIED:
            await _copy(connection, table_of(model), copies, keys)
        span = table_of(models.MrrSpan)
        paying = select(span.c.profile_id).where(span.c.ends_at.is_(None), span.c.mrr > 0).limit(1)
        someone = (await connection.execute(paying)).scalar_one()
    if db.is_postgres:  # what autovacuum does in time; SQLite has nobody to do it
        async with db.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            await connection.execute(text("VACUUM ANALYZE"))
    return Company(account_id, made * copies, bytes(someone))


async def _copy(connection: AsyncConnection, table: Table, copies: int, keys: SourceKeys) -> None:
    found = [tuple(row) for row in await connection.execute(select(table))]
    places = {name: n for n, name in enumerate(table.c.keys())}
    ids = [n for name, n in places.items() if name in _IDS]
    renamed = _renaming(found, places, keys) if table.name == "customer" else None
    for chunk in _chunks(_copies(found, ids, copies, renamed)):
        await _store(connection, table, chunk)


def _copies(
    found: list[tuple[Any, ...]], ids: list[int], copies: int, renamed: Callable[..., None] | None
) -> Iterator[list[Any]]:
    for copy in range(1, copies):
        salt = copy.to_bytes(8, "big")
        for number, original in enumerate(found):
            row = list(original)
            for place in ids:
                if row[place] is not None:
                    row[place] = blake2b(row[place], digest_size=16, salt=salt).digest()
            if renamed:
                renamed(row, number, copy)
            yield row


def _renaming(found: list[tuple[Any, ...]], places: dict[str, int], keys: SourceKeys) -> Callable[..., None]:
    """Gives a copied customer its own name and address, sealed for its row, with their look-ups."""
    people = [open_personal(keys, row[places["id"]], row[places["sealed"]]) for row in found]

    def rename(row: list[Any], number: int, copy: int) -> None:
        one = people[number]
        name = f"{one.name} {copy}"
        email = one.email and one.email.replace("@", f"@{copy}.", 1)
        row[places["sealed"]] = seal_personal(
            keys, row[places["id"]], Personal(f"{one.id}x{copy}", name, email, one.phone)
        )
        row[places["name_key"]] = keys.blind("name", name)
        row[places["email_key"]] = keys.blind("email", email)

    return rename


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
