"""Figures → answer: a sentence or two that a colleague would say, and the figures in the contract's form.

Text is plain: a renderer escapes it for its own markup, and says how fresh the data is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from bot import answer as contract
from bot.answer import Answer, AnswerPeriod, Kind
from bot.questions import converted, describe, profile
from bot.questions.profile import Identity
from bot.questions.receipt import receipt
from bot.questions.tables import cut, figure_rows, order_of, own_first, table_text
from bot.render import text
from storage.metrics.catalog import METRICS, Metric, Span, Unit
from storage.metrics.checks import name_of
from storage.metrics.figures import (
    Breakdown,
    Comparison,
    Figures,
    Number,
    ProfileFigures,
    ProfileRef,
    SealedRef,
    Series,
    Table,
)
from storage.metrics.figures import Cell as RawCell
from storage.metrics.plan import Plan

_NAMELESS = "(no name)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A plan that was run: what came out, and what is needed to say it."""

    question: str
    plan: Plan
    figures: Figures
    currency: str
    zone: tzinfo
    people: Mapping[bytes, Identity] = field(default_factory=dict)
    assumptions: Sequence[str] = ()
    as_of: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def names(self) -> dict[str, str]:
        return {profile_id.hex(): person.name for profile_id, person in self.people.items()}

    def person(self, profile_id: bytes) -> str:
        return self.people[profile_id].name if profile_id in self.people else _NAMELESS


def answer(run: Run) -> Answer:
    """The answer that the figures give."""
    match run.figures:
        case Number():
            return _answer(run, Kind.NUMBER, _number_text(run, run.figures), **_value(run, run.figures))
        case Comparison():
            return _comparison(run, run.figures)
        case Table():
            return _table(run, run.figures)
        case Series():
            return _series(run, run.figures)
        case Breakdown():
            return _breakdown(run, run.figures)
        case ProfileFigures():
            card = profile.card(run.figures, run.people.get(run.figures.profile.profile_id))
            return _answer(run, Kind.PROFILE, profile.sentence(card, run.zone), profile=card)


def _answer(run: Run, kind: Kind, said: str, **fields: Any) -> Answer:
    period = run.plan.period
    return Answer(
        question=run.question,
        kind=kind,
        text=" ".join([said, *converted.sentences(converted.conversion_of(run.figures)), *run.assumptions]),
        period=AnswerPeriod(start=period.start, end=period.end, label=period.label) if period else None,
        as_of=dict(run.as_of) or None,
        plan=run.plan.model_dump(mode="json", exclude_none=True),
        receipt=receipt(run.plan, run.figures),
        **fields,
    )


# --- one figure -----------------------------------------------------------------------------------------


def _metric(run: Run) -> Metric:
    return METRICS[run.plan.measure or "mrr"]


def _value(run: Run, number: Number) -> dict[str, Any]:
    """The contract's value, unit, currency and values of one figure."""
    if number.value is not None:
        return {"value": number.value, "unit": number.unit.value}
    if len(number.values) > 1:
        return {"unit": number.unit.value, "values": dict(number.values)}
    for currency, value in number.values.items():
        return {"value": value, "unit": number.unit.value, "currency": currency}
    if number.unit is Unit.MONEY:
        return {"value": 0, "unit": number.unit.value, "currency": run.currency}
    return {"value": 0 if number.unit is Unit.COUNT else None, "unit": number.unit.value}


def _said(run: Run, number: Number) -> str:
    """A figure as words: $78,287.84, €2,861.77 and ¥222,767."""
    if number.value is not None:
        return text.figure(number.value, number.unit)
    if number.values:
        return text.values(own_first(number.values, run.currency), number.unit)
    return text.money(0, run.currency) if number.unit is Unit.MONEY else "not known"


def _whose(run: Run) -> str:
    customer = run.plan.customer
    return f" of {run.person(bytes.fromhex(customer))}" if customer else ""


def _subject(run: Run) -> str:
    """MRR of Initech; Revenue in Germany."""
    metric = _metric(run)
    label = f"Share of {name_of(metric)}" if run.plan.shares else metric.label
    return f"{label}{_narrowed(run)}"


def _narrowed(run: Run) -> str:
    return f"{_whose(run)}{describe.filters(run.plan, run.names, run.zone)}"


def _when(run: Run) -> str:
    return f" {run.plan.period.label}" if run.plan.period else ""


def _verb(run: Run, value: float | None = None) -> str:
    """Revenue was, refunds were, customers on trial are; with a value: 1 customer is."""
    words = _metric(run).label.split()
    several = value != 1 if value is not None else words[0].endswith("s") or words[-1].endswith("s")
    past = run.plan.period is not None or _metric(run).span is Span.FLOW
    return ("were" if several else "was") if past else ("are" if several else "is")


def _share_text(run: Run, number: Number) -> str:
    """ "34.5% of MRR is on Growth.", "12% of customers were in Germany at the end of October 2026." """
    if number.value is None and not number.values:
        return f"There is nothing to take a share of: {_subject(run)}{_when(run)} is none."
    part = describe.part(run.plan, run.names, run.zone)
    return f"{_said(run, number)} of {name_of(_metric(run))}{_narrowed(run)} {_verb(run)}{part}{_when(run)}."


def _number_text(run: Run, number: Number) -> str:
    metric = _metric(run)
    if run.plan.part is not None:
        return _share_text(run, number)
    noun = metric.nouns
    if metric.name == "customers" and any(c.field == "mrr" for c in run.plan.conditions()):
        noun = ("customer", "customers")
    if noun is not None and number.value is not None:
        sentence = _counted(run, number.value, noun)
    else:
        sentence = f"{_subject(run)} {_verb(run)} {_said(run, number)}{_when(run)}."
    return sentence + describe.left_out(number.left_out)


def _counted(run: Run, value: float, noun: tuple[str, str]) -> str:
    """ "7 customers churned in October 2026.", "There are 269 paying customers on Growth." """
    narrowed = _narrowed(run)
    how_many = text.count(value) if value else "no"
    counted = f"{how_many} {noun[value != 1]}{narrowed}"
    if _metric(run).name == "churned_customers":
        sentence = f"{how_many} {'customer' if value == 1 else 'customers'}{narrowed} churned{_when(run)}."
        return sentence[0].upper() + sentence[1:]
    return f"There {_verb(run, value)} {counted}{_when(run)}."


# --- two figures ----------------------------------------------------------------------------------------


def _comparison(run: Run, pair: Comparison) -> Answer:
    now, before = pair.now, pair.before
    currencies = sorted({*now.values, *before.values}, key=lambda code: (code != run.currency, code))
    fields = _value(run, now)
    if now.value is not None or before.value is not None:
        previous: Any = before.value
    elif len(currencies) > 1:
        fields = {"unit": now.unit.value, "values": {c: now.values.get(c, 0) for c in currencies}}
        previous = {c: before.values.get(c, 0) for c in currencies}
    else:
        only = currencies[0] if currencies else run.currency
        fields = {"unit": now.unit.value, "value": now.values.get(only, 0), "currency": only}
        previous = before.values.get(only, 0)
    return _answer(run, Kind.COMPARISON, _compared_text(run, pair, currencies), **fields, previous=previous)


def _compared_text(run: Run, pair: Comparison, currencies: Sequence[str]) -> str:
    earlier = run.plan.compare_period
    against = f" {earlier.label}" if earlier else " before"
    verb = _verb(run)
    changes = [_change(pair, None)] if pair.now.value is not None else [_change(pair, c) for c in currencies]
    moved = text.listed([change for change in changes if change])
    when = _when(run) or (" now" if _metric(run).span is Span.STOCK else "")
    figures = f"{_said(run, pair.now)}{when}, against {_said(run, pair.before)}{against}"
    return f"{_subject(run)} {verb} {figures}: {moved or 'no change'}." + describe.left_out(pair.now.left_out)


def _change(pair: Comparison, currency: str | None) -> str:
    if currency is None:
        now, before = pair.now.value or 0, pair.before.value or 0
    else:
        now, before = pair.now.values.get(currency, 0), pair.before.values.get(currency, 0)
    return text.change(now, before, pair.now.unit, currency).text


# --- rows -----------------------------------------------------------------------------------------------


def _cell(run: Run, value: RawCell) -> contract.Cell:
    if isinstance(value, ProfileRef):
        return run.person(value.profile_id)
    if isinstance(value, SealedRef):
        return None  # what is gone meanwhile
    return value.isoformat() if isinstance(value, datetime) else value


def _table(run: Run, table: Table) -> Answer:
    rows = tuple(tuple(_cell(run, value) for value in row) for row in table.rows)
    said = table_text(run.plan, table, rows, run.names, run.zone) + describe.left_out(table.left_out)
    return _answer(run, Kind.TABLE, said, columns=table.columns, rows=rows, total_rows=table.total_rows)


def _figure_columns(run: Run, key: Sequence[str], numbers: Sequence[Number]) -> tuple[str, ...]:
    metric = _metric(run)
    by_currency = metric.unit is Unit.MONEY or any(number.values for number in numbers)
    return (*key, metric.name, "currency") if by_currency else (*key, metric.name)


def _series(run: Run, series: Series) -> Answer:
    grain = str(run.plan.grain or "month")
    numbers = [number for _, number in series.points]
    rows = [row for key, number in series.points for row in figure_rows((key,), number, run.currency)]
    return _answer(
        run,
        Kind.SERIES,
        _series_text(run, series, grain),
        columns=_figure_columns(run, (grain,), numbers),
        rows=tuple(rows),
        total_rows=len(rows),
        unit=series.unit.value,
    )


def _series_text(run: Run, series: Series, grain: str) -> str:
    label = run.plan.period.label if run.plan.period else ""
    by = "" if label.startswith("by ") else f" by {grain}"
    if not series.points:
        return f"There is nothing to show for {_subject(run)}{by} {label}."
    (first, start), (last, end) = series.points[0], series.points[-1]
    figures = (
        f"from {_said(run, start)} ({text.period_key(first)}) to {_said(run, end)} ({text.period_key(last)})"
    )
    return f"{_subject(run)}{by} {label}: {figures}."


def _breakdown(run: Run, breakdown: Breakdown) -> Answer:
    groups = cut(run.plan, breakdown.groups)
    names = tuple(run.plan.by)
    rows = [row for key, number in groups for row in figure_rows(key, number, run.currency)]
    every = [row for key, number in breakdown.groups for row in figure_rows(key, number, run.currency)]
    return _answer(
        run,
        Kind.BREAKDOWN,
        _breakdown_text(run, groups),
        columns=_figure_columns(run, names, [number for _, number in breakdown.groups]),
        rows=tuple(rows),
        total_rows=len(every),
        unit=breakdown.unit.value,
    )


def _breakdown_text(run: Run, groups: Sequence[tuple[tuple[str | None, ...], Number]]) -> str:
    by = " and ".join(order_of(name) for name in run.plan.by)
    if not groups:
        return f"There is nothing to split by {by}{_when(run)}."
    key, number = groups[0]
    first = ", ".join(describe.value(name, value) for name, value in zip(run.plan.by, key, strict=True))
    leads = "comes first" if run.plan.order is None or run.plan.order.descending else "is the smallest"
    return f"{_subject(run)} by {by}{_when(run)}: {first} {leads} with {_said(run, number)}."
