"""What was seen of a subscription over time: the history since its source was connected."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.bulk import among, insert_new
from storage.intake.rows import Row, Writing

_NEXT_INSTANT = timedelta(microseconds=1)


async def note_subscription_changes(session: AsyncSession, writing: Writing, rows: list[Row]) -> None:
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
                among(session, subscription.id, (row["id"] for row in rows)),
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
    await insert_new(session, models.SubscriptionChange, began + became)


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
