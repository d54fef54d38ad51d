"""Customers in the order of a figure: "top 5 by revenue", "who opened the most tickets", "A vs B"."""

from __future__ import annotations

from bot.questions import periods, readings, refusals
from bot.questions.draft import Draft, Turned, near
from bot.questions.frame import Frame
from bot.questions.periods import Clock
from bot.questions.readings import Reading
from bot.questions.specs import Form
from bot.questions.words import K
from storage.metrics import catalog
from storage.metrics.catalog import Span
from storage.metrics.plan import Order, Period, Plan

_WHO = frozenset({"customer", "paying", "active"})
_OWN = frozenset({"mrr", "arr", "customers", "arpa"})
"""What the list of customers shows of each anyway, and is in the order of."""

_BY_NUMBER = frozenset({"most", "fewest", "least"})
_SPENT = frozenset({"paid", "spent", "gave"})
_MONEY_OWED = frozenset({"unpaid", "overdue"})


def figure_of(frame: Frame) -> str | None:
    """The figure in whose order customers are asked for; None for their MRR, and where rows are ranked."""
    if frame.by_atoms - _WHO:
        return _named(frame, frozenset(frame.by_atoms - {"customer"}))
    if frame.superlative is None or frame.superlative[0] != "size" or not asks_who(frame):
        return None
    tokens = frame.text.tokens
    spends = any(token.lemma == "spender" for token in tokens)
    if spends and frame.period is not None and frame.period.spec.form is not Form.NOW:
        return "revenue"
    if "customer" in frame.superlative_on:
        return None  # "the biggest customers with failed payments" are the biggest by MRR
    atoms = frozenset(frame.atoms - _WHO)
    if not atoms and _SPENT & {token.word for token in tokens}:
        atoms = frozenset({"revenue"})
    return _named(frame, atoms) if atoms else None


def asks_who(frame: Frame) -> bool:
    return "customer" in frame.atoms or any(token.word in ("who", "whose") for token in frame.text.tokens)


def _named(frame: Frame, atoms: frozenset[str]) -> str | None:
    reading = readings.pick(atoms) or readings.pick(atoms | {"customer"})
    if reading is None:
        raise Turned(refusals.confused(near(frame)))
    name = _measured(frame, reading)
    if name is None or name in _OWN:
        return None
    if name not in catalog.BY_CUSTOMER:
        label = catalog.METRICS[name].label
        raise Turned(refusals.because(f"I cannot put customers in the order of {label}.", (name,)))
    return name


def _measured(frame: Frame, reading: Reading) -> str | None:
    """How many, or how much: "the most invoices" are counted, "the largest" and what is owed is added up."""
    words = {token.word for token in frame.text.tokens}
    owed = bool(_MONEY_OWED & set(reading.needs)) and "invoice" not in frame.atoms | frame.by_atoms
    if frame.by_count == K.COUNT or (words & _BY_NUMBER and not owed):
        return reading.count or reading.amount
    if reading.bare is not None and frame.by_count is None:
        return reading.bare
    return reading.amount or reading.count


def ranked(draft: Draft, name: str, limit: int | None) -> Plan:
    """Customers by a figure. Raises Turned for a time that is still to come."""
    if draft.reading.where and not set(draft.reading.needs) - _WHO:
        raise Turned(refusals.confused(near(draft.frame)))
    descending = draft.frame.superlative is None or draft.frame.superlative[1]
    return draft.plan(
        entity="customer",
        period=period_of(draft.frame, name, draft.clock),
        order=Order(field=name, descending=descending),
        limit=limit or draft.frame.limit or (1000 if draft.frame.everything else None),
    )


def period_of(frame: Frame, name: str, clock: Clock) -> Period | None:
    """When: as said; without a word of it, a flow is of all time."""
    said = frame.period
    if said is not None and periods.is_future(said, clock):
        raise Turned(refusals.outside("forecast"))
    stock = catalog.METRICS[name].span is Span.STOCK
    if said is None or said.spec.form is Form.NOW:
        return None if stock else periods.all_time(clock)
    return periods.moment(said, clock) if stock else periods.period(said, clock)


def side_by_side(draft: Draft) -> Plan:
    """Customers that are named, next to each other: by MRR, or by the figure that is asked for."""
    frame = draft.frame
    if frame.by or frame.grain or frame.chart or frame.compared or frame.change:
        raise Turned(refusals.because("I can look at one customer at a time, or set some side by side."))
    atoms = frozenset(frame.atoms - _WHO)
    name = _named(frame, atoms) if atoms else None
    if name is not None:
        return ranked(draft, name, None)
    period = None if frame.period is None else periods.period(frame.period, draft.clock)
    if period is not None and period.start > draft.clock.now:
        raise Turned(refusals.outside("forecast"))
    return draft.plan(entity="customer", period=period)
