"""What is counted from movements: by how much MRR moved, which way, and how often."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import case, distinct, func, select

from storage import models
from storage.metrics.filters import matches
from storage.metrics.joins import joins_product
from storage.metrics.movement_rows import movement_fields
from storage.metrics.scope import Query, Scope
from storage.metrics.span_measures import dimensions, of_profile, profile_dimensions

GAINS = ("new", "expansion", "reactivation")
LOSSES = ("contraction", "churn")


def _moved(scope: Scope, *columns: Any, types: tuple[str, ...] = ()) -> Query:
    """Movements of the period, of these types or of all."""
    movement, product = models.Movement, models.Product
    fields = movement_fields(movement, product)
    scope = replace(scope, row_fields=fields)
    cuts = dimensions(scope, {**fields, **profile_dimensions()})
    query = (
        select(*cuts, *columns)
        .select_from(movement)
        .where(
            movement.account_id == scope.asking.account_id,
            movement.at >= scope.start,
            movement.at < scope.end,
            matches(scope, movement.profile_id),
        )
        .group_by(*cuts)
    )
    if types:
        query = query.where(movement.type.in_(types))
    if scope.filters is not None or "plan" in scope.by:
        query = query.outerjoin(product, joins_product(movement, product))
    return of_profile(query, scope, movement.profile_id)


def moved_mrr(*types: str) -> Callable[[Scope], Query]:
    """MRR that movements of these types brought; losses are told as what was lost, above 0."""

    def measure(scope: Scope) -> Query:
        movement = models.Movement
        lost = bool(types) and set(types) <= set(LOSSES)
        amount = func.sum(-movement.amount if lost else movement.amount)
        return _moved(
            scope,
            movement.currency.label("currency"),
            amount.label("amount"),
            func.count().label("rows"),
            types=types,
        ).group_by(movement.currency)

    return measure


def times_moved(movement_type: str) -> Callable[[Scope], Query]:
    """How many movements of this type there were."""

    def measure(scope: Scope) -> Query:
        counted = func.count()
        return _moved(scope, counted.label("amount"), counted.label("rows"), types=(movement_type,))

    return measure


def customers_moved(movement_type: str) -> Callable[[Scope], Query]:
    """How many customers had a movement of this type, each once."""

    def measure(scope: Scope) -> Query:
        counted = func.count(distinct(models.Movement.profile_id))
        return _moved(scope, counted.label("amount"), counted.label("rows"), types=(movement_type,))

    return measure


def quick_ratio(scope: Scope) -> Query:
    """What was gained over what was lost."""
    movement = models.Movement
    gained = func.sum(case((movement.type.in_(GAINS), movement.amount), else_=0))
    lost = func.sum(case((movement.type.in_(LOSSES), -movement.amount), else_=0))
    return _moved(
        scope,
        movement.currency.label("currency"),
        gained.label("amount"),
        lost.label("base"),
        func.count().label("rows"),
    ).group_by(movement.currency)
