"""Comparisons: which two times a figure is asked of."""

from __future__ import annotations

from dataclasses import replace

from bot.questions import periods, refusals
from bot.questions.draft import Draft, Turned, metric_of, metric_period, states_of
from bot.questions.frame import Frame
from bot.questions.periods import Clock, Said
from bot.questions.specs import Form, Spec
from bot.questions.words import K
from storage.metrics.catalog import Span
from storage.metrics.plan import Compare, Period, Plan


def _is_year_before(said: Said, *, stock: bool) -> bool:
    """ "The same month last year"; of a flow also "a year ago", whose year as a whole nobody means."""
    return said.spec.form is Form.LAST_YEAR or (not stock and said.spec == Spec(Form.AGO, (1, "year")))


_NAMED = frozenset({Form.MONTH, Form.QUARTER, Form.HALF, Form.WEEK_OF, Form.DAY})


def comparison(draft: Draft) -> Plan:
    frame, metric = draft.frame, metric_of(draft)
    draft.terms = (*draft.terms, *states_of(draft, metric))
    stock = metric.span is Span.STOCK
    _in_order(frame, draft.clock)
    main, compare, before = _compared(frame, draft.clock, stock=stock)
    period = None
    if main is not None:
        if periods.is_future(main, draft.clock):
            raise Turned(refusals.outside("forecast"))
        period = periods.moment(main, draft.clock) if stock else periods.period(main, draft.clock)
    elif not stock:
        period = metric_period(draft, metric)
    if period is not None and (period.start, period.end) == (before.start, before.end):
        named = main is not None and main.spec.form in _NAMED  # "Q4 vs Q4 last year", asked in Q1
        before = (periods.a_year_before if named else periods.previous)(main, draft.clock, stock=stock)
    return draft.plan(measure=metric.name, period=period, compare=compare, compare_period=before)


def _in_order(frame: Frame, clock: Clock) -> None:
    """ "Compare Q3 and Q4": of two times side by side the later is set against the earlier."""
    if K.AND not in frame.kinds or len(frame.periods) != 1 or len(frame.compared) != 1:
        return
    first, second = frame.periods[0], frame.compared[0]
    if second.is_relative or Form.LAST_YEAR in (first.spec.form, second.spec.form):
        return
    if periods.period(first, clock).end <= periods.period(second, clock).start:
        frame.periods, frame.compared = [second], [first]


_STEP = {"mom": "month", "wow": "week", "qoq": "quarter"}


def _compared(frame: Frame, clock: Clock, *, stock: bool) -> tuple[Said | None, Compare, Period]:
    """(main period, how it is compared, with which period)."""
    main = frame.period
    if main is not None and main.spec.form is Form.BETWEEN and not frame.compared:
        first, final = (Said(spec) for spec in main.spec.args if isinstance(spec, Spec))
        before = periods.before(final, first, clock, stock=stock)
        return final, Compare.PREVIOUS_PERIOD, before
    if len(frame.compared) > 1:
        raise Turned(refusals.because("I can compare with one time only."))
    if frame.versus == "yoy" or any(_is_year_before(said, stock=stock) for said in frame.compared):
        if main is None and not stock:
            main = Said(_calendar("month", -1))
        return main, Compare.SAME_PERIOD_LAST_YEAR, periods.a_year_before(main, clock, stock=stock)
    if frame.versus in _STEP and not frame.compared:
        unit = _STEP[frame.versus]
        main = main or (None if stock else Said(_calendar(unit, -1)))
        other = Said(_calendar(unit, -1)) if main is None else None
        before = (
            periods.before(main, other, clock, stock=stock)
            if other
            else periods.previous(main, clock, stock=stock)
        )
        return main, Compare.PREVIOUS_PERIOD, before
    if frame.compared:
        compared = frame.compared[0]
        main = main or (None if stock else _running(compared))
        return main, Compare.PREVIOUS_PERIOD, periods.before(main, compared, clock, stock=stock)
    if frame.versus == "versus" and not frame.change and len(frame.wanted) == 1:
        raise Turned(refusals.because("I do not see what to compare that with."))
    return _moved(main, clock, stock=stock)


def _moved(main: Said | None, clock: Clock, *, stock: bool) -> tuple[Said | None, Compare, Period]:
    """ "did it grow last month": against the time before. With no period a stock is set against the end of
    last month, a flow of last month against the month before: months that are over."""
    last = Said(_calendar("month", -1))
    if main is None and stock:
        return None, Compare.PREVIOUS_PERIOD, periods.before(None, last, clock, stock=True)
    main = main or last
    if stock and periods.moment(main, clock) is None:
        start = Said(replace(main.spec, form=Form.START_OF, args=(main.spec,)))
        return main, Compare.PREVIOUS_PERIOD, periods.before(main, start, clock, stock=True)
    return main, Compare.PREVIOUS_PERIOD, periods.previous(main, clock, stock=stock)


def _running(compared: Said) -> Said:
    """What a lone "vs last month" is set against: the unit that runs now."""
    args = compared.spec.args
    if compared.spec.form is Form.CALENDAR and isinstance(args[0], str):
        return Said(_calendar(args[0], 0))
    return Said(_calendar("month", 0))


def _calendar(unit: str, offset: int) -> Spec:
    return Spec(Form.CALENDAR, (unit, offset))
