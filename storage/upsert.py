"""Writes a batch of records in the caller's transaction: new and changed rows only, and what follows from them.

PostgreSQL: COPY into a staging table, then one upsert. SQLite: a look at the stored fingerprints, then one
executemany. Either way a batch costs a fixed number of statements, whatever its size.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, delete, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models, records
from storage.deletion import forget_customers, remove_records
from storage.models.base import table_of
from storage.rows import TARGETS, Row, Target, Writing, link_rows
from storage.types import Document

_SQLITE_VARIABLES = 500
_NEXT_INSTANT = timedelta(microseconds=1)


class SourceGone(RuntimeError):
    """The source is paused or being removed: it takes no rows, and running work on it must stop."""


@dataclass(slots=True)
class Written:
    """What a batch did: numbers of rows by record kind, and the ids of those inserted or changed."""

    inserted: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    changed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    unchanged: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    deleted: int = 0

    def add(self, other: "Written") -> None:
        for mine, theirs in (
            (self.inserted, other.inserted),
            (self.changed, other.changed),
            (self.unchanged, other.unchanged),
        ):
            for kind, count in theirs.items():
                mine[kind] += count
        self.deleted += other.deleted


@dataclass(frozen=True, slots=True)
class _Stored:
    """One row that the upsert touched."""

    id: bytes
    inserted: bool


async def write_records(
    session: AsyncSession,
    writing: Writing,
    batch: Iterable[records.Record],
    *,
    mark_stale: bool = True,
) -> Written:
    """Stores `batch` and applies its deletions; later records of one id win over earlier ones.

    With `mark_stale`, customers whose MRR may have moved are noted in the same transaction; a full sync
    leaves that to its end. Raises SourceGone when the source no longer takes rows.
    """
    await _require_active(session, writing)
    by_class: dict[type[records.Record], dict[str, Any]] = defaultdict(dict)
    gone: list[records.Deletion] = []
    for record in batch:
        if isinstance(record, records.Deletion):
            gone.append(record)
            by_class[record.of].pop(record.id, None)
        else:
            by_class[type(record)][record.id] = record
    written = Written()
    stale: set[bytes] = set()
    for record_class, of_class in by_class.items():
        if of_class:
            stale |= await _write_class(session, writing, record_class, list(of_class.values()), written)
    stale |= await _apply_deletions(session, writing, gone, written)
    if mark_stale:
        await mark_customers_stale(session, writing.account_id, writing.source_id, stale)
    return written


async def _require_active(session: AsyncSession, writing: Writing) -> None:
    """Holds the source's row until the commit, so that its removal waits for us and we see it before we write."""
    source = (
        select(models.Source.state)
        .where(
            models.Source.account_id == writing.account_id,
            models.Source.source_id == writing.source_id,
        )
        .with_for_update(read=True)
    )
    if await session.scalar(source) != models.SourceState.ACTIVE:
        raise SourceGone(f"source {writing.source_id} is paused or being removed")


async def _write_class(
    session: AsyncSession,
    writing: Writing,
    record_class: type[records.Record],
    found: Sequence[Any],
    written: Written,
) -> set[bytes]:
    """Upserts records of one class; returns the customers whose MRR may have moved."""
    target = TARGETS[record_class]
    rows = [target.to_row(record, writing) for record in found]
    rows = await _respect_tombstones(session, writing, target, rows)
    if record_class is records.Subscription:
        await _note_subscription_changes(session, writing, rows)
    touched = {stored.id: stored for stored in await _upsert(session, target, rows)}
    if record_class is records.Customer:
        await _replace_links(
            session, writing, [r for r in found if writing.keys.record_id(r.KIND, r.id) in touched]
        )
    inserted = sum(stored.inserted for stored in touched.values())
    kind = record_class.KIND
    written.inserted[kind] += inserted
    written.changed[kind] += len(touched) - inserted
    written.unchanged[kind] += len(rows) - len(touched)
    if target.customer_column is None:
        return set()
    customers = (row[target.customer_column] for row in rows if row["id"] in touched)
    return {customer for customer in customers if customer is not None}


async def _respect_tombstones(
    session: AsyncSession, writing: Writing, target: Target, rows: list[Row]
) -> list[Row]:
    """Deleted customers stay deleted; what they had stays anonymous, but is still kept up to date."""
    column = "id" if target.model is models.Customer else "customer_id"
    named = {row[column] for row in rows if row.get(column) is not None}
    if not named:
        return rows
    buried = set(
        await session.scalars(
            select(models.Tombstone.customer_id).where(
                models.Tombstone.account_id == writing.account_id,
                models.Tombstone.source_id == writing.source_id,
                models.Tombstone.customer_id.in_(named),
            )
        )
    )
    if not buried:
        return rows
    if target.model is models.Customer:
        return [row for row in rows if row["id"] not in buried]
    return await _keep_anonymous(session, writing, target, rows, buried)


async def _keep_anonymous(
    session: AsyncSession, writing: Writing, target: Target, rows: list[Row], buried: set[bytes]
) -> list[Row]:
    """Gives rows of deleted customers the anonymous id they are stored under, or a new one."""
    model: Any = target.model
    theirs = [row["id"] for row in rows if row["customer_id"] in buried]
    stored = {
        row_id: customer_id
        for row_id, customer_id in await session.execute(
            select(model.id, model.customer_id).where(
                model.account_id == writing.account_id,
                model.source_id == writing.source_id,
                model.id.in_(theirs),
            )
        )
    }
    return [
        row | {"customer_id": stored.get(row["id"], secrets.token_bytes(16))}
        if row["customer_id"] in buried
        else row
        for row in rows
    ]


async def _note_subscription_changes(session: AsyncSession, writing: Writing, rows: list[Row]) -> None:
    """Keeps what a known subscription was and what it became, where its MRR may differ.

    The first change of a subscription also writes what it was when first seen: until then the row itself
    says that, and most subscriptions never change.
    """
    subscription = models.Subscription
    known = {
        found.id: found
        for found in await session.execute(
            select(
                subscription.id,
                subscription.fingerprint,
                subscription.status,
                subscription.items,
                subscription.discounts,
                subscription.first_seen_at,
            ).where(
                subscription.account_id == writing.account_id,
                subscription.source_id == writing.source_id,
                subscription.id.in_([row["id"] for row in rows]),
            )
        )
    }
    changed = {
        row["id"]: row
        for row in rows
        if (before := known.get(row["id"]))
        and before.fingerprint != row["fingerprint"]
        and (before.status, before.items, before.discounts) != (row["status"], row["items"], row["discounts"])
    }
    if not changed:
        return
    latest = await _latest_changes(session, writing, list(changed))
    began, became = [], []
    for row_id, row in changed.items():
        before = known[row_id]
        if row_id not in latest:
            began.append(
                _change(writing, row_id, before.first_seen_at, before.status, before.items, before.discounts)
            )
        at = max(row["first_seen_at"], latest.get(row_id, before.first_seen_at) + _NEXT_INSTANT)
        became.append(_change(writing, row_id, at, row["status"], row["items"], row["discounts"]))
    await _insert_new(session, models.SubscriptionChange, began + became)


async def _latest_changes(
    session: AsyncSession, writing: Writing, subscription_ids: list[bytes]
) -> dict[bytes, datetime]:
    """When these subscriptions were last seen to change: the next change can only come after that."""
    change = models.SubscriptionChange
    found = await session.execute(
        select(change.subscription_id, func.max(change.at, type_=change.at.type))
        .where(
            change.account_id == writing.account_id,
            change.source_id == writing.source_id,
            change.subscription_id.in_(subscription_ids),
        )
        .group_by(change.subscription_id)
    )
    return {subscription_id: at for subscription_id, at in found}


def _change(
    writing: Writing, subscription_id: bytes, at: Any, status: str, items: Any, discounts: Any
) -> Row:
    return {
        "account_id": writing.account_id,
        "source_id": writing.source_id,
        "subscription_id": subscription_id,
        "at": at,
        "status": status,
        "items": items,
        "discounts": discounts,
    }


async def _replace_links(
    session: AsyncSession, writing: Writing, changed: Sequence[records.Customer]
) -> None:
    if not changed:
        return
    await session.execute(
        delete(models.CustomerLink).where(
            models.CustomerLink.account_id == writing.account_id,
            models.CustomerLink.source_id == writing.source_id,
            models.CustomerLink.customer_id.in_([writing.keys.record_id(r.KIND, r.id) for r in changed]),
        )
    )
    rows = [row for record in changed for row in link_rows(record, writing)]
    if rows:
        await _insert_new(session, models.CustomerLink, rows)


async def _apply_deletions(
    session: AsyncSession, writing: Writing, gone: Sequence[records.Deletion], written: Written
) -> set[bytes]:
    """Customers are forgotten with all that names them; other objects lose their row. Returns stale customers."""
    stale: set[bytes] = set()
    for deletion in gone:
        row_id = writing.keys.record_id(deletion.of.KIND, deletion.id)
        if deletion.of is records.Customer:
            stale |= await forget_customers(
                session, writing.account_id, writing.source_id, [row_id], deletion.deleted_at
            )
        else:
            stale |= await remove_records(
                session, TARGETS[deletion.of].model, writing.account_id, writing.source_id, [row_id]
            )
        written.deleted += 1
    return stale


async def mark_customers_stale(
    session: AsyncSession, account_id: int, source_id: int, customers: Iterable[bytes]
) -> None:
    """Notes that these customers' MRR must be recomputed."""
    rows = [
        {"account_id": account_id, "source_id": source_id, "customer_id": customer}
        for customer in sorted(customers)
    ]
    if rows:
        await _insert_new(session, models.StaleCustomer, rows)


async def _insert_new(session: AsyncSession, model: type[models.Base], rows: list[Row]) -> None:
    """Inserts rows whose key is not there yet, and leaves the others as they are."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    await session.execute(dialect.insert(model).on_conflict_do_nothing(), rows)


async def _upsert(session: AsyncSession, target: Target, rows: list[Row]) -> list[_Stored]:
    if not rows:
        return []
    if session.get_bind().dialect.name == "postgresql":
        return await _upsert_by_copy(session, target, rows)
    return await _upsert_by_fingerprint(session, target, rows)


async def _upsert_by_copy(session: AsyncSession, target: Target, rows: list[Row]) -> list[_Stored]:
    table = table_of(target.model)
    stage = f"stage_{table.name}"
    connection = await session.connection()
    await connection.execute(
        text(f"CREATE TEMP TABLE IF NOT EXISTS {stage} (LIKE {table.name}) ON COMMIT DELETE ROWS")
    )
    driver: Any = (await connection.get_raw_connection()).driver_connection
    encoders = [(column.name, column.type) for column in table.columns]
    await driver.copy_records_to_table(
        stage,
        schema_name="pg_temp",
        columns=[name for name, _ in encoders],
        records=[
            tuple(
                kind.process_bind_param(row[name], session.get_bind().dialect)
                if isinstance(kind, Document)
                else row[name]
                for name, kind in encoders
            )
            for row in rows
        ],
    )
    touched = await connection.execute(text(_merge_sql(table, stage, target.keep)))
    await connection.execute(text(f"TRUNCATE pg_temp.{stage}"))
    return [_Stored(bytes(row_id), inserted) for row_id, inserted in touched]


def _merge_sql(table: Table, stage: str, keep: frozenset[str]) -> str:
    """From the staging table into `table`: inserts new rows, updates those whose fingerprint differs.

    All names come from our own models, never from data.
    """
    key = [column.name for column in table.primary_key]
    names = [column.name for column in table.columns]
    updates = ", ".join(f"{name} = excluded.{name}" for name in names if name not in key and name not in keep)
    columns = ", ".join(names)
    return (
        f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM pg_temp.{stage}"  # noqa: S608
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {updates}"
        f" WHERE {table.name}.fingerprint IS DISTINCT FROM excluded.fingerprint"
        " RETURNING id, (xmax = 0) AS inserted"
    )


async def _upsert_by_fingerprint(session: AsyncSession, target: Target, rows: list[Row]) -> list[_Stored]:
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
    return [_Stored(row["id"], row["id"] not in known) for row in fresh]
