"""Bills whose payment failed, and those of them that were paid after all.

A bill is what the attempts to pay it share: the invoice, or the collection that both belong to; an attempt
of no bill is one of its own, and never recovered.
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import Subquery, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from storage import models
from storage.metrics.filters import matches, source_kind
from storage.metrics.joins import of_customer
from storage.metrics.scope import Column, Query, Scope
from storage.metrics.span_measures import of_profile, profile_dimensions


def recovered(scope: Scope) -> Query:
    """What was failed to be collected in the period and came later, each bill once."""
    bill = _failed_bills(scope)
    sums = (func.sum(bill.c.amount).label("amount"), func.count().label("rows"))
    query = _cut(scope, bill, bill.c.currency.label("currency"), *sums)
    return query.where(_was_paid(scope, bill)).group_by(bill.c.currency)


def recovery(scope: Scope) -> Query:
    """Bills that were paid after all, over all whose payment failed in the period."""
    bill = _failed_bills(scope)
    every = func.count()
    paid = func.sum(case((_was_paid(scope, bill), 1), else_=0))
    return _cut(scope, bill, paid.label("amount"), every.label("base"), every.label("rows"))


def _failed_bills(scope: Scope) -> Subquery:
    """Bills with a failed attempt in the period: the amount tried, and when it first failed."""
    payment, customer = models.Payment, models.Customer
    source = source_kind(payment)
    fields: dict[str, Column] = {
        "currency": payment.currency,
        "source": source,
        "amount": payment.amount,
        "failure": payment.failure,
        "created": payment.created_at,
    }
    keys: dict[str, Any] = {
        "source_id": payment.source_id,
        "bill": func.coalesce(payment.attempt_of, payment.id),
        "customer_id": payment.customer_id,
        "profile_id": customer.profile_id,
        "currency": payment.currency,
    }
    if scope.bucket is not None:
        keys["bucket"] = scope.bucket
    return (
        select(
            *(column.label(name) for name, column in keys.items()),
            func.max(payment.amount).label("amount"),
            func.min(payment.created_at).label("failed_at"),
        )
        .outerjoin(customer, of_customer(payment, customer))
        .where(
            payment.account_id == scope.asking.account_id,
            payment.status == "failed",
            payment.created_at >= scope.start,
            payment.created_at < scope.end,
            matches(replace(scope, row_fields=fields), customer.profile_id),
        )
        .group_by(*keys.values())
        .subquery("failed_bill")
    )


def _was_paid(scope: Scope, bill: Subquery) -> Column:
    """Whether a later attempt succeeded, or the invoice was paid in another way."""
    payment, invoice = aliased(models.Payment), aliased(models.Invoice)
    account_id = scope.asking.account_id
    paid = exists().where(
        payment.account_id == account_id,
        payment.source_id == bill.c.source_id,
        payment.customer_id == bill.c.customer_id,
        payment.created_at > bill.c.failed_at,
        payment.attempt_of == bill.c.bill,
        payment.status == "succeeded",
    )
    settled = exists().where(
        invoice.account_id == account_id,
        invoice.source_id == bill.c.source_id,
        invoice.customer_id == bill.c.customer_id,
        or_(invoice.id == bill.c.bill, invoice.intent_id == bill.c.bill),
        invoice.status == "paid",
    )
    return or_(paid.correlate_except(payment), settled.correlate_except(invoice))


def _cut(scope: Scope, bill: Subquery, *columns: Any) -> Query:
    source = aliased(models.Source)
    kind = (
        select(source.kind)
        .where(source.account_id == scope.asking.account_id, source.source_id == bill.c.source_id)
        .correlate_except(source)
        .scalar_subquery()
    )
    cut_by: dict[str, Any] = {
        "currency": bill.c.currency,
        "source": kind,
        **profile_dimensions(),
    }
    cuts = [cut_by[name].label(f"by_{name}") for name in scope.by]
    if scope.bucket is not None:
        cuts.append(bill.c.bucket.label("bucket"))
    query = select(*cuts, *columns).select_from(bill).group_by(*cuts)
    return of_profile(query, scope, bill.c.profile_id)
