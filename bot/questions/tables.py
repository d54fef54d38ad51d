"""The words above a list: how many there are, in which order, and what to make of an empty one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo

from bot.answer import Cell
from bot.questions import describe
from bot.render import text
from storage.metrics import catalog
from storage.metrics.catalog import Unit
from storage.metrics.figures import Figures, Number, ProfileRef, Table
from storage.metrics.plan import Condition, Filter, Plan

_STATUS_WORDS = {"failed": "failed", "succeeded": "successful", "open": "open", "paid": "paid"}
_ORDERS = {
    "mrr": ("by MRR", "the smallest by MRR"),
    "amount": ("the largest first", "the smallest first"),
    "remaining": ("the largest amount first", "the smallest amount first"),
    "created": ("the latest first", "the oldest first"),
    "customer_since": ("the newest first", "the longest-standing first"),
    "signed_up": ("the latest first", "the earliest first"),
    "renews": ("the last to renew first", "the next to renew first"),
    "trial_ends": ("the last to end first", "the next to end first"),
    "due": ("the last due first", "the first due first"),
}
Groups = Sequence[tuple[tuple[str | None, ...], Number]]


def table_text(
    plan: Plan, table: Table, rows: Sequence[Sequence[Cell]], names: Mapping[str, str], zone: tzinfo
) -> str:
    """ "12 customers paying more than $1,000.00 a month; the first 10 are shown, by MRR." """
    noun = _noun(plan, table.total_rows)
    whose = f" of {names.get(plan.customer, 'that customer')}" if plan.customer else ""
    when = f" {plan.period.label}" if plan.period else ""
    what = f"{noun}{whose}{describe.filters(plan, names, zone)}{when}"
    if not table.total_rows:
        return f"There are no {what}."
    how_many = f"{text.count(table.total_rows)} {what}"
    order = _order(plan)
    if plan.limit == 1 and rows and plan.order is not None:
        return f"{rows[0][0]} comes first of {how_many}{order}{_figure(plan, rows[0])}."
    if len(rows) < table.total_rows:
        return f"{how_many}. These are the first {len(rows)}{order}."
    return f"{how_many}{order}."


def _figure(plan: Plan, row: Sequence[Cell]) -> str:
    """ ": $7,317.00", what the first of a ranking has; empty where the order is a column's of its own."""
    if plan.entity != "customer" or plan.order is None or plan.order.field not in catalog.BY_CUSTOMER:
        return ""
    figure, currency, *_ = row[1:]
    if not isinstance(figure, int):
        return ""
    unit = catalog.METRICS[plan.order.field].unit
    return f": {text.figure(figure, unit, str(currency) if unit is Unit.MONEY else None)}"


def _noun(plan: Plan, count: int) -> str:
    """ "customers", "failed payments", "overdue invoices"."""
    entity = catalog.ENTITIES[plan.entity or "customer"]
    word = entity.label.lower() if count == 1 else entity.plural
    conditions = {c.field: c.value for c in _plain(plan.filters)}
    status = conditions.get("status")
    if plan.entity == "invoice" and conditions.get("overdue") is True:
        return f"overdue {word}"
    if plan.entity in ("invoice", "payment") and isinstance(status, str):
        return f"{_STATUS_WORDS.get(status, status.replace('_', ' '))} {word}"
    return word


def _plain(term: Filter | None) -> list[Condition]:
    if isinstance(term, Condition):
        return [term]
    if term is None or term.kind != "and":
        return []
    return [part for part in term.terms if isinstance(part, Condition)]


def _order(plan: Plan) -> str:
    if plan.order is None:
        return ""
    if plan.entity == "customer" and plan.order.field in catalog.BY_CUSTOMER:
        label = catalog.METRICS[plan.order.field].label.lower()
        return f", by {label}" if plan.order.descending else f", the smallest by {label}"
    types = {c.value for c in plan.conditions() if c.field == "movement_type"}
    if types & {"contraction", "churn"} and plan.order.field == "amount":
        return ", the largest first" if not plan.order.descending else ", the smallest first"
    words = _ORDERS.get(plan.order.field)
    return f", {words[not plan.order.descending]}" if words else ""


def order_of(name: str) -> str:
    return catalog.FIELDS[name].label


def cut(plan: Plan, groups: Groups) -> Groups:
    """The groups in the order and the number that the plan asks for; they come largest first."""
    if plan.order is not None and not plan.order.descending:
        groups = list(reversed(groups))
    return groups[: plan.limit] if plan.limit else groups


def row_ids(figures: Figures) -> tuple[str | None, ...]:
    """The customer of each row of a list, as a plan names it; None where a row is about none."""
    rows = figures.rows if isinstance(figures, Table) else ()
    return tuple(
        next((cell.profile_id.hex() for cell in row if isinstance(cell, ProfileRef)), None) for row in rows
    )


def own_first(values: Mapping[str, int | float], own: str) -> dict[str, int | float]:
    return dict(sorted(values.items(), key=lambda item: (item[0] != own, -item[1])))


def figure_rows(key: Sequence[str | None], number: Number, own: str) -> list[tuple[Cell, ...]]:
    """One row, or one for each currency; the currency after the amount."""
    if number.unit is not Unit.MONEY and not number.values:
        return [(*key, number.value)]
    values = own_first(number.values, own) or {own: 0}
    return [(*key, value, currency) for currency, value in values.items()]
