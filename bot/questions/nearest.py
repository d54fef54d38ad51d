"""What comes after an empty list of what is still to come: the next one, whenever that is."""

from __future__ import annotations

from datetime import datetime, tzinfo

from bot.answer import Cell
from bot.questions import filters
from bot.render import text
from storage.metrics.plan import Condition, Op, Order, Plan

_AHEAD = {"trial_ends": "ends", "renews": "renews", "due": "is due", "closes": "closes", "cancels": "cancels"}


def plan_of_next(plan: Plan, now: datetime) -> Plan | None:
    """The plan of the next row beyond an empty list's time; None where the list does not look ahead."""
    terms = filters.terms_of(plan.filters)
    dated = next((t for t in terms if isinstance(t, Condition) and t.field in _AHEAD), None)
    if plan.entity is None or dated is None or dated.op is not Op.WITHIN:
        return None
    ahead = Condition(field=dated.field, op=Op.AT_LEAST, value=now)
    changed = {
        "filters": filters.joined(filters.replaced(terms, (ahead,))),
        "period": None,
        "order": Order(field=dated.field, descending=False),
        "limit": 1,
    }
    return plan.model_copy(update=changed)


def sentence(plan: Plan, columns: tuple[str, ...], row: tuple[Cell, ...], zone: tzinfo) -> str:
    """ "The next one is Acme's: it ends on 4 Dec 2026." """
    field = next(c.field for c in plan.conditions() if c.field in _AHEAD)
    at = row[columns.index(field)] if field in columns else None
    if not isinstance(at, str):
        return f"The next one is that of {row[0]}."
    day = text.day(datetime.fromisoformat(at), zone)
    return f"The next one is that of {row[0]}: it {_AHEAD[field]} on {day}."
