"""What is counted from conversations and their ratings: how many, how fast they were answered, how good."""

from typing import Any

from sqlalchemy import and_, case, func, select

from storage import models
from storage.metrics.relation_filters import CLOSED
from storage.metrics.relation_rows import counts, ticket_rows
from storage.metrics.scope import Column, Query, Scope


def _tickets(scope: Scope, *columns: Any) -> Query:
    query, cuts = ticket_rows(scope, *columns)
    return query.group_by(*cuts)


def open_conversations(scope: Scope) -> Query:
    return _tickets(scope, *counts()).where(models.Ticket.state.not_in(CLOSED))


def unanswered_conversations(scope: Scope) -> Query:
    return open_conversations(scope).where(models.Ticket.reply_seconds.is_(None))


def conversations(scope: Scope) -> Query:
    return _tickets(scope, *counts()).where(_opened(scope))


def _opened(scope: Scope) -> Column:
    ticket = models.Ticket
    return and_(ticket.opened_at >= scope.start, ticket.opened_at < scope.end)


def closed_conversations(scope: Scope) -> Query:
    ticket = models.Ticket
    return _tickets(scope, *counts()).where(
        ticket.state.in_(CLOSED), ticket.closed_at >= scope.start, ticket.closed_at < scope.end
    )


def _answered(scope: Scope) -> Column:
    return and_(_opened(scope), models.Ticket.reply_seconds.is_not(None))


def average_response_time(scope: Scope) -> Query:
    """Seconds in all as `amount`, conversations as `base`."""
    every = func.count()
    total = func.sum(models.Ticket.reply_seconds)
    columns = (total.label("amount"), every.label("base"), every.label("rows"))
    return _tickets(scope, *columns).where(_answered(scope))


def median_response_time(scope: Scope) -> Query:
    """The sum of the one or two in the middle as `amount`, and how many they are as `base`: the databases'
    own medians differ. Each group and each bucket has a middle of its own."""
    seconds = models.Ticket.reply_seconds
    bucket: list[Any] = [] if scope.bucket is None else [scope.bucket.label("bucket")]
    query, cuts = ticket_rows(scope, *bucket, seconds.label("seconds"))
    apart = [*cuts, *bucket]
    place = func.row_number().over(partition_by=apart, order_by=seconds)
    many = func.count().over(partition_by=apart)
    ranked = (
        query.add_columns(place.label("place"), many.label("many")).where(_answered(scope)).subquery("ranked")
    )
    column = ranked.c
    keys = [column[key.name] for key in apart]
    return (
        select(
            *keys,
            func.sum(column.seconds).label("amount"),
            func.count().label("base"),
            func.max(column.many).label("rows"),
        )
        .where(column.place * 2 >= column.many, column.place * 2 <= column.many + 2)
        .group_by(*keys)
    )


def csat(scope: Scope) -> Query:
    """Good ratings as `amount`, all as `base`."""
    good, every = func.sum(case((models.TicketRating.good, 1), else_=0)), func.count()
    return _ratings(scope, good.label("amount"), every.label("base"), every.label("rows"))


def ratings(scope: Scope) -> Query:
    return _ratings(scope, *counts())


def _ratings(scope: Scope, *columns: Any) -> Query:
    """Ratings of the period, with the conversations that they are of."""
    rating, ticket = models.TicketRating, models.Ticket
    of_ticket = and_(
        rating.account_id == ticket.account_id,
        rating.source_id == ticket.source_id,
        rating.ticket_id == ticket.id,
    )
    return (
        _tickets(scope, *columns)
        .join(rating, of_ticket)
        .where(rating.rated_at >= scope.start, rating.rated_at < scope.end)
    )
