"""Forms that name a time by its distance from now: frozen values that say themselves, resolve themselves and
know what lies just before. `periods.py` is the way in; nothing else should need these classes.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from storage.metrics.grains import (
    day_name,
    describe,
    floor,
    in_zone,
    instant,
    midnight,
    shift,
    unit_name,
    zone_of,
)
from storage.metrics.plan import Grain, Period

_WHEN = {-1: "last", 0: "this", 1: "next"}
_DAY_NAMES = {-1: "yesterday", 0: "today", 1: "tomorrow"}


class Form(Protocol):
    """A way to name a time."""

    @property
    def said(self) -> str:
        """Its text, which `periods.named` understands."""
        ...

    def over(self, now: datetime) -> Period:
        """The period that it is at `now`, a time in the account's zone."""
        ...

    def before(self, now: datetime) -> "Form":
        """What it is compared with: as long a time, just before."""
        ...


def days(first: date, after: date, now: datetime, label: str | None = None) -> Period:
    """Whole days of now's zone, from `first` to the one before `after`."""
    zone = zone_of(now)
    label = label or describe(first, after)
    return Period(start=midnight(first, zone), end=midnight(after, zone), label=label)


def earlier(moment: datetime, grain: Grain, count: int) -> datetime:
    """The same time of day, `count` units earlier on the calendar; the start of a day stays one."""
    day = shift(moment.date(), grain, -count)
    if moment == midnight(moment.date(), zone_of(moment)):
        return midnight(day, zone_of(moment))
    return in_zone(datetime.combine(day, moment.timetz()), zone_of(moment))


def plural(count: int, grain: Grain) -> str:
    return f"{count} {grain.value}" + ("" if count == 1 else "s")


@dataclass(frozen=True, slots=True)
class Now:
    """This moment."""

    said = "now"

    def over(self, now: datetime) -> Period:
        return Period(start=now, end=now, label="now")

    def before(self, now: datetime) -> Form:
        return Ago(1, Grain.MONTH)


@dataclass(frozen=True, slots=True)
class Ago:
    """The moment `count` units ago."""

    count: int
    grain: Grain

    @property
    def said(self) -> str:
        return f"ago:{self.count}:{self.grain}"

    def over(self, now: datetime) -> Period:
        at = earlier(now, self.grain, self.count)
        return Period(start=at, end=at, label=f"{plural(self.count, self.grain)} ago ({day_name(at.date())})")

    def before(self, now: datetime) -> Form:
        return Ago(self.count * 2, self.grain)


@dataclass(frozen=True, slots=True)
class Unit:
    """The calendar unit `offset` units from the current one: today, last month, next week."""

    grain: Grain
    offset: int

    @property
    def said(self) -> str:
        if self.grain is Grain.DAY and self.offset in _DAY_NAMES:
            return _DAY_NAMES[self.offset]
        if self.offset in _WHEN:
            return f"{_WHEN[self.offset]}_{self.grain}"
        return f"unit:{self.grain}:{self.offset}"

    def over(self, now: datetime) -> Period:
        first = shift(floor(now.date(), self.grain), self.grain, self.offset)
        name = unit_name(first, self.grain)
        label = None
        if self.grain is Grain.DAY and self.offset in _DAY_NAMES:
            label = f"{_DAY_NAMES[self.offset]} ({name})"
        elif self.offset == 0:
            label = f"this {self.grain} ({name})"
        return days(first, shift(first, self.grain, 1), now, label)

    def before(self, now: datetime) -> Form:
        return Unit(self.grain, self.offset - 1)


@dataclass(frozen=True, slots=True)
class Last:
    """The last `count` units, `skip` units before now: days of 24 hours, else full calendar units."""

    count: int
    grain: Grain
    skip: int = 0

    @property
    def said(self) -> str:
        return f"last:{self.count}:{self.grain}" + (f":{self.skip}" if self.skip else "")

    def over(self, now: datetime) -> Period:
        if self.grain is Grain.DAY:
            return self._rolling(now)
        after = shift(floor(now.date(), self.grain), self.grain, -self.skip)
        return days(shift(after, self.grain, -self.count), after, now)

    def _rolling(self, now: datetime) -> Period:
        end = in_zone(instant(now) - timedelta(days=self.skip), zone_of(now))
        start = in_zone(instant(end) - timedelta(days=self.count), zone_of(now))
        label = f"in the last {plural(self.count, self.grain)}" if self.count > 1 else "in the last 24 hours"
        if self.skip:
            label = f"in the {plural(self.count, self.grain)} up to {day_name(end.date())}"
        return Period(start=start, end=end, label=label)

    def before(self, now: datetime) -> Form:
        return Last(self.count, self.grain, self.skip + self.count)


@dataclass(frozen=True, slots=True)
class Next:
    """From now to the same time of day, `count` units on."""

    count: int
    grain: Grain

    @property
    def said(self) -> str:
        return f"next:{self.count}:{self.grain}"

    def over(self, now: datetime) -> Period:
        label = f"in the next {plural(self.count, self.grain)}"
        if self.grain is Grain.DAY:
            end = in_zone(instant(now) + timedelta(days=self.count), zone_of(now))
        else:
            end = earlier(now, self.grain, -self.count)
        return Period(start=now, end=end, label=label)

    def before(self, now: datetime) -> Form:
        return Window(earlier(now, self.grain, self.count), now)


@dataclass(frozen=True, slots=True)
class ToDate:
    """A unit from its start to now, or an earlier one as far as this one has come."""

    grain: Grain
    back: int = 0

    @property
    def said(self) -> str:
        return f"to_date:{self.grain}" + (f":{self.back}" if self.back else "")

    def over(self, now: datetime) -> Period:
        first = shift(floor(now.date(), self.grain), self.grain, -self.back)
        start = midnight(first, zone_of(now))
        end = earlier(now, self.grain, self.back) if self.back else now
        name = unit_name(first, self.grain)
        label = f"in {name}, up to {day_name(end.date())}" if self.back else f"in {name} so far"
        return Period(start=start, end=end, label=label)

    def before(self, now: datetime) -> Form:
        return ToDate(self.grain, self.back + 1)


@dataclass(frozen=True, slots=True)
class Window:
    """Two moments, as they are."""

    start: datetime
    end: datetime

    @property
    def said(self) -> str:
        return f"window:{self.start.isoformat()}/{self.end.isoformat()}"

    def over(self, now: datetime) -> Period:
        start, end = in_zone(self.start, zone_of(now)), in_zone(self.end, zone_of(now))
        return Period(start=start, end=end, label=f"from {day_name(start.date())} to {day_name(end.date())}")

    def before(self, now: datetime) -> Form:
        return Window(self.start - (instant(self.end) - instant(self.start)), self.start)
