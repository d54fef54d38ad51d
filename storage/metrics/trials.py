"""What is counted from trials: how many began, ended, and went on as customers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import case, exists, func, select
from sqlalchemy.orm import aliased

from storage import models
from storage.local_time import LastMomentOfDay
from storage.metrics.comparing import compare
from storage.metrics.filters import matches, span_fields
from storage.metrics.joins import counting, joins_product
from storage.metrics.plan import Condition
from storage.metrics.scope import Asking, Column, Query, Scope, instant
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
    was_converted = {"trial_converted": lambda _: _is_converted(span, scope.asking)}
    scope = replace(scope, row_fields=fields, row_tests=was_converted)
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


def tests_of(subscription: Any, asking: Asking) -> dict[str, Callable[[Condition], Column]]:
    """`Scope.row_tests` of subscriptions: whether one has a trial that began, ended, or converted then."""

    def test(of: Callable[[Any], Any], *, converted_too: bool = False) -> Callable[[Condition], Column]:
        def build(term: Condition) -> Column:
            trial = aliased(models.MrrSpan)
            found = select(trial.subscription_id).where(
                trial.account_id == subscription.account_id,
                trial.source_id == subscription.source_id,
                trial.subscription_id == subscription.id,
                trial.trial.is_(True),
                of(trial) <= instant(asking.now),
                compare(of(trial), term.op, term.value),
            )
            if converted_too:
                found = found.where(_is_converted(trial, asking))
            return found.correlate_except(trial).exists()

        return build

    return {
        "trial_started": test(lambda trial: trial.starts_at),
        "trial_ended": test(lambda trial: trial.ends_at),
        "trial_converted": test(lambda trial: trial.ends_at, converted_too=True),
    }


def _converted(scope: Scope) -> Column:
    return _is_converted(models.MrrSpan, scope.asking)


def _is_converted(trial: Any, asking: Asking) -> Column:
    """Whether the subscription counted at the end of the day on which its trial ended."""
    after = aliased(models.MrrSpan)
    return (
        exists()
        .where(
            after.account_id == trial.account_id,
            after.source_id == trial.source_id,
            after.subscription_id == trial.subscription_id,
            counting(after, LastMomentOfDay(trial.ends_at, asking.time_zone)),
        )
        .correlate_except(after)
    )
