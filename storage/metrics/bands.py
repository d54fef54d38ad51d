"""Customers in groups by size: what each pays a month in the account's own currency."""

from itertools import pairwise
from typing import Any

from sqlalchemy import Subquery, case, literal, select

from storage import models
from storage.metrics.amounts import exponent
from storage.metrics.comparable import summed_in
from storage.metrics.joins import paying
from storage.metrics.scope import Asking, Column, Scope

_BOUNDS = (50, 100, 500, 1_000, 5_000)
"""Whole units of the currency a month, of one with cents; a hundred times as much of one without."""


def band(own: Any, asking: Asking) -> Column:
    """The group of a customer who pays `own` minor units; NULL where nothing is paid in that currency."""
    without_cents = exponent(asking.currency) == 0
    bounds = [bound * 100 if without_cents else bound for bound in _BOUNDS]
    minor = 10 ** exponent(asking.currency)
    names = [f"under {bounds[0]:,}", *(f"{low:,} to {high:,}" for low, high in pairwise(bounds))]
    steps = [(own < bound * minor, literal(name)) for bound, name in zip(bounds, names, strict=True)]
    return case((own.is_(None), None), *steps, else_=literal(f"{bounds[-1]:,} and more"))


def size_of_customers(scope: Scope) -> Subquery:
    """By profile, its MRR in the account's own currency at the scope's moment."""
    span = models.MrrSpan
    query = select(span.profile_id).where(
        span.account_id == scope.asking.account_id, paying(span, scope.moment)
    )
    query, own = summed_in(query, scope, span, scope.asking.currency)
    return query.add_columns(own.label("own")).group_by(span.profile_id).subquery("size")
