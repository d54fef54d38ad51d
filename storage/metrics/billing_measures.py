"""What is counted from bills and payments: money collected and returned, failed attempts, what is owed."""

from dataclasses import replace
from typing import Any

from sqlalchemy import and_, func, select

from storage import models
from storage.metrics.filters import matches, source_kind
from storage.metrics.joins import is_overdue, of_customer
from storage.metrics.scope import Column, Query, Scope
from storage.metrics.span_measures import dimensions, of_profile


def _billing(scope: Scope, row: Any, *columns: Any, fields: dict[str, Column]) -> Query:
    """Rows of a billing table joined to the customer they name (if any), with filters and dimensions."""
    customer, profile = models.Customer, models.Profile
    scope = replace(scope, row_fields={"currency": row.currency, "source": source_kind(row), **fields})
    cuts = dimensions(scope, {"currency": row.currency, "country": profile.country})
    query = select(*cuts, *columns).select_from(row)
    if scope.filters is not None or "country" in scope.by:
        query = query.outerjoin(customer, of_customer(row, customer))
        query = of_profile(query.where(matches(scope, customer.profile_id)), scope, customer.profile_id)
    return query.where(row.account_id == scope.asking.account_id).group_by(*cuts)


def _amounts(row: Any, amount: Any) -> tuple[Any, ...]:
    return row.currency.label("currency"), func.sum(amount).label("amount"), func.count().label("rows")


def _within(row: Any, scope: Scope) -> Column:
    return and_(row.created_at >= scope.start, row.created_at < scope.end)


def revenue(scope: Scope) -> list[Query]:
    """Payments, and refunds taken off: two SELECTs whose amounts `run.py` adds up."""
    payment = models.Payment
    collected = (
        _billing(scope, payment, *_amounts(payment, payment.amount), fields={"amount": payment.amount})
        .where(payment.status == "succeeded", _within(payment, scope))
        .group_by(payment.currency)
    )
    return [collected, _refunds(scope, -1)]


def refunds(scope: Scope) -> Query:
    return _refunds(scope, 1)


def _refunds(scope: Scope, sign: int) -> Query:
    """Refunds that did not fail, by their own date, with the customer of the payment they return."""
    refund, payment, customer = models.Refund, models.Payment, models.Customer
    fields = {"currency": refund.currency, "source": source_kind(refund), "amount": refund.amount}
    scope = replace(scope, row_fields=fields)
    cuts = dimensions(scope, {"currency": refund.currency, "country": models.Profile.country})
    query = select(*cuts, *_amounts(refund, sign * refund.amount)).select_from(refund)
    if scope.filters is not None or "country" in scope.by:
        of_payment = and_(
            payment.account_id == refund.account_id,
            payment.source_id == refund.source_id,
            payment.id == refund.payment_id,
        )
        query = query.outerjoin(payment, of_payment).outerjoin(customer, of_customer(payment, customer))
        query = of_profile(query.where(matches(scope, customer.profile_id)), scope, customer.profile_id)
    return query.where(
        refund.account_id == scope.asking.account_id,
        refund.status.not_in(("failed", "canceled")),
        _within(refund, scope),
    ).group_by(*cuts, refund.currency)


def failed_payments(scope: Scope) -> Query:
    payment = models.Payment
    counted = func.count()
    return _billing(
        scope,
        payment,
        counted.label("amount"),
        counted.label("rows"),
        fields={"amount": payment.amount, "failure": payment.failure},
    ).where(payment.status == "failed", _within(payment, scope))


def outstanding(scope: Scope) -> Query:
    invoice = models.Invoice
    fields: dict[str, Column] = {
        "amount": invoice.total,
        "remaining": invoice.amount_remaining,
        "created": invoice.created_at,
        "due": invoice.due_at,
    }
    return (
        _billing(scope, invoice, *_amounts(invoice, invoice.amount_remaining), fields=fields)
        .where(invoice.status == "open")
        .group_by(invoice.currency)
    )


def overdue(scope: Scope) -> Query:
    return outstanding(scope).where(is_overdue(models.Invoice, scope.asking))
