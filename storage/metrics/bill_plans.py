"""Of which plan a bill is, or a payment of it: that of its subscription, as it was then.

Only for splitting: a filter on a plan is about what a customer has, and finds what is of no bill, too.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import aliased

from storage import models
from storage.metrics.joins import attempts, joins_product
from storage.metrics.scope import Column, Scope


def plan_of_invoice(scope: Scope, invoice: Any) -> dict[str, Column]:
    """The plan and interval of an invoice's subscription, where the scope is split by them."""
    span, product = aliased(models.MrrSpan), aliased(models.Product)

    def of_span(column: Any) -> Column:
        return (
            select(column)
            .select_from(span)
            .outerjoin(product, joins_product(span, product))
            .where(
                span.account_id == invoice.account_id,
                span.source_id == invoice.source_id,
                span.subscription_id == invoice.subscription_id,
                span.starts_at <= invoice.created_at,
            )
            .order_by(span.starts_at.desc())
            .limit(1)
            .correlate_except(span, product)
            .scalar_subquery()
        )

    return _asked(scope, of_span, {"plan": product.name, "interval": span.interval})


def plan_of_payment(scope: Scope, payment: Any) -> dict[str, Column]:
    """The plan and interval of the subscription whose bill a payment pays; NULL of one that pays no bill."""
    invoice = aliased(models.Invoice)
    span, product = aliased(models.MrrSpan), aliased(models.Product)

    def of_span(column: Any) -> Column:
        return (
            select(column)
            .select_from(invoice)
            .join(
                span,
                and_(
                    span.account_id == invoice.account_id,
                    span.source_id == invoice.source_id,
                    span.subscription_id == invoice.subscription_id,
                ),
            )
            .outerjoin(product, joins_product(span, product))
            .where(
                invoice.customer_id
                == payment.customer_id,  # by this index: none leads to a collection's bill
                attempts(payment, invoice),
                span.starts_at <= payment.created_at,
            )
            .order_by(span.starts_at.desc())
            .limit(1)
            .correlate_except(invoice, span, product)
            .scalar_subquery()
        )

    return _asked(scope, of_span, {"plan": product.name, "interval": span.interval})


def _asked(scope: Scope, of_span: Callable[[Any], Column], columns: dict[str, Any]) -> dict[str, Column]:
    return {name: of_span(column) for name, column in columns.items() if name in scope.by}
