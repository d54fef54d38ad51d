"""When the next digest is due, and when quiet hours end: by the clock on the wall of a time zone.

Where clocks are set forward over the hour, it is the first moment after; where they are set back, the first
of the two. Nothing is due twice.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from thoughts.wants import Rhythm, Wants

_DAY = timedelta(days=1)


def next_digest(wants: Wants, after: datetime) -> datetime:
    """The first moment after `after` at which a digest is due. What is only held back comes weekly."""
    zone = ZoneInfo(wants.zone)
    rhythm = wants.digest or Rhythm.WEEKLY
    day = after.astimezone(zone).date()
    while True:
        if _is_day(rhythm, wants, day):
            due = _at(day, wants.hour, zone)
            if due > after:
                return due
        day += _DAY


def _is_day(rhythm: Rhythm, wants: Wants, day: date) -> bool:
    match rhythm:
        case Rhythm.DAILY:
            return True
        case Rhythm.WEEKLY:
            return day.weekday() == wants.weekday
        case Rhythm.MONTHLY:
            return day.day == 1


def _at(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """The moment of an hour of a day; one that a change of clocks skips is taken to be the next that is."""
    there = datetime.combine(day, time(hour), zone)
    return there.astimezone(UTC)


def end_of_quiet(wants: Wants, at: datetime) -> datetime:
    """When something may be posted that is decided at `at`: then, or when the quiet hours end."""
    if wants.quiet is None or not wants.is_quiet(at):
        return at
    zone = ZoneInfo(wants.zone)
    day = at.astimezone(zone).date()
    ends = _at(day, wants.quiet[1], zone)
    return ends if ends > at else _at(day + _DAY, wants.quiet[1], zone)


def period_of(wants: Wants, due: datetime) -> tuple[date, date]:
    """The days that a digest due at `due` is about: [first, last], whole days of its zone before it."""
    today = due.astimezone(ZoneInfo(wants.zone)).date()
    match wants.digest or Rhythm.WEEKLY:
        case Rhythm.DAILY:
            return today - _DAY, today - _DAY
        case Rhythm.WEEKLY:
            return today - 7 * _DAY, today - _DAY
        case Rhythm.MONTHLY:
            last = today.replace(day=1) - _DAY
            return last.replace(day=1), last
