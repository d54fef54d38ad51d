"""Writes a batch of records in the caller's transaction, and what follows from what is new or changed."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from storage import records
from storage.intake.bulk import Stored, upsert
from storage.intake.departures import apply_departures
from storage.intake.neighbours import customers_beside, customers_of_people
from storage.intake.news import News
from storage.intake.rows import TARGETS, Row, Target, Writing
from storage.intake.sides import name_customers, replace_sides
from storage.intake.source_lock import SourceGone, hold_source
from storage.intake.stale import mark_customers_stale
from storage.intake.subscription_changes import note_customer_discounts, note_subscription_changes
from storage.trust.tombstones import bury_erased, has_erased, respect_tombstones, without_erased

__all__ = ["SourceGone", "Written", "write_records"]

_ROWS_A_TURN = 100
"""How many rows are made at once: a few milliseconds' work."""


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
    batch = list(batch)
    # Whoever deletes is alone: else a page written at the same time could name a customer who is just going.
    alone = any(isinstance(record, records.Deletion) for record in batch) or (
        any(isinstance(record, records.Customer) for record in batch)
        and await has_erased(session, writing.account_id, writing.source_id)
    )
    held = await hold_source(session, writing.account_id, writing.source_id, alone=alone)
    writing = replace(writing, switched_off=frozenset(held.switched_off), kind=held.kind)
    by_class: dict[type[records.Record], dict[str, Any]] = defaultdict(dict)
    gone: list[records.Deletion] = []
    for record in batch:
        if isinstance(record, records.Deletion):
            gone.append(record)
            by_class[record.of].pop(record.id, None)
        else:
            by_class[type(record)][record.id] = record
    written = Written()
    news = News(session, writing, held)
    stale: set[bytes] = set()
    if mark_stale:
        stale |= await _may_join_otherwise(session, writing, by_class)
    for record_class, of_class in by_class.items():
        if of_class:
            stale |= await _write_class(
                session, writing, record_class, list(of_class.values()), written, news
            )
    stale |= await _apply_deletions(session, writing, gone, written)
    if mark_stale:
        await mark_customers_stale(session, writing.account_id, writing.source_id, stale)
    await news.tell()
    return written


async def _may_join_otherwise(
    session: AsyncSession, writing: Writing, by_class: Mapping[type[records.Record], Mapping[str, Any]]
) -> set[bytes]:
    """The customers that hang on what these records were before. A full sync marks everyone anyway."""
    stale: set[bytes] = set()
    for record_class, beside in _BESIDE.items():
        ids = [
            writing.record_id(record_class.KIND, vendor_id) for vendor_id in by_class.get(record_class, {})
        ]
        if ids:
            stale |= await beside(session, writing.account_id, writing.source_id, ids)
    return stale


_BESIDE: dict[type[records.Record], Callable[..., Awaitable[set[bytes]]]] = {
    records.Customer: customers_beside,
    records.Contact: customers_of_people,
}


async def _write_class(
    session: AsyncSession,
    writing: Writing,
    record_class: type[records.Record],
    found: Sequence[Any],
    written: Written,
    news: News,
) -> set[bytes]:
    """Upserts records of one class; returns the customers whose MRR may have moved."""
    target = TARGETS[record_class]
    stale: set[bytes] = set()
    if record_class is records.Customer:
        stale = await bury_erased(session, writing, found)
    elif record_class is records.Contact:
        found = await without_erased(session, writing, found)
    rows = await _to_rows(target, found, writing)
    rows = await respect_tombstones(session, writing, target, rows)
    if record_class is records.Subscription:
        await note_subscription_changes(session, writing, rows)
    elif record_class is records.Customer:
        await _note_discounts(session, writing, found, rows)
    before = await news.before(record_class.KIND, target, rows)
    touched = {stored.id: stored for stored in await upsert(session, target, rows)}
    news.note(found, rows, touched, before)
    if target.sides and touched:
        stale |= await _write_sides(session, writing, record_class, found, list(touched.values()))
    inserted = sum(stored.inserted for stored in touched.values())
    kind = record_class.KIND
    written.inserted[kind] += inserted
    written.changed[kind] += len(touched) - inserted
    written.unchanged[kind] += len(rows) - len(touched)
    if target.customer_column is not None:
        customers = (row[target.customer_column] for row in rows if row["id"] in touched)
        stale |= {customer for customer in customers if customer is not None}
    return stale


async def _note_discounts(
    session: AsyncSession, writing: Writing, found: Sequence[records.Customer], rows: Sequence[Row]
) -> None:
    since = {writing.record_id(record.KIND, record.id): writing.since(record) for record in found}
    seen = {row["id"]: (since[row["id"]], row["discounts"]) for row in rows}
    await note_customer_discounts(session, writing, seen)


async def _to_rows(target: Target, found: Sequence[Any], writing: Writing) -> list[Row]:
    """The records' rows; between a few of them, others get their turn on the event loop."""
    rows: list[Row] = []
    for start in range(0, len(found), _ROWS_A_TURN):
        rows.extend(target.to_row(record, writing) for record in found[start : start + _ROWS_A_TURN])
        await asyncio.sleep(0)
    return rows


async def _write_sides(
    session: AsyncSession,
    writing: Writing,
    record_class: type[records.Record],
    found: Sequence[Any],
    touched: Sequence[Stored],
) -> set[bytes]:
    """What new and changed records have several of; returns the customers that may join others now."""
    ids = {stored.id for stored in touched}
    changed = [record for record in found if writing.record_id(record.KIND, record.id) in ids]
    await replace_sides(session, writing, TARGETS[record_class], changed, touched)
    if record_class not in (records.Contact, records.Conversation):
        return set()
    await name_customers(session, writing, record_class, ids)
    if record_class is records.Conversation:
        return set()
    return await customers_of_people(session, writing.account_id, writing.source_id, ids)


async def _apply_deletions(
    session: AsyncSession, writing: Writing, gone: Sequence[records.Deletion], written: Written
) -> set[bytes]:
    """Forgets customers with all that names them, other objects lose their row. Returns stale customers."""
    stale: set[bytes] = set()
    by_class: dict[type[records.Record], dict[bytes, datetime]] = defaultdict(dict)
    for deletion in gone:
        by_class[deletion.of][writing.record_id(deletion.of.KIND, deletion.id)] = deletion.deleted_at
    account_id, source_id = writing.account_id, writing.source_id
    for kind, deleted in by_class.items():
        stale |= await apply_departures(
            session, kind, account_id, source_id, deleted, noticed_at=writing.observed_at
        )
        written.deleted += len(deleted)
    return stale
