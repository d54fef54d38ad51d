"""Lists of subscriptions, invoices and payments: one query each, filtered and ordered by their own columns."""

from dataclasses import replace
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.catalog import ENTITIES
from storage.metrics.figures import Table
from storage.metrics.lists import DEFAULT_ROWS, fields_of, ref
from storage.metrics.plan import Plan
from storage.metrics.scope import (
    Column,
    Query,
    Scope,
    Unanswerable,
    in_force,
    is_overdue,
    joins_product,
    matches,
    of_customer,
)


async def subscriptions(session: AsyncSession, plan: Plan, scope: Scope) -> Table:
    """Subscriptions that count or try at the moment, or that a filter on status names."""
    subscription, customer, span, product = (
        models.Subscription,
        models.Customer,
        models.MrrSpan,
        models.Product,
    )
    scope = replace(
        scope,
        row_fields={
            "plan": product.name,
            "interval": span.interval,
            "currency": subscription.currency,
            "status": subscription.status,
            "source": subscription.source_id,
            "mrr": span.mrr,
            "created": subscription.created_at,
            "renews": subscription.current_period_end,
            "trial_ends": subscription.trial_end,
        },
    )
    holds = and_(
        span.account_id == subscription.account_id,
        span.source_id == subscription.source_id,
        span.subscription_id == subscription.id,
        in_force(span, scope.moment),
    )
    named_status = "status" in fields_of(scope.filters)
    query = (
        select(
            customer.profile_id,
            product.name,
            span.interval,
            subscription.status,
            func.coalesce(span.mrr, 0).label("mrr"),
            subscription.currency,
            subscription.trial_end,
            subscription.current_period_end,
        )
        .select_from(subscription)
        .join(span, holds, isouter=named_status)
        .outerjoin(product, joins_product(span, product))
        .outerjoin(customer, of_customer(subscription, customer))
        .where(subscription.account_id == scope.asking.account_id, matches(scope, customer.profile_id))
    )
    order = {"mrr": span.mrr, "renews": subscription.current_period_end, "trial_ends": subscription.trial_end}
    return await _rows(session, "subscription", query, plan, order, subscription.id)


async def invoices(session: AsyncSession, plan: Plan, scope: Scope) -> Table:
    invoice, customer = models.Invoice, models.Customer
    scope = replace(
        scope,
        row_fields={
            "status": invoice.status,
            "currency": invoice.currency,
            "source": invoice.source_id,
            "amount": invoice.total,
            "remaining": invoice.amount_remaining,
            "created": invoice.created_at,
            "due": invoice.due_at,
            "overdue": case((is_overdue(invoice, scope.asking), True), else_=False),
        },
    )
    query = (
        select(
            customer.profile_id,
            invoice.status,
            invoice.total,
            invoice.amount_remaining,
            invoice.currency,
            invoice.created_at,
            invoice.due_at,
        )
        .select_from(invoice)
        .outerjoin(customer, of_customer(invoice, customer))
        .where(invoice.account_id == scope.asking.account_id, matches(scope, customer.profile_id))
    )
    if plan.period is not None:
        query = query.where(invoice.created_at >= scope.start, invoice.created_at < scope.end)
    order = {
        "created": invoice.created_at,
        "due": invoice.due_at,
        "amount": invoice.total,
        "remaining": invoice.amount_remaining,
    }
    return await _rows(session, "invoice", query, plan, order, invoice.id)


async def payments(session: AsyncSession, plan: Plan, scope: Scope) -> Table:
    payment, customer = models.Payment, models.Customer
    scope = replace(
        scope,
        row_fields={
            "status": payment.status,
            "currency": payment.currency,
            "source": payment.source_id,
            "amount": payment.amount,
            "created": payment.created_at,
            "failure": payment.failure,
        },
    )
    query = (
        select(
            customer.profile_id,
            payment.status,
            payment.amount,
            payment.currency,
            payment.created_at,
            payment.failure,
        )
        .select_from(payment)
        .outerjoin(customer, of_customer(payment, customer))
        .where(payment.account_id == scope.asking.account_id, matches(scope, customer.profile_id))
    )
    if plan.period is not None:
        query = query.where(payment.created_at >= scope.start, payment.created_at < scope.end)
    order = {"created": payment.created_at, "amount": payment.amount}
    return await _rows(session, "payment", query, plan, order, payment.id)


async def _rows(
    session: AsyncSession, entity: str, query: Query, plan: Plan, order: dict[str, Any], tie: Column
) -> Table:
    """Runs a list whose columns are those of the catalog's entity, the customer's profile first."""
    name = plan.order.field if plan.order else ENTITIES[entity].order
    if name not in order:
        raise Unanswerable(f"{ENTITIES[entity].plural} cannot be put in order of {name}")
    column = order[name].desc() if plan.order is None or plan.order.descending else order[name].asc()
    query = query.add_columns(func.count().over().label("how_many")).order_by(column.nulls_last(), tie)
    found = (await session.execute(query.limit(plan.limit or DEFAULT_ROWS))).all()
    return Table(
        columns=ENTITIES[entity].columns,
        rows=tuple((ref(profile_id), *cells) for profile_id, *cells, _ in found),
        total_rows=found[0].how_many if found else 0,
    )
