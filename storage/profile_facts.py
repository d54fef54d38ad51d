"""What is known of a whole profile: its movements, its country, since when it pays, whether it fails to."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import case, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from storage import models
from storage.intake.bulk import among, insert_all
from storage.intake.movement_news import Moved
from storage.intake.tallies import moves_of, tally_customers
from storage.metrics.history import Span
from storage.metrics.joins import of_customer
from storage.metrics.movements import Movement, MovementType, largest_span, movements
from storage.metrics.tally import Listed, customers_by_day, listed, steps

TRUST = {"hubspot": 1, "intercom": 2, "zendesk": 2}
"""Which kinds of source are believed first where records differ: billing (0), sales, support."""

_MOVEMENT = (
    "profile_id", "currency", "day", "at", "type", "amount", "source_id", "product_id", "interval",
)  # fmt: skip
_PROFILE = ("profile_id", "country", "signed_up_at", "customer_since", "failing", "owner_id")
_RANKED = ("profile_id", "currency", "starts_at", "ends_at", "mrr", "total")
_TRIAL = ("profile_id", "ends_at", "paid")
_SPAN_FIELDS = [name for name in Span.__struct_fields__ if name != "parts"]
_SPAN_COLUMNS = [getattr(models.MrrSpan, name) for name in _SPAN_FIELDS]


async def recompute_profiles(
    session: AsyncSession, *, account_id: int, zone: ZoneInfo, profiles: Iterable[bytes]
) -> Moved:
    """Writes the movements and the facts of these profiles anew, from all their records and spans.

    Returns how the movements of those changed that name somebody: a deleted customer's are nobody's news.
    """
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
    moved = await asyncio.to_thread(_movements, wanted, spans, zone)
    movement_rows = {
        (
            profile, one.currency, one.day, one.at, str(one.type), one.amount,
            *_largest(one, spans[profile], source_of),
        )
        for profile, of_profile in moved.items()
        for one in of_profile
    }  # fmt: skip
    profile_rows = {
        (
            profile,
            members[profile].country,
            members[profile].signed_up_at,
            moved[profile][0].at if moved[profile] else None,
            members[profile].failing,
            members[profile].owner_id,
        )
        for profile in wanted
        if profile in members or spans[profile]
    }
    ranked_rows = {
        (profile, *step)
        for profile in wanted
        if members[profile].signed_up_at is not None
        for step in steps(spans[profile])
    }
    paid = {row[0] for row in ranked_rows}
    trial_rows = {
        (profile, ends_at, profile in paid)
        for profile, ends_at in await _trials(session, account_id, wanted)
        if members[profile].signed_up_at is not None
    }
    await _replace(session, models.ProfileTrial, _TRIAL, account_id, wanted, trial_rows)
    left, came = await _replace(session, models.Movement, _MOVEMENT, account_id, wanted, movement_rows)
    await _replace(session, models.Profile, _PROFILE, account_id, wanted, profile_rows)
    out, into = await _replace(session, models.CustomerMrr, _RANKED, account_id, wanted, ranked_rows)
    sums = await asyncio.to_thread(customers_by_day, moves_of(left), moves_of(came))
    await tally_customers(session, account_id, sums, listed(_stays(out), _stays(into), zone))
    named = [row for row in came if members[row[0]].signed_up_at is not None]
    return Moved(_MOVEMENT, left, named, _moved_most(named, spans))


def _moved_most(
    rows: Iterable[tuple[Any, ...]], spans: Mapping[bytes, Sequence[Span]]
) -> dict[tuple[bytes, str, datetime], bytes]:
    """The subscription that each of these movements is split by, under its profile, currency and moment."""
    found = {}
    for profile, currency, day, at, kind, amount, *_ in rows:
        moved = Movement(currency=currency, day=day, at=at, type=MovementType(kind), amount=amount)
        span = largest_span(moved, spans[profile])
        if span is not None:
            found[profile, currency, at] = span.subscription_id
    return found


def _stays(ranked: Iterable[tuple[Any, ...]]) -> list[Listed]:
    """Of rows as in `_RANKED`, who had MRR from when to when."""
    return [(profile, currency, starts_at, ends_at) for profile, currency, starts_at, ends_at, *_ in ranked]


async def _trials(
    session: AsyncSession, account_id: int, profiles: Sequence[bytes]
) -> list[tuple[bytes, datetime]]:
    """Which of these profiles are on trial, and until when."""
    customer, subscription = models.Customer, models.Subscription
    rows = await session.execute(
        select(customer.profile_id, subscription.trial_end)
        .join(subscription, of_customer(subscription, customer))
        .where(
            customer.account_id == account_id,
            among(session, customer.profile_id, profiles),
            subscription.status == "trialing",
        )
    )
    return [(profile_id, ends_at) for profile_id, ends_at in rows if ends_at is not None]


def _movements(
    profiles: Sequence[bytes], spans: dict[bytes, list[Span]], zone: ZoneInfo
) -> dict[bytes, list[Movement]]:
    return {profile: movements(spans[profile], zone) for profile in profiles}


async def _replace(
    session: AsyncSession,
    model: Any,
    names: Sequence[str],
    account_id: int,
    profiles: Sequence[bytes],
    rows: set[tuple[Any, ...]],
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Makes the rows of these profiles what they should be, and writes only what is not so yet.

    Returns all rows, before and after, of the profiles of which any differed.
    """
    columns = [getattr(model, name) for name in names]
    of_profiles = (model.account_id == account_id, among(session, model.profile_id, profiles))
    before = {tuple(row) for row in await session.execute(select(*columns).where(*of_profiles))}
    changed = {row[0] for row in before ^ rows}
    if not changed:
        return [], []
    await session.execute(
        delete(model)
        .where(model.account_id == account_id, among(session, model.profile_id, changed))
        .execution_options(synchronize_session=False)
    )
    after = [row for row in rows if row[0] in changed]
    await insert_all(
        session, model, [dict(zip(names, row, strict=True), account_id=account_id) for row in after]
    )
    return [row for row in before if row[0] in changed], after


def _largest(
    movement: Movement, spans: Sequence[Span], source_of: Mapping[bytes, int]
) -> tuple[int | None, bytes | None, str | None]:
    """What the movement is split by, the largest subscription of its moment: its source, plan, interval."""
    span = largest_span(movement, spans)
    if span is None:
        return None, None, None
    return source_of[span.subscription_id], span.product_id, span.interval


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
    customer, source = models.Customer, models.Source
    found: defaultdict[bytes, _Members] = defaultdict(_Members)
    profile_of: dict[bytes, bytes] = {}
    for row in await session.execute(
        select(
            customer.profile_id,
            customer.country,
            customer.created_at,
            customer.owner_id,
            _latest_payment().label("payment_id"),
        )
        .join(source, (source.account_id == customer.account_id) & (source.source_id == customer.source_id))
        .where(customer.account_id == account_id, among(session, customer.profile_id, profiles))
        .order_by(case(TRUST, value=source.kind, else_=0), customer.created_at, customer.id)
    ):
        facts = found[row.profile_id]
        facts.country = facts.country or row.country
        facts.signed_up_at = facts.signed_up_at or row.created_at
        facts.owner_id = facts.owner_id or row.owner_id
        if row.payment_id is not None:
            profile_of[row.payment_id] = row.profile_id
    for payment_id, status in await _in_their_order(session, account_id, profile_of):
        found[profile_of[payment_id]].failing = status == "failed"
    return found


def _latest_payment() -> Any:
    """The id of a customer's latest payment, by one look into the index."""
    customer, payment = models.Customer, aliased(models.Payment)
    return (
        select(payment.id)
        .where(
            payment.account_id == customer.account_id,
            payment.source_id == customer.source_id,
            payment.customer_id == customer.id,
        )
        .order_by(payment.created_at.desc(), payment.id)
        .limit(1)
        .correlate(customer)
        .scalar_subquery()
    )


async def _in_their_order(
    session: AsyncSession, account_id: int, payments: Iterable[bytes]
) -> Sequence[tuple[bytes, str]]:
    """These payments' ids and statuses, the latest last."""
    payment, source = models.Payment, models.Source
    sources = select(source.source_id).where(source.account_id == account_id)
    rows = await session.execute(
        select(payment.id, payment.status)
        .where(
            payment.account_id == account_id,
            payment.source_id.in_(sources),  # named so that the primary key finds them
            among(session, payment.id, payments),
        )
        .order_by(payment.created_at, payment.id.desc())
    )
    return [(payment_id, status) for payment_id, status in rows]
