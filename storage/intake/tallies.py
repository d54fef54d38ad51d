"""Keeps the summaries equal to what they add up, in the transaction that changes it."""

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.bulk import add_up, among
from storage.metrics.tally import CustomerKey, Moved, MrrKey, customers_by_day, listed

_MRR_DAY = ("whole_month", "day", "currency", "product_id", "interval")
_CUSTOMER_DAY = ("what", "day", "until", "currency")


async def tally_mrr(
    session: AsyncSession, account_id: int, source_id: int, changes: Mapping[MrrKey, tuple[int, int]]
) -> None:
    """Adds changes to the sums of MRR by day."""
    of_source = {"account_id": account_id, "source_id": source_id}
    rows = [
        dict(zip(_MRR_DAY, key, strict=True), amount=amount, spans=count, **of_source)
        for key, (amount, count) in sorted(changes.items())
    ]
    await add_up(session, models.MrrDay, ("amount", "spans"), rows)


async def tally_customers(
    session: AsyncSession, account_id: int, *changes: Mapping[CustomerKey, tuple[int, int]]
) -> None:
    """Adds changes to the sums of customers by day."""
    together: dict[CustomerKey, tuple[int, int]] = {}
    for change in changes:
        for key, (amount, count) in change.items():
            before = together.get(key, (0, 0))
            together[key] = before[0] + amount, before[1] + count
    rows = [
        dict(zip(_CUSTOMER_DAY, key, strict=True), amount=amount, customers=count, account_id=account_id)
        for key, (amount, count) in sorted(together.items())
    ]
    await add_up(session, models.CustomerDay, ("amount", "customers"), rows)


def moves_of(rows: Iterable[tuple[Any, ...]]) -> list[list[Moved]]:
    """Movements, customer by customer, each one's in the order of time. A row begins with the profile and
    what `Moved` has."""
    by_profile: dict[bytes, list[Moved]] = {}
    for profile_id, *move in rows:
        by_profile.setdefault(profile_id, []).append(Moved(*move[:5]))
    return [sorted(moves, key=lambda move: (move.at, move.currency)) for moves in by_profile.values()]


async def forget_profiles(session: AsyncSession, account_id: int, profiles: Iterable[bytes]) -> None:
    """Deletes all that is known of these profiles as a whole, and takes it off the sums."""
    wanted = list(profiles)
    if not wanted:
        return
    zone = await session.scalar(
        select(models.Account.time_zone).where(models.Account.account_id == account_id)
    )
    movement, ranked = models.Movement, models.CustomerMrr
    moved = await session.execute(
        select(
            movement.profile_id, movement.currency, movement.day, movement.at, movement.type, movement.amount
        ).where(movement.account_id == account_id, among(session, movement.profile_id, wanted))
    )
    known = await session.execute(
        select(ranked.profile_id, ranked.currency, ranked.starts_at, ranked.ends_at).where(
            ranked.account_id == account_id, among(session, ranked.profile_id, wanted)
        )
    )
    gone = customers_by_day(moves_of(tuple(row) for row in moved), [])
    unlisted = listed([(p, c, start, end) for p, c, start, end in known], [], ZoneInfo(zone or "UTC"))
    await tally_customers(session, account_id, gone, unlisted)
    for model in (models.Movement, models.Profile, models.CustomerMrr, models.ProfileTrial):
        await session.execute(
            delete(model)
            .where(model.account_id == account_id, among(session, model.profile_id, wanted))
            .execution_options(synchronize_session=False)
        )
