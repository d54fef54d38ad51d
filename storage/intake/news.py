"""What is news in a batch of records: the rows that are new or became others, told in the same transaction.

Whoever watches the cache hangs an `Observer` on the Database. What was there before a source was first loaded
is history: nobody is told of it. News is ids, amounts, dates and states, never a personal field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Protocol

import msgspec
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models, records
from storage.intake.bulk import Stored, among
from storage.intake.source_lock import HeldSource
from storage.intake.writing import Row, Target, Writing
from storage.models.base import table_of

Value = Any
"""A value of a watched column: str, int, bool, datetime, bytes (the id of a record) or None."""

AWAY = timedelta(hours=6)
"""Whoever hears of a source after so long a time hears all of it at once."""

WATCHED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        kind: frozenset(columns.split())
        for kind, columns in {
            "subscription": "status currency trial_end current_period_end cancel_at cancel_at_period_end "
            "canceled_at ended_at",
            "invoice": "subscription_id status currency amount_due amount_remaining created_at "
            "due_at paid_at attempt_count next_attempt_at intent_id",
            "payment": "attempt_of status currency amount created_at failure",
            "refund": "payment_id status currency amount created_at",
            "dispute": "payment_id status currency amount created_at",
            "conversation": "state opened_at closed_at",
            "rating": "ticket_id good rated_at",
            "deal": "state amount currency closes_at",
            "movement": "type amount currency day at source_id product_id interval",
        }.items()
    }
)
"""The columns that a `Change` carries, by kind of record: none of them is personal."""

_HAPPENED = ("created_at", "opened_at", "rated_at")
"""Where a new row says when it came to be."""


class Change(Struct, frozen=True, kw_only=True, gc=False):
    """One row of the cache that is new (`old` None) or became another; values by the columns of `WATCHED`.

    `id` is the row's. `customer_id` is the customer record of the same source that the row names; of a
    movement both are that of the subscription which moved most, for it stays what it is when profiles join.
    `profile_id` is given where it is known (movements). `at` is when the source says that it happened, or
    when it was seen where it does not say.
    """

    kind: str
    source_id: int
    id: bytes
    at: datetime
    new: Mapping[str, Value]
    old: Mapping[str, Value] | None = None
    customer_id: bytes | None = None
    profile_id: bytes | None = None

    def became(self, column: str, *values: Value) -> bool:
        """Whether a column has one of these values now and had none of them before."""
        return self.new.get(column) in values and (self.old is None or self.old.get(column) not in values)

    def before(self, column: str) -> Value:
        """The value that a column had, None for a new row."""
        return None if self.old is None else self.old.get(column)


class Observer(Protocol):
    """Whoever is told what is new in the cache, in the transaction that made it so."""

    def now(self) -> datetime: ...

    async def observe(
        self, session: AsyncSession, account_id: int, changes: Sequence[Change], *, late: bool
    ) -> None:
        """`late`: the source had been away for long, and these are part of what happened meanwhile."""


def observer_of(session: AsyncSession) -> Observer | None:
    """Who watches the database that a session is of."""
    found: Observer | None = session.info.get("observer")
    return found


@dataclass(slots=True)
class News:
    """What is new in one batch, gathered while it is written. Without an observer it gathers nothing."""

    session: AsyncSession
    writing: Writing
    held: HeldSource
    changes: list[Change] = field(default_factory=list)

    def _watches(self, kind: str) -> bool:
        return kind in WATCHED and self.held.news_since is not None and observer_of(self.session) is not None

    async def before(
        self, kind: str, target: Target, rows: Sequence[Row]
    ) -> Mapping[bytes, Mapping[str, Value]]:
        """What these rows were, by id: to be asked before they are written."""
        if not rows or not self._watches(kind):
            return {}
        table = table_of(target.model)
        names = sorted(WATCHED[kind])
        connection = await self.session.connection()
        found = await connection.execute(
            select(table.c.id, *(table.c[name] for name in names)).where(
                table.c.account_id == self.writing.account_id,
                table.c.source_id == self.writing.source_id,
                among(self.session, table.c.id, [row["id"] for row in rows]),
            )
        )
        return {row[0]: dict(zip(names, row[1:], strict=True)) for row in found}

    def note(
        self,
        found: Iterable[records.Record],
        rows: Iterable[Row],
        touched: Mapping[bytes, Stored],
        before: Mapping[bytes, Mapping[str, Value]],
    ) -> None:
        """Notes which of the rows that were touched say something else than before."""
        if not touched:
            return
        since = {
            self.writing.record_id(one.KIND, one.id): (one.KIND, self.writing.since(one)) for one in found
        }
        for row in rows:
            if row["id"] in touched and row["id"] in since:
                kind, seen_at = since[row["id"]]
                if self._watches(kind):
                    self._note(kind, row, seen_at, before.get(row["id"]))

    def _note(self, kind: str, row: Row, seen_at: datetime, old: Mapping[str, Value] | None) -> None:
        new = {name: row[name] for name in WATCHED[kind]}
        at = seen_at if old is not None else min(_happened(row) or seen_at, self.writing.observed_at)
        if new == old or (self.held.news_since is not None and at < self.held.news_since):
            return
        self.changes.append(
            Change(
                kind=kind,
                source_id=self.writing.source_id,
                id=row["id"],
                at=at,
                new=new,
                old=old,
                customer_id=row.get("customer_id"),
            )
        )

    async def tell(self) -> None:
        """Tells the observer, once all of the batch is written."""
        if self.changes:
            named = await _customers_named_later(self.session, self.writing, self.changes)
            await tell(self.session, self.writing.account_id, self.held, named)


async def tell(session: AsyncSession, account_id: int, held: HeldSource, changes: Sequence[Change]) -> None:
    """Tells whoever watches of changes of one source."""
    observer = observer_of(session)
    if observer is None or not changes:
        return
    late = held.synced_at is not None and observer.now() - held.synced_at > AWAY
    await observer.observe(session, account_id, changes, late=late)


def _happened(row: Row) -> datetime | None:
    return next((row[name] for name in _HAPPENED if row.get(name) is not None), None)


async def _customers_named_later(
    session: AsyncSession, writing: Writing, changes: Sequence[Change]
) -> list[Change]:
    """A conversation gets its customer from who asked, after it is written."""
    without = [one.id for one in changes if one.kind == "conversation" and one.customer_id is None]
    if not without:
        return list(changes)
    ticket = models.Ticket
    rows = await session.execute(
        select(ticket.id, ticket.customer_id).where(
            ticket.account_id == writing.account_id,
            ticket.source_id == writing.source_id,
            among(session, ticket.id, without),
        )
    )
    named = {row.id: row.customer_id for row in rows}
    return [
        one if one.customer_id else msgspec.structs.replace(one, customer_id=named.get(one.id))
        for one in changes
    ]
