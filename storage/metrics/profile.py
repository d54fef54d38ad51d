"""One customer as all its records say, without the sealed fields.

The statements are made once: making them would take longer than what they find.
"""

from functools import cache
from typing import Any

from sqlalchemy import Executable, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics import profile_relations
from storage.metrics.customer_filters import profile_id as id_of
from storage.metrics.customer_rows import customer_status
from storage.metrics.figures import (
    MovementFigures,
    PaymentFigures,
    ProfileFigures,
    ProfileRef,
    SubscriptionFigures,
)
from storage.metrics.joins import in_force, joins_product, of_customer
from storage.metrics.plan import Plan
from storage.metrics.profile_relations import ACCOUNT, PROFILE, Them
from storage.metrics.scope import Asking, Unanswerable
from storage.session import kept
from storage.types import Instant

_RECENT_MOVEMENTS = 5
_SHOWN_SUBSCRIPTIONS = 20


async def figures(session: AsyncSession, plan: Plan, asking: Asking) -> ProfileFigures:
    """The profile that the plan names; raises Unanswerable where it is not there (any more)."""
    profile_id = id_of(plan.customer or "")
    them = {"account": asking.account_id, "profile": profile_id}
    facts = (await session.execute(_facts(), them)).first()
    if facts is None:
        raise Unanswerable("This customer is not in the data any more.")
    now = {**them, "now": asking.now}
    subscriptions = (await session.execute(_subscriptions(), now)).all()
    spans = [
        (row.name, row.currency, row.mrr, row.trial) for row in subscriptions if row.starts_at is not None
    ]
    mrr: dict[str, int] = {}
    for _, currency, amount, trial in spans:
        if not trial and amount:
            mrr[currency] = mrr.get(currency, 0) + amount
    in_force_now = [row for row in subscriptions if row.starts_at is not None]
    return ProfileFigures(
        profile=ProfileRef(profile_id),
        status=customer_status(spans, {row.status for row in subscriptions}),
        plan=next((row.name for row in in_force_now if row.name), None),
        mrr=dict(mrr),
        country=facts.country,
        customer_since=facts.customer_since,
        subscriptions=tuple(_subscription(row) for row in in_force_now[:_SHOWN_SUBSCRIPTIONS]),
        last_payment=await _last_payment(session, them),
        outstanding=await _outstanding(session, them),
        open_conversations=await profile_relations.open_conversations(session, them),
        owner=await profile_relations.owner(session, facts.owner_id, asking),
        contacts=await profile_relations.contacts(session, them),
        deals=await profile_relations.deals(session, them),
        movements=await _movements(session, now),
    )


_NOW = bindparam("now", type_=Instant)


@cache
def _facts() -> Executable:
    row = models.Profile
    return kept(
        select(row.country, row.customer_since, row.owner_id).where(
            row.account_id == ACCOUNT, row.profile_id == PROFILE
        )
    )


@cache
def _subscriptions() -> Executable:
    """All subscriptions of the profile, each with its span of now if it has one; the largest first."""
    subscription, customer, span, product = (
        models.Subscription,
        models.Customer,
        models.MrrSpan,
        models.Product,
    )
    return kept(
        select(
            product.name,
            subscription.status,
            func.coalesce(span.mrr, 0).label("mrr"),
            subscription.currency,
            span.interval,
            span.trial,
            span.starts_at,
            subscription.current_period_end,
            subscription.cancel_at_period_end,
            subscription.cancel_at,
            subscription.trial_end,
        )
        .select_from(customer)
        .join(subscription, of_customer(subscription, customer))
        .outerjoin(
            span,
            (span.account_id == subscription.account_id)
            & (span.source_id == subscription.source_id)
            & (span.subscription_id == subscription.id)
            & in_force(span, _NOW),
        )
        .outerjoin(product, joins_product(span, product))
        .where(customer.account_id == ACCOUNT, customer.profile_id == PROFILE)
        .order_by(func.coalesce(span.mrr, 0).desc(), subscription.id)
    )


def _subscription(row: Any) -> SubscriptionFigures:
    cancels = row.current_period_end if row.cancel_at_period_end else row.cancel_at
    return SubscriptionFigures(
        plan=row.name,
        status=row.status,
        mrr=row.mrr,
        currency=row.currency,
        interval=row.interval,
        renews=None if cancels or row.trial else row.current_period_end,
        trial_ends=row.trial_end if row.trial else None,
        cancels=cancels,
    )


@cache
def _payments() -> Executable:
    """The latest one."""
    payment, customer = models.Payment, models.Customer
    return kept(
        select(payment.status, payment.amount, payment.currency, payment.created_at, payment.failure)
        .join(customer, of_customer(payment, customer))
        .where(customer.account_id == ACCOUNT, customer.profile_id == PROFILE)
        .order_by(payment.created_at.desc(), payment.id)
        .limit(1)
    )


async def _last_payment(session: AsyncSession, them: Them) -> PaymentFigures | None:
    row = (await session.execute(_payments(), them)).first()
    if row is None:
        return None
    return PaymentFigures(
        status=row.status, amount=row.amount, currency=row.currency, at=row.created_at, failure=row.failure
    )


@cache
def _open_invoices() -> Executable:
    invoice, customer = models.Invoice, models.Customer
    return kept(
        select(invoice.currency, func.sum(invoice.amount_remaining))
        .join(customer, of_customer(invoice, customer))
        .where(
            customer.account_id == ACCOUNT,
            customer.profile_id == PROFILE,
            invoice.status == "open",
        )
        .group_by(invoice.currency)
    )


async def _outstanding(session: AsyncSession, them: Them) -> dict[str, int]:
    rows = await session.execute(_open_invoices(), them)
    return {currency: int(amount) for currency, amount in rows if amount}


@cache
def _latest_movements() -> Executable:
    movement = models.Movement
    return kept(
        select(movement.type, movement.amount, movement.currency, movement.at)
        .where(
            movement.account_id == ACCOUNT,
            movement.profile_id == PROFILE,
            movement.at <= _NOW,
        )
        .order_by(movement.at.desc())
        .limit(_RECENT_MOVEMENTS)
    )


async def _movements(session: AsyncSession, now: Them) -> tuple[MovementFigures, ...]:
    rows = await session.execute(_latest_movements(), now)
    return tuple(
        MovementFigures(type=row.type, amount=row.amount, currency=row.currency, at=row.at) for row in rows
    )
