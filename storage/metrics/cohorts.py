"""Rates of those that a period began with: each customer's MRR just before it and at its end, side by side.

The cohort of a period is who paid just before it; a filter is about what they were then. Their MRR at both
moments is all that they pay in a currency, whatever plan they changed to.
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import Subquery, and_, case, distinct, func, or_, select
from sqlalchemy.orm import aliased

from storage import models
from storage.metrics.filters import matches, span_fields
from storage.metrics.joins import in_force, joins_product, paying
from storage.metrics.scope import Query, Scope, Spans
from storage.metrics.span_measures import of_profile, profile_dimensions


def churn(scope: Scope) -> Query:
    """The cohort's customers that do not pay at the end, over all of them."""
    ends = _ends(scope, by_currency=False)
    customer = ends.c.profile_id
    everyone = func.count(distinct(customer))
    lost = func.count(distinct(case((ends.c.then == 0, customer))))
    return _cut(scope, ends, lost.label("amount"), everyone.label("base"), everyone.label("rows"))


def net_retained(scope: Scope) -> Query:
    """The cohort's MRR at the end, over its MRR just before the period."""
    ends = _ends(scope, by_currency=True)
    return _retained(scope, ends, ends.c.then)


def gross_retained(scope: Scope) -> Query:
    """The cohort's MRR at the end, of each customer at most what it was, over its MRR just before."""
    ends = _ends(scope, by_currency=True)
    return _retained(scope, ends, case((ends.c.then < ends.c.was, ends.c.then), else_=ends.c.was))


def _retained(scope: Scope, ends: Subquery, kept: Any) -> Query:
    currency = ends.c.currency
    sums = (func.sum(kept).label("amount"), func.sum(ends.c.was).label("base"), func.count().label("rows"))
    return _cut(scope, ends, currency.label("currency"), *sums).group_by(currency)


def _ends(scope: Scope, *, by_currency: bool) -> Subquery:
    """By customer of the cohort (and currency, and bucket): MRR as it `was` just before, and `then`."""
    span = aliased(models.MrrSpan)
    was, then = (
        func.sum(case((in_force(span, at), span.mrr), else_=0)) for at in (scope.opening, scope.moment)
    )
    keys: dict[str, Any] = {"profile_id": span.profile_id}
    if by_currency:
        keys["currency"] = span.currency
    if scope.bucket is not None:
        keys["bucket"] = scope.bucket
    at_the_start = replace(
        scope,
        moment=scope.opening,
        spans=Spans.PAYING,
        row_fields={"currency": span.currency} if by_currency else {},
    )
    return (
        select(*(column.label(name) for name, column in keys.items()), was.label("was"), then.label("then"))
        .where(
            span.account_id == scope.asking.account_id,
            span.trial.is_(False),
            span.mrr > 0,
            or_(in_force(span, scope.opening), in_force(span, scope.moment)),
            matches(at_the_start, span.profile_id),
        )
        .group_by(*keys.values())
        .having(was > 0)
        .subquery("ends")
    )


def _cut(scope: Scope, ends: Subquery, *columns: Any) -> Query:
    """The cohort by the plan's dimensions: by what it had just before the period."""
    of_profiles = profile_dimensions()
    named = set(scope.by) - of_profiles.keys() - set(ends.c.keys())
    held = _held(scope, named, ends.c.keys()) if named else None
    sources: dict[str, Any] = dict(of_profiles)
    for name in scope.by:
        if name not in of_profiles:
            sources[name] = held.c[name] if held is not None and name in named else ends.c[name]
    cuts = [sources[name].label(f"by_{name}") for name in scope.by]
    if scope.bucket is not None:
        cuts.append(ends.c.bucket.label("bucket"))
    query = select(*cuts, *columns).select_from(ends).group_by(*cuts)
    if held is not None:
        same = [
            held.c[name] == ends.c[name]
            for name in ("profile_id", "currency", "bucket")
            if name in ends.c and name in held.c
        ]
        query = query.join(held, and_(*same))
    return of_profile(query, scope, ends.c.profile_id)


def _held(scope: Scope, named: set[str], keys: Any) -> Subquery:
    """What each customer of the cohort had just before the period, each plan, interval or source once."""
    span, product = aliased(models.MrrSpan), aliased(models.Product)
    fields = span_fields(span, product)
    columns: dict[str, Any] = {
        "profile_id": span.profile_id,
        **{name: fields[name] for name in sorted(named)},
    }
    if "currency" in keys:
        columns["currency"] = span.currency
    if scope.bucket is not None:
        columns["bucket"] = scope.bucket
    return (
        select(*(column.label(name) for name, column in columns.items()))
        .outerjoin(product, joins_product(span, product))
        .where(span.account_id == scope.asking.account_id, paying(span, scope.opening))
        .distinct()
        .subquery("held")
    )
