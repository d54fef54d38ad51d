"""The order of a list, where amounts of several currencies cannot be compared; and who is left out for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from storage.metrics import catalog
from storage.metrics.catalog import ENTITIES, Metric
from storage.metrics.comparable import of_comparable, ranks
from storage.metrics.filters import without
from storage.metrics.plan import And, Condition, Filter, Not, Op, Plan
from storage.metrics.scope import Asking, Scope, Unanswerable


@dataclass(frozen=True, slots=True)
class Ranking:
    """By which currency rows are compared, and whether rows of other currencies must be left out for it.

    "The biggest customers" are ranked; without rates only those of one currency can be: the one that a
    filter names, else the account's own. Other lists show all rows, those of that currency first.
    """

    currency: str
    ranks: bool

    @classmethod
    def of(cls, plan: Plan, asking: Asking) -> Self:
        named = [c.currency for c in plan.conditions() if c.currency is not None]
        named.extend(only_currency(plan.filters))
        return cls(named[0] if named else asking.currency, ranks(plan))


def figure_of(plan: Plan) -> Metric | None:
    """The figure that a list of customers is ordered by; None where it is one of their own columns."""
    if plan.entity != "customer" or plan.order is None or plan.order.field not in catalog.BY_CUSTOMER:
        return None
    return catalog.METRICS[plan.order.field]


def only_currency(term: Filter | None) -> list[str]:
    """The currency that all rows must have, as a filter says."""
    match term:
        case Condition(field="currency", op=Op.IS):
            return [str(term.value)]
        case And():
            return [code for part in term.terms for code in only_currency(part)]
        case _:
            return []


def sorted_by(entity: str, columns: Mapping[str, Any], plan: Plan) -> Any:
    """The ORDER BY of a list. Raises Unanswerable for an order that the entity has not."""
    of = ENTITIES[entity]
    name = plan.order.field if plan.order else of.order
    if name not in columns:
        *most, last = (_label(known) for known in columns)
        possible = f"by {', '.join(most)} or {last} they can"
        raise Unanswerable(f"{of.plural.capitalize()} cannot be sorted by {_label(name)}; {possible}.")
    descending = plan.order.descending if plan.order else True
    return (columns[name].desc() if descending else columns[name].asc()).nulls_last()


def _label(name: str) -> str:
    return catalog.FIELDS[name].label if name in catalog.FIELDS else name


def incomparable(plan: Plan, field: str, scope: Scope) -> Filter | None:
    """The plan's filter for rows that its condition on an amount cannot compare: all else that it asks, and
    billed in currencies that cannot be compared. None where it compares no such amount."""
    condition = next((c for c in plan.conditions() if c.field == field), None)
    if condition is None:
        return None
    others = Not(term=of_comparable(scope, condition.currency or scope.asking.currency))
    rest = without(plan.filters, frozenset({field}))
    return others if rest is None else And(terms=(rest, others))
