"""What is counted from trials: how many began, ended, and went on as customers."""

from dataclasses import replace
from typing import Any

from sqlalchemy import case, exists, func, select
from sqlalchemy.orm import aliased

from storage import models
from storage.local_time import LastMomentOfDay
from storage.metrics.filters import matches, span_fields
from storage.metrics.joins import counting, joins_product
from storage.metrics.scope import Column, Query, Scope
from storage.metrics.span_measures import dimensions, of_profile, profile_dimensions


def started(scope: Scope) -> Query:
    counted = func.count()
    return _trials(scope, models.MrrSpan.starts_at, counted.label("amount"), counted.label("rows"))


def ended(scope: Scope) -> Query:
    counted = func.count()
    return _trials(scope, models.MrrSpan.ends_at, counted.label("amount"), counted.label("rows"))


def converted(scope: Scope) -> Query:
    return ended(scope).where(_converted(scope))


def conversion(scope: Scope) -> Query:
    """Trials that were converted, over all that ended."""
    every = func.count()
    won = func.sum(case((_converted(scope), 1), else_=0))
    return _trials(
        scope, models.MrrSpan.ends_at, won.label("amount"), every.label("base"), every.label("rows")
    )


def _trials(scope: Scope, at: Any, *columns: Any) -> Query:
    """Trials that began or ended (`at`) in the period; plan and interval are those that were tried."""
    span, product = models.MrrSpan, models.Product
    fields = span_fields(span, product)
    scope = replace(scope, row_fields=fields)
    cuts = dimensions(scope, {**fields, **profile_dimensions()})
    query = (
        select(*cuts, *columns)
        .select_from(span)
        .outerjoin(product, joins_product(span, product))
        .where(
            span.account_id == scope.asking.account_id,
            span.trial.is_(True),
            at >= scope.start,
            at < scope.end,
            matches(scope, span.profile_id),
        )
        .group_by(*cuts)
    )
    return of_profile(query, scope, span.profile_id)


def _converted(scope: Scope) -> Column:
    """Whether the subscription counted at the end of the day on which its trial ended."""
    trial, after = models.MrrSpan, aliased(models.MrrSpan)
    return (
        exists()
        .where(
            after.account_id == trial.account_id,
            after.source_id == trial.source_id,
            after.subscription_id == trial.subscription_id,
            counting(after, LastMomentOfDay(trial.ends_at, scope.asking.time_zone)),
        )
        .correlate_except(after)
    )
