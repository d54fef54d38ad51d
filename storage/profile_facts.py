"""What is known of a whole profile: its movements, its country, since when it pays, whether it fails to."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.bulk import among, insert_all
from storage.metrics.history import Span
from storage.metrics.movements import movements

_SPAN_FIELDS = [name for name in Span.__struct_fields__ if name != "parts"]
_SPAN_COLUMNS = [getattr(models.MrrSpan, name) for name in _SPAN_FIELDS]


async def recompute_profiles(
    session: AsyncSession, *, account_id: int, zone: ZoneInfo, profiles: Iterable[bytes]
) -> None:
    """Writes the movements and the facts of these profiles anew, from all their records and spans."""
    wanted = list(profiles)
    span = models.MrrSpan
    spans: dict[bytes, list[Span]] = defaultdict(list)
    for profile_id, *values in await session.execute(
        select(span.profile_id, *_SPAN_COLUMNS).where(
            span.account_id == account_id, among(session, span.profile_id, wanted)
        )
    ):
        spans[profile_id].append(Span(**dict(zip(_SPAN_FIELDS, values, strict=True))))
    members = await _members(session, account_id, wanted)
    await session.execute(
        delete(models.Movement).where(
            models.Movement.account_id == account_id, among(session, models.Movement.profile_id, wanted)
        )
    )
    await session.execute(
        delete(models.Profile).where(
            models.Profile.account_id == account_id, among(session, models.Profile.profile_id, wanted)
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
    await insert_all(session, models.Movement, movement_rows)
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
    await insert_all(session, models.Profile, profile_rows)


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
    of_profiles = (customer.account_id == account_id, among(session, customer.profile_id, profiles))
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
