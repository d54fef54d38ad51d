"""Words → period: what `when.py` read, as forms of `storage.metrics.periods` and periods of this moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from bot.questions import when
from bot.questions.dates import simple
from bot.questions.readings import Recent
from bot.questions.specs import Form, Reader, Spec
from bot.questions.text import Token
from storage.metrics import periods
from storage.metrics.grains import PeriodError, key_of
from storage.metrics.period_forms import Form as TimeForm
from storage.metrics.plan import Grain, Period

_SPREADING = frozenset(["over", "throughout", "across"])
_BEGINNING = date(2000, 1, 1)
_HOURS_A_DAY = 24


@dataclass(frozen=True, slots=True)
class Said:
    """A time that a question names. `spread`: it was "over" that time, a stock is shown as a series."""

    spec: Spec
    spread: bool = False

    @property
    def is_relative(self) -> bool:
        """Whether it only makes sense beside another period ("the month before")."""
        return self.spec.form in (Form.BEFORE_THAT, Form.LAST_YEAR)

    @property
    def is_range(self) -> bool:
        """Whether it is two times: "compare January to February" sets one against the other."""
        return self.spec.form is Form.BETWEEN


@dataclass(frozen=True, slots=True)
class Clock:
    """Now, and where."""

    now: datetime
    zone: tzinfo

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def resolve(self, form: TimeForm) -> Period:
        return periods.resolve(form, self.now, self.zone)


def at(tokens: Sequence[Token], start: int, now: datetime, zone: tzinfo) -> tuple[int, Said] | None:
    """The time that is named from token `start` on, and the position after it."""
    clock = Clock(now, zone)
    reader = Reader(tokens, clock.today)
    readings = (when.parse(reader, start), simple(reader, start))
    found = next((one for one in readings if one is not None and _exists(one[1], clock)), None)
    if found is None:
        return None
    end, spec = found
    words = [token.word for token in tokens[max(start - 2, 0) : start + 1] if token.word != "the"]
    return end, Said(spec, spread=any(word in _SPREADING for word in words[-2:]))


def _exists(spec: Spec, clock: Clock) -> bool:
    """Whether it is a time at all: "this quarter to last quarter" is two, not one that runs backwards."""
    try:
        period(Said(spec), clock)
    except PeriodError:
        return False
    return True


def period(said: Said, clock: Clock) -> Period:
    """The period of a flow: "3 months ago" is that whole month, "the end of May" that day."""
    spec = said.spec
    if spec.form is Form.AGO:
        count, name = _counted(spec)
        return clock.resolve(periods.unit(Grain(name), -count))
    if spec.form in (Form.END_OF, Form.START_OF):
        return _edge_day(spec, clock)
    if said.is_relative:
        return clock.resolve(periods.NOW)
    resolved = clock.resolve(_form(spec, clock))
    return resolved.model_copy(update={"label": "of all time"}) if spec.form is Form.ALL else resolved


def moment(said: Said, clock: Clock) -> Period | None:
    """The moment at which a stock is read: the period's end, or None for now where that is not over."""
    spec = said.spec
    if spec.form is Form.START_OF:
        return clock.resolve(
            periods.end_of(_form(_inner(spec), clock).before(clock.now.astimezone(clock.zone)))
        )
    if spec.form is Form.AGO:
        count, name = _counted(spec)
        form = periods.unit(Grain.DAY, -count) if name == Grain.DAY else periods.ago(count, Grain(name))
        return clock.resolve(periods.end_of(form) if name == Grain.DAY else form)
    inner = _inner(spec) if spec.form is Form.END_OF else spec
    form = _form(inner, clock)
    return None if clock.resolve(form).end >= clock.now else clock.resolve(periods.end_of(form))


def is_future(said: Said, clock: Clock) -> bool:
    """Whether it lies ahead, all of it; for the end of something, whether that is still to come."""
    spec = said.spec
    if said.is_relative or spec.form in (Form.NOW, Form.AGO):
        return False
    if spec.form is Form.END_OF:
        return clock.resolve(_form(_inner(spec), clock)).end > clock.now
    return period(said, clock).start >= clock.now


def before(main: Said | None, compared: Said, clock: Clock, *, stock: bool) -> Period:
    """The period that is compared with, where `main` is the one asked for (None: now)."""
    if not compared.is_relative:
        found = moment(compared, clock) if stock else period(compared, clock)
        return found or clock.resolve(periods.NOW)
    if compared.spec.form is Form.LAST_YEAR:
        return periods.year_before(_main(main, clock, stock), clock.now, clock.zone)
    unit = str(compared.spec.args[0])
    if main is None and unit != "period":
        return clock.resolve(periods.end_of(periods.unit(Grain(unit), -1)))
    return periods.previous(_main(main, clock, stock), clock.now, clock.zone)


def a_year_before(main: Said | None, clock: Clock, *, stock: bool) -> Period:
    return periods.year_before(_main(main, clock, stock), clock.now, clock.zone)


def previous(main: Said | None, clock: Clock, *, stock: bool) -> Period:
    return periods.previous(_main(main, clock, stock), clock.now, clock.zone)


def end_of(period: Period, clock: Clock) -> Period | None:
    """The moment at which a period ends; None where it has not ended."""
    if period.is_moment or period.said is None:
        return period
    return None if period.end >= clock.now else clock.resolve(periods.end_of(periods.named(period.said)))


def shifted(period: Period | None, relative: Said, clock: Clock) -> Period:
    """ "and the month before?": the period before the one just asked about."""
    main = period or clock.resolve(periods.NOW)
    if relative.spec.form is Form.LAST_YEAR:
        return periods.year_before(main, clock.now, clock.zone)
    return periods.previous(main, clock.now, clock.zone)


def _main(main: Said | None, clock: Clock, stock: bool) -> Period:
    if main is None:
        return clock.resolve(periods.NOW)
    return (moment(main, clock) if stock else period(main, clock)) or clock.resolve(periods.NOW)


def recent(kind: Recent, clock: Clock) -> Period:
    """The period that people mean when they name none."""
    match kind:
        case Recent.THIS_MONTH:
            return clock.resolve(periods.to_date(Grain.MONTH))
        case Recent.LAST_MONTH:
            return clock.resolve(periods.unit(Grain.MONTH, -1))
        case Recent.LAST_30_DAYS:
            return clock.resolve(periods.last(30, Grain.DAY))
        case Recent.NEXT_30_DAYS:
            return clock.resolve(periods.upcoming(30, Grain.DAY))


_SHOWN = {Grain.DAY: 30, Grain.WEEK: 12, Grain.MONTH: 12, Grain.QUARTER: 8, Grain.YEAR: 5}


def for_series(grain: Grain, clock: Clock) -> Period:
    """What a series without a period shows: the last units and the current one, up to now."""
    first = clock.resolve(periods.unit(grain, 1 - _SHOWN[grain]))
    label = f"by {grain.value}, the last {_SHOWN[grain]} {grain.value}s"
    return first.model_copy(
        update={"end": clock.now, "label": label, "said": _window(first.start, clock.now)}
    )


def all_time(clock: Clock) -> Period:
    return period(Said(Spec(Form.ALL)), clock)


# --- one form each --------------------------------------------------------------------------------------


def _form(spec: Spec, clock: Clock) -> TimeForm:  # noqa: C901, PLR0911, PLR0912 - one line a form
    match spec.form, spec.args:
        case Form.CALENDAR, (str(unit), int(offset)):
            return periods.unit(_grain(unit), offset)
        case Form.LAST, (int(count), str(unit)):
            return periods.last(_days(count, unit), _grain(unit))
        case Form.NEXT, (int(count), str(unit)):
            return periods.upcoming(_days(count, unit), _grain(unit))
        case Form.DAY, (date() as day,):
            return periods.on(day)
        case Form.WEEK_OF, (date() as day,):
            return periods.key(key_of(day, Grain.WEEK))
        case Form.MONTH, (int(year), int(month)):
            return periods.month(month, year)
        case Form.QUARTER, (int(year), int(quarter)):
            return periods.quarter(quarter, year)
        case Form.HALF, (int(year), int(half)):
            return periods.between(f"{year:04}-{half * 6 - 5:02}", f"{year:04}-{half * 6:02}")
        case Form.YEAR, (int(year),):
            return periods.year(year)
        case Form.TO_DATE, (str(unit),):
            return periods.to_date(Grain(unit))
        case Form.SINCE, (Spec(Form.END_OF) as inner,):
            return periods.named(_window(period(Said(inner), clock).end, clock.now))
        case Form.SINCE, (Spec() as inner,):
            return periods.since(_form(_plain(inner), clock))
        case Form.UNTIL, (Spec() as inner, bool(inclusive)):
            return _until(inner, inclusive, clock)
        case Form.BETWEEN, (Spec() as first, Spec() as final):
            return _between(first, final, clock)
        case Form.ALL, ():
            return periods.since(periods.on(_BEGINNING))
        case _:
            return periods.NOW


def _plain(spec: Spec) -> Spec:
    """ "since the start of the year" begins where the year does."""
    return _inner(spec) if spec.form is Form.START_OF else spec


def _inner(spec: Spec) -> Spec:
    inner = spec.args[0]
    return inner if isinstance(inner, Spec) else spec


def _counted(spec: Spec) -> tuple[int, str]:
    count, unit = spec.args
    if not isinstance(count, int) or unit == "hour":
        return 1, Grain.DAY.value
    return count, str(unit)


def _grain(unit: str) -> Grain:
    return Grain.DAY if unit == "hour" else Grain(unit)


def _days(count: int, unit: str) -> int:
    if unit != "hour":
        return count
    if count % _HOURS_A_DAY:
        raise PeriodError("a period is counted in days, weeks, months, quarters or years")
    return count // _HOURS_A_DAY


def _until(spec: Spec, inclusive: bool, clock: Clock) -> TimeForm:
    """What is still to come up to then; of a past day, all that was before it."""
    named = period(Said(spec), clock)
    end = named.end if inclusive else named.start
    start = (
        clock.now if end > clock.now else datetime.combine(_BEGINNING, datetime.min.time(), clock.now.tzinfo)
    )
    return periods.named(_window(start, end))


def _between(first: Spec, final: Spec, clock: Clock) -> TimeForm:
    keyed = [spec.args[0] if spec.form is Form.DAY else _key(spec) for spec in (first, final)]
    if all(isinstance(key, str | date) for key in keyed):
        return periods.between(*(key for key in keyed if isinstance(key, str | date)))
    start, end = period(Said(first), clock).start, period(Said(final), clock).end
    if start >= end:
        raise PeriodError("that period would end before it starts")
    return periods.named(_window(start, end))


def _key(spec: Spec) -> str | None:
    match spec.form, spec.args:
        case Form.MONTH, (int(year), int(month)):
            return f"{year:04}-{month:02}"
        case Form.QUARTER, (int(year), int(quarter)):
            return f"{year:04}-Q{quarter}"
        case Form.YEAR, (int(year),):
            return f"{year:04}"
        case _:
            return None


def _edge_day(spec: Spec, clock: Clock) -> Period:
    whole = period(Said(_inner(spec)), clock)
    if spec.form is Form.START_OF:
        return clock.resolve(periods.on(whole.start.astimezone(clock.zone).date()))
    last = (whole.end.astimezone(clock.zone) - timedelta(microseconds=1)).date()
    return clock.resolve(periods.on(last))


def _window(start: datetime, end: datetime) -> str:
    return f"window:{start.isoformat()}/{end.isoformat()}"
