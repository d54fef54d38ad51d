"""Forms that name a time by a date, or by another form: see `period_forms.py`."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from storage.metrics.grains import (
    PeriodError,
    day_name,
    describe,
    in_zone,
    instant,
    key_of,
    midnight,
    shift,
    unit_of,
    zone_of,
)
from storage.metrics.period_forms import Form, Window, days, earlier
from storage.metrics.plan import Grain, Period

_WEEKS_OF_A_YEAR = 52


@dataclass(frozen=True, slots=True)
class Key:
    """The unit that a key names: 2026, 2026-Q3, 2026-10, 2026-W41, 2026-10-31."""

    key: str

    @property
    def said(self) -> str:
        return f"in:{self.key}"

    def over(self, now: datetime) -> Period:
        first, grain = unit_of(self.key)
        return days(first, shift(first, grain, 1), now)

    def before(self, now: datetime) -> Form:
        first, grain = unit_of(self.key)
        return Key(key_of(shift(first, grain, -1), grain))


@dataclass(frozen=True, slots=True)
class Latest:
    """The month or quarter of that number that came last and is not in the future; the current one fits."""

    grain: Grain
    number: int

    @property
    def said(self) -> str:
        return f"latest:{self.grain}:{self.number}"

    def _key(self, now: datetime) -> Key:
        month = self.number if self.grain is Grain.MONTH else self.number * 3 - 2
        first = date(now.year, month, 1)
        return Key(key_of(first if first <= now.date() else shift(first, Grain.YEAR, -1), self.grain))

    def over(self, now: datetime) -> Period:
        return self._key(now).over(now)

    def before(self, now: datetime) -> Form:
        return self._key(now).before(now)


@dataclass(frozen=True, slots=True)
class Between:
    """From the start of one named unit to the end of another; both are included."""

    first: str
    last: str

    @property
    def said(self) -> str:
        return f"between:{self.first}/{self.last}"

    def _days(self) -> tuple[date, date]:
        start = unit_of(self.first)[0]
        after = shift(*unit_of(self.last), 1)
        if after <= start:
            raise PeriodError("the period ends before it begins")
        return start, after

    def over(self, now: datetime) -> Period:
        return days(*self._days(), now)

    def before(self, now: datetime) -> Form:
        start, after = self._days()
        if start.day == after.day == 1:
            months = (after.year - start.year) * 12 + after.month - start.month
            begin = shift(start, Grain.MONTH, -months)
        else:
            begin = start - (after - start)
        return Between(begin.isoformat(), (start - timedelta(days=1)).isoformat())


@dataclass(frozen=True, slots=True)
class Since:
    """From the start of another form until now."""

    form: Form

    @property
    def said(self) -> str:
        return f"since:{self.form.said}"

    def over(self, now: datetime) -> Period:
        begun = self.form.over(now)
        if instant(begun.start) > instant(now):
            raise PeriodError("that has not begun yet")
        return Period(start=begun.start, end=now, label=f"since {_name(begun, begun.start.date())}")

    def before(self, now: datetime) -> Form:
        start = self.over(now).start
        return Window(in_zone(instant(start) - (instant(now) - instant(start)), zone_of(now)), start)


@dataclass(frozen=True, slots=True)
class End:
    """The moment at which another form ends."""

    form: Form

    @property
    def said(self) -> str:
        return f"end:{self.form.said}"

    def over(self, now: datetime) -> Period:
        period = self.form.over(now)
        name = _name(period, period.end.date() - timedelta(days=1))
        return Period(start=period.end, end=period.end, label=f"at the end of {name}")

    def before(self, now: datetime) -> Form:
        return End(self.form.before(now))


@dataclass(frozen=True, slots=True)
class YearBefore:
    """Another form a year earlier: the same dates, or for weeks 52 weeks earlier."""

    form: Form

    @property
    def said(self) -> str:
        return f"year_before:{self.form.said}"

    def over(self, now: datetime) -> Period:
        if isinstance(self.form, End):
            return End(YearBefore(self.form.form)).over(now)
        weekly = getattr(self.form, "grain", None) is Grain.WEEK or (
            isinstance(self.form, Key) and unit_of(self.form.key)[1] is Grain.WEEK
        )
        grain, count = (Grain.WEEK, _WEEKS_OF_A_YEAR) if weekly else (Grain.YEAR, 1)
        period = self.form.over(now)
        start, end = earlier(period.start, grain, count), earlier(period.end, grain, count)
        zone = zone_of(now)
        whole = start < end and all(at == midnight(at.date(), zone) for at in (start, end))
        label = describe(start.date(), end.date()) if whole else f"{period.label}, a year earlier"
        return Period(start=start, end=end, label=label)

    def before(self, now: datetime) -> Form:
        return YearBefore(self.form.before(now))


def _name(period: Period, otherwise: date) -> str:
    """The period's unit ("May 2026"), or the day to name it by where it is no single unit."""
    preposition, _, name = describe(period.start.date(), period.end.date()).partition(" ")
    return day_name(otherwise) if preposition == "from" else name
