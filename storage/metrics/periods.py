"""Every way to name a time, as pure functions of now and the account's time zone.

A form ("last month", "since May") says what was meant; `resolve` gives the `Period` that it is now. A
period keeps its form as text in `said`, so that a saved plan means the same words again tomorrow:
`resolve(named(period.said), now, zone)`.

"last N days" are the N x 24 hours before now; of weeks, months, quarters and years the N full ones before
the current one. "this month" is the whole month, also the part that has not happened yet.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, tzinfo
from types import MappingProxyType

from storage.metrics.grains import PeriodError, in_zone, key_of
from storage.metrics.period_dates import Between, End, Key, Latest, Since, YearBefore
from storage.metrics.period_forms import Ago, Form, Last, Next, Now, ToDate, Unit, Window
from storage.metrics.plan import Grain, Period

NOW: Form = Now()
_LONGEST = 200
_MONTHS = 12
_QUARTERS = 4


def resolve(form: Form, now: datetime, zone: tzinfo) -> Period:
    """The period that a form is at `now` in the account's zone. Raises PeriodError where there is none."""
    with _reachable():
        period = form.over(in_zone(now, zone))
        return period.model_copy(update={"said": form.said})


def previous(period: Period, now: datetime, zone: tzinfo) -> Period:
    """What a period is compared with: as long a time, just before; of now, a month ago."""
    with _reachable():
        return resolve(_form_of(period).before(in_zone(now, zone)), now, zone)


def year_before(period: Period, now: datetime, zone: tzinfo) -> Period:
    """The same dates a year earlier; of weeks, 52 weeks earlier."""
    return resolve(YearBefore(_form_of(period)), now, zone)


@contextmanager
def _reachable() -> Iterator[None]:
    """The calendar ends in the year 9999: what lies beyond is no period."""
    try:
        yield
    except PeriodError:
        raise
    except (OverflowError, ValueError) as error:
        raise PeriodError("that is too far away") from error


def _form_of(period: Period) -> Form:
    return Window(period.start, period.end) if period.said is None else named(period.said)


def unit(grain: Grain, offset: int = 0) -> Form:
    """A whole calendar unit: unit(MONTH) this month, unit(DAY, -1) yesterday, unit(WEEK, 1) next week."""
    return Unit(grain, offset)


def last(count: int, grain: Grain) -> Form:
    """last(30, DAY), last(3, MONTH)"""
    return Last(_positive(count), grain)


def upcoming(count: int, grain: Grain) -> Form:
    """The next `count` units from now on: upcoming(7, DAY)."""
    return Next(_positive(count), grain)


def ago(count: int, grain: Grain) -> Form:
    """A moment: ago(3, MONTH) is this time of day on this day of the month, three months ago."""
    return Ago(_positive(count), grain)


def to_date(grain: Grain) -> Form:
    """YTD, QTD, MTD: from the start of the unit until now."""
    return ToDate(grain)


def on(day: date) -> Form:
    return Key(key_of(day, Grain.DAY))


def month(number: int, in_year: int | None = None) -> Form:
    """A month by its number; with no year the latest that is not in the future."""
    _within(number, _MONTHS, "month")
    return Latest(Grain.MONTH, number) if in_year is None else key(f"{in_year:04}-{number:02}")


def quarter(number: int, in_year: int | None = None) -> Form:
    """A quarter by its number; with no year the latest that is not in the future."""
    _within(number, _QUARTERS, "quarter")
    return Latest(Grain.QUARTER, number) if in_year is None else key(f"{in_year:04}-Q{number}")


def year(number: int) -> Form:
    return key(f"{number:04}")


def key(text: str) -> Form:
    """The unit that a key names, as in the rows of a series: 2026-10, 2026-W41, 2026-10-31, 2026-Q3, 2026."""
    return Key(text)


def between(first: str | date, final: str | date) -> Form:
    """From the start of one to the end of the other, both included: dates, or keys ("2026-03")."""
    return Between(*(one if isinstance(one, str) else one.isoformat() for one in (first, final)))


def since(form: Form) -> Form:
    """From the start of a form until now: since(month(5)), since(on(date))."""
    return Since(form)


def end_of(form: Form) -> Form:
    """The moment at which a form ends: end_of(month(10)). What is asked of it is what was so just before."""
    return End(form)


def named(said: str) -> Form:
    """The form that a period's `said` names. Raises PeriodError for text that is none."""
    if len(said) > _LONGEST:
        raise PeriodError("that is no period")
    if said in _NAMES:
        return _NAMES[said]
    kind, _, rest = said.partition(":")
    if kind not in _READERS:
        raise PeriodError("that is no period")
    try:
        return _READERS[kind](rest)
    except (LookupError, TypeError, ValueError) as error:
        raise PeriodError("that is no period") from error


def _positive(count: int) -> int:
    if count < 1:
        raise PeriodError("a period is at least one unit long")
    return count


def _within(number: int, most: int, what: str) -> None:
    if not 1 <= number <= most:
        raise PeriodError(f"a year has {most} {what}s")


def _counted(rest: str) -> tuple[int, Grain]:
    count, grain = rest.split(":")
    return int(count), Grain(grain)


def _read_unit(rest: str) -> Form:
    grain, offset = rest.split(":")
    return Unit(Grain(grain), int(offset))


def _read_last(rest: str) -> Form:
    count, grain, *skip = rest.split(":")
    return Last(_positive(int(count)), Grain(grain), *(int(units) for units in skip))


def _read_to_date(rest: str) -> Form:
    grain, *back = rest.split(":")
    return ToDate(Grain(grain), *(int(units) for units in back))


def _read_latest(rest: str) -> Form:
    grain, number = rest.split(":")
    return {Grain.MONTH: month, Grain.QUARTER: quarter}[Grain(grain)](int(number))


def _read_window(rest: str) -> Form:
    start, end = (datetime.fromisoformat(moment) for moment in rest.split("/"))
    if start.tzinfo is None or end.tzinfo is None or start > end:
        raise PeriodError("a window has two times with a zone, in order")
    return Window(start, end)


_NAMES = MappingProxyType(
    {"now": NOW, "ytd": ToDate(Grain.YEAR), "qtd": ToDate(Grain.QUARTER), "mtd": ToDate(Grain.MONTH)}
    | {form.said: form for grain in Grain for offset in (-1, 0, 1) for form in [Unit(grain, offset)]}
)
_READERS: MappingProxyType[str, Callable[[str], Form]] = MappingProxyType(
    {
        "unit": _read_unit,
        "last": _read_last,
        "next": lambda rest: upcoming(*_counted(rest)),
        "ago": lambda rest: ago(*_counted(rest)),
        "to_date": _read_to_date,
        "in": key,
        "latest": _read_latest,
        "between": lambda rest: Between(*rest.split("/")),
        "window": _read_window,
        "since": lambda rest: Since(named(rest)),
        "end": lambda rest: End(named(rest)),
        "year_before": lambda rest: YearBefore(named(rest)),
    }
)
