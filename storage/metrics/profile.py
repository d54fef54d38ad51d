"""One customer as all its records say, without the sealed fields."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics import profile_relations
from storage.metrics.customer_filters import profile_id as id_of
from storage.metrics.figures import (
    MovementFigures,
    PaymentFigures,
    ProfileFigures,
    ProfileRef,
    SubscriptionFigures,
)
from storage.metrics.joins import in_force, joins_product, of_customer
from storage.metrics.lists import customer_status
from storage.metrics.plan import Plan
from storage.metrics.scope import Asking, Unanswerable, instant

_RECENT_MOVEMENTS = 5
_SHOWN_SUBSCRIPTIONS = 20


async def figures(session: AsyncSession, plan: Plan, asking: Asking) -> ProfileFigures:
    """The profile that the plan names; raises Unanswerable where it is not there (any more)."""
    profile_id = id_of(plan.customer or "")
    facts = await session.get(models.Profile, (asking.account_id, profile_id))
    if facts is None:
        raise Unanswerable("This customer is not in the data any more.")
    subscriptions = await _subscriptions(session, profile_id, asking)
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
        last_payment=await _last_payment(session, profile_id, asking),
        outstanding=await _outstanding(session, profile_id, asking),
        open_conversations=await profile_relations.open_conversations(session, profile_id, asking),
        owner=await profile_relations.owner(session, facts.owner_id, asking),
        contacts=await profile_relations.contacts(session, profile_id, asking),
        deals=await profile_relations.deals(session, profile_id, asking),
        movements=await _movements(session, profile_id, asking),
    )


async def _subscriptions(session: AsyncSession, profile_id: bytes, asking: Asking) -> list[Any]:
    """All subscriptions of the profile, each with its span of now if it has one; the largest first."""
    subscription, customer, span, product = (
        models.Subscription,
        models.Customer,
        models.MrrSpan,
        models.Product,
    )
    rows = await session.execute(
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
            & in_force(span, instant(asking.now)),
        )
        .outerjoin(product, joins_product(span, product))
        .where(customer.account_id == asking.account_id, customer.profile_id == profile_id)
        .order_by(func.coalesce(span.mrr, 0).desc(), subscription.id)
    )
    return list(rows.all())


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


async def _last_payment(session: AsyncSession, profile_id: bytes, asking: Asking) -> PaymentFigures | None:
    payment, customer = models.Payment, models.Customer
    row = (
        await session.execute(
            select(payment.status, payment.amount, payment.currency, payment.created_at, payment.failure)
            .join(customer, of_customer(payment, customer))
            .where(customer.account_id == asking.account_id, customer.profile_id == profile_id)
            .order_by(payment.created_at.desc(), payment.id)
            .limit(1)
        )
    ).first()
    if row is None:
        return None
    return PaymentFigures(
        status=row.status, amount=row.amount, currency=row.currency, at=row.created_at, failure=row.failure
    )


async def _outstanding(session: AsyncSession, profile_id: bytes, asking: Asking) -> dict[str, int]:
    invoice, customer = models.Invoice, models.Customer
    rows = await session.execute(
        select(invoice.currency, func.sum(invoice.amount_remaining))
        .join(customer, of_customer(invoice, customer))
        .where(
            customer.account_id == asking.account_id,
            customer.profile_id == profile_id,
            invoice.status == "open",
        )
        .group_by(invoice.currency)
    )
    return {currency: int(amount) for currency, amount in rows if amount}


async def _movements(session: AsyncSession, profile_id: bytes, asking: Asking) -> tuple[MovementFigures, ...]:
    movement = models.Movement
    rows = await session.execute(
        select(movement.type, movement.amount, movement.currency, movement.at)
        .where(
            movement.account_id == asking.account_id,
            movement.profile_id == profile_id,
            movement.at <= instant(asking.now),
        )
        .order_by(movement.at.desc())
        .limit(_RECENT_MOVEMENTS)
    )
    return tuple(
        MovementFigures(type=row.type, amount=row.amount, currency=row.currency, at=row.at) for row in rows
    )
