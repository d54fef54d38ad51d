"""A plan in one line, as a bank of questions writes what is meant.

    mrr [country=DE, not(plan=Basic)] @end:last_month vs end:unit:month:-2
    list customer [churned, interval=year] @last_quarter order -mrr top 5
    profile of Oscorp

Two plans that mean the same give the same line: terms and their values are in alphabetical order, and a
date that is the plan's own period is only named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from bot.questions.regions import region_named
from storage.metrics.plan import And, Condition, Filter, Not, Op, Or, Period, Plan

_SIGNS = {Op.OVER: ">", Op.AT_LEAST: ">=", Op.UNDER: "<", Op.AT_MOST: "<=", Op.IS: "="}
_FEW_COUNTRIES = 5


def line(plan: Plan, names: Mapping[str, str]) -> str:
    """The plan's line; `names` are those of customers by their ids (hex)."""
    parts = [plan.measure or (f"list {plan.entity}" if plan.entity else "profile")]
    if plan.customer:
        parts.append(f"of {names.get(plan.customer, plan.customer)}")
    if plan.filters is not None:
        parts.append(f"[{_together(plan.filters, plan, names)}]")
    parts.extend(_shares(plan, names))
    if plan.by:
        parts.append(f"by {','.join(plan.by)}")
    if plan.grain:
        parts.append(f"per {plan.grain}")
    if plan.period:
        parts.append(f"@{said(plan.period)}")
    if plan.compare_period:
        parts.append(f"vs {said(plan.compare_period)}")
    if plan.order:
        parts.append(f"order {'-' if plan.order.descending else '+'}{plan.order.field}")
    if plan.limit:
        parts.append(f"top {plan.limit}")
    return " ".join(parts)


def _shares(plan: Plan, names: Mapping[str, str]) -> Iterator[str]:
    if plan.part is not None:
        yield f"share of [{_together(plan.part, plan, names)}]"
    if plan.shares:
        yield "shares"


def said(period: Period) -> str:
    """How a period was named; the windows that questions leave open by their kind."""
    form = period.said or period.label
    if form.startswith("window:"):
        return "series" if period.label.startswith("by ") else "window"
    return form


def _together(term: Filter, plan: Plan, names: Mapping[str, str]) -> str:
    if isinstance(term, And):
        return ", ".join(sorted(_term(part, plan, names) for part in term.terms))
    return _term(term, plan, names)


def _term(term: Filter, plan: Plan, names: Mapping[str, str]) -> str:
    match term:
        case Not():
            return f"not({_term(term.term, plan, names)})"
        case Condition():
            return _condition(term, plan, names)
        case And() | Or():
            word = " | " if isinstance(term, Or) else " & "
            return word.join(sorted(_term(part, plan, names) for part in term.terms))


def _condition(term: Condition, plan: Plan, names: Mapping[str, str]) -> str:
    if plan.period is not None and term.value == (plan.period.start, plan.period.end):
        return term.field
    money = f" {term.currency}" if term.currency else ""
    return f"{term.field}{_test(term, names)}{money}"


def _test(term: Condition, names: Mapping[str, str]) -> str:
    value = term.value
    if isinstance(value, tuple):
        if term.op is Op.WITHIN:
            low, high = (f"{v:%Y-%m-%d}" if isinstance(v, datetime) else str(v) for v in value)
            return f" {low}..{high}"
        many = term.field == "country" and len(value) > _FEW_COUNTRIES
        region = region_named(map(str, value)) if many else None
        return f"={region or '/'.join(sorted(_word(v, names) for v in value))}"
    return f"{_SIGNS[term.op]}{_word(value, names)}"


def _word(value: object, names: Mapping[str, str]) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    text = str(value)
    return text.lower() if isinstance(value, bool) else names.get(text, text)
