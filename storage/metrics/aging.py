"""How long invoices are overdue, in the groups that accountants age receivables by."""

from datetime import timedelta
from typing import Any

from sqlalchemy import case, func, literal, select
from sqlalchemy.orm import aliased

from storage import models
from storage.metrics.joins import attempts, unsearched
from storage.metrics.scope import Asking, Column, instant

_UP_TO = ((30, "0-30"), (60, "31-60"), (90, "61-90"))
_OLDER = "90+"


def age(invoice: Any, asking: Asking) -> Column:
    """The group of an invoice by whole days since it was due (or, without a due date, since payment first
    failed); NULL of one that is not overdue."""
    since = func.coalesce(invoice.due_at, _first_failure(invoice), type_=invoice.due_at.type)
    steps = [
        (since > instant(asking.now - timedelta(days=days + 1)), literal(group)) for days, group in _UP_TO
    ]
    return case((since.is_(None), None), (since >= instant(asking.now), None), *steps, else_=literal(_OLDER))


def _first_failure(invoice: Any) -> Column:
    payment = aliased(models.Payment)
    return (
        select(func.min(unsearched(payment.created_at)))
        .where(attempts(payment, invoice), payment.status == "failed")
        .correlate_except(payment)
        .scalar_subquery()
    )
