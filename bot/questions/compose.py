"""Frame → plan: the reading of the words, its filters, its time, and the shape of the answer."""

from __future__ import annotations

from itertools import pairwise

from bot.questions import periods, readings, refusals, whereabouts
from bot.questions.by_figure import side_by_side
from bot.questions.comparing import comparison
from bot.questions.draft import (
    Draft,
    Turned,
    metric_name,
    metric_of,
    metric_period,
    near,
    states_of,
    terms_of_frame,
)
from bot.questions.filters import BILLS
from bot.questions.frame import Frame
from bot.questions.listing import by_customer, cohort, dated, list_of, list_period, ranking
from bot.questions.periods import Clock, Said
from bot.questions.sharing import reading_of_whole, share
from bot.questions.specs import Form
from bot.questions.subject import OF_ONE_CUSTOMER, RATES, is_profile, of_time, reading_of
from bot.questions.unconverted import leave_out_converted
from bot.questions.vocabulary import Vocabulary
from bot.questions.words import K
from storage.metrics import catalog
from storage.metrics.catalog import Span
from storage.metrics.plan import Grain, Order, Period, Plan

_EVENTS = frozenset({"churned", "trial", "renewing"})
_AVERAGED = frozenset(
    {"arpa", "average_payment", "average_invoice", "ltv", "average_response_time", "average_deal_size"}
)
_NOUNS_MANY = frozenset(["customers", "accounts", "clients", "companies", "people", "users"])
_ROWS = frozenset("payment charge invoice bill refund dispute chargeback deal ticket conversation".split())  # noqa: SIM905 - reads better


def compose(
    frame: Frame, vocabulary: Vocabulary, clock: Clock, customer: str | None
) -> tuple[Plan, tuple[str, ...]]:
    """The plan of a frame about `customer` (or all), and what was assumed. Raises Turned."""
    if customer is None and whereabouts.is_asked(frame):
        frame.by.append("country")
        frame.atoms.discard("active")
    reading = reading_of(frame)
    if (
        customer is not None
        and frame.period
        and frame.atoms
        and frame.atoms <= {"paying", "paid", "customer"}
    ):
        reading = readings.pick(frozenset({"payment", "paid"}))
    if customer is not None and is_profile(frame, reading):
        if "owner" in frame.by and not vocabulary.owners:
            raise Turned(refusals.because("Owners come from a CRM such as HubSpot, and none is connected."))
        if K.COUNT in frame.kinds and K.FACT not in frame.kinds and not frame.atoms & _EVENTS:
            raise Turned(refusals.confused())
        return Plan(customer=customer), ()
    if reading is None:
        raise Turned(refusals.confused(near(frame)))
    if K.SHARE in frame.kinds and reading.amount not in RATES:
        return _share(Draft(frame, reading, vocabulary, clock, customer))
    reading = of_time(frame, reading)
    if reading.entity is None and _asks_who(frame):
        figures = tuple(name for name in (reading.count, reading.amount) if name)
        raise Turned(refusals.because("I can say how much or how many, but not list them.", figures))
    draft = Draft(frame, reading, vocabulary, clock, customer)
    leave_out_converted(draft)
    _filter(draft)
    return _shape(draft), tuple(draft.assumed)


def _share(draft: Draft) -> tuple[Plan, tuple[str, ...]]:
    found = reading_of_whole(draft.frame.atoms)
    if found is None:
        raise Turned(refusals.confused(near(draft.frame)))
    draft.reading, part = found
    return share(draft, part), tuple(draft.assumed)


def _asks_who(frame: Frame) -> bool:
    """Whether rows are wanted, not a figure: "who started a trial"."""
    if frame.by or frame.grain or frame.by_atoms or {K.COUNT, K.AMOUNT, K.AVERAGE} & frame.kinds:
        return False
    return _names_askers(frame) and K.VERSUS not in frame.kinds and frame.superlative is None


def _names_askers(frame: Frame) -> bool:
    """Whether "who" asks, and does not only lead on from a noun: "MRR of customers who joined in May"."""
    tokens = frame.text.tokens
    before = ["", *(token.word for token in tokens)]
    return any(
        token.word in ("who", "whose", "which") and before[at] not in _NOUNS_MANY
        for at, token in enumerate(tokens)
    )


def _filter(draft: Draft) -> None:
    metric = draft.reading.amount or draft.reading.count
    entity = draft.reading.entity or (catalog.METRICS[metric].entity if metric else "customer")
    terms, assumed = terms_of_frame(draft.frame, draft.vocabulary, entity)
    draft.terms = (*terms, *draft.more)
    draft.assumed.extend(assumed)


def _shape(draft: Draft) -> Plan:
    frame = draft.frame
    if len(frame.periods) > 1:
        raise Turned(refusals.because("I can look at one period at a time, or compare two (“… vs …”)."))
    _check_average(draft)
    if frame.among and not _wants_bills(draft):
        return side_by_side(draft)
    return _shaped(draft)


def _shaped(draft: Draft) -> Plan:
    frame = draft.frame
    against = _set_against(frame)
    if against is not None:
        frame.by.append(against)
    if "customer" in frame.by_atoms and not frame.by:
        return by_customer(draft)
    if frame.grain and not frame.chart and _is_one_unit(frame):
        frame.grain = None  # "annual churn rate in 2026"
    if frame.by or frame.grain or frame.chart:
        return _cut(draft)
    if frame.superlative or (frame.by_atoms and draft.reading.entity):
        return ranking(draft)
    if frame.versus or frame.compared or frame.change:
        return comparison(draft)
    if _wants_list(draft):
        return list_of(draft)
    return _number(draft)


def _wants_bills(draft: Draft) -> bool:
    """ "invoices of Acme and Globex" are rows of both."""
    return draft.reading.entity in BILLS and (_wants_list(draft) and draft.frame.versus is None)


def _check_average(draft: Draft) -> None:
    """Raises Turned for an average, or a median, of what there is none of."""
    frame = draft.frame
    median = any(token.word == "median" for token in frame.text.tokens)
    if median and draft.reading.amount != "response_time":
        raise Turned(refusals.because("The only median I work out is that of response times.", near(frame)))
    averaged = {draft.reading.amount} & _AVERAGED
    if K.AVERAGE in frame.kinds and not averaged and not median:
        raise Turned(
            refusals.because(
                "The averages I work out are revenue per account, payments and invoices.",
                ("arpa", "average_payment"),
            )
        )


_UNITS_OF = {Form.MONTH: "month", Form.QUARTER: "quarter", Form.YEAR: "year", Form.DAY: "day"}


def _is_one_unit(frame: Frame) -> bool:
    """Whether the period is a single one of the units that the figure would be shown by."""
    if frame.period is None or frame.period.spread:
        return False
    spec = frame.period.spec
    unit = spec.args[0] if spec.form is Form.CALENDAR else _UNITS_OF.get(spec.form)
    return unit == frame.grain


def _set_against(frame: Frame) -> str | None:
    """The field of which two values are compared ("Germany vs France"): the figure is split by it."""
    if frame.versus != "versus" or frame.compared or frame.by:
        return None
    fields = [want.field for want in frame.wanted if not want.negated]
    if frame.regions:
        raise Turned(
            refusals.because("I can set countries side by side, not regions: ask for one at a time.")
        )
    return next((name for name in fields if fields.count(name) > 1 and catalog.FIELDS[name].groupable), None)


def _wants_list(draft: Draft) -> bool:
    """Rows rather than a figure: asked for, or a bare noun with something that narrows it."""
    kinds, reading = draft.frame.kinds, draft.reading
    if reading.entity is None:
        return False
    if {K.COUNT, K.AMOUNT, K.TOTAL} & kinds:
        _check_counted(draft)
        return metric_name(draft) is None
    if (
        {K.LIST, K.SHOW} & kinds
        or draft.frame.limit
        or draft.customer
        or (_described(draft.frame) and (reading.count or reading.entity == "invoice"))
    ):
        owes = draft.customer and reading.amount in OF_ONE_CUSTOMER
        return not owes or "invoice" in draft.frame.atoms  # "open invoices of Acme" are rows
    return _names_rows(draft)


def _check_counted(draft: Draft) -> None:
    """Raises Turned where customers are to be counted, and only what they owe can be listed."""
    reading = draft.reading
    if K.COUNT in draft.frame.kinds and metric_name(draft) is None and "customer" in reading.needs:
        noun = catalog.ENTITIES[reading.entity or "customer"].plural
        raise Turned(
            refusals.because(f"I can list those {noun} and whose they are, but not count customers.")
        )


def _names_rows(draft: Draft) -> bool:
    """Whether the bare words name rows: "invoices", "trialing customers in Germany", "refunds over $50"."""
    reading, atoms = draft.reading, draft.frame.atoms
    trials = "trial" in reading.needs and reading.entity == "customer" and bool(draft.terms)
    if trials or (draft.frame.amounts and reading.entity in BILLS) or atoms & {"invoice", "ending"}:
        return True
    at_a_time = draft.frame.period is not None and reading.count != "customers"
    narrowed = bool(draft.terms) or at_a_time
    return not reading.counted and (narrowed or bool(reading.tests) or reading.count is None)


_CLAUSES = frozenset({"that", "who", "which", "with"})


def _described(frame: Frame) -> bool:
    """ "customers that cancelled", "payments that failed": a noun with a clause of its own asks for rows."""
    tokens = frame.text.tokens
    who = any(t.word in _NOUNS_MANY and u.word in _CLAUSES for t, u in pairwise(tokens))
    return who or any(t.lemma in _ROWS and u.word in ("that", "which") for t, u in pairwise(tokens))


def _number(draft: Draft) -> Plan:
    metric = metric_of(draft)
    if metric.name == "revenue" and draft.frame.amounts:
        raise Turned(refusals.confused(("revenue",)))
    if metric.name == "payments" and {K.AMOUNT, K.TOTAL} & draft.frame.kinds:
        reason = "I know how many payments came in, and how much they were less refunds."
        raise Turned(refusals.because(reason, ("revenue", "payments")))
    said = draft.frame.period
    runs = said is not None and (said.spread or said.spec.form in (Form.SINCE, Form.BETWEEN))
    grain = _units_of(said)
    if metric.span is Span.STOCK and grain is not None and not draft.reading.cohort:
        draft.frame.grain = draft.frame.grain or grain
        return _cut(draft)
    if metric.span is Span.STOCK and runs and not draft.reading.cohort:
        return _cut(draft)
    if "ending" in draft.frame.atoms:
        period = list_period(draft)
        draft.terms = (*draft.terms, *dated(draft, period))
        return draft.plan(measure=metric.name)
    draft.terms = (*draft.terms, *states_of(draft, metric), *cohort(draft))
    return draft.plan(measure=metric.name, period=metric_period(draft, metric))


def _units_of(said: Said | None) -> Grain | None:
    """The units of "the last 6 months", if there are several: a stock has a value at the end of each."""
    if said is None or said.spec.form is not Form.LAST:
        return None
    count, unit = said.spec.args
    return Grain(str(unit)) if unit in ("week", "month", "quarter", "year") and count != 1 else None


def _cut(draft: Draft) -> Plan:
    """A breakdown by dimensions, or a series over time."""
    frame, metric = draft.frame, metric_of(draft)
    draft.terms = (*draft.terms, *states_of(draft, metric))
    for dimension in frame.by:
        if dimension not in metric.dimensions:
            raise Turned(refusals.not_cut_by(metric, dimension))
    if frame.by:
        if frame.grain or frame.chart:
            raise Turned(refusals.because("I can split by time or by group, one at a time.", (metric.name,)))
        order = Order(field="value", descending=frame.superlative[1]) if frame.superlative else None
        return draft.plan(
            measure=metric.name,
            by=tuple(dict.fromkeys(frame.by)),
            period=metric_period(draft, metric),
            order=order,
            limit=frame.limit,
        )
    grain = frame.grain or Grain.MONTH
    return draft.plan(measure=metric.name, grain=grain, period=_series_period(draft, grain))


def _series_period(draft: Draft, grain: Grain) -> Period:
    said = draft.frame.period
    if said is None or said.spec.form is Form.NOW:
        return periods.for_series(grain, draft.clock)
    if periods.is_future(said, draft.clock):
        raise Turned(refusals.outside("forecast"))
    return periods.period(said, draft.clock)
