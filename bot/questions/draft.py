"""A plan in the making: what is asked, of whom, by which reading of the words."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.questions import filters, periods, readings, refusals
from bot.questions.filters import Unfilterable
from bot.questions.frame import Frame
from bot.questions.outcome import Refuse
from bot.questions.periods import Clock
from bot.questions.readings import Reading
from bot.questions.vocabulary import Vocabulary
from bot.questions.words import K
from storage.metrics import catalog
from storage.metrics.amounts import AmountError
from storage.metrics.catalog import Metric, Span
from storage.metrics.plan import Condition, Filter, Period, Plan


class Turned(Exception):
    """Composing ends with a refusal."""

    def __init__(self, refusal: Refuse) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


@dataclass(slots=True)
class Draft:
    """A plan in the making."""

    frame: Frame
    reading: Reading
    vocabulary: Vocabulary
    clock: Clock
    customer: str | None = None
    terms: tuple[Filter, ...] = ()
    more: tuple[Filter, ...] = ()
    assumed: list[str] = field(default_factory=list)

    def plan(self, **parts: object) -> Plan:
        return Plan.model_validate(
            {"filters": filters.joined(self.terms), "customer": self.customer, **parts}
        )


def terms_of_frame(
    frame: Frame, vocabulary: Vocabulary, entity: str
) -> tuple[tuple[Filter, ...], tuple[str, ...]]:
    """What a frame filters by, and what was assumed. Raises Turned."""
    try:
        return filters.of_frame(frame, vocabulary, entity)
    except Unfilterable as error:
        raise Turned(refusals.because(f"I cannot pick out by “{error}” there.", near(frame))) from error
    except AmountError as error:
        raise Turned(refusals.because(f"I cannot read that amount: {error}.")) from error


def near(frame: Frame) -> tuple[str, ...]:
    """Metrics whose words were said, for suggestions."""
    return tuple(
        name
        for reading in readings.table()
        if set(reading.needs) & frame.atoms
        for name in (reading.count, reading.amount)
        if name
    )


def metric_name(draft: Draft) -> str | None:
    """The metric that the words ask for; a count of rows that has none is a list instead."""
    reading, kinds = draft.reading, draft.frame.kinds
    if K.COUNT in kinds:
        return reading.count if reading.count or reading.entity else reading.amount
    if K.AMOUNT in kinds:
        return reading.amount or reading.count
    return reading.figure


def metric_of(draft: Draft) -> Metric:
    name = metric_name(draft)
    if name is None:
        noun = catalog.ENTITIES[draft.reading.entity or "customer"].plural
        raise Turned(refusals.because(f"I can list {noun}, but not count or split them.", near(draft.frame)))
    return catalog.METRICS[name]


def states_of(draft: Draft, metric: Metric) -> tuple[Condition, ...]:
    """The states that a figure of MRR is narrowed to; other readings' conditions are their metric's own."""
    reading = draft.reading
    return reading.where if reading.narrows or metric.name in ("mrr", "arr", "arpa") else ()


def metric_period(draft: Draft, metric: Metric) -> Period | None:
    said = None if draft.reading.cohort else draft.frame.period
    if said is not None and periods.is_future(said, draft.clock):
        raise Turned(refusals.outside("forecast"))
    if metric.span is Span.STOCK:
        return None if said is None else periods.moment(said, draft.clock)
    if said is not None:
        return periods.period(said, draft.clock)
    if draft.customer is not None:
        return periods.all_time(draft.clock)
    recent = draft.reading.recent
    return periods.recent(recent, draft.clock) if recent else None
