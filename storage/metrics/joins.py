"""How the cache's tables hang together in SQL, and the states of a customer that follow from them.

Every EXISTS here looks at aliases of its own, so that it can stand inside any statement: a table that the
statement reads as well must not be taken for the same row.
"""

from typing import Any

from sqlalchemy import Exists, and_, exists, func, or_
from sqlalchemy.orm import aliased

from storage import models
from storage.metrics.scope import Asking, Column, instant


def in_force(span: Any, moment: Column) -> Column:
    """Whether a span holds `moment`."""
    return and_(span.starts_at <= moment, or_(span.ends_at.is_(None), span.ends_at > moment))


def counting(span: Any, moment: Column) -> Column:
    return and_(in_force(span, moment), span.trial.is_(False))


def paying(span: Any, moment: Column) -> Column:
    return and_(counting(span, moment), span.mrr > 0)


def was_left(span: Any, at: Column) -> Column:
    """Whether a paying span came to its end with the churn that is dated `at`."""
    return and_(span.mrr > 0, span.starts_at < at, span.ends_at >= at)


def pays(account_id: int, profile_id: Column, moment: Column) -> Exists:
    """Whether the profile's MRR is above 0 at `moment`."""
    span = aliased(models.MrrSpan)
    return (
        exists()
        .where(span.account_id == account_id, span.profile_id == profile_id, paying(span, moment))
        .correlate_except(span)
    )


def tries(account_id: int, profile_id: Column, moment: Column) -> Column:
    """Whether the profile has a trial at `moment` and no counting subscription."""
    trial, other = aliased(models.MrrSpan), aliased(models.MrrSpan)
    on_trial = exists().where(
        trial.account_id == account_id,
        trial.profile_id == profile_id,
        trial.trial.is_(True),
        in_force(trial, moment),
    )
    counts = exists().where(
        other.account_id == account_id, other.profile_id == profile_id, counting(other, moment)
    )
    return and_(on_trial.correlate_except(trial), ~counts.correlate_except(other))


def joins_product(row: Any, product: Any) -> Column:
    return and_(
        product.account_id == row.account_id, product.source_id == row.source_id, product.id == row.product_id
    )


def joins_part(span: Any, part: Any) -> Column:
    """Joins a span to its parts, if it has any: the worth of one product is `coalesce(part.mrr, span.mrr)` of
    the product `coalesce(part.product_id, span.product_id)`."""
    return and_(
        part.account_id == span.account_id,
        part.source_id == span.source_id,
        part.subscription_id == span.subscription_id,
        part.starts_at == span.starts_at,
    )


def of_customer(row: Any, customer: Any) -> Column:
    """Joins a billing row to the customer record that it names."""
    return and_(
        customer.account_id == row.account_id,
        customer.source_id == row.source_id,
        customer.id == row.customer_id,
    )


def not_anonymous(row: Any, customer: Any) -> Column:
    """Whether a row names nobody, or a customer that is there: what a deleted one left is in no list."""
    return or_(row.customer_id.is_(None), customer.id.is_not(None))


def attempts(payment: Any, invoice: Any) -> Column:
    """Joins a payment to the invoice that it tries to collect."""
    return and_(
        payment.account_id == invoice.account_id,
        payment.source_id == invoice.source_id,
        payment.attempt_of.in_((invoice.id, invoice.intent_id)),  # an "or" keeps SQLite from the index
    )


def unsearched(column: Any) -> Column:
    """The column, as no index is looked for: SQLite, which counts no rows, would take a wide range of it for
    narrower than the rows of one bill."""
    found: Column = func.coalesce(column, column, type_=column.type)
    return found


def is_overdue(invoice: Any, asking: Asking) -> Column:
    """Open, and its due date (or, without one, its first failed attempt) lies before now."""
    return and_(invoice.status == "open", or_(*ways_overdue(invoice, asking)))


def ways_overdue(invoice: Any, asking: Asking) -> tuple[Column, Column]:
    """The two ways in which an open invoice is overdue, of which it has one at most."""
    payment = aliased(models.Payment)
    failed_before = (
        exists()
        .where(
            attempts(payment, invoice),
            payment.status == "failed",
            unsearched(payment.created_at) < instant(asking.now),
        )
        .correlate_except(payment)
    )
    return invoice.due_at < instant(asking.now), and_(invoice.due_at.is_(None), failed_before)
