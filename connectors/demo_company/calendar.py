"""Stretches of time and billing months."""

import calendar
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open [start, end)."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def at(self, share: float) -> datetime:
        """The moment after `share` (0 to 1) of it, to the second, as billing systems count."""
        return (self.start + self.length * share).replace(microsecond=0)


def add_months(anchor: datetime, months: int) -> datetime:
    """The same day and time `months` later; the month's last day where it has no such day."""
    year, month0 = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    last = calendar.monthrange(year, month0 + 1)[1]
    return anchor.replace(year=year, month=month0 + 1, day=min(anchor.day, last))
