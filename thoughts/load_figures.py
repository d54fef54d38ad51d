"""Loads what detectors on schedule look at: a fixed number of queries an account."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from storage import models
from storage.metrics.joins import attempts, in_force, is_overdue, of_customer
from storage.metrics.relation_filters import CLOSED
from storage.metrics.scope import Asking, instant
from thoughts.base import Every, Money
from thoughts.customer_facts import IMPORTED, load_customers
from thoughts.daily import load_daily
from thoughts.figures import BadRating, Ending, Figures, Overdue, SourceFacts, WonDeal
from thoughts.load_scale import load_scale
from thoughts.loading import subscription_facts
from thoughts.thresholds import Thresholds

_STARTED = timedelta(days=90)
_MOST_STARTED = 1_000
_LEEWAY = timedelta(days=7)
"""How long what should have been seen on its day is still looked for, where nobody looked that day."""


async def load_figures(
    session: AsyncSession, asking: Asking, thresholds: Thresholds, every: Every
) -> Figures:
    """What the detectors of an hour or of a day look at, as it is now."""
    figures = Figures(
        now=asking.now,
        zone=ZoneInfo(asking.time_zone),
        scale=await load_scale(session, asking),
        thresholds=thresholds,
        sources=await _sources(session, asking),
    )
    if every is Every.HOUR:
        return await _with_trouble(session, asking, figures)
    figures = replace(
        figures,
        trials=await _trials(session, asking, thresholds),
        renewals=await _renewals(session, asking, thresholds),
        overdue=await _overdue(session, asking, thresholds),
        won=await _won(session, asking, thresholds),
        daily=await load_daily(session, asking, thresholds, figures.sources),
    )
    started = await _started(session, asking)
    named = (row.profile_id for rows in _rows_of(figures) for row in rows)
    customers = await load_customers(session, asking, {*named, *started})
    return replace(
        figures,
        customers=customers,
        started=tuple(customers[profile_id] for profile_id in started if profile_id in customers),
    )


def _rows_of(figures: Figures) -> Iterable[tuple[Any, ...]]:
    return figures.trials, figures.renewals, figures.overdue, figures.won


async def _with_trouble(session: AsyncSession, asking: Asking, figures: Figures) -> Figures:
    """With the customers that have many open tickets, or rated badly lately."""
    ticket, rating, customer = models.Ticket, models.TicketRating, models.Customer
    many = await session.scalars(
        select(customer.profile_id)
        .select_from(ticket)
        .join(customer, of_customer(ticket, customer))
        .where(ticket.account_id == asking.account_id, ticket.state.not_in(CLOSED))
        .group_by(customer.profile_id)
        .having(func.count() >= figures.thresholds.trouble_tickets)
    )
    rows = await session.execute(
        select(rating.source_id, rating.id, customer.profile_id, rating.rated_at)
        .join(
            ticket,
            (ticket.account_id == rating.account_id)
            & (ticket.source_id == rating.source_id)
            & (ticket.id == rating.ticket_id),
        )
        .join(customer, of_customer(ticket, customer))
        .where(
            rating.account_id == asking.account_id,
            rating.good.is_(False),
            rating.rated_at >= asking.now - timedelta(days=figures.thresholds.rating_days),
            rating.rated_at <= asking.now,
        )
        .order_by(rating.rated_at)
    )
    ratings = tuple(
        BadRating(key=(source_id, row_id), profile_id=profile_id, at=at)
        for source_id, row_id, profile_id, at in rows
    )
    named = {*many, *(rating.profile_id for rating in ratings)}
    return replace(figures, ratings=ratings, customers=await load_customers(session, asking, named))


async def _sources(session: AsyncSession, asking: Asking) -> tuple[SourceFacts, ...]:
    """The account's active sources that are synced; since when one refuses its key, its error log says."""
    source, error = models.Source, models.SourceError
    refused = (
        select(func.min(error.at, type_=error.at.type))
        .where(
            error.account_id == source.account_id,
            error.source_id == source.source_id,
            error.status == 401,  # noqa: PLR2004 - Unauthorized
            or_(source.synced_at.is_(None), error.at > source.synced_at),
        )
        .scalar_subquery()
    )
    rows = await session.execute(
        select(source.source_id, source.kind, source.created_at, source.synced_at, refused.label("refused"))
        .where(
            source.account_id == asking.account_id,
            source.state == models.SourceState.ACTIVE,
            source.kind.not_in(IMPORTED),
        )
        .order_by(source.source_id)
    )
    return tuple(SourceFacts(**row) for row in rows.mappings())


async def _trials(session: AsyncSession, asking: Asking, thresholds: Thresholds) -> tuple[Ending, ...]:
    """Trials that end within the days that are announced."""
    row, customer = models.Subscription, models.Customer
    until = asking.now + timedelta(days=max(thresholds.trial_days, default=0) + 1)
    rows = await session.execute(
        select(
            row.source_id, row.id, row.customer_id, customer.profile_id, row.trial_end, row.items,
            row.discounts, row.currency,
        )
        .join(customer, of_customer(row, customer))
        .where(
            row.account_id == asking.account_id,
            row.status == "trialing",
            row.trial_end > asking.now,
            row.trial_end < until,
        )
        .order_by(row.trial_end, row.id)
    )  # fmt: skip
    found = []
    for one in rows:
        worth = subscription_facts(one.items, one.discounts, one.currency, one.trial_end)
        found.append(
            Ending(
                key=(one.source_id, one.id),
                profile_id=one.profile_id,
                at=one.trial_end,
                interval=worth.interval,
                product_id=worth.product_id,
                mrr=worth.mrr,
                seats=worth.seats,
                customer_id=one.customer_id,
            )
        )
    return tuple(found)


async def _renewals(session: AsyncSession, asking: Asking, thresholds: Thresholds) -> tuple[Ending, ...]:
    """Yearly subscriptions whose period ends soon and goes on."""
    row, customer, span = models.Subscription, models.Customer, models.MrrSpan
    rows = await session.execute(
        select(
            row.source_id, row.id, customer.profile_id, row.current_period_end, span.product_id,
            span.mrr, span.currency, span.interval,
        )
        .join(customer, of_customer(row, customer))
        .join(
            span,
            (span.account_id == row.account_id)
            & (span.source_id == row.source_id)
            & (span.subscription_id == row.id)
            & in_force(span, instant(asking.now)),
        )
        .where(
            row.account_id == asking.account_id,
            row.status.in_(("active", "past_due")),
            row.cancel_at_period_end.is_(False),
            row.cancel_at.is_(None),
            row.current_period_end > asking.now,
            row.current_period_end <= asking.now + timedelta(days=thresholds.renewal_days),
            span.interval == "year",
            span.mrr > 0,
        )
        .order_by(row.current_period_end, row.id)
    )  # fmt: skip
    return tuple(
        Ending(
            key=(one.source_id, one.id),
            profile_id=one.profile_id,
            at=one.current_period_end,
            interval=one.interval,
            product_id=one.product_id,
            mrr=Money(one.mrr, one.currency),
        )
        for one in rows
    )


async def _overdue(session: AsyncSession, asking: Asking, thresholds: Thresholds) -> tuple[Overdue, ...]:
    """Open invoices past their day, as the metric `overdue` has them, of the days that are announced."""
    row, customer, payment = models.Invoice, models.Customer, aliased(models.Payment)
    failed = (attempts(payment, row), payment.status == "failed")
    first_failed = select(func.min(payment.created_at, type_=payment.created_at.type)).where(*failed)
    due = func.coalesce(row.due_at, first_failed.scalar_subquery(), type_=row.created_at.type)
    bill = select(payment.attempt_of).where(*failed).order_by(payment.created_at).limit(1).scalar_subquery()
    since = asking.now - timedelta(days=max(thresholds.overdue_days, default=0)) - _LEEWAY
    rows = await session.execute(
        select(
            row.source_id, func.coalesce(bill, row.id, type_=row.id.type).label("bill"), customer.profile_id,
            due.label("due"), row.due_at, row.amount_remaining, row.currency,
        )
        .join(customer, of_customer(row, customer))
        .where(
            row.account_id == asking.account_id,
            is_overdue(row, asking),
            row.amount_remaining > 0,
            row.created_at >= since - timedelta(days=90),
            due >= since,
        )
        .order_by(row.id)
    )  # fmt: skip
    return tuple(
        Overdue(
            bill=(one.source_id, one.bill),
            profile_id=one.profile_id,
            due=one.due,
            remaining=Money(one.amount_remaining, one.currency),
            dated=one.due_at is not None,
        )
        for one in rows
    )


async def _won(session: AsyncSession, asking: Asking, thresholds: Thresholds) -> tuple[WonDeal, ...]:
    """Deals won lately, with whether their customer's MRR has risen since (or shortly before)."""
    row, customer, movement = models.Deal, models.Customer, aliased(models.Movement)
    billed = exists().where(
        movement.account_id == customer.account_id,
        movement.profile_id == customer.profile_id,
        movement.amount > 0,
        movement.at >= asking.now - timedelta(days=thresholds.unbilled_days) - _STARTED,
    )
    since = asking.now - timedelta(days=thresholds.unbilled_days) - _LEEWAY
    rows = await session.execute(
        select(row.source_id, row.id, customer.profile_id, row.closes_at, row.amount, row.currency, billed)
        .join(customer, of_customer(row, customer))
        .where(
            row.account_id == asking.account_id,
            row.state == "won",
            row.closes_at >= since,
            row.closes_at <= asking.now,
        )
        .order_by(row.closes_at, row.id)
    )
    return tuple(
        WonDeal(
            key=(source_id, deal_id),
            profile_id=profile_id,
            won_at=closes_at,
            amount=None if amount is None or currency is None else Money(amount, currency),
            billed=is_billed,
        )
        for source_id, deal_id, profile_id, closes_at, amount, currency, is_billed in rows
        if closes_at is not None
    )


async def _started(session: AsyncSession, asking: Asking) -> list[bytes]:
    profile = models.Profile
    found = await session.scalars(
        select(profile.profile_id)
        .where(
            profile.account_id == asking.account_id,
            profile.customer_since > asking.now - _STARTED,
            profile.customer_since <= asking.now,
        )
        .order_by(profile.customer_since.desc())
        .limit(_MOST_STARTED)
    )
    return list(found)
