"""Weeks by their number, by the day they begin or end on, and the year's first day."""

from __future__ import annotations

import re
from datetime import date

from bot.questions.specs import Form, Found, Reader, Spec

_GLUED = re.compile(r"(?:cw|kw|wk|week|w)(\d{1,2})")
_WEEKS = ("calendar week", "iso week", "week number", "week no", "week", "cw", "kw", "wk")
_OF_ONE = ("of", "starting", "commencing", "beginning", "from", "ending")
_MONDAY, _SUNDAY = 0, 6
_MUST_BE = {"commencing": _MONDAY, "beginning": _MONDAY, "from": _MONDAY, "ending": _SUNDAY}


def begins(r: Reader, at: int) -> int | None:
    """The position after "week of", "week commencing", "week ending"."""
    return next((end for word in _OF_ONE if (end := r.has(at, f"week {word}")) is not None), None)


def fits(spec: Spec, said: str) -> bool:
    """Whether that day can be what a week begins or ends with: a week begins on Monday."""
    day = spec.args[0] if spec.form is Form.DAY else None
    return isinstance(day, date) and _MUST_BE.get(said, day.weekday()) == day.weekday()


def numbered(r: Reader, at: int) -> Found | None:
    """Calendar week 5, CW5, KW 5 2026 (ISO 8601): the latest such week that has begun."""
    first_day = _new_year(r, at)
    if first_day is not None:
        return first_day
    begin = r.skip(at, "the")
    glued = _GLUED.fullmatch(r.word(begin))
    if glued:
        return _week(r, begin + 1, int(glued[1]))
    after = next((end for words in _WEEKS if (end := r.has(begin, words)) is not None), None)
    number = r.word(after) if after is not None else ""
    if after is None or not re.fullmatch(r"\d{1,2}", number, re.ASCII):
        return None
    return _week(r, after + 1, int(number))


def _week(r: Reader, end: int, number: int) -> Found | None:
    after = r.skip(end, "of", "in")
    year = r.year(after)
    this_year, this_week, _ = r.today.isocalendar()
    try:
        monday = date.fromisocalendar(year or this_year - (number > this_week), number, 1)
    except ValueError:
        return None
    return end if year is None else after + 1, Spec(Form.WEEK_OF, (monday,))


def _new_year(r: Reader, at: int) -> Found | None:
    """ "since new year": since the first of January."""
    if r.word(at - 1) not in ("since", "after") and r.word(at - 2) not in ("since", "after"):
        return None
    begin = r.skip(at, "the")
    end = r.has(begin, "new year") or r.has(begin, "new years")
    if end is None or r.word(end) == "to":
        return None
    return r.skip(end, "day"), Spec(Form.DAY, (date(r.today.year, 1, 1),))
