"""What was seen of a subscription over time: the history since its source was connected.

A change says which discounts were in effect: the subscription's own or, where it has none, its customer's.
The first change of a subscription also writes what it was when first seen: until then the row itself says
that, and most subscriptions never change.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.bulk import among, insert_new
from storage.intake.rows import Row, Writing
from storage.intake.stored import StoredDiscount
from storage.models.base import table_of

_NEXT_INSTANT = timedelta(microseconds=1)

Discounts = tuple[StoredDiscount, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    """A subscription, as it was and as it is from `at` on; `was` and `now` are (status, items, discounts)."""

    first_seen_at: datetime
    was: tuple[Any, ...]
    at: datetime
    now: tuple[Any, ...]


async def note_subscription_changes(session: AsyncSession, writing: Writing, rows: list[Row]) -> None:
    """Keeps what known subscriptions were and what these rows make of them, where their MRR may differ."""
    subscription = models.Subscription
    known = {
        found.id: found
        for found in await session.execute(
            select(*_columns(), subscription.fingerprint).where(
                subscription.account_id == writing.account_id,
                subscription.source_id == writing.source_id,
                among(session, subscription.id, (row["id"] for row in rows)),
            )
        )
    }
    changed = [
        (before, row)
        for row in rows
        if (before := known.get(row["id"]))
        and before.fingerprint != row["fingerprint"]
        and (before.status, before.items, before.discounts) != (row["status"], row["items"], row["discounts"])
    ]
    if not changed:
        return
    of_customer = await _customer_discounts(
        session, writing.account_id, writing.source_id, {before.customer_id for before, _ in changed}
    )
    changes = {}
    for before, row in changed:
        theirs = of_customer.get(before.customer_id, ())
        changes[before.id] = _Change(
            first_seen_at=before.first_seen_at,
            was=(before.status, before.items, before.discounts or theirs),
            at=row["first_seen_at"],
            now=(row["status"], row["items"], row["discounts"] or theirs),
        )
    await _write(session, writing, changes)


async def note_customer_discounts(
    session: AsyncSession, writing: Writing, seen: dict[bytes, tuple[datetime, Discounts]]
) -> None:
    """Keeps what the subscriptions of known customers were worth before their customer's discounts changed.

    `seen`: by customer, since when it has which discounts. A subscription that was seen to change before its
    customer was seen at all is taken to have been under the customer's discounts then too.
    """
    before = await _customer_discounts(session, writing.account_id, writing.source_id, seen)
    changed = {who: now for who, (_, now) in seen.items() if before.get(who, ()) != now}
    if not changed:
        return
    subscription = models.Subscription
    found = await session.execute(
        select(*_columns()).where(
            subscription.account_id == writing.account_id,
            subscription.source_id == writing.source_id,
            among(session, subscription.customer_id, changed),
        )
    )
    theirs = [row for row in found if not row.discounts]
    new = {row.id: changed[row.customer_id] for row in theirs if row.customer_id not in before}
    await _fill(session, writing, new)
    changes = {
        row.id: _Change(
            first_seen_at=row.first_seen_at,
            was=(row.status, row.items, before[row.customer_id]),
            at=seen[row.customer_id][0],
            now=(row.status, row.items, changed[row.customer_id]),
        )
        for row in theirs
        if row.customer_id in before
    }
    await _write(session, writing, changes)


async def keep_customer_discounts(
    session: AsyncSession, account_id: int, source_id: int, customers: Sequence[bytes]
) -> None:
    """Gives the subscriptions of customers that are about to go what their customer alone knows of them."""
    found = await _customer_discounts(session, account_id, source_id, customers)
    rows = [{"of_customer": who, "theirs": discounts} for who, discounts in found.items() if discounts]
    if not rows:
        return
    table = table_of(models.Subscription)
    connection = await session.connection()
    await connection.execute(
        update(table)
        .where(
            table.c.account_id == account_id,
            table.c.source_id == source_id,
            table.c.customer_id == bindparam("of_customer"),
            table.c.discounts == (),
        )
        .values(discounts=bindparam("theirs", type_=table.c.discounts.type)),
        rows,
    )


async def _customer_discounts(
    session: AsyncSession, account_id: int, source_id: int, customers: Iterable[bytes]
) -> dict[bytes, Discounts]:
    """The discounts of these customers, of those that are stored."""
    customer = models.Customer
    found = await session.execute(
        select(customer.id, customer.discounts).where(
            customer.account_id == account_id,
            customer.source_id == source_id,
            among(session, customer.id, customers),
        )
    )
    return {row.id: row.discounts for row in found}


def _columns() -> list[Any]:
    subscription = models.Subscription
    return [
        subscription.id,
        subscription.customer_id,
        subscription.status,
        subscription.items,
        subscription.discounts,
        subscription.first_seen_at,
    ]


async def _fill(session: AsyncSession, writing: Writing, of_subscriptions: dict[bytes, Discounts]) -> None:
    """Puts discounts into the changes that know of none."""
    if not of_subscriptions:
        return
    table = table_of(models.SubscriptionChange)
    connection = await session.connection()
    await connection.execute(
        update(table)
        .where(
            table.c.account_id == writing.account_id,
            table.c.source_id == writing.source_id,
            table.c.subscription_id == bindparam("which"),
            table.c.discounts == (),
        )
        .values(discounts=bindparam("theirs", type_=table.c.discounts.type)),
        [{"which": id_, "theirs": discounts} for id_, discounts in of_subscriptions.items()],
    )


async def _write(session: AsyncSession, writing: Writing, changes: dict[bytes, _Change]) -> None:
    if not changes:
        return
    latest = await _latest_changes(session, writing, list(changes))
    rows = []
    for id_, change in changes.items():
        if id_ not in latest:
            rows.append(_row(writing, id_, change.first_seen_at, change.was))
        after = latest.get(id_, change.first_seen_at) + _NEXT_INSTANT
        rows.append(_row(writing, id_, max(change.at, after), change.now))
    await insert_new(session, models.SubscriptionChange, rows)


async def _latest_changes(
    session: AsyncSession, writing: Writing, subscription_ids: list[bytes]
) -> dict[bytes, datetime]:
    """When these subscriptions were last seen to change: the next change can only come after that."""
    change = models.SubscriptionChange
    found = await session.execute(
        select(change.subscription_id, func.max(change.at, type_=change.at.type).label("latest"))
        .where(
            change.account_id == writing.account_id,
            change.source_id == writing.source_id,
            among(session, change.subscription_id, subscription_ids),
        )
        .group_by(change.subscription_id)
    )
    return {row.subscription_id: row.latest for row in found}


def _row(writing: Writing, subscription_id: bytes, at: datetime, state: tuple[Any, ...]) -> Row:
    status, items, discounts = state
    return {
        "account_id": writing.account_id,
        "source_id": writing.source_id,
        "subscription_id": subscription_id,
        "at": at,
        "status": status,
        "items": items,
        "discounts": discounts,
    }
