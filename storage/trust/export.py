"""Everything that is held for an account, as one JSON document, written as it is read.

`{"format": 1, "made_at": ..., "account": {...}, "tables": {"customer": [...], ...}}`: all tables of the
account, Messages and the audit trail too, with what is sealed opened. Left out are credentials and keyed
look-ups (`plain_rows.py`), and notes of work to be done.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Protocol

import msgspec
from sqlalchemy import Table, select

from storage.doer import Doer
from storage.keys.source_keys import KeyDestroyed, SourceKeys
from storage.keys.vault import Vault
from storage.models import Account, Base, Tenant
from storage.models.base import table_of
from storage.session import Database
from storage.trust import audit
from storage.trust.audit import Action, Fact, Kind, Subject
from storage.trust.json_rows import json_of
from storage.trust.plain_rows import SEALED, opened_values

LEFT_OUT = frozenset(
    {
        "recovery_code",
        "stale_customer",
        "seen_event",
        "checkpoint",
        "slack_install",
        "outgoing",
        "kept_button",
    }
)
"""Notes of work: customers to recompute, chat events that were taken up, how far a sync has come, messages
that wait for a chat platform (they are Messages already), what long buttons stand for; hashes of secrets."""

_AT_ONCE = 2_000


class Sink(Protocol):
    """Where an export is written to."""

    def write(self, data: bytes, /) -> Any: ...


async def export_account(
    db: Database, vault: Vault, account_id: int, sink: Sink, *, now: datetime, by: Doer | None = None
) -> dict[str, int]:
    """Writes the account's whole export; returns how many rows of each table it holds."""
    written: dict[str, int] = {}
    async with db.tenant(account_id, read_only=True) as session:
        account = await session.get_one(Account, account_id)
        head = {column.name: getattr(account, column.name) for column in table_of(Account).columns}
    opening = msgspec.json.encode({"format": 1, "made_at": now, "account": head})
    await asyncio.to_thread(sink.write, opening[:-1] + b',\n"tables": {')
    for number, table in enumerate(_tables()):
        await asyncio.to_thread(sink.write, b'%s\n"%s": [' % (b"," if number else b"", table.name.encode()))
        count = 0
        async for rows in _blocks(db, vault, account_id, table):
            block = (b",\n" if count else b"\n") + b",\n".join(rows)
            count += len(rows)
            await asyncio.to_thread(sink.write, block)
        await asyncio.to_thread(sink.write, b"]")
        written[table.name] = count
    await asyncio.to_thread(sink.write, b"}}\n")
    await _note(db, account_id, by or Doer.operator(), sum(written.values()))
    return written


def _tables() -> list[Table]:
    of_tenants = {table_of(m.class_) for m in Base.registry.mappers if issubclass(m.class_, Tenant)}
    return [t for t in Base.metadata.sorted_tables if t in of_tenants and t.name not in LEFT_OUT]


async def _blocks(db: Database, vault: Vault, account_id: int, table: Table) -> AsyncIterator[list[bytes]]:
    """The rows of a table, encoded, some at a time. One consistent look at each table."""
    sealed = SEALED.get(table.name, {})
    source = {"source_id"} & set(table.c.keys()) if sealed else set()
    beside = sorted({*sealed, *sealed.values(), *source})
    columns = [json_of(table, postgres=db.is_postgres).label("json"), *(table.c[name] for name in beside)]
    rows = select(*columns).where(table.c.account_id == account_id).order_by(*table.primary_key)
    async with db.tenant(account_id, read_only=True) as session:
        connection = await session.connection()
        async with connection.stream(rows.execution_options(yield_per=_AT_ONCE)) as result:
            async for some in result.mappings().partitions():
                keys = await _keys(vault, account_id, table, some)
                yield await asyncio.to_thread(_encoded, table, some, keys)


async def _keys(vault: Vault, account_id: int, table: Table, rows: Any) -> dict[int, SourceKeys]:
    """The keys of every source among these rows; 0 is the account itself."""
    if table.name not in SEALED:
        return {}
    if "source_id" not in table.c:
        return {0: await vault.account_keys(account_id)}
    found = {}
    for source_id in sorted({row["source_id"] for row in rows}):
        with suppress(KeyDestroyed):  # removed just now: what it sealed is gone
            found[source_id] = await vault.source_keys(account_id, source_id)
    return found


def _encoded(table: Table, rows: Any, keys: Mapping[int, SourceKeys]) -> list[bytes]:
    if table.name not in SEALED:
        return [row["json"].encode() for row in rows]
    return [_joined(row["json"].encode(), _opened(table, row, keys)) for row in rows]


def _opened(table: Table, row: Any, keys: Mapping[int, SourceKeys]) -> bytes:
    return msgspec.json.encode(opened_values(table, row, keys.get(row.get("source_id", 0))))


def _joined(one: bytes, other: bytes) -> bytes:
    """Two JSON objects, neither of them empty, as one."""
    return one.rstrip()[:-1] + b", " + other[1:]


async def _note(db: Database, account_id: int, by: Doer, rows: int) -> None:
    async with db.tenant(account_id) as session:
        await audit.record(
            session,
            actor=by.actor,
            action=Action.EXPORT_MADE,
            subject=Subject(Kind.ACCOUNT, account_id),
            origin=by.origin,
            details={Fact.ROWS: rows},
        )
