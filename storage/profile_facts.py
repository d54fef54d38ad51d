"""What is known of a whole profile: its movements, its country, since when it pays, whether it fails to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import case, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.bulk import among, insert_all
from storage.metrics.history import Span
from storage.metrics.movements import Movement, largest_span, movements

TRUST = {"hubspot": 1, "intercom": 2, "zendesk": 2}
"""Which kinds of source are believed first where records differ: billing (0), sales, support."""

_SPAN_FIELDS = [name for name in Span.__struct_fields__ if name != "parts"]
_SPAN_COLUMNS = [getattr(models.MrrSpan, name) for name in _SPAN_FIELDS]


async def recompute_profiles(
    session: AsyncSession, *, account_id: int, zone: ZoneInfo, profiles: Iterable[bytes]
) -> None:
    """Writes the movements and the facts of these profiles anew, from all their records and spans."""
    wanted = list(profiles)
    span = models.MrrSpan
    spans: dict[bytes, list[Span]] = defaultdict(list)
    source_of: dict[bytes, int] = {}
    for profile_id, source_id, *values in await session.execute(
        select(span.profile_id, span.source_id, *_SPAN_COLUMNS).where(
            span.account_id == account_id, among(session, span.profile_id, wanted)
        )
    ):
        found = Span(**dict(zip(_SPAN_FIELDS, values, strict=True)))
        spans[profile_id].append(found)
        source_of[found.subscription_id] = source_id
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
            **_largest(movement, spans[profile], source_of),
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
            "owner_id": members[profile].owner_id,
        }
        for profile in wanted
        if profile in members or spans[profile]
    ]
    await insert_all(session, models.Profile, profile_rows)


def _largest(
    movement: Movement, spans: Sequence[Span], source_of: Mapping[bytes, int]
) -> dict[str, int | bytes | str | None]:
    """What the movement is split by: the largest subscription of its moment."""
    span = largest_span(movement, spans)
    if span is None:
        return {"source_id": None, "product_id": None, "interval": None}
    return {
        "source_id": source_of[span.subscription_id],
        "product_id": span.product_id,
        "interval": span.interval,
    }


@dataclass(slots=True)
class _Members:
    """What the records of a profile say together."""

    country: str | None = None
    signed_up_at: datetime | None = None
    owner_id: bytes | None = None
    failing: bool = False


async def _members(
    session: AsyncSession, account_id: int, profiles: Sequence[bytes]
) -> defaultdict[bytes, _Members]:
    """The oldest record with a country, the first creation, the owner, and whether the latest payment failed.

    Billing records are believed before those of sales, and these before those of support.
    """
    customer, payment, source = models.Customer, models.Payment, models.Source
    found: defaultdict[bytes, _Members] = defaultdict(_Members)
    of_profiles = (customer.account_id == account_id, among(session, customer.profile_id, profiles))
    trusted = case(TRUST, value=source.kind, else_=0)
    for profile_id, country, created_at, owner_id in await session.execute(
        select(customer.profile_id, customer.country, customer.created_at, customer.owner_id)
        .join(source, (source.account_id == customer.account_id) & (source.source_id == customer.source_id))
        .where(*of_profiles)
        .order_by(trusted, customer.created_at, customer.id)
    ):
        facts = found[profile_id]
        facts.country = facts.country or country
        facts.signed_up_at = facts.signed_up_at or created_at
        facts.owner_id = facts.owner_id or owner_id
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
