"""Lists: which rows, from when, in which order, how many."""

from __future__ import annotations

from bot.questions import filters, periods, readings, refusals
from bot.questions.by_figure import figure_of, ranked
from bot.questions.draft import Draft, Turned, metric_name, metric_of, near
from bot.questions.frame import Frame
from bot.questions.readings import Reading
from storage.metrics import catalog
from storage.metrics.plan import Condition, Not, Op, Order, Period, Plan

AHEAD = frozenset({"trial_ends", "renews", "due", "cancels", "closes"})
_WIDENING = frozenset({"failing", "overdue", "customer"})
_RANKED = frozenset({"mrr", "arr", "customers"})
_TIME_ORDER = {
    "customer": "customer_since",
    "subscription": "renews",
    "movement": "moved",
    "conversation": "opened",
}
_SIZE_ORDER = {"customer": "mrr", "subscription": "mrr"}


def list_of(draft: Draft, order: Order | None = None, limit: int | None = None) -> Plan:
    frame, reading = draft.frame, draft.reading
    period = list_period(draft)
    draft.terms = (*draft.terms, *_still_paying(draft), *reading.where, *dated(draft, period))
    if order is None and reading.order is not None:
        order = Order(field=reading.order, descending=not reading.ascending)
    keeps_period = reading.dated is None or reading.entity in ("customer", "subscription")
    return draft.plan(
        entity=reading.entity,
        period=period if keeps_period else None,
        order=order,
        limit=limit or frame.limit or (1000 if frame.everything else None),
    )


def _still_paying(draft: Draft) -> tuple[Condition, ...]:
    """ "customers without failed payments" are paying ones: what is left out does not widen the list."""
    widens = any(isinstance(t, Not) and filters.field_of(t) in _WIDENING for t in draft.terms)
    plain = draft.reading.entity == "customer" and not draft.reading.where and draft.reading.dated is None
    return (Condition(field="status", value="active"),) if widens and plain else ()


def list_period(draft: Draft) -> Period | None:
    """When the listed rows are from: said, or what people mean by a flow without a period."""
    frame, reading = draft.frame, draft.reading
    if frame.period is None:
        newest = frame.superlative is not None and frame.superlative[0] == "time"
        wants = reading.recent_list and draft.customer is None and not newest
        return periods.recent(reading.recent_list, draft.clock) if wants and reading.recent_list else None
    period = periods.period(frame.period, draft.clock)
    ahead = reading.dated in AHEAD
    if periods.is_future(frame.period, draft.clock) and not ahead:
        raise Turned(refusals.outside("forecast"))
    if reading.dated in ("trial_ends", "renews") and period.end <= draft.clock.now:
        raise Turned(refusals.because("I list only trials and renewals that are still to come.", near(frame)))
    return period


def dated(draft: Draft, period: Period | None) -> tuple[Condition, ...]:
    if draft.reading.dated is None or period is None:
        return ()
    return (Condition(field=draft.reading.dated, op=Op.WITHIN, value=(period.start, period.end)),)


def cohort(draft: Draft) -> tuple[Condition, ...]:
    """Whose figure it is, where a period says when they came: "MRR of customers that signed up in May"."""
    field, said = draft.reading.cohort, draft.frame.period
    if field is None or said is None:
        return ()
    period = periods.period(said, draft.clock)
    return (Condition(field=field, op=Op.WITHIN, value=(period.start, period.end)),)


def by_customer(draft: Draft) -> Plan:
    """ "MRR by customer" is the list of customers by MRR."""
    name = metric_name(draft)
    if name in catalog.BY_CUSTOMER:
        return ranked(draft, name, None)
    if name not in _RANKED:
        raise Turned(
            refusals.because(f"I cannot split {metric_of(draft).label} by customer.", near(draft.frame))
        )
    draft.reading = readings.of_metric("customers") or draft.reading
    return list_of(draft, Order(field="mrr"))


def ranking(draft: Draft) -> Plan:
    """The biggest, smallest, newest, oldest; "customers by MRR"."""
    frame = draft.frame
    who = "customer" in frame.atoms or frame.limit or any(t.word == "who" for t in frame.text.tokens)
    name = figure_of(frame)
    if name is not None:
        return ranked(draft, name, _one_customer(frame))
    if draft.reading.entity is None and who and draft.reading.amount in ("mrr", "arr"):
        draft.reading = readings.of_metric("customers") or draft.reading
    reading = draft.reading
    if reading.entity is None or reading.dated == "churned":
        raise Turned(refusals.confused(near(frame)))
    by_size = frame.superlative is None or frame.superlative[0] == "size"
    if {"ticket", "deal"} & frame.atoms and reading.entity == "conversation" and by_size:
        raise Turned(refusals.because("Tickets have no size to rank them by.", near(frame)))
    if not frame.by_atoms <= {"mrr", "arr", "paying", "customer", "revenue_size"}:
        raise Turned(
            refusals.because("I can rank customers by MRR, and bills and payments by amount.", near(frame))
        )
    kind, descending = frame.superlative or ("size", True)
    if kind == "size" and any(test in reading.tests for test in _LOSSES):
        descending = not descending  # the largest loss is the amount furthest below 0
    if reading.entity in filters.BILLS and any(
        token.word in ("who", "customer") for token in frame.text.tokens
    ):
        raise Turned(refusals.because("I can rank bills and payments by amount, not who they are of in sum."))
    size = "remaining" if reading.order == "remaining" else _SIZE_ORDER.get(reading.entity, "amount")
    by = size if kind == "size" else _time_order(reading)
    return list_of(draft, Order(field=by, descending=descending), frame.limit or _one_if_singular(frame))


_LOSSES = (("movement_type", "contraction"), ("movement_type", "churn"))


def _time_order(reading: Reading) -> str:
    if reading.order in ("signed_up", "customer_since", "created"):
        return reading.order
    return _TIME_ORDER.get(reading.entity or "customer", "created")


_NOUNS = frozenset(
    [
        "customer",
        "client",
        "account",
        "company",
        "payment",
        "invoice",
        "bill",
        "charge",
        "subscription",
        "subscriber",
        "deal",
        "opportunity",
        "refund",
        "dispute",
        "ticket",
        "conversation",
    ]
)


def _one_customer(frame: Frame) -> int | None:
    """ "which customer has the most tickets" is one, and so is "who opened the most tickets"."""
    nouns = [t for t in frame.text.tokens if t.lemma in ("customer", "client", "account", "company")]
    if not nouns:
        return 1 if any(t.word == "who" for t in frame.text.tokens) else None
    return 1 if all(t.word == t.lemma for t in nouns) and frame.superlative is not None else None


def _one_if_singular(frame: Frame) -> int | None:
    """ "our biggest customer" is one row; so is "who pays us the most"."""
    nouns = [t for t in frame.text.tokens if t.lemma in _NOUNS]
    if not nouns:
        return 1 if any(t.word == "who" for t in frame.text.tokens) else None
    return 1 if all(t.word == t.lemma for t in nouns) else None
