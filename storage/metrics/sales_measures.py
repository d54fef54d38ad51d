"""What is counted from deals: what is in the pipeline, what was won and lost by close date."""

from typing import Any

from sqlalchemy import ColumnElement, and_, case, func

from storage import models
from storage.metrics.relation_rows import counts, deal_rows
from storage.metrics.scope import Query, Scope
from storage.records import DealState


def _deals(scope: Scope, *columns: Any) -> Query:
    query, cuts = deal_rows(scope, *columns)
    return query.group_by(*cuts)


def _amounts(scope: Scope) -> Query:
    """Sums by currency, of the deals that have an amount."""
    deal = models.Deal
    columns = (
        deal.currency.label("currency"),
        func.sum(deal.amount).label("amount"),
        func.count().label("rows"),
    )
    return _deals(scope, *columns).where(deal.amount.is_not(None)).group_by(deal.currency)


def _closed(scope: Scope, *states: DealState) -> ColumnElement[bool]:
    deal = models.Deal
    return and_(deal.state.in_(states), deal.closes_at >= scope.start, deal.closes_at < scope.end)


def pipeline(scope: Scope) -> Query:
    return _amounts(scope).where(models.Deal.state == DealState.OPEN)


def open_deals(scope: Scope) -> Query:
    return _deals(scope, *counts()).where(models.Deal.state == DealState.OPEN)


def won_amount(scope: Scope) -> Query:
    return _amounts(scope).where(_closed(scope, DealState.WON))


def lost_amount(scope: Scope) -> Query:
    return _amounts(scope).where(_closed(scope, DealState.LOST))


def deals_won(scope: Scope) -> Query:
    return _deals(scope, *counts()).where(_closed(scope, DealState.WON))


def deals_lost(scope: Scope) -> Query:
    return _deals(scope, *counts()).where(_closed(scope, DealState.LOST))


def deals_created(scope: Scope) -> Query:
    deal = models.Deal
    return _deals(scope, *counts()).where(deal.created_at >= scope.start, deal.created_at < scope.end)


def win_rate(scope: Scope) -> Query:
    """Won deals as `amount`, won and lost ones as `base`."""
    won, every = func.sum(case((models.Deal.state == DealState.WON, 1), else_=0)), func.count()
    columns = (won.label("amount"), every.label("base"), every.label("rows"))
    return _deals(scope, *columns).where(_closed(scope, DealState.WON, DealState.LOST))
