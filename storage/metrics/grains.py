"""Days, weeks, months, quarters and years of an account's time zone: where each begins, what it is called.

Weeks start on Monday. All arithmetic is on calendar dates; only `midnight` knows of clocks, so that a day
with 23 or 25 hours is one day. Times given back are in the zone and compare rightly after a change to UTC.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from storage.metrics.plan import Grain, Period

_MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}
_DAYS = {Grain.DAY: 1, Grain.WEEK: 7}
_KEY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?|-W(\d{2})|-Q([1-4]))?", re.ASCII)
_MOST_BUCKETS = 5_000


class PeriodError(ValueError):
    """The period cannot be: a date that is none, a future that is asked for as past, or too many parts."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """[start, end) of a period, by a key as 2026-10, 2026-W41, 2026-10-31, 2026-Q3 or 2026."""

    key: str
    start: datetime
    end: datetime


def midnight(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day; where clocks skip midnight, the moment to which they jump."""
    return in_zone(datetime.combine(day, time(), zone), zone)


def in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """The moment on the clocks of the zone, never a time that they skip."""
    return moment.astimezone(UTC).astimezone(zone)


def zone_of(moment: datetime) -> tzinfo:
    """The zone of an aware time."""
    return moment.tzinfo or UTC


def instant(moment: datetime) -> datetime:
    """For comparing: two times of one zone compare by the clock, which repeats an hour every autumn."""
    return moment.astimezone(UTC)


def floor(day: date, grain: Grain) -> date:
    """The first day of the unit that holds `day`."""
    if grain is Grain.DAY:
        return day
    if grain is Grain.WEEK:
        return day - timedelta(days=day.weekday())
    if grain is Grain.YEAR:
        return day.replace(month=1, day=1)
    if grain is Grain.QUARTER:
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(day=1)


def shift(day: date, grain: Grain, count: int) -> date:
    """`count` units later (or earlier); 31 January and a month is the last day of February."""
    if grain in _DAYS:
        return day + timedelta(days=count * _DAYS[grain])
    years, month = divmod(day.year * 12 + day.month - 1 + count * _MONTHS[grain], 12)
    first = date(years, month + 1, 1)
    length = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - first
    return first.replace(day=min(day.day, length.days))


def key_of(day: date, grain: Grain) -> str:
    """The key of the unit that holds `day`."""
    if grain is Grain.DAY:
        return day.isoformat()
    if grain is Grain.WEEK:
        year, week, _ = day.isocalendar()
        return f"{year:04}-W{week:02}"
    if grain is Grain.QUARTER:
        return f"{day.year:04}-Q{(day.month + 2) // 3}"
    return f"{day.year:04}" if grain is Grain.YEAR else f"{day.year:04}-{day.month:02}"


def unit_of(key: str) -> tuple[date, Grain]:
    """The first day and the grain of the unit that a key names. Raises PeriodError if it names none."""
    found = _KEY.fullmatch(key)
    if found is None:
        raise PeriodError("a period is written as 2026, 2026-Q3, 2026-10, 2026-W41 or 2026-10-31")
    year, month, day, week, quarter = (int(part) if part else 0 for part in found.groups())
    try:
        if week:
            return date.fromisocalendar(year, week, 1), Grain.WEEK
        if quarter:
            return date(year, quarter * 3 - 2, 1), Grain.QUARTER
        if day or found[3]:
            return date(year, month, day), Grain.DAY
        return (date(year, month, 1), Grain.MONTH) if found[2] else (date(year, 1, 1), Grain.YEAR)
    except ValueError as error:
        raise PeriodError("there is no such date") from error


def buckets(period: Period, grain: Grain, zone: tzinfo, until: datetime | None = None) -> list[Bucket]:
    """The parts of a period in order: the first and the last are cut to it. None begins after `until` (now).

    Raises PeriodError for more than a few thousand.
    """
    found: list[Bucket] = []
    for bucket in _units(period.start, grain, zone):
        start = max(bucket.start, period.start, key=instant)
        end = min(bucket.end, period.end, key=instant)
        if instant(start) >= instant(end) or (until is not None and instant(start) > instant(until)):
            return found
        if len(found) == _MOST_BUCKETS:
            raise PeriodError(f"that is too long a time to show by {grain.value}")
        found.append(Bucket(bucket.key, start, end))
    return found


def _units(start: datetime, grain: Grain, zone: tzinfo) -> Iterator[Bucket]:
    """Units without end, from the one that holds `start`."""
    day = floor(start.astimezone(zone).date(), grain)
    while True:
        following = shift(day, grain, 1)
        yield Bucket(key_of(day, grain), midnight(day, zone), midnight(following, zone))
        day = following


def day_name(day: date) -> str:
    """31 October 2026"""
    return f"{day.day} {day:%B} {day.year}"


def unit_name(day: date, grain: Grain) -> str:
    """The unit that begins with `day`: October 2026, Q3 2026, the week of 16 November 2026."""
    if grain is Grain.DAY:
        return day_name(day)
    if grain is Grain.WEEK:
        return f"the week of {day_name(day)}"
    if grain is Grain.MONTH:
        return f"{day:%B} {day.year}"
    return (
        key_of(day, grain).replace("-", " ") if grain is Grain.YEAR else f"Q{(day.month + 2) // 3} {day.year}"
    )


def describe(first: date, after: date) -> str:
    """Words for the days from `first` to the one before `after`: "in Q3 2026", "from March to May 2026"."""
    for grain in (Grain.DAY, Grain.YEAR, Grain.QUARTER, Grain.MONTH, Grain.WEEK):
        if floor(first, grain) == first and shift(first, grain, 1) == after:
            return ("on " if grain is Grain.DAY else "in ") + unit_name(first, grain)
    last = after - timedelta(days=1)
    if first.month == after.month == 1 and first.day == after.day == 1:
        return f"from {first.year} to {last.year}"
    form = "%B" if first.day == after.day == 1 else f"{first.day} %B"
    start = f"{first:{form}}" if first.year == last.year else f"{first:{form}} {first.year}"
    end = f"{last:%B} {last.year}" if first.day == after.day == 1 else day_name(last)
    return f"from {start} to {end}"
