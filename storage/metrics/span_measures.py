"""What is counted from MRR over time: MRR and who pays it, trials, who came and who left."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import and_, distinct, func, not_, select, type_coerce
from sqlalchemy.orm import aliased

from storage import models
from storage.metrics.bands import band, size_of_customers
from storage.metrics.filters import matches, profile_fields, span_fields
from storage.metrics.joins import (
    counting,
    in_force,
    joins_part,
    joins_product,
    paying,
    pays,
    tries,
    was_left,
)
from storage.metrics.risks import cancels, is_at_risk
from storage.metrics.scope import Column, Query, Scope, Spans
from storage.types import HexId


def dimensions(scope: Scope, columns: dict[str, Any]) -> list[Any]:
    """The columns that the plan cuts by, as `by_<dimension>`."""
    return [columns[name].label(f"by_{name}") for name in scope.by]


def profile_dimensions() -> dict[str, Any]:
    """What a profile says that figures can be cut by; by itself they are for a ranking (`ranked.py`)."""
    profile = models.Profile
    return {
        "country": profile.country,
        "owner": type_coerce(profile.owner_id, HexId),
        "customer": profile.profile_id,
    }


def cuts_profiles(scope: Scope) -> bool:
    return not profile_dimensions().keys().isdisjoint(scope.by)


def of_profile(query: Query, scope: Scope, profile_id: Any) -> Query:
    """Joins the profile where the plan cuts by what it says."""
    if not cuts_profiles(scope):
        return query
    profile = models.Profile
    return query.outerjoin(
        profile, and_(profile.account_id == scope.asking.account_id, profile.profile_id == profile_id)
    )


def _spans(scope: Scope, when: Column, *columns: Any) -> Query:
    """Spans of that time that match the filters, with the plan's dimensions."""
    span, product = models.MrrSpan, models.Product
    fields = span_fields(span, product)
    scope = replace(scope, row_fields=fields)
    columns_of = {**fields, **profile_dimensions()}
    size = size_of_customers(scope) if "mrr_band" in scope.by else None
    if size is not None:
        columns_of["mrr_band"] = band(size.c.own, scope.asking)
    cuts = dimensions(scope, columns_of)
    query = (
        select(*cuts, *columns)
        .select_from(span)
        .outerjoin(product, joins_product(span, product))
        .where(span.account_id == scope.asking.account_id, when, matches(scope, span.profile_id))
        .group_by(*cuts)
    )
    if size is not None:
        query = query.outerjoin(size, size.c.profile_id == span.profile_id)
    return of_profile(query, scope, span.profile_id)


def _customers_of(scope: Scope, when: Column) -> Query:
    counted = func.count(distinct(models.MrrSpan.profile_id))
    return _spans(replace(scope, of_customers=True), when, counted.label("amount"), counted.label("rows"))


def mrr(scope: Scope) -> Query:
    if "product" in scope.by:
        return _by_product(scope)
    span = models.MrrSpan
    return _spans(
        scope,
        paying(span, scope.moment),
        span.currency.label("currency"),
        func.sum(span.mrr).label("amount"),
        func.count().label("rows"),
    ).group_by(span.currency)


def _by_product(scope: Scope) -> Query:
    """MRR item by item: what each product brings of a subscription, beside the plan that it is of whole."""
    span, part, product = models.MrrSpan, models.MrrPart, aliased(models.Product)
    others = replace(scope, by=tuple(name for name in scope.by if name != "product"))
    of_part = func.coalesce(part.product_id, span.product_id)
    name = product.name.label("by_product")
    return (
        _spans(
            others,
            paying(span, scope.moment),
            name,
            span.currency.label("currency"),
            func.sum(func.coalesce(part.mrr, span.mrr)).label("amount"),
            func.count().label("rows"),
        )
        .outerjoin(part, joins_part(span, part))
        .outerjoin(
            product,
            and_(
                product.account_id == span.account_id,
                product.source_id == span.source_id,
                product.id == of_part,
            ),
        )
        .group_by(name, span.currency)
    )


def arpa(scope: Scope) -> Query:
    """MRR, with the paying customers as `rows`: the quotient is rounded once, in Python."""
    span = models.MrrSpan
    return _spans(
        scope,
        paying(span, scope.moment),
        span.currency.label("currency"),
        func.sum(span.mrr).label("amount"),
        func.count(distinct(span.profile_id)).label("rows"),
    ).group_by(span.currency)


def payers(scope: Scope, currencies: Sequence[str]) -> Query:
    """The customers of `arpa` that pay in any of these currencies, each once."""
    span = models.MrrSpan
    counted = func.count(distinct(span.profile_id))
    when = and_(paying(span, scope.moment), span.currency.in_(currencies))
    return _spans(scope, when, counted.label("rows"))


def customers(scope: Scope) -> Query:
    return _customers_of(replace(scope, spans=Spans.PAYING), paying(models.MrrSpan, scope.moment))


def customers_at_risk(scope: Scope) -> Query:
    span = models.MrrSpan
    return customers(scope).where(is_at_risk(scope.asking, span.profile_id))


def upcoming_cancellations(scope: Scope) -> Query:
    span = models.MrrSpan
    return customers(scope).where(cancels(scope.asking, span.profile_id))


def subscriptions(scope: Scope) -> Query:
    span = models.MrrSpan
    counted = func.count(distinct(span.subscription_id))
    return _spans(scope, counting(span, scope.moment), counted.label("amount"), counted.label("rows"))


def trialing_customers(scope: Scope) -> Query:
    span = models.MrrSpan
    on_trial = and_(
        span.trial.is_(True),
        in_force(span, scope.moment),
        tries(scope.asking.account_id, span.profile_id, scope.moment),
    )
    return _customers_of(scope, on_trial)


def new_customers(scope: Scope) -> Query:
    """Profiles by the time their MRR first rose above 0; plan and interval are those they began with."""
    profile, span = models.Profile, models.MrrSpan
    at = profile.customer_since
    return _moved(replace(scope, spans=Spans.BEGAN), profile, at, paying(span, at))


def churned_customers(scope: Scope) -> Query:
    """Profiles with a churn in the period that do not pay at its end; plan and interval as they left them."""
    movement = models.Movement
    query = _moved(
        replace(scope, spans=Spans.LEFT), movement, movement.at, was_left(models.MrrSpan, movement.at)
    )
    back = pays(scope.asking.account_id, movement.profile_id, scope.moment)
    return query.where(movement.type == "churn", not_(back))


def _moved(scope: Scope, table: Any, at: Any, touches: Column) -> Query:
    """Distinct profiles of `table` that moved in the period, with the spans that the move touches."""
    span, product = models.MrrSpan, models.Product
    fields = span_fields(span, product)
    needs_span = scope.filters is not None or bool(set(scope.by) & fields.keys())
    scope = replace(scope, row_fields=fields if needs_span else {}, of_customers=True)
    counted = func.count(distinct(table.profile_id))
    cuts = dimensions(scope, {**fields, **profile_dimensions()})
    query = select(*cuts, counted.label("amount"), counted.label("rows")).select_from(table)
    if needs_span:
        of_profile_then = and_(
            span.account_id == table.account_id, span.profile_id == table.profile_id, touches
        )
        query = query.join(span, of_profile_then).outerjoin(product, joins_product(span, product))
    query = query.where(
        table.account_id == scope.asking.account_id,
        at >= scope.start,
        at < scope.end,
        matches(scope, table.profile_id),
    ).group_by(*cuts)
    return query if table is models.Profile else of_profile(query, scope, table.profile_id)


def signups(scope: Scope) -> Query:
    profile = models.Profile
    return _profiles(scope).where(profile.signed_up_at >= scope.start, profile.signed_up_at < scope.end)


def failing_customers(scope: Scope) -> Query:
    """Customers whose latest payment failed, whether they pay or have left; anonymous ones are nobody."""
    profile = models.Profile
    return _profiles(scope).where(profile.failing, profile.signed_up_at.is_not(None))


def _profiles(scope: Scope) -> Query:
    profile = models.Profile
    cuts = dimensions(scope, profile_dimensions())
    scope = replace(scope, row_fields=profile_fields(profile))
    return (
        select(*cuts, func.count().label("amount"), func.count().label("rows"))
        .select_from(profile)
        .where(profile.account_id == scope.asking.account_id, matches(scope, profile.profile_id))
        .group_by(*cuts)
    )
