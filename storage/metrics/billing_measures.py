"""What is counted from bills and payments: money collected and returned, failed attempts, what is owed."""

from dataclasses import replace
from typing import Any

from sqlalchemy import and_, distinct, func, select

from storage import models
from storage.metrics.aging import age
from storage.metrics.bill_plans import plan_of_invoice, plan_of_payment
from storage.metrics.filters import matches, source_kind
from storage.metrics.joins import is_overdue, of_customer, ways_overdue
from storage.metrics.scope import Column, Query, Scope
from storage.metrics.span_measures import cuts_profiles, dimensions, of_profile, profile_dimensions

_UNBILLED = ("draft", "void")


def _billing(scope: Scope, row: Any, *columns: Any, fields: dict[str, Column]) -> Query:
    """Rows of a billing table joined to the customer they name (if any), with filters and dimensions."""
    customer = models.Customer
    plans = plan_of_invoice if row is models.Invoice else plan_of_payment
    query = _rows(scope, row, *columns, fields=fields, plans=plans(scope, row))
    if scope.filters is not None or cuts_profiles(scope):
        query = query.outerjoin(customer, of_customer(row, customer))
        query = of_profile(query, scope, customer.profile_id)
    return query


def _returns(scope: Scope, row: Any, *columns: Any) -> Query:
    """Refunds or disputes by their own date, with the customer of the payment that they are of."""
    payment, customer = models.Payment, models.Customer
    plans = plan_of_payment(scope, payment)
    query = _rows(scope, row, *columns, fields={"amount": row.amount, "status": row.status}, plans=plans)
    if scope.filters is not None or cuts_profiles(scope) or plans:
        of_payment = and_(
            payment.account_id == row.account_id,
            payment.source_id == row.source_id,
            payment.id == row.payment_id,
        )
        query = query.outerjoin(payment, of_payment).outerjoin(customer, of_customer(payment, customer))
        query = of_profile(query, scope, customer.profile_id)
    return query.where(_within(row, scope))


def _rows(
    scope: Scope, row: Any, *columns: Any, fields: dict[str, Column], plans: dict[str, Column]
) -> Query:
    fields = {"currency": row.currency, "source": source_kind(row), "created": row.created_at, **fields}
    cuts = dimensions(scope, {**fields, **profile_dimensions(), **plans})
    scope = replace(scope, row_fields=fields)
    query = select(*cuts, *columns).select_from(row).where(row.account_id == scope.asking.account_id)
    if scope.filters is not None:
        query = query.where(matches(scope, models.Customer.profile_id))
    return query.group_by(*cuts)


def _amounts(row: Any, amount: Any) -> tuple[Any, ...]:
    return row.currency.label("currency"), func.sum(amount).label("amount"), func.count().label("rows")


def _counts() -> tuple[Any, ...]:
    return func.count().label("amount"), func.count().label("rows")


def _within(row: Any, scope: Scope) -> Column:
    return and_(row.created_at >= scope.start, row.created_at < scope.end)


def revenue(scope: Scope) -> list[Query]:
    """Payments, and refunds taken off: two SELECTs whose amounts `run.py` adds up."""
    return [collected(scope), _refunds(scope, -1)]


def collected(scope: Scope) -> Query:
    """Succeeded payments; with their number as `rows`, whose quotient is the average."""
    payment = models.Payment
    return (
        _billing(scope, payment, *_amounts(payment, payment.amount), fields={"amount": payment.amount})
        .where(payment.status == "succeeded", _within(payment, scope))
        .group_by(payment.currency)
    )


def payments(scope: Scope) -> Query:
    payment = models.Payment
    return _billing(scope, payment, *_counts(), fields={"amount": payment.amount}).where(
        payment.status == "succeeded", _within(payment, scope)
    )


def refunds(scope: Scope) -> Query:
    return _refunds(scope, 1)


def _refunds(scope: Scope, sign: int) -> Query:
    refund = models.Refund
    query = _returns(scope, refund, *_amounts(refund, sign * refund.amount))
    return query.where(_stands(refund)).group_by(refund.currency)


def refund_count(scope: Scope) -> Query:
    return _returns(scope, models.Refund, *_counts()).where(_stands(models.Refund))


def _stands(refund: Any) -> Column:
    """Whether a refund did not fail."""
    found: Column = refund.status.not_in(("failed", "canceled"))
    return found


def disputes(scope: Scope) -> Query:
    return _returns(scope, models.Dispute, *_counts())


def disputed_amount(scope: Scope) -> Query:
    dispute = models.Dispute
    return _returns(scope, dispute, *_amounts(dispute, dispute.amount)).group_by(dispute.currency)


def failed_payments(scope: Scope) -> Query:
    return _failed(scope, *_counts())


def failed_payment_volume(scope: Scope) -> Query:
    payment = models.Payment
    return _failed(scope, *_amounts(payment, payment.amount)).group_by(payment.currency)


def _failed(scope: Scope, *columns: Any) -> Query:
    payment = models.Payment
    fields: dict[str, Column] = {"amount": payment.amount, "failure": payment.failure}
    return _billing(scope, payment, *columns, fields=fields).where(
        payment.status == "failed", _within(payment, scope)
    )


def _invoices(scope: Scope, *columns: Any) -> Query:
    invoice = models.Invoice
    fields: dict[str, Column] = {
        "amount": invoice.total,
        "remaining": invoice.amount_remaining,
        "due": invoice.due_at,
        "status": invoice.status,
    }
    if "age" in scope.by:
        fields["age"] = age(invoice, scope.asking)
    return _billing(scope, invoice, *columns, fields=fields)


def invoices(scope: Scope) -> Query:
    invoice = models.Invoice
    return _invoices(scope, *_counts()).where(invoice.status != "draft", _within(invoice, scope))


def invoiced(scope: Scope) -> Query:
    """Totals of invoices; with their number as `rows`, whose quotient is the average."""
    invoice = models.Invoice
    return (
        _invoices(scope, *_amounts(invoice, invoice.total))
        .where(invoice.status.not_in(_UNBILLED), _within(invoice, scope))
        .group_by(invoice.currency)
    )


def outstanding(scope: Scope) -> Query:
    invoice = models.Invoice
    columns = _amounts(invoice, invoice.amount_remaining)
    return _invoices(scope, *columns).where(invoice.status == "open").group_by(invoice.currency)


def open_invoices(scope: Scope) -> Query:
    return _invoices(scope, *_counts()).where(models.Invoice.status == "open")


def overdue(scope: Scope) -> list[Query]:
    """Bills past their due date, and those without one that failed to be collected, each by its index."""
    return [outstanding(scope).where(late) for late in ways_overdue(models.Invoice, scope.asking)]


def overdue_invoices(scope: Scope) -> list[Query]:
    return [open_invoices(scope).where(late) for late in ways_overdue(models.Invoice, scope.asking)]


def overdue_customers(scope: Scope) -> Query:
    """Customers with an invoice that is overdue, each once."""
    invoice, customer = models.Invoice, models.Customer
    counted = func.count(distinct(customer.profile_id))
    query = _invoices(scope, counted.label("amount"), counted.label("rows"))
    if scope.filters is None and not cuts_profiles(scope):
        query = query.outerjoin(customer, of_customer(invoice, customer))
    return query.where(is_overdue(invoice, scope.asking))
