"""Digests that are due: one letter a channel and period, with all that was kept for it. Written once."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.intake.bulk import insert_new
from storage.keys.vault import Vault
from storage.models import Alert, Delivery, Letter
from storage.session import Database
from thoughts.ports import LetterKind
from thoughts.routing import letter_row
from thoughts.schedule import next_digest, period_of
from thoughts.subscriptions import State, Subscription, read_subscriptions


async def write_digests(db: Database, vault: Vault, account_id: int, *, now: datetime) -> int:
    """Writes what is due at `now`; returns how many. After a standstill only the last period is told.

    Where no digest was asked for, there is one only of what was held back.
    """
    async with db.tenant(account_id, read_only=True) as session:
        if not await _any_due(session, account_id, now):
            return 0
    keys = await vault.account_keys(account_id)
    async with db.tenant(account_id) as session:
        await session.execute(
            select(Alert.alert_id)
            .where(Alert.account_id == account_id, Alert.digest_at <= now)
            .with_for_update()
        )
        due = [
            one
            for one in await read_subscriptions(session, keys, account_id)
            if one.digest_at is not None and one.digest_at <= now
        ]
        kept = await _kept(session, account_id, [one.number for one in due])
        written = [one for one in due if one.state is State.ON and (one.wants.digest or kept.get(one.number))]
        for one in written:
            await _write(session, account_id, one, now)
        for one in due:
            await session.execute(
                update(Alert)
                .where(Alert.account_id == account_id, Alert.alert_id == one.number)
                .values(digest_at=next_digest(one.wants, now))
            )
        return len(written)


async def _any_due(session: AsyncSession, account_id: int, now: datetime) -> bool:
    found = await session.scalar(
        select(func.count()).select_from(Alert).where(Alert.account_id == account_id, Alert.digest_at <= now)
    )
    return bool(found)


async def _kept(session: AsyncSession, account_id: int, numbers: Sequence[int]) -> dict[int, int]:
    rows = await session.execute(
        select(Delivery.alert_id, func.count())
        .where(
            Delivery.account_id == account_id,
            Delivery.alert_id.in_(numbers),
            Delivery.state == "digest",
            Delivery.letter_id.is_(None),
        )
        .group_by(Delivery.alert_id)
    )
    return {row[0]: row[1] for row in rows}


async def _write(session: AsyncSession, account_id: int, one: Subscription, now: datetime) -> None:
    """The letter's id is of the subscription and the period: a second one of it cannot be written."""
    first, last = period_of(one.wants, now)
    note = f"{first.isoformat()}/{last.isoformat()}"
    letter_id = blake2b(f"digest|{one.number}|{one.made_at}|{note}".encode(), digest_size=16).digest()
    row = letter_row(account_id, letter_id, one.number, LetterKind.DIGEST, now=now, due_at=now, note=note)
    await insert_new(session, Letter, [row])
    await session.execute(
        update(Delivery)
        .where(
            Delivery.account_id == account_id,
            Delivery.alert_id == one.number,
            Delivery.state == "digest",
            Delivery.letter_id.is_(None),
        )
        .values(letter_id=letter_id)
    )
