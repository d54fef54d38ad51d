"""One plain time in words: last month, Q3, 3 March, the week of 16 November, 90d, 2026-10."""

from __future__ import annotations

import re
from datetime import date, timedelta

from bot.questions import weeks
from bot.questions.specs import LARGEST, UNITS, YEARS, Form, Found, Reader, Spec

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
_FISCAL = re.compile(r"[fc]y(20\d\d|\d\d)")
_QUARTER_GLUED = re.compile(
    r"(?:(?P<before>20\d\d))?(?P<kind>[qh])(?P<number>[1-4])(?:(?:fy|cy)?(?P<after>20\d\d|\d\d))?"
)
_TO_DATE = {"ytd": "year", "mtd": "month", "qtd": "quarter", "wtd": "week"}


def simple(r: Reader, at: int) -> Found | None:
    """One plain expression without since, until, between."""
    for read in (
        _fixed,
        _counted,
        weeks.numbered,
        _quarter,
        _named_unit,
        _week_of,
        _dated,
        _weekday,
        _bare_year,
    ):
        found = read(r, at)
        if found is not None:
            return found
    return None


# Units stand in the singular, as the reader gives them: "these days" is "these day".
_FIXED = {
    "right now": Spec(Form.NOW), "now": Spec(Form.NOW), "at the moment": Spec(Form.NOW),
    "at present": Spec(Form.NOW),
    "as of today": Spec(Form.NOW), "as of now": Spec(Form.NOW), "currently": Spec(Form.NOW),
    "current": Spec(Form.NOW),
    "today": Spec(Form.CALENDAR, ("day", 0)), "yesterday": Spec(Form.CALENDAR, ("day", -1)),
    "tomorrow": Spec(Form.CALENDAR, ("day", 1)), "tonight": Spec(Form.CALENDAR, ("day", 0)),
    "all time": Spec(Form.ALL), "of all time": Spec(Form.ALL), "lifetime": Spec(Form.ALL),
    "ever": Spec(Form.ALL),
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
    **{short: Spec(Form.CALENDAR, (unit, -1))
       for short, unit in {"lm": "month", "lw": "week", "lq": "quarter", "ly": "year", "yday": "day",
                           "yest": "day", "yesterdays": "day"}.items()},
    "tdy": Spec(Form.CALENDAR, ("day", 0)), "2day": Spec(Form.CALENDAR, ("day", 0)),
    "todays": Spec(Form.CALENDAR, ("day", 0)), "atm": Spec(Form.NOW), "rn": Spec(Form.NOW),
    "rite now": Spec(Form.NOW), "these day": Spec(Form.NOW), "nowadays": Spec(Form.NOW),
}  # fmt: skip
_FIXED_LONGEST_FIRST = sorted(_FIXED, key=lambda phrase: -len(phrase.split()))


def _fixed(r: Reader, at: int) -> Found | None:
    for phrase in _FIXED_LONGEST_FIRST:
        end = r.has(at, phrase)
        if end is not None and not _begins_another(phrase, r.word(end)):
            return end, _FIXED[phrase]
    return None


def _begins_another(phrase: str, after: str) -> bool:
    """ "Current month" is a month, "lifetime value" a figure."""
    return (phrase == "current" and after in UNITS) or (phrase == "lifetime" and after == "value")


def _counted(r: Reader, at: int) -> Found | None:
    """last 6 months, next 7 days, 3 months ago, 90d, in two weeks."""
    begin = r.skip(at, "over", "in", "for", "within", "during")
    begin = r.skip(begin, "the", "a")
    word = r.word(begin)
    if word in _PAST or word in _NEXT:
        counted = amount_of_units(r, begin + 1)
        if counted is None:
            return None
        end, n, unit = counted
        return end, Spec(Form.NEXT if word in _NEXT else Form.LAST, (n, unit))
    counted = amount_of_units(r, at)
    if counted is None and r.word(at) in ("a", "an") and r.word(at + 1) in UNITS:
        counted = (at + 2, 1, UNITS[r.word(at + 1)])
    if counted is not None and r.word(counted[0]) in ("ago", "back", "earlier"):
        return counted[0] + 1, Spec(Form.AGO, (counted[1], counted[2]))
    if r.word(at) == "in" and (ahead := amount_of_units(r, at + 1)) is not None:
        return ahead[0], Spec(Form.NEXT, (ahead[1], ahead[2]))
    if counted is not None and _SHORT.fullmatch(r.word(at)) and not r.word(at)[:-1].endswith(" "):
        return counted[0], Spec(Form.LAST, (counted[1], counted[2]))
    return None


def amount_of_units(r: Reader, at: int) -> tuple[int, int, str] | None:
    """(position after, number, unit) of "6 months", "couple of weeks", "90d"."""
    at = r.skip(at, "a")
    short = _SHORT.fullmatch(r.word(at))
    if short and 0 < int(short[1]) <= LARGEST:
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
    if word in ("last", "final") and r.word(at + 1) == "quarter" and (whole := _year_after(r, at + 2))[1]:
        return whole[0], Spec(Form.QUARTER, (whole[1], 4))
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
    begin = weeks.begins(r, r.skip(at, "the"))
    if begin is None:
        return None
    inner = _dated(r, r.skip(begin, "the"))
    if inner is None or not weeks.fits(inner[1], r.word(begin - 1)):
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
     "through", "between", "after", "this", "by", "late", "early", "mid", "or"]
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
        or r.word(at + 1) in ("vs", "versus", "compared")
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
    iso = re.fullmatch(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?", word.replace("/", "-"))
    if iso and int(iso[1]) in YEARS and 1 <= int(iso[2]) <= 12:  # noqa: PLR2004 - months of a year
        if iso[3] is None:
            return at + 1, Spec(Form.MONTH, (int(iso[1]), int(iso[2])))
        return _valid(at + 1, int(iso[1]), int(iso[2]), int(iso[3]))
    parts = re.fullmatch(r"(\d{1,2})[/.](\d{1,2})[/.](\d{2}|\d{4})", word)
    if not parts:
        return None
    first, second, year = int(parts[1]), int(parts[2]), int(parts[3]) + (2000 if len(parts[3]) == 2 else 0)  # noqa: PLR2004 - 26 is 2026
    if first <= 12 and second <= 12 and first != second:  # noqa: PLR2004 - day or month first: nobody can tell
        return None
    month, day = (second, first) if second <= 12 else (first, second)  # noqa: PLR2004 - months in a year
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
    begin = r.skip(at, "year", "fy", "fiscal", "calendar")
    begin = r.skip(begin, "year")
    glued = _FISCAL.fullmatch(r.word(begin))
    if glued:
        return begin + 1, Spec(Form.YEAR, (int(glued[1][-2:]) + 2000,))
    year = r.year(begin)
    if year is None or r.word(at - 1) in ("than", "over", "under", "above", "below", "least", "most", "top"):
        return None
    return begin + 1, Spec(Form.YEAR, (year,))
