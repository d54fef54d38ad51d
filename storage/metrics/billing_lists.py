"""Lists of subscriptions, invoices, payments, refunds and disputes, filtered and ordered by their columns."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.figures import Table
from storage.metrics.filters import fields_of, source_kind
from storage.metrics.joins import in_force, is_overdue, joins_product, not_anonymous, of_customer
from storage.metrics.listing import Listing, table
from storage.metrics.plan import Plan
from storage.metrics.risks import canceling, ends_at
from storage.metrics.scope import Column, Query, Scope
from storage.metrics.trials import tests_of


async def subscriptions(session: AsyncSession, plan: Plan, scope: Scope) -> Table:
    """Subscriptions that count or try at the moment, or that a filter on status names."""
    row, customer, span, product = (
        models.Subscription,
        models.Customer,
        models.MrrSpan,
        models.Product,
    )
    holds = and_(
        span.account_id == row.account_id,
        span.source_id == row.source_id,
        span.subscription_id == row.id,
        in_force(span, scope.moment),
    )
    query = (
        select(
            customer.profile_id,
            product.name,
            span.interval,
            row.status,
            func.coalesce(span.mrr, 0).label("mrr"),
            row.currency,
            row.trial_end,
            row.current_period_end,
            ends_at(row),
        )
        .select_from(row)
        .join(span, holds, isouter=bool(_ANY_STATE & fields_of(scope.filters)))
        .outerjoin(product, joins_product(span, product))
        .outerjoin(customer, of_customer(row, customer))
    )
    fields: dict[str, Column] = {
        "plan": product.name,
        "interval": span.interval,
        "currency": row.currency,
        "status": row.status,
        "source": source_kind(row),
        "mrr": span.mrr,
        "created": row.created_at,
        "renews": row.current_period_end,
        "trial_ends": row.trial_end,
        "cancels": ends_at(row),
        "canceling": canceling(row),
    }
    order = {name: fields[name] for name in ("mrr", "renews", "trial_ends", "cancels")}
    listing = _of_bills("subscription", row, query, fields, order, amount="mrr")
    scope = replace(scope, row_tests=tests_of(row, scope.asking))
    return await table(session, listing, plan, scope)


_ANY_STATE = frozenset({"status", "trial_started", "trial_ended", "trial_converted"})
"""Filters that ask for subscriptions whether they count or try now or not."""


async def invoices(session: AsyncSession, plan: Plan, scope: Scope) -> Table:
    row = models.Invoice
    columns = (row.status, row.total, row.amount_remaining, row.currency, row.created_at, row.due_at)
    fields: dict[str, Column] = {
        "status": row.status,
        "currency": row.currency,
        "source": source_kind(row),
        "amount": row.total,
        "remaining": row.amount_remaining,
        "created": row.created_at,
        "due": row.due_at,
        "overdue": is_overdue(row, scope.asking),
    }
    order = {name: fields[name] for name in ("created", "due", "amount", "remaining")}
    query = _within(_bills(row, *columns), row, plan, scope)
    listing = _of_bills("invoice", row, query, fields, order)
    return await table(session, listing, plan, scope)


async def payments(session: AsyncSession, plan: Plan, scope: Scope) -> Table:
    row = models.Payment
    columns = (row.status, row.amount, row.currency, row.created_at, row.failure)
    fields: dict[str, Column] = {
        "status": row.status,
        "currency": row.currency,
        "source": source_kind(row),
        "amount": row.amount,
        "created": row.created_at,
        "failure": row.failure,
    }
    order = {name: fields[name] for name in ("created", "amount")}
    query = _within(_bills(row, *columns), row, plan, scope)
    listing = _of_bills("payment", row, query, fields, order)
    return await table(session, listing, plan, scope)


async def refunds(session: AsyncSession, plan: Plan, scope: Scope) -> Table:
    return await _returns(session, "refund", models.Refund, plan, scope)


async def disputes(session: AsyncSession, plan: Plan, scope: Scope) -> Table:
    return await _returns(session, "dispute", models.Dispute, plan, scope)


async def _returns(session: AsyncSession, entity: str, row: Any, plan: Plan, scope: Scope) -> Table:
    """Money that went back, with the customer of the payment that it is of."""
    payment, customer = models.Payment, models.Customer
    of_payment = and_(
        payment.account_id == row.account_id,
        payment.source_id == row.source_id,
        payment.id == row.payment_id,
    )
    query = (
        select(customer.profile_id, row.status, row.amount, row.currency, row.created_at)
        .select_from(row)
        .outerjoin(payment, of_payment)
        .outerjoin(customer, of_customer(payment, customer))
    )
    fields: dict[str, Column] = {
        "status": row.status,
        "currency": row.currency,
        "source": source_kind(row),
        "amount": row.amount,
        "created": row.created_at,
    }
    order = {name: fields[name] for name in ("created", "amount")}
    listing = _of_bills(entity, row, _within(query, row, plan, scope), fields, order, named_by=payment)
    return await table(session, listing, plan, scope)


def _of_bills(
    entity: str,
    row: Any,
    query: Query,
    fields: Mapping[str, Column],
    order: Mapping[str, Any],
    *,
    amount: str = "amount",
    named_by: Any = None,
) -> Listing:
    """A list of rows that name a customer, or that are `named_by` others."""
    customer = models.Customer
    return Listing(
        entity=entity,
        row=row,
        query=query,
        fields=fields,
        order=order,
        amount=amount,
        profile=customer.profile_id,
        known=not_anonymous(named_by or row, customer),
        key=(row.id,),
    )


def _bills(row: Any, *columns: Any) -> Query:
    customer = models.Customer
    return (
        select(customer.profile_id, *columns).select_from(row).outerjoin(customer, of_customer(row, customer))
    )


def _within(query: Query, row: Any, plan: Plan, scope: Scope) -> Query:
    if plan.period is None:
        return query
    return query.where(row.created_at >= scope.start, row.created_at < scope.end)
