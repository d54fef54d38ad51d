"""Lists of subscriptions, invoices and payments, filtered and ordered by their own columns."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import and_, case, distinct, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage import models
from storage.metrics.catalog import ENTITIES
from storage.metrics.figures import Table
from storage.metrics.filters import fields_of, matches, source_kind
from storage.metrics.joins import in_force, is_overdue, joins_product, not_anonymous, of_customer
from storage.metrics.lists import ref
from storage.metrics.plan import Plan
from storage.metrics.ranking import Ranking, incomparable, sorted_by
from storage.metrics.scope import Column, Query, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    """How an entity is listed.

    `query` selects, unfiltered, the profile of a row's customer and then what the catalog says the entity
    shows. `fields` are the catalog's fields that its rows have, `order` those that they may be sorted by,
    `amount` the one that a filter compares within a currency.
    """

    entity: str
    row: Any
    query: Query
    fields: Mapping[str, Column]
    order: Mapping[str, Any]
    amount: str


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
        )
        .select_from(row)
        .join(span, holds, isouter="status" in fields_of(scope.filters))
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
    }
    order = {"mrr": span.mrr, "renews": row.current_period_end, "trial_ends": row.trial_end}
    listing = _Listing(entity="subscription", row=row, query=query, fields=fields, order=order, amount="mrr")
    return await _table(session, listing, plan, scope)


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
    listing = _Listing(entity="invoice", row=row, query=query, fields=fields, order=order, amount="amount")
    return await _table(session, listing, plan, scope)


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
    listing = _Listing(entity="payment", row=row, query=query, fields=fields, order=order, amount="amount")
    return await _table(session, listing, plan, scope)


def _bills(row: Any, *columns: Any) -> Query:
    customer = models.Customer
    return (
        select(customer.profile_id, *columns).select_from(row).outerjoin(customer, of_customer(row, customer))
    )


def _within(query: Query, row: Any, plan: Plan, scope: Scope) -> Query:
    if plan.period is None:
        return query
    return query.where(row.created_at >= scope.start, row.created_at < scope.end)


async def _table(session: AsyncSession, listing: _Listing, plan: Plan, scope: Scope) -> Table:
    """Runs a listing. Amounts are compared within the currency of the ranking, whose rows come first."""
    ranking = Ranking.of(plan, scope.asking)
    scope = replace(scope, row_fields=listing.fields)
    currency = listing.row.currency
    query = _matching(listing, scope)
    left_out = 0
    others = incomparable(plan, listing.amount, scope.asking.currency)
    if others is not None:
        left_out = await _customers_in(session, _matching(listing, replace(scope, filters=others)))
    if ranking.ranks:
        left_out += await _customers_in(session, query.where(currency != ranking.currency))
        query = query.where(currency == ranking.currency)
    order = [sorted_by(listing.entity, listing.order, plan), listing.row.id]
    if _sorts_amounts(listing, plan):
        order = [case((currency == ranking.currency, 0), else_=1), currency, *order]
    query = query.add_columns(func.count().over().label("how_many")).order_by(*order)
    found = (await session.execute(query.limit(plan.rows))).all()
    return Table(
        columns=ENTITIES[listing.entity].columns,
        rows=tuple((ref(profile_id), *cells) for profile_id, *cells, _ in found),
        total_rows=found[0].how_many if found else 0,
        left_out=left_out,
    )


def _matching(listing: _Listing, scope: Scope) -> Query:
    customer = models.Customer
    return listing.query.where(
        listing.row.account_id == scope.asking.account_id,
        not_anonymous(listing.row, customer),
        matches(scope, customer.profile_id),
    )


def _sorts_amounts(listing: _Listing, plan: Plan) -> bool:
    name = plan.order.field if plan.order else ENTITIES[listing.entity].order
    return name in ("mrr", "amount", "remaining")


async def _customers_in(session: AsyncSession, query: Query) -> int:
    """How many customers the rows of a list belong to."""
    customers = query.with_only_columns(func.count(distinct(models.Customer.profile_id)))
    return await session.scalar(customers) or 0
