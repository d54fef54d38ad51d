"""When, as small symbolic values, and the reader of a question's words that finds them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bot.questions.text import Token

UNITS = {
    "day": "day", "week": "week", "month": "month", "quarter": "quarter", "year": "year",
    "wk": "week", "mo": "month", "mth": "month", "qtr": "quarter", "yr": "year", "fy": "year", "d": "day",
    "w": "week",
    "q": "quarter", "y": "year", "hour": "hour", "h": "hour", "hr": "hour",
}  # fmt: skip
NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10,
    "eleven": 11, "twelve": 12, "couple": 2, "few": 3, "fourteen": 14, "fifteen": 15, "twenty": 20,
    "thirty": 30, "fifty": 50, "sixty": 60,
    "ninety": 90,
}  # fmt: skip
YEARS = range(1990, 2101)
LARGEST = 1000
# Words that speak of what is still to come: "trials ending on Friday" means the next one.
_AHEAD = frozenset(
    [
        "will",
        "ending",
        "expire",
        "expires",
        "expiring",
        "renew",
        "renews",
        "renewing",
        "renewals",
        "due",
        "upcoming",
    ]
)


class Form(StrEnum):
    """What a Spec says; its `args` are in brackets."""

    NOW = "now"  # ()
    CALENDAR = "calendar"  # (unit, offset): ("month", -1) is last month
    LAST = "last"  # (n, unit)
    NEXT = "next"  # (n, unit)
    AGO = "ago"  # (n, unit): the day or month that long ago
    DAY = "day"  # (date,)
    MONTH = "month"  # (year, month)
    QUARTER = "quarter"  # (year, quarter)
    YEAR = "year"  # (year,)
    HALF = "half"  # (year, half)
    WEEK_OF = "week_of"  # (date,)
    TO_DATE = "to_date"  # (unit,)
    SINCE = "since"  # (spec,)
    UNTIL = "until"  # (spec, inclusive)
    BETWEEN = "between"  # (spec, spec)
    END_OF = "end_of"  # (spec,)
    START_OF = "start_of"  # (spec,)
    BEFORE_THAT = "before_that"  # (unit,): the period before the one just named
    LAST_YEAR = "last_year"  # (): the same period a year earlier
    ALL = "all"  # ()


@dataclass(frozen=True, slots=True)
class Spec:
    form: Form
    args: tuple[object, ...] = ()


Found = tuple[int, Spec]


class Reader:
    """Reads one question's tokens; `today` is the account's day."""

    def __init__(self, tokens: Sequence[Token], today: date) -> None:
        self.words = [t.lemma if t.lemma in UNITS else t.word for t in tokens]
        self.raw = [t.raw for t in tokens]
        self.today = today
        self.ahead = any(
            word in _AHEAD or (word in ("end", "ends") and not self._ends_a_unit(at))
            for at, word in enumerate(self.words)
        )

    def _ends_a_unit(self, at: int) -> bool:
        """Whether "end" is that of a time: "end of May", "year end"."""
        return self.word(at + 1) == "of" or self.word(at - 1) in UNITS

    def word(self, at: int) -> str:
        return self.words[at] if 0 <= at < len(self.words) else ""

    def has(self, at: int, phrase: str) -> int | None:
        """The position after `phrase`, if it stands at `at`."""
        parts = phrase.split()
        return at + len(parts) if self.words[at : at + len(parts)] == parts else None

    def skip(self, at: int, *optional: str) -> int:
        return at + 1 if self.word(at) in optional else at

    def number(self, at: int) -> int | None:
        word = self.word(at)
        if word in NUMBERS:
            return NUMBERS[word]
        return int(word) if word.isascii() and word.isdigit() and 0 < int(word) <= LARGEST else None

    def year(self, at: int) -> int | None:
        word = self.word(at)
        return int(word) if re.fullmatch(r"[12]\d{3}", word, re.ASCII) and int(word) in YEARS else None

    def latest_year(self, month: int, day: int = 1) -> int:
        """The year of the latest such date that is not in the future; of the next one where it is to come."""
        if self.ahead:
            return self.today.year + ((month, day) < (self.today.month, self.today.day if day > 1 else 1))
        return self.today.year if (month, day) <= (self.today.month, self.today.day) else self.today.year - 1
