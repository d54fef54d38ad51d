"""What else can be asked from an answer's plan: ways on, all of its rows; a plan without any names. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from bot.answer import Answer, Kind
from bot.render import text
from storage.metrics import catalog, periods
from storage.metrics.catalog import FieldType, Metric, Span
from storage.metrics.grains import PeriodError
from storage.metrics.plan import And, Compare, Condition, Filter, Grain, Not, Op, Or, Plan

MOST_ROWS = 50_000
"""Rows of a CSV."""

_CUTS = ("plan", "country", "interval", "currency", "source", "movement_type", "stage", "tag", "owner")
_MOST_WAYS = 4
_MOST_CUSTOMERS = 5
_LABEL = 30
_NAMES_NOBODY = frozenset({"plan", "product", "interval", "country", "currency", "status", "source"})
_LEFT_OUT = "…"


@dataclass(frozen=True, slots=True)
class Way:
    """One step further: how a button calls it, and the plan behind it."""

    label: str
    plan: Plan


def plan_of(answer: Answer) -> Plan | None:
    return Plan.model_validate(answer.plan) if answer.plan else None


def ways_on(answer: Answer, now: datetime, zone: tzinfo) -> tuple[Way, ...]:
    """What somebody may want to see next; the most telling first."""
    plan = plan_of(answer)
    if plan is None:
        return ()
    if answer.profile is not None:
        return tuple(_of_customer(answer.profile.id))
    if answer.kind is Kind.TABLE:
        return tuple(_customers(answer))
    if plan.measure is None:
        return ()
    return tuple(_of_measure(plan, catalog.metric(plan.measure), now, zone))[:_MOST_WAYS]


def _of_measure(plan: Plan, metric: Metric, now: datetime, zone: tzinfo) -> Iterator[Way]:
    single = plan.grain is None and not plan.by and plan.compare is None
    bare: dict[str, Any] = {"by": (), "grain": None, "compare": None, "compare_period": None, "order": None}
    if not metric.only_now and plan.grain is not Grain.MONTH and not _is_fixed(plan):
        year = periods.resolve(periods.last(12, Grain.MONTH), now, zone)
        yield Way("By month", _but(plan, bare, grain=Grain.MONTH, period=year))
    filtered = {condition.field for condition in plan.conditions()}
    cuts = [cut for cut in _CUTS if cut in metric.dimensions and cut not in (*plan.by, *filtered)]
    period = plan.period if plan.grain is None or metric.span is Span.FLOW else None
    for cut in cuts[:2] if plan.customer is None else ():
        yield Way(f"By {catalog.field(cut).label}", _but(plan, bare, by=(cut,), period=period, limit=None))
    if single and not metric.only_now:
        moment = plan.period or (
            periods.resolve(periods.NOW, now, zone) if metric.span is Span.STOCK else None
        )
        if moment is not None:
            yield from _compared(plan, bare, moment, now, zone)


def _is_fixed(plan: Plan) -> bool:
    """A filter by dates says its own time."""
    return any(catalog.field(one.field).type is FieldType.INSTANT for one in plan.conditions())


def _compared(plan: Plan, bare: dict[str, Any], moment: Any, now: datetime, zone: tzinfo) -> Iterator[Way]:
    try:
        before = periods.previous(moment, now, zone)
    except PeriodError:
        return
    change = {"compare": Compare.PREVIOUS_PERIOD, "compare_period": before, "period": moment}
    yield Way("Compare", _but(plan, bare, **change))


def _but(plan: Plan, bare: dict[str, Any], **changed: Any) -> Plan:
    """The plan with some of it changed, checked again."""
    return Plan.model_validate({**dict(plan), **bare, **changed})


def _customers(answer: Answer) -> Iterator[Way]:
    """The first customers of a list, each a click away."""
    seen = set[str]()
    for profile_id, row in zip(answer.row_ids, answer.rows or (), strict=False):
        if profile_id and profile_id not in seen and len(seen) < _MOST_CUSTOMERS:
            seen.add(profile_id)
            yield Way(text.shorten(text.clean(str(row[0] or "")), _LABEL), Plan(customer=profile_id))


def _of_customer(profile_id: str) -> Iterator[Way]:
    of = Condition(field="customer", op=Op.IS, value=profile_id)
    yield Way("Invoices", Plan(entity="invoice", filters=of))
    yield Way("Payments", Plan(entity="payment", filters=of))
    yield Way("MRR changes", Plan(entity="movement", filters=of))


def with_all_rows(plan: Plan) -> Plan:
    """The same list without a limit but that of a CSV. Only for running: a plan that is kept has its own."""
    return plan.model_copy(update={"limit": MOST_ROWS})


def names_nobody(plan: Plan) -> bool:
    """Whether no word in it could be somebody's: only then may it be read by anyone but us."""
    return plan.customer is None and not any(_has_words(one) for one in plan.conditions())


def without_names(plan: Plan) -> dict[str, Any]:
    """The plan as it is kept for learning from: every word that could be somebody's is left out."""
    bare = plan.model_copy(update={"filters": _bare(plan.filters) if plan.filters else None})
    kept = bare.model_dump(mode="json", exclude_none=True)
    return {**kept, "customer": _LEFT_OUT} if plan.customer else kept


def _bare(term: Filter) -> Filter:
    match term:
        case Condition():
            if not _has_words(term):
                return term
            several = isinstance(term.value, tuple)
            return term.model_copy(update={"value": (_LEFT_OUT,) if several else _LEFT_OUT})
        case Not():
            return Not(term=_bare(term.term))
        case And():
            return And(terms=tuple(_bare(one) for one in term.terms))
        case Or():
            return Or(terms=tuple(_bare(one) for one in term.terms))


def _has_words(condition: Condition) -> bool:
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    return condition.field not in _NAMES_NOBODY and any(isinstance(value, str) for value in values)
