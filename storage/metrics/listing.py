"""How a list of rows is run: filtered, ordered within a currency, cut, and counted whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import case, distinct, func, not_
from sqlalchemy.ext.asyncio import AsyncSession

from storage.metrics.catalog import ENTITIES
from storage.metrics.comparable import amount_in, compared_at
from storage.metrics.customer_rows import ref
from storage.metrics.figures import Table
from storage.metrics.filters import matches
from storage.metrics.plan import Plan
from storage.metrics.ranking import Ranking, incomparable, sorted_by
from storage.metrics.scope import Column, Query, Scope

_AMOUNTS = frozenset({"mrr", "amount", "remaining"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """How an entity is listed.

    `query` selects, unfiltered, the `profile` of a row and then what the catalog says the entity shows.
    `fields` are the catalog's fields that its rows have, `order` those that they may be sorted by, `amount`
    the one that a filter compares within a currency; `key` puts rows that are alike in one order always.
    `known` tells rows that name nobody, or a customer that is there: what a deleted one left is in no list.
    """

    entity: str
    row: Any
    query: Query
    fields: Mapping[str, Column]
    order: Mapping[str, Any]
    amount: str
    profile: Any
    known: Column
    key: Sequence[Any]


async def table(session: AsyncSession, listing: Listing, plan: Plan, scope: Scope) -> Table:
    """Runs a listing. Amounts are compared within the currency of the ranking, whose rows come first."""
    ranking = Ranking.of(plan, scope.asking)
    scope = replace(scope, row_fields=listing.fields)
    currency: Any = getattr(listing.row, "currency", None)  # tickets and people have none
    query = _matching(listing, scope)
    left_out = 0
    others = incomparable(plan, listing.amount, scope)
    if others is not None:
        left_out = await _customers_in(session, listing, _matching(listing, replace(scope, filters=others)))
    if ranking.ranks:
        comparable, _ = amount_in(scope, ranking.currency, currency, currency)
        left_out += await _customers_in(session, listing, query.where(not_(comparable)))
        query = query.where(comparable)
    order = [sorted_by(listing.entity, _order(listing, scope, ranking.currency), plan), *listing.key]
    if _sorts_amounts(listing, plan) and not scope.asking.rated:
        order = [case((currency == ranking.currency, 0), else_=1), currency, *order]
    query = query.add_columns(func.count().over().label("how_many")).order_by(*order)
    found = (await session.execute(query.limit(plan.rows))).all()
    return Table(
        columns=ENTITIES[listing.entity].columns,
        rows=tuple((ref(profile_id), *cells) for profile_id, *cells, _ in found),
        total_rows=found[0].how_many if found else 0,
        left_out=left_out,
        conversion=compared_at(plan, scope, ranking.currency),
    )


def _matching(listing: Listing, scope: Scope) -> Query:
    return listing.query.where(
        listing.row.account_id == scope.asking.account_id, listing.known, matches(scope, listing.profile)
    )


def _sorts_amounts(listing: Listing, plan: Plan) -> bool:
    name = plan.order.field if plan.order else ENTITIES[listing.entity].order
    return name in _AMOUNTS


def _order(listing: Listing, scope: Scope, into: str) -> Mapping[str, Any]:
    """What rows may be sorted by, amounts in one currency as far as there are rates."""
    if not scope.asking.rated:
        return listing.order
    return {
        name: amount_in(scope, into, column, listing.row.currency)[1] if name in _AMOUNTS else column
        for name, column in listing.order.items()
    }


async def _customers_in(session: AsyncSession, listing: Listing, query: Query) -> int:
    """How many customers the rows of a list belong to."""
    customers = query.with_only_columns(func.count(distinct(listing.profile)))
    return await session.scalar(customers) or 0
