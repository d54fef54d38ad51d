"""What is known of a profile as a whole: its movements, its country, since when it pays, whether it fails to."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.history import Span
from storage.metrics.movements import movements


async def recompute_profiles(
    session: AsyncSession, *, account_id: int, zone: ZoneInfo, profiles: Iterable[bytes]
) -> None:
    """Writes the movements and the facts of these profiles anew, from all their records and spans."""
    wanted = list(profiles)
    span = models.MrrSpan
    spans: dict[bytes, list[Span]] = defaultdict(list)
    for row in await session.scalars(
        select(span).where(span.account_id == account_id, span.profile_id.in_(wanted))
    ):
        spans[row.profile_id].append(_as_span(row))
    members = await _members(session, account_id, wanted)
    await session.execute(
        delete(models.Movement).where(
            models.Movement.account_id == account_id, models.Movement.profile_id.in_(wanted)
        )
    )
    await session.execute(
        delete(models.Profile).where(
            models.Profile.account_id == account_id, models.Profile.profile_id.in_(wanted)
        )
    )
    moved = {profile: movements(spans[profile], zone) for profile in wanted}
    movement_rows = [
        {
            "account_id": account_id,
            "profile_id": profile,
            "currency": movement.currency,
            "day": movement.day,
            "at": movement.at,
            "type": movement.type,
            "amount": movement.amount,
        }
        for profile, of_profile in moved.items()
        for movement in of_profile
    ]
    if movement_rows:
        await session.execute(insert(models.Movement), movement_rows)
    profile_rows = [
        {
            "account_id": account_id,
            "profile_id": profile,
            "country": members[profile].country,
            "signed_up_at": members[profile].signed_up_at,
            "customer_since": moved[profile][0].at if moved[profile] else None,
            "failing": members[profile].failing,
        }
        for profile in wanted
        if profile in members or spans[profile]
    ]
    if profile_rows:
        await session.execute(insert(models.Profile), profile_rows)


def _as_span(row: models.MrrSpan) -> Span:
    return Span(
        subscription_id=row.subscription_id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        mrr=row.mrr,
        currency=row.currency,
        product_id=row.product_id,
        interval=row.interval,
        trial=row.trial,
    )


@dataclass(slots=True)
class _Members:
    """What the records of a profile say together."""

    country: str | None = None
    signed_up_at: datetime | None = None
    failing: bool = False


async def _members(
    session: AsyncSession, account_id: int, profiles: Sequence[bytes]
) -> defaultdict[bytes, _Members]:
    """The oldest record with a country, the first creation, and whether the latest payment failed."""
    customer, payment = models.Customer, models.Payment
    found: defaultdict[bytes, _Members] = defaultdict(_Members)
    of_profiles = (customer.account_id == account_id, customer.profile_id.in_(profiles))
    for profile_id, country, created_at in await session.execute(
        select(customer.profile_id, customer.country, customer.created_at)
        .where(*of_profiles)
        .order_by(customer.created_at, customer.id)
    ):
        facts = found[profile_id]
        facts.country = facts.country or country
        facts.signed_up_at = facts.signed_up_at or created_at
    newest = (
        select(
            customer.profile_id,
            payment.status,
            payment.created_at,
            func.row_number()
            .over(partition_by=customer.profile_id, order_by=(payment.created_at.desc(), payment.id))
            .label("place"),
        )
        .join(
            payment,
            (payment.account_id == customer.account_id)
            & (payment.source_id == customer.source_id)
            & (payment.customer_id == customer.id),
        )
        .where(*of_profiles)
        .subquery()
    )
    for profile_id, status in await session.execute(
        select(newest.c.profile_id, newest.c.status).where(newest.c.place == 1)
    ):
        found[profile_id].failing = status == "failed"
    return found
