"""Words → when, as small symbolic values; `periods.py` turns them into a plan's Period.

Nothing here knows the clock except for the year of a date that has none. A parser takes the tokens and a
position and gives the position after what it understood, or None.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
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
    "eleven": 11, "twelve": 12, "couple": 2, "few": 3, "fourteen": 14, "thirty": 30, "sixty": 60,
    "ninety": 90,
}  # fmt: skip
MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sep sept", "october oct", "november nov", "december dec"), 1,
    )
    for name in names.split()
}  # fmt: skip
WEEKDAYS = {
    name: number
    for number, names in enumerate(
        ("monday mon", "tuesday tue tues", "wednesday wed", "thursday thu thur thurs", "friday fri",
        "saturday sat",
         "sunday sun")
    )
    for name in names.split()
}  # fmt: skip
_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}
_PAST = frozenset(["last", "past", "previous", "prior", "trailing", "preceding"])
_NEXT = frozenset(["next", "coming", "upcoming", "following"])
_THIS = frozenset(["this", "current", "running"])
_SHORT = re.compile(r"(\d{1,4})(d|day|w|wk|week|mo|mth|month|q|qtr|y|yr|year|h|hr|hour)s?")
_TO_DATE = {"ytd": "year", "mtd": "month", "qtd": "quarter", "wtd": "week"}
_YEARS = range(1990, 2101)
_LARGEST = 1000
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
            word in _AHEAD or (word in ("end", "ends") and self.word(at + 1) != "of")
            for at, word in enumerate(self.words)
        )

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
        return int(word) if word.isascii() and word.isdigit() and 0 < int(word) <= _LARGEST else None

    def year(self, at: int) -> int | None:
        word = self.word(at)
        return int(word) if re.fullmatch(r"[12]\d{3}", word, re.ASCII) and int(word) in _YEARS else None

    def latest_year(self, month: int, day: int = 1) -> int:
        """The year of the latest such date that is not in the future; of the next one where it is to come."""
        if self.ahead:
            return self.today.year + ((month, day) < (self.today.month, self.today.day if day > 1 else 1))
        return self.today.year if (month, day) <= (self.today.month, self.today.day) else self.today.year - 1


def parse(reader: Reader, at: int) -> Found | None:
    """The longest time expression that begins at `at`."""
    for read in (_range, _edge, _open_ended, _relative, simple):
        found = read(reader, at)
        if found is not None:
            return found
    return None


def _range(r: Reader, at: int) -> Found | None:
    """between A and B, from A to B, A to B, A - B."""
    cued = r.word(at) in ("between", "from")
    first = simple(r, r.skip(at + 1, "the") if cued else at)
    if first is None or first[1].form in (Form.NOW, Form.ALL):
        return None
    middle = r.word(first[0])
    if not (
        middle in ("to", "until", "till", "through", "thru") or (middle == "and" and r.word(at) == "between")
    ):
        return None
    second = simple(r, r.skip(first[0] + 1, "the"))
    if second is None:
        return None
    start, end = _in_order(first[1], second[1])
    return second[0], Spec(Form.BETWEEN, (start, end))


def _in_order(start: Spec, end: Spec) -> tuple[Spec, Spec]:
    """ "October to February": months without a year that would run backwards begin a year earlier."""
    match start, end:
        case Spec(Form.MONTH, (int(year), int(month))), Spec(Form.MONTH, (int(end_year), int(end_month))):
            if (year, month) > (end_year, end_month):
                return Spec(Form.MONTH, (end_year - (month > end_month), month)), end
    return start, end


def _edge(r: Reader, at: int) -> Found | None:
    """the end of October, the start of the year."""
    begin = r.skip(at, "the")
    if r.word(begin) not in ("end", "start", "beginning", "close") or r.word(begin + 1) != "of":
        return None
    inner = _unit_or_simple(r, begin + 2)
    if inner is None:
        return None
    form = Form.END_OF if r.word(begin) in ("end", "close") else Form.START_OF
    return inner[0], Spec(form, (inner[1],))


def _unit_or_simple(r: Reader, at: int) -> Found | None:
    after = r.skip(at, "the")
    if r.word(after) in UNITS and (after > at or r.word(after) != "day"):
        return after + 1, Spec(Form.CALENDAR, (UNITS[r.word(after)], 0))
    return simple(r, at) or simple(r, after)


def _open_ended(r: Reader, at: int) -> Found | None:
    word = r.word(at)
    for phrase in (
        "since the beginning",
        "since inception",
        "since forever",
        "since we started",
        "since day one",
    ):
        end = r.has(at, phrase)
        if end is not None and r.word(end) != "of":
            return end, Spec(Form.ALL)
    if word in ("since", "after") or (word in ("from", "starting") and _goes_on(r, at)):
        inner = _edge(r, at + 1) or _unit_or_simple(r, at + 1)
        if inner is None:
            return None
        end = next((e for p in ("on", "onward", "onwards", "forward") if (e := r.has(inner[0], p))), inner[0])
        return end, Spec(Form.SINCE, (inner[1],))
    if word in ("until", "till", "before", "through", "by"):
        inner = _edge(r, at + 1) or _unit_or_simple(r, at + 1)
        if inner is None or (word == "by" and inner[1].form is Form.CALENDAR and r.word(at + 1) in UNITS):
            return None
        return inner[0], Spec(Form.UNTIL, (inner[1], word != "before"))
    return None


def _goes_on(r: Reader, at: int) -> bool:
    inner = simple(r, at + 1)
    return inner is not None and r.word(inner[0]) in ("on", "onward", "onwards", "forward")


def _relative(r: Reader, at: int) -> Found | None:
    """the month before, the previous period, the same month last year, a year ago (as a comparison)."""
    begin = r.skip(at, "the")
    unit = UNITS.get(r.word(begin))
    if unit and r.word(begin + 1) in ("before", "prior", "earlier", "preceding"):
        before_last = r.has(begin + 1, "before last")
        if before_last is not None:
            return before_last, Spec(Form.CALENDAR, (unit, -2))
        return begin + 2, Spec(Form.BEFORE_THAT, (unit,))
    for phrase in (
        "period before",
        "previous period",
        "prior period",
        "one before",
        "previous one",
        "time before",
    ):
        end = r.has(begin, phrase)
        if end is not None:
            return end, Spec(Form.BEFORE_THAT, ("period",))
    if r.word(begin) in ("same", "this"):
        kind = r.word(begin + 1)
        end = next(
            (e for p in ("last year", "a year ago", "the year before") if (e := r.has(begin + 2, p))), None
        )
        if end is not None and (kind in UNITS or kind in ("time", "period", *MONTHS)):
            return end, Spec(Form.LAST_YEAR)
    return None


def simple(r: Reader, at: int) -> Found | None:
    """One plain expression without since, until, between."""
    for read in (_fixed, _counted, _named_unit, _quarter, _week_of, _dated, _weekday, _bare_year):
        found = read(r, at)
        if found is not None:
            return found
    return None


_FIXED = {
    "right now": Spec(Form.NOW), "now": Spec(Form.NOW), "at the moment": Spec(Form.NOW),
    "at present": Spec(Form.NOW),
    "as of today": Spec(Form.NOW), "as of now": Spec(Form.NOW), "currently": Spec(Form.NOW),
    "current": Spec(Form.NOW),
    "today": Spec(Form.CALENDAR, ("day", 0)), "yesterday": Spec(Form.CALENDAR, ("day", -1)),
    "tomorrow": Spec(Form.CALENDAR, ("day", 1)), "tonight": Spec(Form.CALENDAR, ("day", 0)),
    "all time": Spec(Form.ALL), "of all time": Spec(Form.ALL), "lifetime": Spec(Form.ALL),
    "to date": Spec(Form.ALL),
    "year to date": Spec(Form.TO_DATE, ("year",)), "month to date": Spec(Form.TO_DATE, ("month",)),
    "quarter to date": Spec(Form.TO_DATE, ("quarter",)), "week to date": Spec(Form.TO_DATE, ("week",)),
    "ttm": Spec(Form.LAST, (12, "month")), "ltm": Spec(Form.LAST, (12, "month")),
    "so far this year": Spec(Form.TO_DATE, ("year",)), "so far this month": Spec(Form.TO_DATE, ("month",)),
    "so far this quarter": Spec(Form.TO_DATE, ("quarter",)), "so far this week": Spec(Form.TO_DATE,
    ("week",)),
    "this year so far": Spec(Form.TO_DATE, ("year",)), "this month so far": Spec(Form.TO_DATE, ("month",)),
    "this quarter so far": Spec(Form.TO_DATE, ("quarter",)), "this week so far": Spec(Form.TO_DATE,
    ("week",)),
    **{short: Spec(Form.TO_DATE, (unit,)) for short, unit in _TO_DATE.items()},
}  # fmt: skip
_FIXED_LONGEST_FIRST = sorted(_FIXED, key=lambda phrase: -len(phrase.split()))


def _fixed(r: Reader, at: int) -> Found | None:
    for phrase in _FIXED_LONGEST_FIRST:
        end = r.has(at, phrase)
        if end is not None and not (phrase == "current" and r.word(end) in UNITS):
            return end, _FIXED[phrase]
    return None


def _counted(r: Reader, at: int) -> Found | None:
    """last 6 months, next 7 days, 3 months ago, 90d, in two weeks."""
    begin = r.skip(at, "over", "in", "for", "within", "during")
    begin = r.skip(begin, "the", "a")
    word = r.word(begin)
    if word in _PAST or word in _NEXT:
        counted = _amount_of_units(r, begin + 1)
        if counted is None:
            return None
        end, n, unit = counted
        return end, Spec(Form.NEXT if word in _NEXT else Form.LAST, (n, unit))
    counted = _amount_of_units(r, at)
    if counted is None and r.word(at) in ("a", "an") and r.word(at + 1) in UNITS:
        counted = (at + 2, 1, UNITS[r.word(at + 1)])
    if counted is not None and r.word(counted[0]) in ("ago", "back", "earlier"):
        return counted[0] + 1, Spec(Form.AGO, (counted[1], counted[2]))
    if r.word(at) == "in" and (ahead := _amount_of_units(r, at + 1)) is not None:
        return ahead[0], Spec(Form.NEXT, (ahead[1], ahead[2]))
    if counted is not None and _SHORT.fullmatch(r.word(at)) and not r.word(at)[:-1].endswith(" "):
        return counted[0], Spec(Form.LAST, (counted[1], counted[2]))
    return None


def _amount_of_units(r: Reader, at: int) -> tuple[int, int, str] | None:
    """(position after, number, unit) of "6 months", "couple of weeks", "90d"."""
    at = r.skip(at, "a")
    short = _SHORT.fullmatch(r.word(at))
    if short and 0 < int(short[1]) <= _LARGEST:
        return at + 1, int(short[1]), UNITS[short[2]]
    n = r.number(at)
    if n is None:
        return None
    at = at + 1
    at = r.skip(at, "of", "full", "calendar", "whole", "business", "working")
    return (at + 1, n, UNITS[r.word(at)]) if r.word(at) in UNITS else None


def _named_unit(r: Reader, at: int) -> Found | None:
    """this month, last week, next quarter; last October, this Friday are dates."""
    begin = r.skip(at, "the")
    word, unit = r.word(begin), UNITS.get(r.word(begin + 1))
    if unit is None:
        return None
    offset = 0 if word in _THIS else -1 if word in _PAST else 1 if word in _NEXT else None
    return None if offset is None else (begin + 2, Spec(Form.CALENDAR, (unit, offset)))


def _quarter(r: Reader, at: int) -> Found | None:
    word = r.word(at)
    end = at + 1
    if len(word) == 2 and word[0] in "qh" and word[1] in "1234":  # noqa: PLR2004 - q1..q4, h1, h2
        number, half = int(word[1]), word[0] == "h"
    elif word in _ORDINALS and r.word(at + 1) in ("quarter", "half"):
        number, half, end = _ORDINALS[word], r.word(at + 1) == "half", at + 2
    else:
        return None
    if half and number > 2:  # noqa: PLR2004 - a year has two halves
        return None
    end, year = _year_after(r, end)
    months = 6 if half else 3
    first = (number - 1) * months + 1
    return end, Spec(Form.HALF if half else Form.QUARTER, (year or r.latest_year(first), number))


def _year_after(r: Reader, at: int) -> tuple[int, int | None]:
    """A year that follows a month or quarter: 2025, of 2025, of last year, last year."""
    begin = r.skip(at, "of", "in")
    year = r.year(begin)
    if year is not None:
        return begin + 1, year
    for phrase, offset in (("last year", -1), ("this year", 0), ("next year", 1)):
        end = r.has(begin, phrase)
        if end is not None:
            return end, r.today.year + offset
    return at, None


def _week_of(r: Reader, at: int) -> Found | None:
    begin = r.has(r.skip(at, "the"), "week of") or r.has(r.skip(at, "the"), "week starting")
    if begin is None:
        return None
    inner = _dated(r, r.skip(begin, "the"))
    if inner is None or inner[1].form is not Form.DAY:
        return None
    return inner[0], Spec(Form.WEEK_OF, inner[1].args)


def _day_number(r: Reader, at: int) -> int | None:
    match = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?", r.word(at))
    return int(match[1]) if match and 1 <= int(match[1]) <= 31 else None  # noqa: PLR2004 - days of a month


def _dated(r: Reader, at: int) -> Found | None:
    """March, March 2026, March 3, 3 March 2026, the 3rd of March, 2026-03-03, 2026-03, 3/3/2026."""
    numeric = _numeric_date(r, at)
    if numeric is not None:
        return numeric
    begin = r.skip(at, "the", "last", "this")
    day = _day_number(r, begin)
    if day is not None:
        name = r.skip(begin + 1, "of")
        month = MONTHS.get(r.word(name))
        return None if month is None else _day(r, name + 1, month, day)
    month = MONTHS.get(r.word(begin))
    if month is None or not _is_month(r, begin):
        return None
    day = _day_number(r, begin + 1)
    if day is not None and r.word(begin + 2) not in UNITS:
        return _day(r, begin + 2, month, day)
    end, year = _year_after(r, begin + 1)
    return end, Spec(Form.MONTH, (year or r.latest_year(month), month))


_BEFORE_MONTH = frozenset(
    ["in", "since", "of", "for", "during", "until", "till", "from", "and", "vs", "versus", "last",
        "before", "to",
     "through", "between", "after", "this", "about", "with", "by", "late", "early", "mid", "or", "on",
     "for", "the"]
)  # fmt: skip


def _is_month(r: Reader, at: int) -> bool:
    """Whether "may", "march", "mar", "sun" here is a month rather than a word."""
    if r.word(at) not in ("may", "march", "mar", "jan", "dec"):
        return True
    dated = _day_number(r, at + 1) is not None or r.year(at + 1) is not None
    return (
        dated
        or at == 0
        or r.word(at - 1) in _BEFORE_MONTH
        or r.raw[at][:1].isupper()
        or at == len(r.words) - 1
    )


def _day(r: Reader, at: int, month: int, day: int) -> Found | None:
    end, year = _year_after(r, at)
    try:
        return end, Spec(Form.DAY, (date(year or r.latest_year(month, day), month, day),))
    except ValueError:
        return None


def _numeric_date(r: Reader, at: int) -> Found | None:
    word = r.word(at)
    iso = re.fullmatch(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?", word)
    if iso and int(iso[1]) in _YEARS and 1 <= int(iso[2]) <= 12:  # noqa: PLR2004 - months of a year
        if iso[3] is None:
            return at + 1, Spec(Form.MONTH, (int(iso[1]), int(iso[2])))
        return _valid(at + 1, int(iso[1]), int(iso[2]), int(iso[3]))
    parts = re.fullmatch(r"(\d{1,2})[/.](\d{1,2})[/.](\d{2}|\d{4})", word)
    if not parts:
        return None
    first, second, year = int(parts[1]), int(parts[2]), int(parts[3]) + (2000 if len(parts[3]) == 2 else 0)  # noqa: PLR2004
    if first <= 12 and second <= 12 and first != second:  # noqa: PLR2004 - day or month first: nobody can tell
        return None
    month, day = (second, first) if second <= 12 else (first, second)  # noqa: PLR2004
    return _valid(at + 1, year, month, day)


def _valid(end: int, year: int, month: int, day: int) -> Found | None:
    try:
        return end, Spec(Form.DAY, (date(year, month, day),))
    except ValueError:
        return None


def _weekday(r: Reader, at: int) -> Found | None:
    begin = r.skip(at, "last", "this", "next", "on", "past")
    number = WEEKDAYS.get(r.word(begin))
    if number is None or (len(r.word(begin)) == 3 and begin == at):  # noqa: PLR2004 - "sun", "mon" need a word before
        return None
    back = (r.today.weekday() - number) % 7
    if r.word(at) == "next":
        day = r.today + timedelta(days=7 - back)
    elif r.word(at) == "this":
        day = r.today - timedelta(days=r.today.weekday()) + timedelta(days=number)
    elif r.ahead:
        day = r.today + timedelta(days=(number - r.today.weekday()) % 7)
    else:
        day = r.today - timedelta(days=back or 7)
    return begin + 1, Spec(Form.DAY, (day,))


def _bare_year(r: Reader, at: int) -> Found | None:
    begin = r.skip(at, "year", "fy")
    year = r.year(begin)
    if year is None or r.word(at - 1) in ("than", "over", "under", "above", "below", "least", "most", "top"):
        return None
    return begin + 1, Spec(Form.YEAR, (year,))
