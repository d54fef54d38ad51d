"""Facts of many customers together, a query a fact: what they pay and have paid, and what is open."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.intake.bulk import among
from storage.metrics.joins import of_customer, paying
from storage.metrics.relation_filters import CLOSED
from storage.metrics.scope import Asking, instant
from thoughts.facts import CustomerFacts

SUPPORT = frozenset({"intercom", "zendesk"})
SALES = frozenset({"hubspot"})
IMPORTED = frozenset({"csv"})
"""Kinds of source that are loaded by hand: they are never synced, so their silence says nothing."""

Amounts = dict[bytes, Counter[str]]


async def load_customers(
    session: AsyncSession, asking: Asking, profiles: Iterable[bytes]
) -> dict[bytes, CustomerFacts]:
    """Facts by profile; those of whom no record is there (any more) are left out. A customer who is so new
    that nothing is derived of them yet is known by their own record."""
    wanted = sorted(set(profiles))
    if not wanted:
        return {}
    profile, customer = models.Profile, models.Customer
    known = await session.execute(
        select(customer.profile_id, profile.customer_since)
        .outerjoin(
            profile,
            (profile.account_id == customer.account_id) & (profile.profile_id == customer.profile_id),
        )
        .where(customer.account_id == asking.account_id, among(session, customer.profile_id, wanted))
        .distinct()
    )
    mrr = await _mrr(session, asking, wanted)
    collected = await _collected(session, asking, wanted)
    kinds = await _kinds(session, asking)
    tickets = await _counted(session, asking, wanted, models.Ticket, models.Ticket.state.not_in(CLOSED))
    deals = await _counted(session, asking, wanted, models.Deal, models.Deal.state != "lost")
    renews = await _renewals(session, asking, wanted)
    return {
        profile_id: CustomerFacts(
            profile_id=profile_id,
            since=customer_since,
            mrr=dict(mrr[profile_id]),
            collected=dict(collected[profile_id]),
            open_tickets=tickets[profile_id] if kinds & SUPPORT else None,
            deals=deals[profile_id] if kinds & SALES else None,
            renews=renews.get(profile_id),
        )
        for profile_id, customer_since in known
    }


async def _kinds(session: AsyncSession, asking: Asking) -> set[str]:
    source = models.Source
    return set(await session.scalars(select(source.kind).where(source.account_id == asking.account_id)))


async def _mrr(session: AsyncSession, asking: Asking, profiles: list[bytes]) -> Amounts:
    row = models.CustomerMrr
    found: Amounts = defaultdict(Counter)
    for profile_id, currency, mrr in await session.execute(
        select(row.profile_id, row.currency, row.mrr).where(
            row.account_id == asking.account_id,
            among(session, row.profile_id, profiles),
            row.starts_at <= asking.now,
            or_(row.ends_at.is_(None), row.ends_at > asking.now),
        )
    ):
        found[profile_id][currency] += mrr
    return found


async def _collected(session: AsyncSession, asking: Asking, profiles: list[bytes]) -> Amounts:
    """What succeeded payments brought, less the refunds of them that did not fail."""
    payment, refund, customer = models.Payment, models.Refund, models.Customer
    paid = (
        select(customer.profile_id, payment.currency, func.sum(payment.amount))
        .select_from(customer)
        .join(payment, of_customer(payment, customer))
        .where(
            customer.account_id == asking.account_id,
            among(session, customer.profile_id, profiles),
            payment.status == "succeeded",
        )
        .group_by(customer.profile_id, payment.currency)
    )
    returned = (
        select(customer.profile_id, refund.currency, func.sum(refund.amount))
        .select_from(customer)
        .join(payment, of_customer(payment, customer))
        .join(
            refund,
            (refund.account_id == payment.account_id)
            & (refund.source_id == payment.source_id)
            & (refund.payment_id == payment.id),
        )
        .where(
            customer.account_id == asking.account_id,
            among(session, customer.profile_id, profiles),
            refund.status == "succeeded",
        )
        .group_by(customer.profile_id, refund.currency)
    )
    found: Amounts = defaultdict(Counter)
    for query, sign in ((paid, 1), (returned, -1)):
        for profile_id, currency, amount in await session.execute(query):
            found[profile_id][currency] += sign * int(amount)
    return found


async def _counted(
    session: AsyncSession, asking: Asking, profiles: list[bytes], row: Any, test: Any
) -> Counter[bytes]:
    """How many rows of a table that pass a test each profile has."""
    customer = models.Customer
    found = await session.execute(
        select(customer.profile_id, func.count().label("rows"))
        .select_from(customer)
        .join(row, of_customer(row, customer))
        .where(customer.account_id == asking.account_id, among(session, customer.profile_id, profiles), test)
        .group_by(customer.profile_id)
    )
    return Counter({row.profile_id: row.rows for row in found})


async def _renewals(session: AsyncSession, asking: Asking, profiles: list[bytes]) -> dict[bytes, datetime]:
    """When the next yearly subscription of each renews: what is billed by the month always does soon."""
    row, span = models.Subscription, models.MrrSpan
    end = row.current_period_end
    rows = await session.execute(
        select(span.profile_id, func.min(end, type_=end.type))
        .select_from(span)
        .join(
            row,
            (row.account_id == span.account_id)
            & (row.source_id == span.source_id)
            & (row.id == span.subscription_id),
        )
        .where(
            span.account_id == asking.account_id,
            among(session, span.profile_id, profiles),
            paying(span, instant(asking.now)),
            span.interval == "year",
            row.cancel_at_period_end.is_(False),
            row.cancel_at.is_(None),
            end > asking.now,
        )
        .group_by(span.profile_id)
    )
    return {profile_id: at for profile_id, at in rows if at is not None}
