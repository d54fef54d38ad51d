"""One function a metric: the SELECT that counts it within a scope.

Every SELECT has the columns `amount` and `rows` (how many rows stand behind it), `currency` where the unit
is money, and one column `by_<dimension>` for each dimension that the plan cuts by. `run.py` adds the
buckets of a series and shapes the result.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import and_, distinct, func, select

from storage import models
from storage.metrics.scope import (
    Column,
    Query,
    Scope,
    counting,
    is_overdue,
    joins_product,
    matches,
    of_customer,
    paying_profiles,
    trialing_profiles,
)


def _span_fields() -> dict[str, Column]:
    span, product = models.MrrSpan, models.Product
    return {
        "plan": product.name,
        "interval": span.interval,
        "currency": span.currency,
        "source": span.source_id,
    }


def _dimensions(scope: Scope, columns: dict[str, Any]) -> list[Any]:
    return [columns[name].label(f"by_{name}") for name in scope.by]


def _of_profile(query: Query, scope: Scope, profile_id: Any) -> Query:
    """Joins the profile where the plan cuts by its country."""
    if "country" not in scope.by:
        return query
    profile = models.Profile
    return query.outerjoin(
        profile, and_(profile.account_id == scope.asking.account_id, profile.profile_id == profile_id)
    )


def _spans(scope: Scope, *columns: Any) -> Query:
    """Counting spans at the scope's moment that match the filters, with the plan's dimensions."""
    span, product = models.MrrSpan, models.Product
    scope = replace(scope, row_fields=_span_fields())
    dimensions = _dimensions(scope, {**_span_fields(), "country": models.Profile.country})
    query = (
        select(*dimensions, *columns)
        .select_from(span)
        .outerjoin(product, joins_product(span, product))
        .where(
            span.account_id == scope.asking.account_id,
            counting(span, scope.moment),
            span.mrr > 0,
            matches(scope, span.profile_id),
        )
        .group_by(*dimensions)
    )
    return _of_profile(query, scope, span.profile_id)


def mrr(scope: Scope) -> Query:
    span = models.MrrSpan
    return _spans(
        scope, span.currency.label("currency"), func.sum(span.mrr).label("amount"), func.count().label("rows")
    ).group_by(span.currency)


def arr(scope: Scope) -> Query:
    span = models.MrrSpan
    return _spans(
        scope,
        span.currency.label("currency"),
        (12 * func.sum(span.mrr)).label("amount"),
        func.count().label("rows"),
    ).group_by(span.currency)


def arpa(scope: Scope) -> Query:
    """MRR, with the paying customers as `rows`: the quotient is rounded once, in Python."""
    span = models.MrrSpan
    return _spans(
        scope,
        span.currency.label("currency"),
        func.sum(span.mrr).label("amount"),
        func.count(distinct(span.profile_id)).label("rows"),
    ).group_by(span.currency)


def customers(scope: Scope) -> Query:
    span = models.MrrSpan
    counted = func.count(distinct(span.profile_id))
    return _spans(scope, counted.label("amount"), counted.label("rows"))


def trialing_customers(scope: Scope) -> Query:
    span, product = models.MrrSpan, models.Product
    scope = replace(scope, row_fields=_span_fields())
    dimensions = _dimensions(scope, {**_span_fields(), "country": models.Profile.country})
    counted = func.count(distinct(span.profile_id))
    query = (
        select(*dimensions, counted.label("amount"), counted.label("rows"))
        .select_from(span)
        .outerjoin(product, joins_product(span, product))
        .where(
            span.account_id == scope.asking.account_id,
            span.trial.is_(True),
            span.starts_at <= scope.moment,
            func.coalesce(span.ends_at > scope.moment, True),
            span.profile_id.in_(trialing_profiles(scope.asking.account_id, scope.moment)),
            matches(scope, span.profile_id),
        )
        .group_by(*dimensions)
    )
    return _of_profile(query, scope, span.profile_id)


def new_customers(scope: Scope) -> Query:
    """Profiles by the day their MRR first rose above 0; plan and interval are those it began with."""
    profile = models.Profile
    return _moved_profiles(scope, profile, profile.customer_since, at=profile.customer_since)


def churned_customers(scope: Scope) -> Query:
    """Profiles with a churn in the period that do not pay at its end; plan and interval are those they left."""
    movement = models.Movement
    query = _moved_profiles(scope, movement, movement.at, at=movement.at)
    return query.where(
        movement.type == "churn",
        movement.profile_id.not_in(paying_profiles(scope.asking.account_id, scope.moment)),
    )


def _moved_profiles(scope: Scope, table: Any, when: Any, *, at: Any) -> Query:
    """Distinct profiles of `table` whose `when` lies in the period, cut and filtered by the span that touches it."""
    span, product = models.MrrSpan, models.Product
    counted = func.count(distinct(table.profile_id))
    span_fields = _span_fields()
    needs_span = bool(set(scope.by) & set(span_fields)) or scope.filters is not None
    scope = replace(scope, row_fields=span_fields if needs_span else {})
    dimensions = _dimensions(scope, {**span_fields, "country": models.Profile.country})
    query = select(*dimensions, counted.label("amount"), counted.label("rows")).select_from(table)
    if needs_span:
        touches = and_(
            span.account_id == table.account_id,
            span.profile_id == table.profile_id,
            span.mrr > 0,
            span.starts_at <= at,
            func.coalesce(span.ends_at >= at, True),
        )
        query = query.join(span, touches).outerjoin(product, joins_product(span, product))
    query = query.where(
        table.account_id == scope.asking.account_id,
        when >= scope.start,
        when < scope.end,
        matches(scope, table.profile_id),
    ).group_by(*dimensions)
    return query if table is models.Profile else _of_profile(query, scope, table.profile_id)


def signups(scope: Scope) -> Query:
    profile = models.Profile
    dimensions = _dimensions(scope, {"country": profile.country})
    return (
        select(*dimensions, func.count().label("amount"), func.count().label("rows"))
        .where(
            profile.account_id == scope.asking.account_id,
            profile.signed_up_at >= scope.start,
            profile.signed_up_at < scope.end,
            matches(scope, profile.profile_id),
        )
        .group_by(*dimensions)
    )


def _billing(scope: Scope, row: Any, *columns: Any, fields: dict[str, Any] | None = None) -> Query:
    """Rows of a billing table joined to the customer they name (if any), with filters and dimensions."""
    customer, profile = models.Customer, models.Profile
    scope = replace(scope, row_fields={"currency": row.currency, "source": row.source_id, **(fields or {})})
    dimensions = _dimensions(scope, {"currency": row.currency, "country": profile.country})
    query = select(*dimensions, *columns).select_from(row)
    if scope.filters is not None or "country" in scope.by:
        query = query.outerjoin(customer, of_customer(row, customer)).where(
            matches(scope, customer.profile_id)
        )
        query = _of_profile(query, scope, customer.profile_id)
    return query.where(row.account_id == scope.asking.account_id).group_by(*dimensions)


def _collected(scope: Scope) -> Query:
    payment = models.Payment
    return (
        _billing(
            scope,
            payment,
            payment.currency.label("currency"),
            func.sum(payment.amount).label("amount"),
            func.count().label("rows"),
            fields={"amount": payment.amount},
        )
        .where(
            payment.status == "succeeded", payment.created_at >= scope.start, payment.created_at < scope.end
        )
        .group_by(payment.currency)
    )


def refunds(scope: Scope) -> Query:
    return _refunds(scope, 1)


def _refunds(scope: Scope, sign: int) -> Query:
    """Refunds that did not fail, by their own date, with the customer of the payment they return."""
    refund, payment, customer = models.Refund, models.Payment, models.Customer
    scope = replace(
        scope, row_fields={"currency": refund.currency, "source": refund.source_id, "amount": refund.amount}
    )
    dimensions = _dimensions(scope, {"currency": refund.currency, "country": models.Profile.country})
    query = select(
        *dimensions,
        refund.currency.label("currency"),
        (sign * func.sum(refund.amount)).label("amount"),
        func.count().label("rows"),
    ).select_from(refund)
    if scope.filters is not None or "country" in scope.by:
        of_payment = and_(
            payment.account_id == refund.account_id,
            payment.source_id == refund.source_id,
            payment.id == refund.payment_id,
        )
        query = query.outerjoin(payment, of_payment).outerjoin(customer, of_customer(payment, customer))
        query = _of_profile(query.where(matches(scope, customer.profile_id)), scope, customer.profile_id)
    return query.where(
        refund.account_id == scope.asking.account_id,
        refund.status.not_in(("failed", "canceled")),
        refund.created_at >= scope.start,
        refund.created_at < scope.end,
    ).group_by(*dimensions, refund.currency)


def revenue(scope: Scope) -> list[Query]:
    """Payments, and refunds taken off: two SELECTs whose amounts `run.py` adds up."""
    return [_collected(scope), _refunds(scope, -1)]


def failed_payments(scope: Scope) -> Query:
    payment = models.Payment
    return _billing(
        scope,
        payment,
        func.count().label("amount"),
        func.count().label("rows"),
        fields={"amount": payment.amount, "failure": payment.failure},
    ).where(payment.status == "failed", payment.created_at >= scope.start, payment.created_at < scope.end)


def _open_invoices(scope: Scope) -> Query:
    invoice = models.Invoice
    return (
        _billing(
            scope,
            invoice,
            invoice.currency.label("currency"),
            func.sum(invoice.amount_remaining).label("amount"),
            func.count().label("rows"),
            fields={"remaining": invoice.amount_remaining, "due": invoice.due_at},
        )
        .where(invoice.status == "open")
        .group_by(invoice.currency)
    )


def outstanding(scope: Scope) -> Query:
    return _open_invoices(scope)


def overdue(scope: Scope) -> Query:
    return _open_invoices(scope).where(is_overdue(models.Invoice, scope.asking))


MEASURES: dict[str, Callable[[Scope], Query | list[Query]]] = {
    "mrr": mrr,
    "arr": arr,
    "arpa": arpa,
    "customers": customers,
    "trialing_customers": trialing_customers,
    "new_customers": new_customers,
    "churned_customers": churned_customers,
    "signups": signups,
    "revenue": revenue,
    "refunds": refunds,
    "failed_payments": failed_payments,
    "outstanding": outstanding,
    "overdue": overdue,
}
"""Which function counts which metric of the catalog."""

ONLY_NOW = frozenset({"outstanding", "overdue"})
"""Stocks whose past is not kept."""
